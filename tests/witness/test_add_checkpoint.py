"""The whole status table of C2SP tlog-witness, over HTTP against a real process."""

from __future__ import annotations

import base64
import hashlib
import http.client
import time

import pytest

from cotutelle.engines.translog import Checkpoint, consistency_proof, sign_note
from cotutelle.witness import Store
from cotutelle.witness.logs import add_log, remove_log
from tests.factories.witnesses import RunningWitness, SmallLog, submission
from tests.witness.cosignatures import signed_at

SIZE_TYPE = "text/x.tlog.size"


def _size(answer: object) -> tuple[object, ...]:
    return (answer.status_code, answer.headers["content-type"], answer.text)  # type: ignore[attr-defined]


def test_a_first_checkpoint_is_cosigned_with_every_key(witness: RunningWitness, log: SmallLog):
    before = int(time.time())

    answer = witness.post("/add-checkpoint", log.request(0, 7))

    assert answer.status_code == 200
    lines = answer.text.splitlines(keepends=True)
    times = [
        signed_at(log.checkpoint(7).text, line, vkey)
        for line, vkey in zip(lines, witness.vkeys, strict=True)
    ]
    assert len(times) == 2
    assert all(before <= at <= time.time() for at in times)


def test_a_growing_log_is_cosigned_step_by_step(witness: RunningWitness, log: SmallLog):
    sizes = [1, 2, 3, 7, 8, 9, 20]

    for old, size in zip([0, *sizes], sizes, strict=False):
        answer = witness.post("/add-checkpoint", log.request(old, size))
        assert answer.status_code == 200, (old, size, answer.text)
        signed_at(log.checkpoint(size).text, answer.text.splitlines()[0], witness.vkey)

    assert witness.post("/add-checkpoint", log.request(3, 20)).text == "20\n"


def test_the_same_checkpoint_is_cosigned_again(witness: RunningWitness, log: SmallLog):
    first = witness.post("/add-checkpoint", log.request(0, 5))

    again = witness.post("/add-checkpoint", log.request(5, 5))

    assert (first.status_code, again.status_code) == (200, 200)
    times = [
        signed_at(log.checkpoint(5).text, answer.text.splitlines()[0], witness.vkey)
        for answer in (first, again)
    ]
    assert times == sorted(times)


def test_an_empty_log_is_cosigned_and_grows(witness: RunningWitness, log: SmallLog):
    assert witness.post("/add-checkpoint", log.request(0, 0)).status_code == 200
    assert witness.post("/add-checkpoint", log.request(0, 0)).status_code == 200
    assert witness.post("/add-checkpoint", log.request(0, 20)).status_code == 200


def test_an_empty_log_has_one_root_only(witness: RunningWitness, log: SmallLog):
    note = sign_note(Checkpoint(log.origin, 0, bytes(32)).text, [log.signer])

    answer = witness.post("/add-checkpoint", submission(0, [], note))

    assert _size(answer) == (409, SIZE_TYPE, "0\n")


def test_extension_lines_are_cosigned_with_the_rest(witness: RunningWitness, log: SmallLog):
    text = Checkpoint(log.origin, 5, log.tree.root(5), ("about", "something")).text
    answer = witness.post("/add-checkpoint", submission(0, [], sign_note(text, [log.signer])))

    assert answer.status_code == 200
    assert signed_at(text, answer.text.splitlines()[0], witness.vkey)


def test_an_unknown_origin_is_not_found(witness: RunningWitness):
    stranger = SmallLog("elsewhere.example/log").grow(3)

    assert witness.post("/add-checkpoint", stranger.request(0)).status_code == 404


def test_a_key_of_another_log_does_not_count(witness: RunningWitness, log: SmallLog):
    thief = SmallLog(log.origin, seed=b"\x02" * 32).grow(20)

    assert witness.post("/add-checkpoint", thief.request(0)).status_code == 403


def test_a_false_signature_in_the_right_name_is_refused(witness: RunningWitness, log: SmallLog):
    note = log.note(20)
    body, line = note.rsplit(" ", 1)
    raw = bytearray(base64.b64decode(line))
    raw[-1] ^= 1
    forged = f"{body} {base64.b64encode(bytes(raw)).decode()}\n"

    assert witness.post("/add-checkpoint", submission(0, [], forged)).status_code == 403
    assert witness.post("/add-checkpoint", submission(0, [], note)).status_code == 200


