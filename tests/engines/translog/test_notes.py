"""Signed notes, keys, checkpoints and cosignatures, against signatures made by hand."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    Note,
    NoteError,
    Signer,
    Verifier,
    add_signatures,
    cosign,
    open_checkpoint,
    read_cosignature,
    sign_note,
    verify_note,
)

LOG = Signer("log.example/a", Algorithm.ED25519, b"L" * 32)
WITNESS = Signer("witness.example/w", Algorithm.COSIGNATURE, b"W" * 32)
QUANTUM = Signer("witness.example/q", Algorithm.COSIGNATURE_MLDSA44, b"Q" * 32)
HEAD = Checkpoint("log.example/a", 5, bytes(range(32)))
TIME = 1_679_315_147

# The examples that C2SP signed-note and tlog-cosignature print.
POEM = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
POEM_NOTE = (
    POEM + "\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKO"
    "NrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA_NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcy"
    "v2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b"
    "2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {_b64(key_id + signature)}\n"


def test_printed_examples_are_read() -> None:
    poem = Note.parse(POEM_NOTE)
    assert poem.text == POEM
    (signature,) = poem.signatures
    assert signature.name == "quasimodo.example/salvatore"
    assert signature.key_id.hex() == "367ba04b"
    sofa = Note.parse(SOFA_NOTE.encode())
    assert [len(s.signature) for s in sofa.signatures] == [64, 72]
    assert int.from_bytes(sofa.signatures[1].signature[:8], "big") == TIME
    head = Checkpoint.parse(sofa.text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert head.text == sofa.text
    assert add_signatures(sofa.text + "\n", [s.line for s in sofa.signatures]) == SOFA_NOTE


@pytest.mark.parametrize(
    ("algorithm", "size"),
    [(Algorithm.ED25519, 32), (Algorithm.COSIGNATURE, 32), (Algorithm.COSIGNATURE_MLDSA44, 1312)],
)
def test_key_ids_are_those_of_the_specification(algorithm: Algorithm, size: int) -> None:
    public = bytes(n % 256 for n in range(size))
    key = Verifier("example.com/k", algorithm, public)
    number = {Algorithm.ED25519: b"\1", Algorithm.COSIGNATURE: b"\4"}.get(algorithm, b"\6")
    assert key.key_id == hashlib.sha256(b"example.com/k\n" + number + public).digest()[:4]
    assert key.vkey == f"example.com/k+{key.key_id.hex()}+{_b64(number + public)}"
    assert Verifier.parse(key.vkey) == key


def test_a_note_is_signed_over_its_text() -> None:
    note = sign_note(POEM, [LOG])
    private = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
    assert note == POEM + "\n" + _line(
        "log.example/a", LOG.verifier.key_id, private.sign(POEM.encode())
    )


def test_a_cosignature_is_signed_over_header_time_and_text() -> None:
    head = Checkpoint("log.example/a", 5, bytes(32), ("an extension", "another"))
    message = f"cosignature/v1\ntime {TIME}\n{head.text}".encode()
    signature = Ed25519PrivateKey.from_private_bytes(b"W" * 32).sign(message)
    expected = _line(
        "witness.example/w", WITNESS.verifier.key_id, struct.pack(">Q", TIME) + signature
    )
    assert cosign(head.text, WITNESS, TIME) == expected
    assert read_cosignature(head.text, expected, WITNESS.verifier) == TIME


@pytest.mark.parametrize("time", [0, TIME, 2**63 - 1])
def test_a_quantum_cosignature_is_signed_over_the_structure(time: int) -> None:
    name, origin = b"witness.example/q", b"log.example/a"
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", time)
    message += bytes([len(origin)]) + origin + struct.pack(">QQ", 0, 5) + HEAD.root
    line = cosign(HEAD.text, QUANTUM, time)
    data = base64.b64decode(line.split(" ")[2])
    public = MLDSA44PublicKey.from_public_bytes(QUANTUM.verifier.public_key)
    assert data[:4] == QUANTUM.verifier.key_id
    assert struct.unpack(">Q", data[4:12]) == (time,)
    public.verify(data[12:], message)
    byhand = MLDSA44PrivateKey.from_seed_bytes(b"Q" * 32).sign(message)
    line = _line("witness.example/q", data[:4], struct.pack(">Q", time) + byhand)
    assert read_cosignature(HEAD.text, line, QUANTUM.verifier) == time


@pytest.mark.parametrize("signer", [WITNESS, QUANTUM], ids=["ed25519", "ml-dsa"])
def test_a_cosignature_holds_for_nothing_else(signer: Signer) -> None:
    line = cosign(HEAD.text, signer, TIME)
    name, data = signer.verifier.name, base64.b64decode(line.split(" ")[2])
    others = [
        Checkpoint("log.example/b", 5, HEAD.root),
        Checkpoint("log.example/a", 6, HEAD.root),
        Checkpoint("log.example/a", 5, bytes(32)),
    ]
    for other in others:
        with pytest.raises(NoteError, match="bad signature"):
            read_cosignature(other.text, line, signer.verifier)
    later = data[:11] + bytes([data[11] ^ 1]) + data[12:]
    for bent, code in [
        (later, "note.signature_bad"),
        (data[:-1], "note.signature_length"),
        (data + b"\0", "note.signature_length"),
        (data[:4] + b"\x80" + data[5:], "cosignature.time"),
    ]:
        with pytest.raises(NoteError) as caught:
            read_cosignature(HEAD.text, _line(name, bent[:4], bent[4:]), signer.verifier)
        assert caught.value.code == code


def test_extension_lines_are_signed_by_ed25519_and_not_by_ml_dsa() -> None:
    """The specification has it so; a quorum of ML-DSA alone says nothing about them."""
    longer = Checkpoint(HEAD.origin, HEAD.size, HEAD.root, ("more",))
    with pytest.raises(NoteError):
        read_cosignature(longer.text, cosign(HEAD.text, WITNESS, TIME), WITNESS.verifier)
    assert read_cosignature(longer.text, cosign(HEAD.text, QUANTUM, 1), QUANTUM.verifier) == 1


def test_the_same_key_under_another_name_or_type_does_not_verify() -> None:
    line = cosign(HEAD.text, WITNESS, TIME)
    renamed = Verifier("witness.example/x", Algorithm.COSIGNATURE, WITNESS.verifier.public_key)
    retyped = Verifier("witness.example/w", Algorithm.ED25519, WITNESS.verifier.public_key)
    for key in (renamed, retyped):
        with pytest.raises(NoteError) as caught:
            read_cosignature(HEAD.text, line, key)
        assert caught.value.code == "cosignature.key"
    plain = sign_note(HEAD.text, [LOG])
    with pytest.raises(NoteError) as caught:
        read_cosignature(HEAD.text, plain.split("\n\n")[1], LOG.verifier)
    assert caught.value.code == "cosignature.type"


GOOD = sign_note(HEAD.text, [LOG])
SIGNATURE = GOOD.rsplit(" ", 1)[1].strip()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        HEAD.text,
        HEAD.text + "\n",
        GOOD[:-1],
        GOOD + "\n",
        GOOD + "more\n",
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\n\n", "\r\n\r\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("log.example/a\n5", "log.example/a\t\n5"),
        GOOD.replace("5\n", "5\0\n"),
        GOOD.replace("— ", "- "),
        GOOD.replace("— ", "—"),
        GOOD.replace("— ", "—  "),
        GOOD.replace("— ", " — "),
        GOOD.replace("— log.example/a ", "— "),
        GOOD.replace("— log.example/a ", "— log.example+a "),
        GOOD.replace("— log.example/a ", "— log.example\u00a0a "),
        GOOD.replace("— log.example/a ", "— log.example\u2003a "),
        GOOD.replace("— log.example/a ", "— log.example\u0085a "),
        GOOD.replace(f" {SIGNATURE}", f"  {SIGNATURE}"),
        GOOD.replace(SIGNATURE, SIGNATURE + " "),
        GOOD.replace(SIGNATURE, SIGNATURE.rstrip("=")),
        GOOD.replace(SIGNATURE, SIGNATURE + "="),
        GOOD.replace(SIGNATURE, SIGNATURE.replace("/", "_").replace("+", "-") + "_"),
        GOOD.replace(SIGNATURE, SIGNATURE[:8] + "\n" + SIGNATURE[8:]),
        GOOD.replace(SIGNATURE, ""),
        GOOD.replace(SIGNATURE, "AAAAAA=="),
        GOOD.replace(SIGNATURE, "AAAAAAB="),
        "\n" + GOOD.split("\n\n")[1],
        HEAD.text + "\n" + GOOD.split("\n\n")[1] * 101,
        "x" * 1_000_000 + "\n\n" + GOOD.split("\n\n")[1],
        "log\ud800\n\n" + GOOD.split("\n\n")[1],
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(note)


def test_octets_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(NoteError) as caught:
        Note.parse(GOOD.encode().replace(b"log", b"l\xffg"))
    assert caught.value.code == "note.encoding"


def test_trailing_bits_of_base64_are_refused() -> None:
    """Two texts for one signature would be two notes."""
    assert SIGNATURE.endswith("=")
    assert not SIGNATURE.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = SIGNATURE[-2]
    bent = SIGNATURE[:-2] + alphabet[alphabet.index(last) ^ 1] + "="
    assert base64.b64decode(bent) == base64.b64decode(SIGNATURE)
    with pytest.raises(NoteError):
        Note.parse(GOOD.replace(SIGNATURE, bent))


def test_text_may_hold_empty_lines_and_the_last_one_parts_it_from_the_signatures() -> None:
    text = "\n\na\n\n\n"
    note = sign_note(text, [LOG])
    assert Note.parse(note).text == text
    assert verify_note(Note.parse(note), [LOG.verifier])[0].verifier == LOG.verifier


def test_unknown_keys_are_ignored_even_with_a_known_name_or_id() -> None:
    stranger = Signer("log.example/a", Algorithm.ED25519, b"S" * 32)
    same_id = _line("elsewhere.example", LOG.verifier.key_id, bytes(64))
    note = add_signatures(sign_note(HEAD.text, [stranger, LOG]), [same_id])
    assert [v.verifier for v in verify_note(Note.parse(note), [LOG.verifier])] == [LOG.verifier]
    assert verify_note(Note.parse(note), []) == ()
    assert open_checkpoint(note, [LOG.verifier]) == HEAD


def test_one_bad_signature_of_a_known_key_refuses_the_note() -> None:
    line = _line("log.example/a", LOG.verifier.key_id, bytes(64))
    for note in (add_signatures(GOOD, [line]), HEAD.text + "\n" + line + GOOD.split("\n\n")[1]):
        with pytest.raises(NoteError) as caught:
            verify_note(Note.parse(note), [LOG.verifier])
        assert caught.value.code == "note.signature_bad"


def test_two_keys_with_one_name_and_id_are_not_guessed_between() -> None:
    twin = Verifier(LOG.verifier.name, Algorithm.ED25519, bytes(32))
    twin.__dict__["key_id"] = LOG.verifier.key_id  # a collision of 32 bits is easily made
    with pytest.raises(NoteError) as caught:
        verify_note(Note.parse(GOOD), [LOG.verifier, twin])
    assert caught.value.code == "key.ambiguous"


def test_several_times_of_one_witness_count_once_with_the_latest() -> None:
    lines = [cosign(HEAD.text, WITNESS, TIME + n) for n in (0, 7, 3)]
    found = verify_note(Note.parse(add_signatures(GOOD, lines)), [WITNESS.verifier])
    assert [(v.verifier.name, v.timestamp) for v in found] == [("witness.example/w", TIME + 7)]


@pytest.mark.parametrize("count", [1, 16, 100])
def test_many_signatures_are_accepted(count: int) -> None:
    signers = [Signer(f"log.example/{n}", Algorithm.ED25519, bytes([n]) * 32) for n in range(count)]
    note = Note.parse(sign_note(HEAD.text, signers))
    assert len(verify_note(note, [s.verifier for s in signers])) == count
    quantum = [Signer(f"q{n}", Algorithm.COSIGNATURE_MLDSA44, bytes([n]) * 32) for n in range(3)]
    text = add_signatures(GOOD, [cosign(HEAD.text, s, 1) for s in quantum])
    assert len(verify_note(Note.parse(text), [s.verifier for s in quantum])) == 3


def test_no_bit_of_a_signed_checkpoint_can_change() -> None:
    """Some flips break the form, some name another key: none opens as the checkpoint of the log."""
    data = GOOD.encode()
    for bit in range(len(data) * 8):
        bent = bytearray(data)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NoteError):
            open_checkpoint(bytes(bent), [LOG.verifier])


def test_a_checkpoint_opens_only_with_a_key_of_its_origin() -> None:
    other = Signer("log.example/b", Algorithm.ED25519, b"B" * 32)
    note = sign_note(HEAD.text, [other])
    with pytest.raises(NoteError) as caught:
        open_checkpoint(note, [other.verifier])
    assert caught.value.code == "checkpoint.unsigned"
    assert caught.value.evidence == {"origin": "log.example/a", "signed_by": ["log.example/b"]}
    quantum = Signer("log.example/a", Algorithm.COSIGNATURE_MLDSA44, b"B" * 32)
    assert open_checkpoint(sign_note(HEAD.text, [quantum], 0), [quantum.verifier]) == HEAD


@pytest.mark.parametrize(
    "make",
    [
        lambda: Checkpoint("", 1, bytes(32)),
        lambda: Checkpoint("a\nb", 1, bytes(32)),
        lambda: Checkpoint("a", -1, bytes(32)),
        lambda: Checkpoint("a", True, bytes(32)),
        lambda: Checkpoint("a", 2**63, bytes(32)),
        lambda: Checkpoint("a", 1, bytes(31)),
        lambda: Checkpoint("a", 1, bytes(32), ("",)),
        lambda: Checkpoint("a", 1, bytes(32), ("x\ny",)),
        lambda: Verifier("a b", Algorithm.ED25519, bytes(32)),
        lambda: Verifier("a+b", Algorithm.ED25519, bytes(32)),
        lambda: Verifier("", Algorithm.ED25519, bytes(32)),
        lambda: Verifier("a", Algorithm.ED25519, bytes(31)),
        lambda: Verifier("a", Algorithm.COSIGNATURE_MLDSA44, bytes(32)),
        lambda: Signer("a", Algorithm.ED25519, lambda data: data),
        lambda: Signer("a", Algorithm.ED25519, b"short"),
        lambda: Signer("a", Algorithm.ED25519, bytes(32), public_key=bytes(32)),
        lambda: LOG.signature(HEAD.text, TIME),
        lambda: WITNESS.signature(HEAD.text),
        lambda: cosign("no checkpoint\n", WITNESS, TIME),
        lambda: cosign("no checkpoint\n", QUANTUM, TIME),
        lambda: cosign(HEAD.text, LOG, TIME),
        lambda: cosign(HEAD.text, WITNESS, 2**63),
        lambda: cosign(HEAD.text, QUANTUM, 2**63),
        lambda: cosign(HEAD.text, WITNESS, -1),
        lambda: cosign(Checkpoint("o" * 256, 1, bytes(32)).text, QUANTUM, 1),
        lambda: sign_note("no newline", [LOG]),
        lambda: sign_note("nobody signs\n", []),
    ],
)
def test_what_cannot_be_is_not_made(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()


KEY = LOG.verifier.vkey
NAME, ID, MATERIAL = KEY.split("+", 2)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        NAME,
        f"{NAME}+{ID}",
        f"+{ID}+{MATERIAL}",
        f"{NAME}+{MATERIAL}+{ID}",
        f"{NAME}+00000000+{MATERIAL}",
        f"{NAME}+{ID[1:]}+{MATERIAL}",
        f"{NAME}+0x{ID}+{MATERIAL}",
        f"{NAME} +{ID}+{MATERIAL}",
        f"{NAME}x+{ID}+{MATERIAL}",
        f"{NAME}+{ID}+{MATERIAL}\n",
        f"{NAME}+{ID}+{MATERIAL[:-1]}",
        f"{NAME}+{ID}+",
        f"{NAME}+{ID}+{_b64(bytes([2]) + bytes(32))}",
        f"{NAME}+{ID}+{_b64(bytes([5]) + bytes(32))}",
        f"{NAME}+{ID}+{_b64(bytes([1]) + bytes(31))}",
        f"a\ud800+{ID}+{MATERIAL}",
    ],
)
def test_malformed_keys_are_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


def test_a_signer_may_be_elsewhere() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
    remote = Signer(NAME, Algorithm.ED25519, private.sign, private.public_key().public_bytes_raw())
    assert sign_note(HEAD.text, [remote]) == GOOD


def test_adding_a_signature_twice_adds_it_once() -> None:
    line = cosign(HEAD.text, WITNESS, TIME)
    once = add_signatures(GOOD, [line])
    assert add_signatures(once, [line, line.rstrip("\n")]) == once
    assert once.startswith(GOOD)
    with pytest.raises(NoteError):
        add_signatures(GOOD, ["no line"])
