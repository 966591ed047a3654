"""Policies, checkpoints, quantum signatures and time-stamps: the browser reads them as the server does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    LogProof,
    Policy,
    PolicyError,
    Signer,
    cosign,
    inclusion_proof,
)
from cotutelle.engines.translog.notes import add_signatures, signature_line
from cotutelle.ledger.anchoring.timestamps import stamp, stamped_text
from tests.credentials.offline.cases import Case
from tests.credentials.offline.test_agreement import in_browser, in_python
from tests.engines.credentials.world import World
from tests.ledger.anchoring.authority import certified, running_authority, server_of

pytestmark = pytest.mark.e2e

WORLD = World()
L = WORLD.log.verifier.vkey
X, Y, Z = (witness.verifier.vkey for witness in WORLD.witnesses)
RENAMED = Signer("alias.example", Algorithm.COSIGNATURE, WORLD._secret("witness1")).verifier.vkey
RETYPED = Signer("witness1.example", Algorithm.ED25519, WORLD._secret("witness1")).verifier.vkey
QUANTUM = Signer("quantum.example", Algorithm.COSIGNATURE_MLDSA44, b"q" * 32)
Q = QUANTUM.verifier.vkey
BASE = f"log {L}\nwitness X {X}\nwitness Y {Y}\nwitness Z {Z} https://z.example/\n"

POLICIES = [
    "", "quorum none", "quorum none\n", BASE, BASE + "quorum X\n", BASE + "quorum W\n", BASE + "quorum x\n",
    BASE + "quorum none\nquorum none\n", BASE + "quorum\n", BASE + "quorum X Y\n", BASE + "QUORUM X\n",
    BASE + "quorum G\ngroup G any X\n", BASE + "group G any\nquorum G\n", BASE + "group G 2 X Y Z\nquorum G\n",
    BASE + "group G 0 X\nquorum G\n", BASE + "group G 4 X Y Z\nquorum G\n", BASE + "group G 02 X Y\nquorum G\n",
    BASE + "group G +1 X Y\nquorum G\n", BASE + "group G ٢ X Y\nquorum G\n", BASE + "group G constructor X\nquorum G\n",
    BASE + "group G any X X\nquorum G\n", BASE + "group G any X Y\ngroup H any X Z\nquorum H\n",
    BASE + "group G all X Y\ngroup H any G Z\nquorum H\n", BASE + "group G any none\nquorum G\n",
    BASE + "group none any X\nquorum none\n", BASE + "group X any Y\nquorum X\n", BASE + "group __proto__ any X\nquorum __proto__\n",
    BASE + f"witness W {X}\nquorum W\n", BASE + f"witness W {RENAMED}\nquorum W\n", BASE + f"witness W {RETYPED}\nquorum W\n",
    BASE + f"witness W {Q}\nquorum W\n", BASE + f"witness {Q}\nquorum X\n", BASE + f"witness W {Q} url more\nquorum W\n",
    BASE + f"witness W {Q[:-4]}\nquorum W\n", BASE + "witness W key\nquorum W\n", BASE + f"log {L}\nquorum X\n",
    BASE + f"log {X}\nquorum X\n", BASE + "log\nquorum X\n", BASE.replace("+", "+0", 1) + "quorum X\n", BASE + "quorum X\r\n",
    BASE + "quorum\x0bX\n", BASE + "quorum X\x00\n", BASE + "quorum X\n# \x7f\n", BASE + "quorum\u00a0X\n", BASE + "quorum X\u2003\n",
    BASE + "# quorum Y\n \t # quorum Z\n\n \t \n\tquorum\t \tX \t\n#", f"witness \u212a {X}\nwitness K {Y}\nquorum K\n",
    f"witness \u00e9 {X}\nquorum e\u0301\n", f"witness all {X}\nwitness #1 {Y}\ngroup any all all #1\nquorum any\n",
    f"log {L.replace('+', ' +', 1)}\nquorum none\n", BASE + "quorum X\n" + "#" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("text", POLICIES, ids=range(len(POLICIES)))
def test_both_read_the_same_policies(units: Page, text: str):
    try:
        Policy.parse(text)
        expected = True
    except PolicyError:
        expected = False

    read = units.evaluate("t => outcome(() => units.parsePolicy(t).then(() => true))", text)

    assert (read is True) == expected


PROOF = WORLD.evidence(1)["proof"]
HEAD, NOTE = PROOF.split("\n\n", 1)
LAST = NOTE.rstrip("\n").rpartition("\n")[2]
CHANGES: dict[str, Callable[[], str]] = {
    "nothing": lambda: PROOF,
    "extra data": lambda: PROOF.replace("\nindex", "\nextra aGk=\nindex"),
    "extra data that are not base64": lambda: PROOF.replace("\nindex", "\nextra hi\nindex"),
    "another version": lambda: PROOF.replace("@v1", "@v2"),
    "no index": lambda: PROOF.replace("index 1\n", ""),
    "leading zero of the index": lambda: PROOF.replace("index 1\n", "index 01\n"),
    "negative index": lambda: PROOF.replace("index 1\n", "index -1\n"),
    "index beyond": lambda: PROOF.replace("index 1\n", f"index {2**63}\n"),
    "index of another": lambda: PROOF.replace("index 1\n", "index 0\n"),
    "one hash too few": lambda: HEAD.rpartition("\n")[0] + "\n\n" + NOTE,
    "one hash too many": lambda: HEAD + "\n" + HEAD.rpartition("\n")[2] + "\n\n" + NOTE,
    "a short hash": lambda: HEAD + "\nAAAA\n\n" + NOTE,
    "64 hashes": lambda: "\n".join([*HEAD.split("\n")[:2], *["A" * 43 + "="] * 64]) + "\n\n" + NOTE,
    "line ends of another system": lambda: PROOF.replace("\n", "\r\n"),
    "no last line end": lambda: PROOF[:-1],
    "an empty line behind": lambda: PROOF + "\n",
    "a signature that is no line": lambda: PROOF + "hello\n",
    "a hyphen for a dash": lambda: PROOF + LAST.replace("—", "-") + "\n",
    "the same signature again": lambda: PROOF + LAST + "\n",
    "an unknown name": lambda: PROOF + LAST.replace("witness", "nobody") + "\n",
    "a name with a plus": lambda: PROOF + LAST.replace("witness", "w+") + "\n",
    "a name with a space": lambda: PROOF + LAST.replace("witness", "w\u00a0") + "\n",
    "ninety more": lambda: PROOF + (LAST.replace("witness", "nobody") + "\n") * 90,
    "a hundred more": lambda: PROOF + (LAST.replace("witness", "nobody") + "\n") * 100,
    "a tab": lambda: PROOF.replace("— ", "—\t", 1),
    "another origin": lambda: PROOF.replace(f"\n{WORLD.origin}\n", "\nelsewhere.example\n"),
    "another size": lambda: PROOF.replace(f"\n{WORLD.origin}\n{len(WORLD.entries)}\n", f"\n{WORLD.origin}\n5\n"),
    "a zero before the size": lambda: PROOF.replace(f"\n{WORLD.origin}\n", f"\n{WORLD.origin}\n0"),
    "a line more": lambda: PROOF.replace("=\n\n—", "=\nmore\n\n—"),
    "an empty line more": lambda: PROOF.replace("=\n\n—", "=\n\n\n—"),
    "stray bits in base64": lambda: PROOF[:-2] + chr(ord(PROOF[-2]) + 1) + "\n",
    "nothing at all": lambda: "",
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_both_read_the_same_proofs(units: Page, name: str):
    world = World()
    bundle = world.bundle()
    bundle["keys"] = [
        world.evidence(world.key_events[0]),
        {**world.evidence(1), "proof": CHANGES[name]()},
    ]
    case = Case(json.dumps(bundle), world.policy, world.now)
    logged = Case(
        json.dumps(
            {
                **bundle,
                "keys": bundle["keys"][:1],
                "logged": {**bundle["logged"], "proof": CHANGES[name]()},
            }
        ),
        world.policy,
        world.now,
    )

    assert in_browser(units, case) == in_python(case)
    assert in_browser(units, logged) == in_python(logged)


def _also_signed(value: Any, signer: Signer) -> Any:
    """Return a bundle all of whose checkpoints have one more cosignature."""
    if isinstance(value, list):
        return [_also_signed(one, signer) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _also_signed(one, signer) for name, one in value.items()}
    if isinstance(value.get("proof"), str):
        proof = LogProof.parse(value["proof"])
        line = cosign(proof.head().text, signer, 1_700_000_000)
        found["proof"] = LogProof(
            proof.index, proof.hashes, add_signatures(proof.checkpoint, [line])
        ).text
    return found


@pytest.mark.parametrize(("quorum", "verdict"), [
    ("group G all X Q", "unknown"), ("group G any X Q", "valid"), ("group G 2 X Y Q", "valid"), ("group G any Q", "unknown"),
])  # fmt: skip
def test_quantum_signatures_are_never_counted_and_never_held_against_anybody(
    units: Page, quorum: str, verdict: str
):
    world = World()
    bundle = _also_signed(world.bundle(), QUANTUM)
    policy = BASE + f"witness Q {Q}\n{quorum}\nquorum G\n"
    case = Case(json.dumps(bundle), policy, world.now)

    found = in_browser(units, case)

    assert in_python(case)["verdict"] == "valid"
    assert found["verdict"] == verdict
    if verdict == "unknown":
        assert found["checks"]["witnesses"] == ["unknown", "browser.witnesses", None]
        assert found["checks"]["issuer"] == ["unknown", "issuer.key_event", "browser.witnesses"]
    few = Case(json.dumps(world.bundle()), policy, world.now)
    assert in_browser(units, few) == in_python(few)


def test_a_log_may_change_its_key(units: Page):
    world = World()
    later = Signer(world.origin, Algorithm.ED25519, b"n" * 32)
    bundle = world.bundle()
    proof = LogProof.parse(bundle["logged"]["proof"])
    text = proof.head().text
    lines = [signature_line(text, later), *(cosign(text, w, 1) for w in world.witnesses)]
    note = text + "\n" + "".join(lines)
    bundle["logged"]["proof"] = LogProof(proof.index, proof.hashes, note).text
    case = Case(
        json.dumps(bundle),
        world.policy.replace("\n", f"\nlog {later.verifier.vkey}\n", 1),
        world.now,
    )
    alone = Case(case.text, world.policy, world.now)

    assert in_browser(units, case) == in_python(case)
    assert in_browser(units, case)["verdict"] == "valid"
    assert in_browser(units, alone)["checks"]["logged"] == ["bad", "logged.log", None]


def test_a_time_stamp_is_compared_but_its_authority_is_left_open(units: Page, tmp_path):
    world, root = World(), certified("Authority")
    credential = world.certificate()
    index, size = world.places[credential["id"]], len(world.entries)
    head = Checkpoint(world.origin, size, world.tree.root(size))
    with running_authority(tmp_path, server_of(root)) as url:
        told = {"url": url, "roots": [root.pem], "now": datetime.now(UTC)}
        good = stamp(stamped_text(head.origin, size, head.root), **told).token
        other = stamp(b"something else", **told).token
    anchor = {
        "type": "rfc3161", "origin": head.origin, "size": size, "root": head.root.hex(), "at": "2026-11-20T08:30:00Z",
        "inclusion": [base64.b64encode(h).decode() for h in inclusion_proof(world.tree, index, size)],
    }  # fmt: skip
    wrong = bytes([good[0], good[1] ^ 1]) + good[2:]
    tokens = {"anchor.stated_time": good, "anchor.wrong_root": other, "anchor.token": good[:40]}
    for code, token in (*tokens.items(), ("anchor.token", wrong), ("anchor.token", b"")):
        anchors = [{**anchor, "token": base64.b64encode(token).decode()}]
        case = Case(json.dumps(world.bundle(credential, anchors=anchors)), world.policy, world.now)
        found = in_browser(units, case)
        assert found == in_python(case)
        assert found["checks"]["anchor"][1] == code
