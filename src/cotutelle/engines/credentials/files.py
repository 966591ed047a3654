"""Finding the credential in whatever carries it: JSON, a PNG badge, a PDF certificate."""

from __future__ import annotations

import io
from typing import Any

from cotutelle.engines.credentials.badges import is_png, unbake
from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.reading import MAX_BYTES, read_json

ATTACHMENT = "credential.cotutelle.json"

_MAX_PDF = 4 * MAX_BYTES


def read_file(data: bytes) -> Any:
    """
    Return the JSON value in a JSON file, inside a PNG badge, or attached to a PDF.

    A PDF certificate carries its share bundle as the attachment ``credential.cotutelle.json``.

    Raises
    ------
    FileProblem
        When there is none, or it cannot be read.
    """
    if is_png(data):
        return unbake(data)
    if data.startswith(b"%PDF-"):
        return read_json(_attachment(data))
    return read_json(data)


def _attachment(data: bytes) -> bytes:
    from pypdf import PdfReader  # noqa: PLC0415 - heavy

    if len(data) > _MAX_PDF:
        raise FileProblem("file.too_large", most="32 MiB")
    try:
        found = list(PdfReader(io.BytesIO(data)).attachments.get(ATTACHMENT, []))
    except Exception:  # a stranger's PDF; the library raises whatever it likes
        raise FileProblem("file.not_pdf") from None
    if len(found) != 1:
        raise FileProblem("file.no_credential")
    return found[0]
