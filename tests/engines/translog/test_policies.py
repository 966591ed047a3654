"""Trust policies: their grammar, their quorums, what satisfies them."""

from __future__ import annotations

import pytest

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    Policy,
    PolicyError,
    Signer,
    Verifier,
    add_signatures,
    cosign,
    threshold_policy,
)
from tests.engines.translog.scene import (
    HEAD,
    LOG,
    OTHER_LOG,
    TIME,
    Q,
    X,
    Y,
    Z,
    key_of,
    note_by,
    policy_of,
)


def test_the_parts_of_a_policy_are_read() -> None:
    policy = policy_of("group G 2 X Y", "group H any G Z", "quorum H")
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
    policy = policy_of(*lines)
    by_name = {"X": X, "Y": Y, "Z": Z}
    for subset in ("", "X", "Y", "Z", "XY", "XZ", "YZ", "XYZ"):
        note = note_by(*(by_name[name] for name in subset))
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
    policy = policy_of("group G 2 X Y Z", "quorum G")
    lines = [cosign(HEAD.text, X, TIME + n) for n in range(5)]
    with pytest.raises(PolicyError) as caught:
        policy.check(add_signatures(note_by(), lines))
    assert caught.value.code == "policy.quorum"


def test_a_quantum_witness_counts_like_another() -> None:
    policy = threshold_policy([key_of(LOG)], {"X": key_of(X), "Q": key_of(Q)}, 2)
    assert policy.check(note_by(Q, X)).cosigners == (("X", TIME + 1), ("Q", TIME))


def test_the_log_must_have_signed_under_its_own_origin() -> None:
    policy = Policy.parse(f"log {key_of(LOG)}\nlog {key_of(OTHER_LOG)}\nquorum none\n")
    assert policy.check(note_by()).log == LOG.verifier
    unsigned = HEAD.text + "\n" + cosign(HEAD.text, X, TIME)
    for note in (note_by(log=OTHER_LOG), unsigned):
        with pytest.raises(PolicyError) as caught:
            policy.check(note)
        assert caught.value.code == "policy.log"
    with pytest.raises(PolicyError):
        Policy.parse("quorum none\n").check(note_by())


def test_a_bad_signature_of_a_known_key_refuses_even_where_it_is_not_needed() -> None:
    policy = policy_of("quorum X")
    foreign = cosign(Checkpoint("log.example/a", 12, bytes(32)).text, Z, TIME)
    with pytest.raises(PolicyError) as caught:
        policy.check(add_signatures(note_by(X), [foreign]))
    assert caught.value.code == "note.signature_bad"
    stranger = Signer("w.example/s", Algorithm.COSIGNATURE, b"s" * 32)
    assert policy.check(note_by(stranger, X)).cosigners == (("X", TIME + 1),)


@pytest.mark.parametrize("note", ["", "nothing", HEAD.text, "a\nb\n\n— log.example/a AAAAAAA=\n"])
def test_what_is_no_checkpoint_is_a_refusal_of_the_policy(note: str) -> None:
    with pytest.raises(PolicyError):
        policy_of("quorum none").check(note)


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
        (["quorum# X", "quorum X"], "policy.line"),
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
        ([f"witness none {key_of(Q)}", "quorum none"], "policy.name_taken"),
        ([f"witness X {key_of(Q)}", "quorum X"], "policy.name_taken"),
        ([f"witness W {key_of(X)}", "quorum W"], "policy.key_twice"),
        ([f"witness W {ALIAS}", "quorum W"], "policy.key_twice"),
        ([f"witness W {SAME_TYPE}", "quorum W"], "policy.key_type"),
        ([f"witness {key_of(Q)}", "quorum X"], "policy.line"),
        ([f"witness W {key_of(Q)} url more", "quorum W"], "policy.line"),
        ([f"witness W {key_of(Q)[:-4]}", "quorum W"], "key.length"),
        (["witness W key", "quorum W"], "key.malformed"),
        ([f"log {key_of(LOG)}", "quorum X"], "policy.key_twice"),
        ([f"log {LOG_ALIAS}", "quorum X"], "policy.key_twice"),
        ([f"log {LOG_TYPE}", "quorum X"], "policy.key_type"),
        (["log", "quorum X"], "policy.line"),
        ([f"log {key_of(OTHER_LOG)} url more", "quorum X"], "policy.line"),
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
        policy_of(*lines)
    assert caught.value.code == code


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(PolicyError, match="line 6") as caught:
        policy_of("# fine", "quorum W")
    assert caught.value.evidence["line"] == 6


def test_space_comments_and_order_are_free() -> None:
    policy = Policy.parse(
        f"\n \t \n# comment\n\t # another: quorum W\n  witness\t \tX  {key_of(X)} \t\n"
        f"group\tG any\tX\nquorum G\n\tlog {key_of(LOG)}\thttps://log.example/\t \n#"
    )
    assert policy.check(note_by(X)).cosigners == (("X", TIME),)
    assert policy.logs[0].url == "https://log.example/"
    assert Policy.parse("quorum none").quorum == "none"
    named = Policy.parse(
        f"witness all {key_of(X)}\nwitness #1 {key_of(Y)}\ngroup any all all #1\nquorum any\n"
    )
    assert named.groups[0].members == ("all", "#1")


def test_names_are_octets() -> None:
    kelvin, letter = "\u212a", "K"
    policy = Policy.parse(f"witness {kelvin} {key_of(X)}\nwitness {letter} {key_of(Y)}\nquorum K\n")
    assert not policy.is_met_by({kelvin})
    text = b"witness \xff\xfe " + key_of(X).encode() + b"\nquorum \xff\xfe\n"
    opaque = Policy.parse(text)
    assert opaque.text.encode("utf-8", "surrogateescape") == text
    assert Policy.parse(opaque.text) == opaque
    composed, decomposed = "\u00e9", "e\u0301"
    with pytest.raises(PolicyError):
        Policy.parse(f"witness {composed} {key_of(X)}\nquorum {decomposed}\n")


def test_thirty_two_of_each_are_accepted() -> None:
    signers = [Signer(f"s.example/{n}", Algorithm.ED25519, bytes([n]) * 32) for n in range(64)]
    lines = [f"log {key_of(s)}" for s in signers[:32]]
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
    keys = {name: key_of({"X": X, "Y": Y, "Z": Z}[name]) for name in witnesses}
    policy = threshold_policy([key_of(LOG)], keys, threshold)
    assert policy.text.endswith(f"{text}\n")
    assert [w.name for w in policy.witnesses] == list(witnesses)


@pytest.mark.parametrize("threshold", [-1, 0, 3])
def test_a_threshold_nobody_can_mean_is_refused(threshold: int) -> None:
    with pytest.raises(PolicyError):
        threshold_policy([key_of(LOG)], {"X": key_of(X), "Y": key_of(Y)}, threshold)
    assert threshold_policy([key_of(LOG)], {"quorum": key_of(X)}, 1).quorum == "quorum-"
