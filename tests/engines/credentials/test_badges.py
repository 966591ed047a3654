"""PNG badges and other carriers of a credential."""

from __future__ import annotations

import io
import json
import struct
import zlib

import pytest
from pypdf import PdfWriter

from cotutelle.engines.credentials.badges import bake, unbake
from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.files import ATTACHMENT, read_file
from cotutelle.engines.credentials.verifying import verify_bundle
from tests.engines.credentials.world import World


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
IHDR = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
IDAT = chunk(b"IDAT", zlib.compress(b"\0\0"))
IEND = chunk(b"IEND", b"")
DOT = SIGNATURE + IHDR + IDAT + IEND


def code(read, data):
    with pytest.raises(FileProblem) as refused:
        read(data)
    return refused.value.code


def carrying(text: bytes, *, flags: bytes = b"\0\0") -> bytes:
    body = b"openbadgecredential\0" + flags + b"\0\0" + text
    return SIGNATURE + IHDR + chunk(b"iTXt", body) + IDAT + IEND


def test_a_baked_credential_comes_back_and_verifies():
    world = World()
    bundle = world.bundle()

    badge = bake(DOT, bundle["credential"])

    assert unbake(badge) == read_file(badge) == bundle["credential"]
    assert badge.startswith(SIGNATURE + IHDR)
    assert badge.endswith(IEND)
    assert verify_bundle(unbake(badge), policy=world.policy, now=world.now).verdict == "unknown"


def test_the_chunk_is_that_of_open_badges_3():
    """Read with nothing but the PNG specification: iTXt, keyword, no compression, UTF-8."""
    badge = bake(DOT, {"name": "证书"})
    place = badge.index(b"iTXt")
    (length,) = struct.unpack(">I", badge[place - 4 : place])
    keyword, flag, method, rest = (
        badge[place + 4 : place + 23],
        badge[place + 24],
        badge[place + 25],
        badge[place + 26 : place + 4 + length],
    )

    assert (keyword, flag, method) == (b"openbadgecredential", 0, 0)
    assert json.loads(rest.removeprefix(b"\0\0")) == {"name": "证书"}


def test_baking_again_replaces():
    badge = bake(bake(DOT, {"name": "old"}), {"name": "new"})

    assert unbake(badge) == {"name": "new"}
    assert badge.count(b"openbadgecredential") == 1


@pytest.mark.parametrize(
    "png",
    [
        b"",
        b"GIF89a",
        SIGNATURE,
        DOT[:-1],
        DOT[:-12],
        DOT + b"x",
        DOT.replace(b"IDAT", b"IDAX"),
        DOT[:20] + b"\xff" + DOT[21:],
        SIGNATURE + struct.pack(">I", 2**31) + b"IHDR",
    ],
)
def test_a_damaged_picture_is_refused(png):
    assert code(unbake, png) == "file.not_png"
    with pytest.raises(FileProblem):
        bake(png, {})


def test_a_picture_without_or_with_two_credentials_is_refused():
    one = bake(DOT, {"a": 1})
    two = one.replace(IEND, b"") + chunk(b"iTXt", b"openbadgecredential\0\0\0\0\0{}") + IEND

    assert code(unbake, DOT) == "file.no_credential"
    assert code(unbake, two) == "file.no_credential"
    assert code(unbake, carrying(b"{}", flags=b"\1\0")) == "file.no_credential"
    assert code(unbake, carrying(b'{"a":1,"a":2}')) == "file.duplicate_key"


@pytest.mark.parametrize("kept", range(5))
def test_a_chunk_that_ends_too_early_holds_no_credential(kept):
    cut = chunk(b"iTXt", b"openbadgecredential\0" + b"\0\0en"[:kept])

    assert code(unbake, SIGNATURE + IHDR + cut + IDAT + IEND) == "file.no_credential"


def pdf(*attachments: tuple[str, bytes]) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=10, height=10)
    for name, data in attachments:
        writer.add_attachment(name, data)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_carries_its_bundle_as_an_attachment():
    bundle = World().bundle()

    found = read_file(pdf(("other.txt", b"x"), (ATTACHMENT, json.dumps(bundle).encode())))

    assert found == bundle


def test_a_pdf_without_a_bundle_is_refused():
    assert code(read_file, pdf()) == "file.no_credential"
    assert code(read_file, pdf((ATTACHMENT, b"{}"), (ATTACHMENT, b"{}"))) == "file.no_credential"
    assert code(read_file, b"%PDF-1.7\nbroken") == "file.not_pdf"
