"""Policies, proof files and what they prove."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    LogProof,
    Policy,
    PolicyError,
    ProofError,
    Signer,
    Tree,
    Verifier,
    add_signatures,
    cosign,
    inclusion_proof,
    leaf_hash,
    sign_note,
    threshold_policy,
)

LOG = Signer("log.example/a", Algorithm.ED25519, b"L" * 32)
OTHER_LOG = Signer("log.example/b", Algorithm.ED25519, b"M" * 32)
X, Y, Z = (Signer(f"w.example/{n}", Algorithm.COSIGNATURE, n.encode() * 32) for n in "xyz")
Q = Signer("w.example/q", Algorithm.COSIGNATURE_MLDSA44, b"q" * 32)
ENTRIES = [b"entry %d" % n for n in range(11)]
TREE = Tree(map(leaf_hash, ENTRIES))
HEAD = Checkpoint("log.example/a", 11, TREE.root())
TIME = 1_700_000_000


def _key(signer: Signer) -> str:
    return signer.verifier.vkey


def _note(*witnesses: Signer, head: Checkpoint = HEAD, log: Signer = LOG) -> str:
    lines = [cosign(head.text, witness, TIME + n) for n, witness in enumerate(witnesses)]
    return add_signatures(sign_note(head.text, [log]), lines)


BASE = f"""log {_key(LOG)}
witness X {_key(X)}
witness Y {_key(Y)}
witness Z {_key(Z)} https://z.example/
"""


def _policy(*lines: str) -> Policy:
    return Policy.parse(BASE + "\n".join(lines) + "\n")


def test_the_parts_of_a_policy_are_read() -> None:
    policy = _policy("group G 2 X Y", "group H any G Z", "quorum H")
    assert [(log.verifier, log.url) for log in policy.logs] == [(LOG.verifier, None)]
    assert [w.name for w in policy.witnesses] == ["X", "Y", "Z"]
    assert [w.url for w in policy.witnesses] == [None, None, "https://z.example/"]
    assert [(g.name, g.threshold, g.members) for g in policy.groups] == [
        ("G", 2, ("X", "Y")),
        ("H", 1, ("G", "Z")),
    ]
    assert policy.quorum == "H"
    assert policy.text.startswith("log ")
    assert Policy.parse(policy.text) == policy


@pytest.mark.parametrize(
    ("lines", "quorums"),
    [
        (["quorum none"], ["", "X", "XYZ"]),
        (["quorum X"], ["X", "XY", "XZ", "XYZ"]),
        (["group G any X Y", "quorum G"], ["X", "Y", "XY", "XZ", "YZ", "XYZ"]),
        (["group G all X Y", "quorum G"], ["XY", "XYZ"]),
        (["group G 2 X Y Z", "quorum G"], ["XY", "XZ", "YZ", "XYZ"]),
        (["group G any X Y", "group H all G Z", "quorum H"], ["XZ", "YZ", "XYZ"]),
        (["group G any X Y", "quorum Z"], ["Z", "XZ", "YZ", "XYZ"]),
        (["quorum X", "group G any X Y"], ["X", "XY", "XZ", "XYZ"]),
    ],
)
def test_quorums_are_as_the_groups_say(lines: list[str], quorums: list[str]) -> None:
    policy = _policy(*lines)
    by_name = {"X": X, "Y": Y, "Z": Z}
    for subset in ("", "X", "Y", "Z", "XY", "XZ", "YZ", "XYZ"):
        note = _note(*(by_name[name] for name in subset))
        assert policy.is_met_by(set(subset)) == (subset in quorums or quorums[0] == "")
        if policy.is_met_by(set(subset)):
            found = policy.check(note)
            assert found.checkpoint == HEAD
            assert found.log == LOG.verifier
            assert found.cosigners == tuple((name, TIME + n) for n, name in enumerate(subset))
        else:
            with pytest.raises(PolicyError) as caught:
                policy.check(note)
            assert caught.value.code == "policy.quorum"
            assert caught.value.evidence["cosigners"] == list(subset)


def test_one_witness_signing_twice_is_one_witness() -> None:
    policy = _policy("group G 2 X Y Z", "quorum G")
    lines = [cosign(HEAD.text, X, TIME + n) for n in range(5)]
    with pytest.raises(PolicyError) as caught:
        policy.check(add_signatures(_note(), lines))
    assert caught.value.code == "policy.quorum"


def test_a_quantum_witness_counts_like_another() -> None:
    policy = threshold_policy([_key(LOG)], {"X": _key(X), "Q": _key(Q)}, 2)
    assert policy.check(_note(Q, X)).cosigners == (("X", TIME + 1), ("Q", TIME))


def test_the_log_must_have_signed_under_its_own_origin() -> None:
    policy = Policy.parse(f"log {_key(LOG)}\nlog {_key(OTHER_LOG)}\nquorum none\n")
    assert policy.check(_note()).log == LOG.verifier
    unsigned = HEAD.text + "\n" + cosign(HEAD.text, X, TIME)
    for note in (_note(log=OTHER_LOG), unsigned):
        with pytest.raises(PolicyError) as caught:
            policy.check(note)
        assert caught.value.code == "policy.log"
    with pytest.raises(PolicyError):
        Policy.parse("quorum none\n").check(_note())


def test_a_bad_signature_of_a_known_key_refuses_even_where_it_is_not_needed() -> None:
    policy = _policy("quorum X")
    foreign = cosign(Checkpoint("log.example/a", 12, bytes(32)).text, Z, TIME)
    with pytest.raises(PolicyError) as caught:
        policy.check(add_signatures(_note(X), [foreign]))
    assert caught.value.code == "note.signature_bad"
    stranger = Signer("w.example/s", Algorithm.COSIGNATURE, b"s" * 32)
    assert policy.check(_note(stranger, X)).cosigners == (("X", TIME + 1),)


@pytest.mark.parametrize("note", ["", "nothing", HEAD.text, "a\nb\n\n— log.example/a AAAAAAA=\n"])
def test_what_is_no_checkpoint_is_a_refusal_of_the_policy(note: str) -> None:
    with pytest.raises(PolicyError):
        _policy("quorum none").check(note)


ALIAS = Verifier("another.example/x", Algorithm.COSIGNATURE, X.verifier.public_key).vkey
LOG_ALIAS = Verifier("log.example/alias", Algorithm.ED25519, LOG.verifier.public_key).vkey
SAME_TYPE = Verifier("w.example/plain", Algorithm.ED25519, bytes(32)).vkey
LOG_TYPE = Verifier("log.example/c", Algorithm.COSIGNATURE, bytes(32)).vkey


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "policy.no_quorum"),
        (["quorum none", "quorum none"], "policy.quorum_twice"),
        (["quorum X", "quorum X"], "policy.quorum_twice"),
        (["quorum W"], "policy.unknown_name"),
        (["quorum G", "group G any X"], "policy.unknown_name"),
        (["quorum x"], "policy.unknown_name"),
        (["quorum"], "policy.line"),
        (["quorum X Y"], "policy.line"),
        (["QUORUM X"], "policy.line"),
        (["quorum none # why"], "policy.line"),
        (["threshold 2", "quorum X"], "policy.line"),
        (["group G any", "quorum G"], "policy.line"),
        (["group G", "quorum G"], "policy.line"),
        (["group G 0 X", "quorum G"], "policy.threshold"),
        (["group G 3 X Y", "quorum G"], "policy.threshold"),
        (["group G 02 X Y", "quorum G"], "policy.threshold"),
        (["group G +1 X Y", "quorum G"], "policy.threshold"),
        (["group G -1 X Y", "quorum G"], "policy.threshold"),
        (["group G 1.0 X Y", "quorum G"], "policy.threshold"),
        (["group G ٢ X Y", "quorum G"], "policy.threshold"),
        (["group G ANY X Y", "quorum G"], "policy.threshold"),
        (["group G X Y", "quorum G"], "policy.threshold"),
        (["group G any X X", "quorum G"], "policy.member_twice"),
        (["group G any X Y", "group H any X Z", "quorum H"], "policy.member_twice"),
        (["group G any X", "group H any G", "group I any G", "quorum I"], "policy.member_twice"),
        (["group G any G", "quorum G"], "policy.unknown_name"),
        (["group G any H", "group H any X", "quorum H"], "policy.unknown_name"),
        (["group G any none", "quorum G"], "policy.unknown_name"),
        (["group none any X", "quorum none"], "policy.name_taken"),
        (["group X any Y", "quorum X"], "policy.name_taken"),
        (["group G any X", "group G any Y", "quorum G"], "policy.name_taken"),
        ([f"witness none {_key(Q)}", "quorum none"], "policy.name_taken"),
        ([f"witness X {_key(Q)}", "quorum X"], "policy.name_taken"),
        ([f"witness W {_key(X)}", "quorum W"], "policy.key_twice"),
        ([f"witness W {ALIAS}", "quorum W"], "policy.key_twice"),
        ([f"witness W {SAME_TYPE}", "quorum W"], "policy.key_type"),
        ([f"witness {_key(Q)}", "quorum X"], "policy.line"),
        ([f"witness W {_key(Q)} url more", "quorum W"], "policy.line"),
        ([f"witness W {_key(Q)[:-4]}", "quorum W"], "key.length"),
        (["witness W key", "quorum W"], "key.malformed"),
        ([f"log {_key(LOG)}", "quorum X"], "policy.key_twice"),
        ([f"log {LOG_ALIAS}", "quorum X"], "policy.key_twice"),
        ([f"log {LOG_TYPE}", "quorum X"], "policy.key_type"),
        (["log", "quorum X"], "policy.line"),
        ([f"log {_key(OTHER_LOG)} url more", "quorum X"], "policy.line"),
        (["\rquorum X"], "policy.control"),
        (["quorum X\r"], "policy.control"),
        (["quorum\x0bX"], "policy.control"),
        (["quorum X\x00"], "policy.control"),
        (["quorum X", "# \x7f"], "policy.control"),
        (["quorum\u00a0X"], "policy.line"),
        (["quorum\u2003X"], "policy.line"),
        (["quorum X\u2003"], "policy.unknown_name"),
    ],
)
def test_each_breach_of_the_grammar_is_refused(lines: list[str], code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _policy(*lines)
    assert caught.value.code == code


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(PolicyError, match="line 6") as caught:
        _policy("# fine", "quorum W")
    assert caught.value.evidence["line"] == 6


def test_space_comments_and_order_are_free() -> None:
    policy = Policy.parse(
        f"\n \t \n# comment\n\t # another: quorum W\n  witness\t \tX  {_key(X)} \t\n"
        f"group\tG any\tX\nquorum G\n\tlog {_key(LOG)}\thttps://log.example/\t \n#"
    )
    assert policy.check(_note(X)).cosigners == (("X", TIME),)
    assert policy.logs[0].url == "https://log.example/"
    assert Policy.parse("quorum none").quorum == "none"
    named = Policy.parse(
        f"witness all {_key(X)}\nwitness #1 {_key(Y)}\ngroup any all all #1\nquorum any\n"
    )
    assert named.groups[0].members == ("all", "#1")


def test_names_are_octets() -> None:
    kelvin, letter = "\u212a", "K"
    policy = Policy.parse(f"witness {kelvin} {_key(X)}\nwitness {letter} {_key(Y)}\nquorum K\n")
    assert not policy.is_met_by({kelvin})
    text = b"witness \xff\xfe " + _key(X).encode() + b"\nquorum \xff\xfe\n"
    opaque = Policy.parse(text)
    assert opaque.text.encode("utf-8", "surrogateescape") == text
    assert Policy.parse(opaque.text) == opaque
    composed, decomposed = "\u00e9", "e\u0301"
    with pytest.raises(PolicyError):
        Policy.parse(f"witness {composed} {_key(X)}\nquorum {decomposed}\n")


def test_thirty_two_of_each_are_accepted() -> None:
    signers = [Signer(f"s.example/{n}", Algorithm.ED25519, bytes([n]) * 32) for n in range(64)]
    lines = [f"log {_key(s)}" for s in signers[:32]]
    witnesses = [
        Verifier(s.verifier.name, Algorithm.COSIGNATURE, s.verifier.public_key)
        for s in signers[32:]
    ]
    lines += [f"witness w{n} {key.vkey}" for n, key in enumerate(witnesses)]
    lines += ["group g0 any w0"] + [f"group g{n} all g{n - 1} w{n}" for n in range(1, 32)]
    policy = Policy.parse("\n".join([*lines, "quorum g31", ""]))
    everybody = {f"w{n}" for n in range(32)}
    assert policy.is_met_by(everybody)
    assert not any(policy.is_met_by(everybody - {name}) for name in everybody)


@pytest.mark.parametrize(
    ("threshold", "witnesses", "text"),
    [
        (0, "", "quorum none"),
        (1, "X", "group quorum 1 X\nquorum quorum"),
        (2, "XYZ", "group quorum 2 X Y Z\nquorum quorum"),
    ],
)
def test_a_threshold_policy_is_written_out(threshold: int, witnesses: str, text: str) -> None:
    keys = {name: _key({"X": X, "Y": Y, "Z": Z}[name]) for name in witnesses}
    policy = threshold_policy([_key(LOG)], keys, threshold)
    assert policy.text.endswith(f"{text}\n")
    assert [w.name for w in policy.witnesses] == list(witnesses)


@pytest.mark.parametrize("threshold", [-1, 0, 3])
def test_a_threshold_nobody_can_mean_is_refused(threshold: int) -> None:
    with pytest.raises(PolicyError):
        threshold_policy([_key(LOG)], {"X": _key(X), "Y": _key(Y)}, threshold)
    assert threshold_policy([_key(LOG)], {"quorum": _key(X)}, 1).quorum == "quorum-"


# Proof files.


def _proof(index: int, note: str, extra: bytes | None = None) -> LogProof:
    return LogProof(index, tuple(inclusion_proof(TREE, index, 11)), note, extra)


@pytest.mark.parametrize("index", range(11))
def test_a_proof_proves_its_entry_and_no_other(index: int) -> None:
    policy = _policy("group G 2 X Y Z", "quorum G")
    text = _proof(index, _note(X, Z)).text
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
    text = _proof(3, _note(X)).text
    with pytest.raises(PolicyError):
        _policy("quorum Y").verify(ENTRIES[3], text)


def test_the_text_of_a_proof_is_that_of_the_specification() -> None:
    note = _note(X)
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
    assert _policy("quorum none").verify(b"a", single.text).index == 0


GOOD = _proof(3, _note(X), b"e").text
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


def test_sixty_three_hashes_are_accepted_and_the_index_may_be_as_large_as_a_tree() -> None:
    note = sign_note(Checkpoint("log.example/a", 2**63 - 1, bytes(32)).text, [LOG])
    proof = LogProof(2**63 - 2, (bytes(32),) * 63, note)
    assert LogProof.parse(proof.text) == proof
    with pytest.raises(ProofError) as caught:
        _policy("quorum none").verify(b"", proof.text)
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
        make(_note())


def test_no_bit_of_a_proof_can_change_but_in_what_nobody_vouches_for() -> None:
    policy = _policy("group G all X Y", "quorum G")
    plain = _proof(3, _note(X, Y)).text.encode()
    for bit in range(len(plain) * 8):
        bent = bytearray(plain)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises((ProofError, PolicyError)):
            policy.verify(ENTRIES[3], bytes(bent))