def test_signatures_of_unknown_keys_are_ignored(witness: RunningWitness, log: SmallLog):
    strangers = [SmallLog(f"other.example/{n}").signer for n in range(15)]
    note = sign_note(log.checkpoint(20).text, [*strangers, log.signer])

    assert witness.post("/add-checkpoint", submission(0, [], note)).status_code == 200
    assert "other.example" not in witness.get(f"/checkpoints/{log.origin}").text


def test_a_second_key_of_the_log_counts_and_can_be_taken_back(
    witness: RunningWitness, log: SmallLog
):
    next_key = SmallLog(log.origin, seed=b"\x03" * 32)
    store = Store(witness.folder)
    add_log(store, next_key.vkey)
    note = sign_note(log.checkpoint(5).text, [next_key.signer])

    assert witness.post("/add-checkpoint", submission(0, [], note)).status_code == 200

    remove_log(store, log.vkey)
    assert witness.post("/add-checkpoint", log.request(5, 6)).status_code == 403
    remove_log(store, next_key.vkey)
    assert witness.post("/add-checkpoint", log.request(5, 6)).status_code == 404


def test_a_log_that_is_trusted_anew_does_not_start_afresh(witness: RunningWitness, log: SmallLog):
    store = Store(witness.folder)
    witness.post("/add-checkpoint", log.request(0, 10))
    remove_log(store, log.origin)
    add_log(store, log.vkey)

    assert _size(witness.post("/add-checkpoint", log.request(0, 5))) == (409, SIZE_TYPE, "10\n")


@pytest.mark.parametrize("recorded", [0, 5])
def test_an_old_size_above_the_checkpoint_is_a_bad_request(
    witness: RunningWitness, log: SmallLog, recorded: int
):
    if recorded:
        witness.post("/add-checkpoint", log.request(0, recorded))

    answer = witness.post("/add-checkpoint", submission(9, [], log.note(8)))

    assert answer.status_code == 400


@pytest.mark.parametrize("old", [0, 4, 6, 19, 20])
def test_another_old_size_than_the_recorded_is_a_conflict(
    witness: RunningWitness, log: SmallLog, old: int
):
    witness.post("/add-checkpoint", log.request(0, 5))

    answer = witness.post("/add-checkpoint", log.request(old, 20))

    assert _size(answer) == (409, SIZE_TYPE, "5\n")


def test_an_old_size_before_the_first_checkpoint_is_a_conflict_with_zero(
    witness: RunningWitness, log: SmallLog
):
    assert _size(witness.post("/add-checkpoint", log.request(5))) == (409, SIZE_TYPE, "0\n")


def test_a_replayed_request_is_a_conflict(witness: RunningWitness, log: SmallLog):
    first = log.request(0, 5)
    second = log.request(5, 9)
    for body in (first, second):
        assert witness.post("/add-checkpoint", body).status_code == 200

    for body in (first, second):
        assert _size(witness.post("/add-checkpoint", body)) == (409, SIZE_TYPE, "9\n")


def test_an_older_checkpoint_is_never_cosigned_again(witness: RunningWitness, log: SmallLog):
    witness.post("/add-checkpoint", log.request(0, 9))

    answer = witness.post("/add-checkpoint", log.request(5, 5))

    assert _size(answer) == (409, SIZE_TYPE, "9\n")


def test_a_fork_of_the_same_size_is_a_conflict_and_both_notes_are_kept(
    witness: RunningWitness, log: SmallLog
):
    fork = log.branch(8).grow(10, "forked")
    witness.post("/add-checkpoint", log.request(0, 10))

    answer = witness.post("/add-checkpoint", fork.request(10, 10))

    assert _size(answer) == (409, SIZE_TYPE, "10\n")
    (kept,) = [each for each in witness.status()["forks"] if each["origin"] == log.origin]
    assert (kept["size"], kept["root"]) == (10, fork.tree.root(10).hex())
    assert (kept["kept_note"], kept["other_note"]) == (log.note(10), fork.note(10))
    assert kept["seen_by"] == "request"


def test_a_fork_at_a_size_long_past_is_kept_too(witness: RunningWitness, log: SmallLog):
    fork = log.branch(4).grow(6, "forked")
    for old, size in ((0, 6), (6, 20)):
        assert witness.post("/add-checkpoint", log.request(old, size)).status_code == 200

    answer = witness.post("/add-checkpoint", fork.request(20, 6))
    assert answer.status_code == 400
    answer = witness.post("/add-checkpoint", fork.request(4, 6))

    assert _size(answer) == (409, SIZE_TYPE, "20\n")
    kept = [each for each in witness.status()["forks"] if each["origin"] == log.origin]
    assert [each["other_note"] for each in kept] == [fork.note(6)]


