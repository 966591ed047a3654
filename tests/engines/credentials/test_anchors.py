"""Anchors in a bundle: contract entries as stated, time-stamps of a real authority (openssl)."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess

import pytest

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.timestamps import as_response, verify_token
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.translog import Checkpoint, inclusion_proof
from tests.engines.credentials.refusals import changed
from tests.engines.credentials.world import World
from tests.ledger.anchoring.authority import SETTINGS, certified, server_of

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is absent")


def anchor(world, credential, **changes):
    """Return an anchor of the tree as it stands."""
    size = len(world.entries)
    hashes = inclusion_proof(world.tree, world.places[credential["id"]], size)
    return {
        "type": "evm",
        "chain_id": 31337,
        "contract": "0x" + "ab" * 20,
        "origin": world.origin,
        "size": size,
        "root": world.tree.root(size).hex(),
        "tx": "0x" + "cd" * 32,
        "block": 7,
        "at": "2026-11-21T08:31:00Z",
        "inclusion": [base64.b64encode(h).decode() for h in hashes],
        **changes,
    }


def found(world, credential, *anchors, roots=()):
    bundle = world.bundle(credential, anchors=list(anchors))
    report = verify_bundle(bundle, policy=world.policy, now=world.now, tsa_roots=roots)
    finding = report.findings["anchor"]
    assert report.verdict == ("refused" if finding.state == "bad" else "valid")
    return finding


@pytest.fixture
def world():
    return World()


@pytest.fixture
def credential(world):
    made = world.certificate()
    world.publish_lists()
    return made


def test_a_contract_cannot_be_asked_offline(world, credential):
    finding = found(world, credential, anchor(world, credential))

    assert (finding.state, finding.code) == ("unknown", "anchor.stated")
    assert finding.params["chain"] == 31337


def test_no_anchor_is_no_fault(world, credential):
    assert found(world, credential).state == "absent"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"root": "00" * 32}, "anchor.wrong_root"),
        ({"size": 5}, "anchor.wrong_root"),
        ({"size": 2}, "anchor.wrong_root"),
        ({"origin": "another.example/log"}, "anchor.wrong_root"),
        ({"inclusion": []}, "anchor.wrong_root"),
        ({"type": "newspaper"}, "anchor.malformed"),
        ({"root": "AB" * 32}, "anchor.malformed"),
        ({"size": "7"}, "anchor.malformed"),
        ({"size": -1}, "anchor.malformed"),
        ({"at": "once"}, "anchor.malformed"),
        ({"inclusion": "all"}, "anchor.malformed"),
        ({"inclusion": ["?"]}, "anchor.malformed"),
        ({"inclusion": [7]}, "anchor.malformed"),
        ({"type": "rfc3161", "token": "AAAA"}, "anchor.token"),
        ({"type": "rfc3161"}, "anchor.malformed"),
    ],
)
def test_a_wrong_anchor_refuses(world, credential, changes, code):
    assert found(world, credential, anchor(world, credential, **changes)).code == code


def test_anchors_that_are_no_list_are_refused(world, credential):
    bundle = changed(world.bundle(credential), "anchors", "x")

    report = verify_bundle(bundle, policy=world.policy, now=world.now)

    assert report.findings["anchor"].code == "anchor.malformed"


def test_an_anchor_of_another_history_of_the_same_size_is_a_fork():
    """The log signed one tree and anchored another; both hold the certificate at its place."""
    world, twin = World(), World()
    credential, same = world.certificate(), twin.certificate()
    assert credential == same
    world.publish_lists()
    for _ in range(2):
        twin.decide("what others were shown")

    bundle = world.bundle(credential, anchors=[anchor(twin, same)])
    report = verify_bundle(bundle, policy=world.policy, now=world.now)

    assert report.findings["witnesses"].code == "witnesses.fork"
    assert report.verdict == "refused"


# RFC 3161


@pytest.fixture(scope="module")
def authority():
    return certified("Authority")


def stamped(folder, signer, data):
    """Return the response of openssl to a question about ``data``."""
    (folder / "signer.pem").write_bytes(signer.pem)
    (folder / "chain.pem").write_bytes(signer.pem)
    key = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-nocrypt"],
        input=signer.key.private_bytes(*_plain()),
        capture_output=True,
        check=True,
    )
    (folder / "signer.key").write_bytes(key.stdout)
    (folder / "serial").write_text("01\n", encoding="ascii")
    (folder / "tsa.cnf").write_text(
        SETTINGS.format(folder=folder, digest="sha256"), encoding="ascii"
    )
    (folder / "data").write_bytes(data)
    query = ["openssl", "ts", "-query", "-data", str(folder / "data"), "-sha256", "-cert"]
    subprocess.run([*query, "-out", str(folder / "q")], check=True, capture_output=True)
    reply = ["openssl", "ts", "-reply", "-config", str(folder / "tsa.cnf")]
    reply += ["-queryfile", str(folder / "q"), "-out", str(folder / "a")]
    subprocess.run(reply, check=True, capture_output=True)
    return (folder / "a").read_bytes()


def _plain():
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    return form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()


def refused(token, data, *roots):
    with pytest.raises(VerifyError) as error:
        verify_token(token, data, roots)
    return error.value.code


@needs_openssl
def test_a_real_token_is_checked_against_given_roots_only(tmp_path, authority):
    response = stamped(tmp_path, server_of(authority), b"text")
    token = response[response.index(b"\x30\x03\x02\x01\x00") + 5 :]

    at = verify_token(response, b"text", [authority.pem])

    assert at.utcoffset() is not None
    assert as_response(token) == response
    assert verify_token(token, b"text", [certified("Another").pem + authority.pem]) == at
    assert refused(token, b"other", authority.pem) == "anchor.wrong_root"
    assert refused(token, b"text", certified("Authority").pem) == "anchor.token"
    with pytest.raises(ValueError, match="roots"):
        verify_token(token, b"text", [])


@needs_openssl
def test_no_bit_of_a_token_can_be_changed_and_no_bytes_break_it(tmp_path, authority):
    token = stamped(tmp_path, server_of(authority), b"text")
    codes = set()
    for place in range(0, len(token), 7):
        spoilt = bytearray(token)
        spoilt[place] ^= 1 << place % 8
        try:
            verify_token(bytes(spoilt), b"text", [authority.pem])
        except VerifyError as error:
            codes.add(error.code)

    assert codes <= {"anchor.token", "anchor.wrong_root"}
    assert refused(b"", b"text", authority.pem) == "anchor.token"


@needs_openssl
def test_a_bundle_with_a_token_says_when_it_was_there(tmp_path, authority, world, credential):
    made = anchor(world, credential, type="rfc3161")
    text = Checkpoint(world.origin, made["size"], bytes.fromhex(made["root"])).text
    response = stamped(tmp_path, server_of(authority), text.encode())
    made["token"] = base64.b64encode(response).decode()

    confirmed = found(world, credential, made, roots=[authority.pem])
    only_said = found(world, credential, made)
    of_another = found(world, credential, made, roots=[certified("Another").pem])

    assert (confirmed.state, confirmed.code) == ("good", "anchor.stamped")
    assert (only_said.state, only_said.code) == ("unknown", "anchor.stated_time")
    assert of_another.code == "anchor.token"
    assert found(world, credential, anchor(world, credential), made, roots=[authority.pem]) == (
        confirmed
    )


@needs_openssl
def test_a_token_of_another_checkpoint_refuses_even_without_roots(
    tmp_path, authority, world, credential
):
    response = stamped(tmp_path, server_of(authority), hashlib.sha256(b"x").digest())
    made = anchor(world, credential, type="rfc3161", token=base64.b64encode(response).decode())

    assert found(world, credential, made).code == "anchor.wrong_root"
