"""Proof files and what they prove."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from cotutelle.engines.translog import (
    Checkpoint,
    LogProof,
    PolicyError,
    ProofError,
    Tree,
    inclusion_proof,
    leaf_hash,
    sign_note,
)
from tests.engines.translog.scene import ENTRIES, HEAD, LOG, TIME, TREE, X, Y, Z, note_by, policy_of


def _proof(index: int, note: str, extra: bytes | None = None) -> LogProof:
    return LogProof(index, tuple(inclusion_proof(TREE, index, 11)), note, extra)


@pytest.mark.parametrize("index", range(11))
def test_a_proof_proves_its_entry_and_no_other(index: int) -> None:
    policy = policy_of("group G 2 X Y Z", "quorum G")
    text = _proof(index, note_by(X, Z)).text
    found = policy.verify(ENTRIES[index], text)
    assert (found.index, found.checkpoint, found.log) == (index, HEAD, LOG.verifier)
    assert found.cosigners == (("X", TIME), ("Z", TIME + 1))
    for other in {*ENTRIES} - {ENTRIES[index]}:
        with pytest.raises(ProofError) as caught:
            policy.verify(other, text)
        assert caught.value.code == "proof.root"
    for wrong in {*range(13)} - {index}:
        with pytest.raises(ProofError):
            policy.verify(ENTRIES[index], text.replace(f"index {index}\n", f"index {wrong}\n"))


def test_a_proof_under_another_policy_is_refused() -> None:
    text = _proof(3, note_by(X)).text
    with pytest.raises(PolicyError):
        policy_of("quorum Y").verify(ENTRIES[3], text)


def test_the_text_of_a_proof_is_that_of_the_specification() -> None:
    note = note_by(X)
    proof = _proof(3, note, b"out of band")
    lines = ["c2sp.org/tlog-proof@v1", "extra b3V0IG9mIGJhbmQ=", "index 3"]
    lines += [base64.b64encode(item).decode() for item in inclusion_proof(TREE, 3, 11)]
    assert proof.text == "\n".join(lines) + "\n\n" + note
    assert LogProof.parse(proof.text) == proof
    assert LogProof.parse(proof.text.encode()).extra == b"out of band"
    only = Tree([leaf_hash(b"a")])
    head = Checkpoint("log.example/a", 1, only.root())
    single = LogProof(0, (), sign_note(head.text, [LOG]))
    assert single.text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example/a\n1\n")
    assert LogProof.parse(single.text) == single
    assert policy_of("quorum none").verify(b"a", single.text).index == 0


GOOD = _proof(3, note_by(X), b"e").text
FIRST = GOOD.split("\n")[3]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "",
        lambda t: t.split("\n\n")[0],
        lambda t: t.split("\n\n", 1)[0] + "\n\n",
        lambda t: t.split("\n\n", 1)[1],
        lambda t: t.replace("proof@v1", "proof@v2"),
        lambda t: t.replace("c2sp.org/tlog-proof@v1\n", ""),
        lambda t: t.replace("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1 \n"),
        lambda t: "\n" + t,
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t[:-1],
        lambda t: t + "\n",
        lambda t: t.replace("index 3\n", ""),
        lambda t: t.replace("index 3", "index 03"),
        lambda t: t.replace("index 3", "index +3"),
        lambda t: t.replace("index 3", "index  3"),
        lambda t: t.replace("index 3", "index 3 "),
        lambda t: t.replace("index 3", "Index 3"),
        lambda t: t.replace("index 3", "index"),
        lambda t: t.replace("index 3", f"index {2**63}"),
        lambda t: t.replace("index 3", "index ３"),
        lambda t: t.replace("index 3", "index 3\nindex 3"),
        lambda t: t.replace("extra ZQ==", "extra ZR=="),
        lambda t: t.replace("extra ZQ==", "extra ZQ"),
        lambda t: t.replace("extra ZQ==", "extra "),
        lambda t: t.replace("extra ZQ==", "extra"),
        lambda t: t.replace("extra ZQ==", "extra ZQ==\nextra ZQ=="),
        lambda t: t.replace("extra ZQ==\nindex 3", "index 3\nextra ZQ=="),
        lambda t: t.replace(FIRST, FIRST + " "),
        lambda t: t.replace(FIRST, " " + FIRST),
        lambda t: t.replace(FIRST, FIRST[:-1]),
        lambda t: t.replace(FIRST, FIRST[:-4]),
        lambda t: t.replace(FIRST, ""),
        lambda t: t.replace(FIRST, base64.b64encode(bytes(33)).decode()),
        lambda t: t.replace(FIRST, "\n".join([FIRST] * 64)),
        lambda t: t.replace(FIRST, FIRST + "\n"),
        lambda t: t.replace("\n\nlog.example", "\n\n\nlog.example"),
        lambda t: t.replace("log.example/a\n11\n", "log.example/a\n011\n"),
        lambda t: t.replace("— log", "- log"),
        lambda t: t + "x" * 2_000_000,
        lambda t: t + "\ud800",
    ],
)
def test_malformed_proofs_are_refused(change: Callable[[str], str]) -> None:
    assert LogProof.parse(GOOD)
    text = change(GOOD)
    assert text != GOOD
    with pytest.raises(ProofError):
        LogProof.parse(text)


def test_extra_data_cannot_make_a_proof_huge() -> None:
    large = LogProof(3, (), note_by(X), bytes(1_600_000))
    with pytest.raises(ProofError) as caught:
        LogProof.parse(large.text)
    assert caught.value.code == "proof.too_large"


def test_sixty_three_hashes_are_accepted_and_the_index_may_be_as_large_as_a_tree() -> None:
    note = sign_note(Checkpoint("log.example/a", 2**63 - 1, bytes(32)).text, [LOG])
    proof = LogProof(2**63 - 2, (bytes(32),) * 63, note)
    assert LogProof.parse(proof.text) == proof
    with pytest.raises(ProofError) as caught:
        policy_of("quorum none").verify(b"", proof.text)
    assert caught.value.code == "proof.length"


@pytest.mark.parametrize(
    "make",
    [
        lambda n: LogProof(-1, (), n),
        lambda n: LogProof(True, (), n),
        lambda n: LogProof(2**63, (), n),
        lambda n: LogProof(0, (bytes(31),), n),
        lambda n: LogProof(0, (bytes(32),) * 64, n),
        lambda n: LogProof(0, (), n, b""),
        lambda n: LogProof(0, (), n[:-1]),
        lambda n: LogProof(0, (), "no note"),
    ],
)
def test_a_proof_that_cannot_be_is_not_made(make: Callable[[str], LogProof]) -> None:
    with pytest.raises(ProofError):
        make(note_by())


def test_no_bit_of_a_proof_can_change() -> None:
    policy = policy_of("group G all X Y", "quorum G")
    plain = _proof(3, note_by(X, Y)).text.encode()
    for bit in range(len(plain) * 8):
        bent = bytearray(plain)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises((ProofError, PolicyError)):
            policy.verify(ENTRIES[3], bytes(bent))