def test_a_log_that_forks_without_end_fills_no_disk(witness: RunningWitness, log: SmallLog):
    witness.post("/add-checkpoint", log.request(0, 10))

    for n in range(103):
        fork = log.branch(9).grow(10, f"fork {n}")
        assert witness.post("/add-checkpoint", fork.request(10, 10)).status_code == 409

    kept = [each for each in witness.status()["forks"] if each["origin"] == log.origin]
    assert len(kept) == 100


def test_an_extension_of_another_history_is_unprocessable(witness: RunningWitness, log: SmallLog):
    fork = log.branch(4).grow(12, "forked")
    witness.post("/add-checkpoint", log.request(0, 10))

    answer = witness.post("/add-checkpoint", fork.request(10, 12))

    assert answer.status_code == 422
    assert witness.post("/add-checkpoint", log.request(10, 12)).status_code == 200


def _wrong_proofs(log: SmallLog) -> dict[str, list[bytes]]:
    good = consistency_proof(log.tree, 6, 20)
    flipped = [bytes([good[0][0] ^ 1]) + good[0][1:], *good[1:]]
    return {
        "none": [],
        "cut": good[:-1],
        "longer": [*good, bytes(32)],
        "swapped": [good[1], good[0], *good[2:]],
        "flipped": flipped,
        "of other sizes": consistency_proof(log.tree, 7, 20),
        "63 lines": [bytes(32)] * 63,
    }


@pytest.mark.parametrize("which", list(_wrong_proofs(SmallLog().grow(20))))
def test_a_wrong_proof_is_unprocessable(witness: RunningWitness, log: SmallLog, which: str):
    witness.post("/add-checkpoint", log.request(0, 6))

    answer = witness.post("/add-checkpoint", submission(6, _wrong_proofs(log)[which], log.note()))

    assert answer.status_code == 422
    assert witness.post("/add-checkpoint", log.request(6)).status_code == 200


@pytest.mark.parametrize(("recorded", "old", "size"), [(0, 0, 20), (6, 6, 6), (0, 0, 0)])
def test_a_proof_where_none_belongs_is_unprocessable(
    witness: RunningWitness, log: SmallLog, recorded: int, old: int, size: int
):
    if recorded:
        witness.post("/add-checkpoint", log.request(0, recorded))

    answer = witness.post("/add-checkpoint", submission(old, [bytes(32)], log.note(size)))

    assert answer.status_code == 422


def test_63_proof_lines_are_read(witness: RunningWitness, log: SmallLog):
    answer = witness.post("/add-checkpoint", submission(0, [bytes(32)] * 63, log.note(20)))

    assert answer.status_code == 422


def test_a_body_beyond_all_reason_is_too_large(witness: RunningWitness, log: SmallLog):
    body = log.request(0) + b" " * 300_000

    assert witness.post("/add-checkpoint", body).status_code == 413


def test_only_posts_are_taken(witness: RunningWitness):
    answer = witness.get("/add-checkpoint")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_one_connection_serves_many_requests(witness: RunningWitness, log: SmallLog):
    connection = http.client.HTTPConnection(witness.url.removeprefix("http://"), timeout=60)
    connection.connect()
    socket = connection.sock
    statuses = []
    for body in (log.request(0, 5), log.request(0, 5), log.request(5, 9), b"nonsense"):
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)

    assert statuses == [200, 409, 200, 400]
    assert connection.sock is socket
    connection.close()


def test_the_latest_cosigned_checkpoint_can_be_fetched(witness: RunningWitness, log: SmallLog):
    assert witness.get(f"/checkpoints/{log.origin}").status_code == 404
    answer = witness.post("/add-checkpoint", log.request(0, 9))

    assert witness.get(f"/checkpoints/{log.origin}").text == log.note(9) + answer.text


def test_monitors_find_it_where_the_draft_of_the_protocol_has_it(
    witness: RunningWitness, log: SmallLog
):
    name = hashlib.sha256(log.origin.encode()).hexdigest()
    assert witness.get(f"/{name}/checkpoint").status_code == 404
    answer = witness.post("/add-checkpoint", log.request(0, 9))

    found = witness.get(f"/{name}/checkpoint")

    assert found.text == log.note(9) + answer.text
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert witness.get(f"/{name.upper()}/checkpoint").status_code == 404
    assert witness.get(f"/{name}/checkpoints").status_code == 404
    assert witness.post(f"/{name}/checkpoint", b"").status_code == 405
