"""Status lists and issuer keys, mirrored: only what is logged, under checkpoints cosigned here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cotutelle.engines.translog import (
    Algorithm,
    Note,
    Signer,
    canonical_json,
    cosign,
    entry_bytes,
    statement_entry,
    threshold_policy,
)
from cotutelle.witness import Store
from cotutelle.witness.documents import set_policy
from tests.factories.witnesses import RunningWitness, SmallLog, running_witness

ISSUER = "https://demo.example/issuers/bjc"
LIST = "https://demo.example/status/bjc/revocation/1"
DAY = "2026-11-21"


def _list(bits: str = "uH4sI", **changes: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": LIST,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"id": ISSUER, "name": "某单位"},
        "credentialSubject": {"type": "BitstringStatusList", "encodedList": bits},
        "proof": {"proofValue": "z3"},
        **changes,
    }


def _digest(document: Any) -> str:
    return hashlib.sha256(canonical_json(document)).hexdigest()


def _statement(document: Any, **changes: Any) -> dict[str, Any]:
    return {
        "event": "list",
        "id": document["id"],
        "purpose": "revocation",
        "digest": _digest(document),
        "at": "2026-11-21T08:00:00Z",
        **changes,
    }


def _key_event(event: str = "added", controller: str = ISSUER) -> dict[str, Any]:
    return {
        "event": event,
        "controller": controller,
        "key": "z6MkA",
        "suite": "ed25519",
        "at": "2026-11-21T08:00:00Z",
    }


class Submitted:
    """A witnessed log of public statements."""

    def __init__(self, witness: RunningWitness, log: SmallLog) -> None:
        self.witness, self.log = witness, log
        self.recorded = 0

    def state(self, statement: dict[str, Any], kind: str = "status", issuer: str = ISSUER) -> int:
        """Log a statement and return its index."""
        return self.log.append(statement_entry(issuer, kind, DAY, statement))

    def cosigned(self) -> str:
        """Let the witness cosign the log as it is, and return its lines."""
        body = self.log.request(self.recorded)
        answer = self.witness.post("/add-checkpoint", body)
        assert answer.status_code == 200
        self.recorded = len(self.log.entries)
        return answer.text

    def evidence(self, index: int, lines: str, **changes: Any) -> dict[str, Any]:
        """Return evidence as a bundle carries it."""
        entry = json.loads(self.log.entries[index])
        return {
            "entry": entry,
            "proof": self.log.proof(index, len(self.log.entries), lines),
            **changes,
        }

    def post(self, document: Any, evidence: Any) -> tuple[int, Any]:
        """Submit, and return status and answer."""
        body = json.dumps({"document": document, "logged": evidence}).encode()
        answer = self.witness.post("/documents", body)
        is_json = answer.headers["content-type"] == "application/json"
        return answer.status_code, answer.json() if is_json else answer.text


@pytest.fixture
def submitted(witness: RunningWitness, new_log: Callable[[], SmallLog]) -> Submitted:
    """A log with nine other entries."""
    return Submitted(witness, new_log().grow(9))


def test_a_logged_status_list_is_kept_and_served_with_its_evidence(submitted: Submitted):
    document = _list(id=f"{LIST}/first")
    index = submitted.state(_statement(document))
    evidence = submitted.evidence(index, submitted.cosigned())

    kept = submitted.post(document, evidence)

    assert kept == (200, {"kind": "status", "index": 9, "kept": True})
    answer = submitted.witness.get("/documents/status", params={"id": document["id"]})
    assert answer.json() == {"credential": document, "logged": evidence}
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_newest_list_is_served_whatever_comes_first(submitted: Submitted):
    lists = [_list(f"uList{n}", id=f"{LIST}/newest") for n in range(3)]
    indexes = [
        submitted.state(_statement(each, at=f"2026-11-21T09:00:0{n}Z"))
        for n, each in enumerate(lists)
    ]
    lines = submitted.cosigned()

    for n, kept in ((1, True), (0, False), (2, True), (2, True), (1, False)):
        evidence = submitted.evidence(indexes[n], lines)
        assert submitted.post(lists[n], evidence)[1]["kept"] is kept

    answer = submitted.witness.get("/documents/status", params={"id": lists[0]["id"]}).json()
    assert answer["credential"] == lists[2]


def test_key_events_are_kept_each_and_served_in_order(witness: RunningWitness, log: SmallLog):
    controller = "https://demo.example/issuers/keys"
    submitted = Submitted(witness, log)
    indexes = [
        submitted.state(_key_event(event, controller), "key", controller)
        for event in ("added", "retired")
    ]
    lines = submitted.cosigned()
    evidence = [submitted.evidence(index, lines) for index in indexes]

    assert submitted.post(_key_event("retired", controller), evidence[1])[0] == 200
    assert submitted.post(None, evidence[0])[0] == 200

    answer = witness.get("/documents/keys", params={"controller": controller})
    assert answer.json() == {"controller": controller, "keys": evidence}


def test_what_nobody_submitted_is_not_found(witness: RunningWitness):
    assert witness.get("/documents/status", params={"id": "https://x.example"}).status_code == 404
    assert witness.get("/documents/status").status_code == 404
    assert witness.get("/documents/keys", params={"controller": "x"}).status_code == 404


def test_evidence_from_before_is_accepted_when_its_root_was_cosigned(submitted: Submitted):
    document = _list()
    index = submitted.state(_statement(document))
    submitted.cosigned()
    evidence = submitted.evidence(index, "")
    submitted.log.grow(15)
    submitted.cosigned()

    assert submitted.post(document, evidence)[0] == 200


def test_a_checkpoint_not_cosigned_here_is_refused(submitted: Submitted):
    document = _list()
    index = submitted.state(_statement(document))
    submitted.cosigned()
    submitted.log.grow(12)

    status, message = submitted.post(document, submitted.evidence(index, ""))

    assert (status, message) == (403, "This witness has not cosigned that checkpoint.\n")


def test_a_stolen_line_of_ours_does_not_help(submitted: Submitted):
    document = _list()
    index = submitted.state(_statement(document))
    lines = submitted.cosigned()
    submitted.log.grow(12)

    assert submitted.post(document, submitted.evidence(index, lines))[0] == 403


def test_a_log_that_is_not_trusted_is_refused(witness: RunningWitness):
    submitted = Submitted(witness, SmallLog("elsewhere.example/log").grow(3))
    document = _list()
    index = submitted.state(_statement(document))

    assert submitted.post(document, submitted.evidence(index, ""))[0] == 404


def test_a_checkpoint_signed_by_another_key_is_refused(submitted: Submitted):
    document = _list()
    index = submitted.state(_statement(document))
    lines = submitted.cosigned()
    submitted.log.seed = b"\x07" * 32

    assert submitted.post(document, submitted.evidence(index, lines))[0] == 403


def test_a_proof_of_another_entry_is_refused(submitted: Submitted):
    document = _list()
    index = submitted.state(_statement(document))
    evidence = submitted.evidence(index, submitted.cosigned())
    evidence["proof"] = submitted.log.proof(index - 1, index + 1, submitted.cosigned())

    assert submitted.post(document, evidence)[0] == 422


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (_list("uOther"), "not the one logged"),
        (_list(id="https://demo.example/status/bjc/revocation/2"), "another id"),
        ("text", "another id"),
        (None, "another id"),
    ],
)
def test_another_document_than_the_one_logged_is_refused(
    submitted: Submitted, document: Any, reason: str
):
    index = submitted.state(_statement(_list()))
    evidence = submitted.evidence(index, submitted.cosigned())

    status, message = submitted.post(document, evidence)

    assert status == 422
    assert reason in message


def test_an_issuer_publishes_under_its_own_address_only(submitted: Submitted):
    other = "https://demo.example/issuers/other"
    document = _list(issuer=other)
    index = submitted.state(_statement(document), issuer=other)
    evidence = submitted.evidence(index, submitted.cosigned())

    status, message = submitted.post(document, evidence)

    assert (status, "may not publish" in message) == (422, True)


def test_a_list_in_the_name_of_another_issuer_is_refused(submitted: Submitted):
    document = _list(issuer="https://demo.example/issuers/other")
    index = submitted.state(_statement(document))
    evidence = submitted.evidence(index, submitted.cosigned())

    status, message = submitted.post(document, evidence)

    assert (status, "another issuer's" in message) == (422, True)


def test_a_key_event_about_another_issuer_is_refused(submitted: Submitted):
    index = submitted.state(_key_event(controller="https://demo.example/issuers/other"), "key")
    evidence = submitted.evidence(index, submitted.cosigned())

    assert submitted.post(None, evidence)[0] == 422


def test_a_key_event_with_another_document_is_refused(submitted: Submitted):
    index = submitted.state(_key_event(), "key")
    evidence = submitted.evidence(index, submitted.cosigned())

    assert submitted.post(_key_event("retired"), evidence)[0] == 422


def test_a_status_entry_about_something_else_is_refused(submitted: Submitted):
    index = submitted.state(_statement(_list(), event="gone"))
    evidence = submitted.evidence(index, submitted.cosigned())

    assert submitted.post(_list(), evidence)[0] == 422


def test_decisions_are_not_taken(submitted: Submitted):
    index = submitted.log.append(entry_bytes(ISSUER, "decision", DAY, "0" * 64))
    evidence = submitted.evidence(index, submitted.cosigned())

    assert submitted.post(None, evidence)[0] == 400
    public = submitted.state({"about": "x"}, "agreement")
    assert submitted.post(None, submitted.evidence(public, submitted.cosigned()))[0] == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"logged":[]}',
        b'{"logged":{}}',
        b'{"logged":{"entry":[],"proof":""}}',
        b'{"logged":{"entry":["a"],"proof":""}}',
        b'{"logged":{"entry":"abc","proof":""}}',
        b'{"logged":{"entry":{},"proof":1}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_malformed_is_a_bad_request(witness: RunningWitness, body: bytes):
    answer = witness.post("/documents", body)

    assert answer.status_code == 400


def test_numbers_that_json_cannot_carry_are_a_bad_request(submitted: Submitted):
    index = submitted.state(_statement(_list()))
    evidence = submitted.evidence(index, submitted.cosigned())

    assert submitted.post(_list(score=float("nan")), evidence)[0] == 400


def test_a_document_beyond_all_reason_is_too_large(witness: RunningWitness):
    assert witness.post("/documents", b" " * (2 * 1024 * 1024 + 1)).status_code == 413


def _peer(name: str, seed: int) -> Signer:
    return Signer(name, Algorithm.COSIGNATURE, bytes([seed]) * 32)


def test_lines_that_cannot_be_checked_are_not_passed_on(submitted: Submitted):
    document = _list(id=f"{LIST}/lines")
    index = submitted.state(_statement(document))
    lines = submitted.cosigned()
    stranger = _peer("witness.example/stranger", 8)
    more = cosign(submitted.log.checkpoint().text, stranger, 1)

    submitted.post(document, submitted.evidence(index, more + lines))

    served = submitted.witness.get("/documents/status", params={"id": document["id"]}).json()
    assert served["logged"] == submitted.evidence(index, lines)


def test_with_a_policy_a_quorum_is_asked_for_and_passed_on(tmp_path: Path):
    log = SmallLog("log.example/policy").grow(4)
    peers = [_peer(f"witness.example/{n}", n) for n in (5, 6)]
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        vkeys = {"own": witness.vkey, "five": peers[0].verifier.vkey, "six": peers[1].verifier.vkey}
        policy = threshold_policy([log.vkey], vkeys, 2)
        set_policy(Store(witness.folder), policy.text)
        submitted = Submitted(witness, log)
        document = _list()
        index = submitted.state(_statement(document))
        own = submitted.cosigned()
        text = log.checkpoint().text
        five = cosign(text, peers[0], 1_700_000_000)
        forged = cosign(text, _peer("witness.example/6", 9), 1_700_000_000)
        forged = _in_the_name_of(peers[1], forged)

        alone, with_forgery, good = (
            submitted.post(document, submitted.evidence(index, lines))[0]
            for lines in (own, own + five + forged, own + five)
        )

        assert (alone, with_forgery, good) == (403, 403, 200)
        served = witness.get("/documents/status", params={"id": LIST}).json()
        entry = log.entries[index]
        proven = policy.verify(entry, served["logged"]["proof"])
        assert {name for name, _ in proven.cosigners} == {"own", "five"}
        assert witness.get("/policy").text == policy.text


def _in_the_name_of(peer: Signer, line: str) -> str:
    """Return a line with the name and key id of ``peer`` over somebody else's signature."""
    genuine = cosign("log.example/x\n0\n" + "A" * 43 + "=\n", peer, 1)
    (theirs,) = Note.parse(f"x\n\n{genuine}").signatures
    (other,) = Note.parse(f"x\n\n{line}").signatures
    return type(other)(theirs.name, theirs.key_id, other.signature).line
