"""What stands beside the demonstration: ports that are free, children that may stay away."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from cotutelle.cli import _supervisor as supervisor
from cotutelle.cli._supervisor import Child, ServeProblem


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_taken_ports_are_passed_over(taken: int) -> None:
    found = supervisor.free_ports("127.0.0.1", taken, 3)
    assert len(set(found)) == 3
    assert taken not in found
    assert min(found) > taken


def test_there_may_be_fewer_free_ports_than_wanted() -> None:
    assert len(supervisor.free_ports("127.0.0.1", supervisor.LAST_PORT, 5)) <= 1


def dying(*, vital: bool) -> Child:
    return Child("witness 1", [sys.executable, "-c", "raise SystemExit(1)"], vital=vital)


def watch_until_given_up(child: Child) -> list[str]:
    said: list[str] = []
    stopped = threading.Event()

    def say(sentence: str) -> None:
        said.append(sentence)
        if "goes on without it" in sentence:
            stopped.set()

    child.start()
    supervisor.watch([child], stopped, revive_database=lambda: None, say=say)
    return said


def test_the_rest_goes_on_without_a_witness_that_keeps_dying() -> None:
    child = dying(vital=False)
    said = watch_until_given_up(child)
    assert said[-1].startswith("The witness 1 keeps dying")
    assert len(said) == supervisor.RESTARTS_IN_WINDOW + 2
    assert not child.has_died(), "nobody asks for it any more"
    child.stop()


def test_nothing_goes_on_without_a_vital_process() -> None:
    with pytest.raises(ServeProblem, match="keeps dying"):
        watch_until_given_up(dying(vital=True))
