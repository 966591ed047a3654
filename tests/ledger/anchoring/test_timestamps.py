"""Time-stamps by a real authority (openssl), and by some that are not what they should be."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess

import pytest

from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.timestamps import stamp, stamped_text
from tests.factories.ports import free_port
from tests.ledger.anchoring.authority import (
    answering,
    certified,
    running_authority,
    server_of,
)

ROOT = hashlib.sha256(b"root").digest()
TEXT = stamped_text("demo.cotutelle.example/log/1", 9, ROOT)


@pytest.fixture(scope="module")
def authority():
    return certified("Authority")


def ask(url, *roots, now=None):
    now = now or dt.datetime.now(dt.UTC)
    return stamp(TEXT, url=url, roots=[r.pem for r in roots], now=now, timeout_s=20)


def refused(*args, **named):
    with pytest.raises(AnchorProblem) as caught:
        ask(*args, **named)
    return caught.value.code


def test_the_stamped_text_is_the_checkpoint():
    text = stamped_text("example.com/log", 9, bytes(32))

    assert text == b"example.com/log\n9\n" + b"A" * 43 + b"=\n"


def test_a_stamp_is_kept_that_openssl_accepts_too(tmp_path, authority):
    with running_authority(tmp_path, server_of(authority)) as url:
        made = ask(url, authority)

    assert abs(made.at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    (tmp_path / "token").write_bytes(made.token)
    (tmp_path / "root.pem").write_bytes(authority.pem)
    (tmp_path / "text").write_bytes(TEXT)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", str(tmp_path / "token")]
    command += ["-data", str(tmp_path / "text"), "-CAfile", str(tmp_path / "root.pem")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["M", "A name longer than that of the server by far"])
def test_an_authority_below_the_trusted_one_counts(tmp_path, authority, name):
    """The longer certificate comes first in DER, not in what OpenSSL sends."""
    middle = certified(name, authority)

    with running_authority(tmp_path, server_of(middle), middle) as url:
        assert ask(url, authority).serial == 2
        assert refused(url, certified("Somebody else")) == "timestamp.untrusted"


def test_one_of_several_trusted_authorities_is_enough(tmp_path, authority):
    with running_authority(tmp_path, server_of(authority)) as url:
        assert ask(url, certified("Another"), authority).token


def test_a_stamp_of_something_else_is_refused(tmp_path, authority):
    asked = hashlib.sha256(TEXT).digest()
    other = hashlib.sha256(b"other").digest()

    with running_authority(
        tmp_path, server_of(authority), misread=lambda q: q.replace(asked, other)
    ) as url:
        assert refused(url, authority) == "timestamp.imprint"


def test_the_answer_to_another_question_is_refused(tmp_path, authority):
    def other_nonce(question: bytes) -> bytes:
        # A request ends with its nonce and BOOLEAN TRUE (certReq).
        assert question.endswith(b"\x01\x01\xff")
        return question[:-4] + bytes([question[-4] ^ 1]) + question[-3:]

    with running_authority(tmp_path, server_of(authority), misread=other_nonce) as url:
        assert refused(url, authority) == "timestamp.nonce"


def test_an_old_answer_is_refused(tmp_path, authority):
    kept = []
    with running_authority(
        tmp_path, server_of(authority), misread=lambda q: kept.append(q) or q
    ) as url:
        ask(url, authority)
    old = (tmp_path / "a.tsr").read_bytes()

    with answering(lambda _question: old) as url:
        assert refused(url, authority) == "timestamp.nonce"


def test_another_signer_of_the_same_name_is_refused(tmp_path, authority):
    impostor = certified("Authority")

    with running_authority(tmp_path, server_of(impostor)) as url:
        assert refused(url, authority) == "timestamp.untrusted"


@pytest.mark.parametrize("days", [(-400, -1), (1, 400)])
def test_a_certificate_out_of_its_time_is_refused(tmp_path, authority, days):
    with running_authority(tmp_path, server_of(authority, days=days)) as url:
        assert refused(url, authority) == "timestamp.untrusted"


def test_a_stamp_outlives_the_certificate_that_made_it(tmp_path, authority):
    """What counts is that the certificate was good when it stamped."""
    from cotutelle.engines.credentials.timestamps import verify_token  # noqa: PLC0415

    with running_authority(tmp_path, server_of(authority, days=(-400, 1))) as url:
        made = ask(url, authority)

    assert verify_token(made.token, TEXT, [authority.pem]) == made.at


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_every_altered_byte_of_a_token_is_noticed(tmp_path, authority):
    from cotutelle.engines.credentials.errors import VerifyError  # noqa: PLC0415
    from cotutelle.engines.credentials.timestamps import verify_token  # noqa: PLC0415

    with running_authority(tmp_path, server_of(authority)) as url:
        made = ask(url, authority)

    said = set()
    for place in range(len(made.token)):
        altered = bytearray(made.token)
        altered[place] ^= 1
        try:
            said.add(verify_token(bytes(altered), TEXT, [authority.pem]))
        except VerifyError:
            continue
    # A few bytes are not signed (names of algorithms said twice): they may differ, the time not.
    assert said <= {made.at}


def test_a_refusal_is_passed_on(tmp_path, authority):
    with running_authority(tmp_path, server_of(authority), digest="sha512") as url:
        assert refused(url, authority) == "timestamp.rejected"


def test_clocks_far_apart_are_noticed(tmp_path, authority):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)

    with running_authority(tmp_path, server_of(authority)) as url:
        assert refused(url, authority, now=later) == "timestamp.clock"


def test_without_trusted_certificates_nothing_is_accepted(tmp_path, authority):
    with (
        running_authority(tmp_path, server_of(authority)) as url,
        pytest.raises(ValueError, match="roots"),
    ):
        ask(url)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_time_stamp_is_said(authority, content):
    with answering(lambda _question: content) as url:
        assert refused(url, authority) == "timestamp.http"


def test_an_answer_without_end_is_cut_off(authority):
    with (
        answering(lambda _question: b"0" * 300_000) as url,
        pytest.raises(AnchorProblem, match="does not stop talking"),
    ):
        ask(url, authority)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_other_answers_are_said(authority, status):
    with answering(lambda _q: b"", status=status, headers={"Location": "/elsewhere"}) as url:
        assert refused(url, authority) == "timestamp.http"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "ftp://127.0.0.1/", "http://[:::/"])
def test_an_authority_that_is_down_is_said(authority, url):
    assert refused(url.replace("{port}", str(free_port())), authority) == "timestamp.unreachable"
