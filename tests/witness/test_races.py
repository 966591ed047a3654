"""Requests at the same moment: of several extensions of one tree at most one is ever cosigned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.factories.witnesses import RunningWitness, SmallLog, running_witness, serving

AT_ONCE = 30
ROUNDS = 4


def _burst(witnesses: Sequence[RunningWitness], bodies: Sequence[bytes]) -> list[tuple[int, str]]:
    """Send all at the same moment, to the processes in turn; return status and text of each."""
    gate = threading.Barrier(len(bodies))

    def send(at: int) -> tuple[int, str]:
        gate.wait()
        answer = witnesses[at % len(witnesses)].post("/add-checkpoint", bodies[at])
        return answer.status_code, answer.text

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, range(len(bodies))))


def _one_wins(witnesses: Sequence[RunningWitness], log: SmallLog) -> None:
    start = 5
    assert witnesses[0].post("/add-checkpoint", log.request(0, start)).status_code == 200
    known = log.branch(start)
    for round_ in range(ROUNDS):
        old = len(known.entries)
        sizes = [old + 1 + n % 4 for n in range(AT_ONCE)]
        forks = [known.branch(old).grow(size, f"{round_} {n}") for n, size in enumerate(sizes)]

        answers = _burst(witnesses, [fork.request(old) for fork in forks])

        winners = [at for at, (status, _) in enumerate(answers) if status == 200]
        assert len(winners) == 1
        known = forks[winners[0]]
        others = {answer for at, answer in enumerate(answers) if at not in winners}
        assert others == {(409, f"{len(known.entries)}\n")}
        for witness in witnesses:
            (seen,) = [x for x in witness.status()["logs"] if x["origin"] == log.origin]
            assert seen["recorded"]["root"] == known.tree.root().hex()


def test_of_thirty_histories_one_is_cosigned(
    witness: RunningWitness, new_log: Callable[[], SmallLog]
):
    _one_wins([witness], new_log().grow(5))


def test_two_processes_on_one_folder_are_one_witness(tmp_path: Path):
    log = SmallLog("log.example/shared").grow(5)
    with (
        running_witness(tmp_path, logs=[log.vkey]) as first,
        serving(first.folder, first.vkeys) as second,
    ):
        _one_wins([first, second], log)


def test_honest_requests_at_once_lose_nothing(
    witness: RunningWitness, new_log: Callable[[], SmallLog]
):
    log = new_log().grow(AT_ONCE + 5)
    witness.post("/add-checkpoint", log.request(0, 5))

    answers = _burst([witness], [log.request(5, 6 + n) for n in range(AT_ONCE)])

    (won,) = [6 + at for at, (status, _) in enumerate(answers) if status == 200]
    assert {answer for answer in answers if answer[0] != 200} == {(409, f"{won}\n")}


def test_the_same_request_at_once_is_cosigned_once_and_then_a_conflict(
    witness: RunningWitness, new_log: Callable[[], SmallLog]
):
    log = new_log().grow(9)

    answers = _burst([witness], [log.request(0)] * AT_ONCE)

    assert sorted(status for status, _ in answers) == [200] + [409] * (AT_ONCE - 1)
