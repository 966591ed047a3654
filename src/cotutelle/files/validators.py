"""What a file really is, whatever its name says."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from cotutelle.core.text import UnreadableText, decode

MAX_NAME = 150
_OPENXML = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True, slots=True)
class FileType:
    """A type we take: its media type and the ends of its names."""

    content_type: str
    extensions: tuple[str, ...]


TYPES: Mapping[str, FileType] = {
    "pdf": FileType("application/pdf", ("pdf",)),
    "png": FileType("image/png", ("png",)),
    "jpeg": FileType("image/jpeg", ("jpg", "jpeg")),
    "docx": FileType(_OPENXML + "wordprocessingml.document", ("docx",)),
    "xlsx": FileType(_OPENXML + "spreadsheetml.sheet", ("xlsx", "xlsm")),
    "xls": FileType("application/vnd.ms-excel", ("xls",)),
    "csv": FileType("text/csv", ("csv", "tsv")),
    "json": FileType("application/json", ("json", "jsonl")),
    "text": FileType("text/plain", ("txt", "bib", "ris", "md")),
}
_BY_EXTENSION = {ext: name for name, kind in TYPES.items() for ext in kind.extensions}
_TEXTUAL = frozenset({"csv", "json", "text"})
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
)


def type_of(content: bytes, name: str) -> str:
    """
    Return the name of the type of ``content``, or an empty string.

    The bytes decide; among texts the end of the name does. A name that promises another type
    than the bytes keep is no type at all.
    """
    found = _sniff(content)
    promised = _BY_EXTENSION.get(name.rsplit(".", 1)[-1].lower() if "." in name else "", "")
    if found == "text":
        return promised if promised in _TEXTUAL else ""
    return found if found == promised else ""


def _sniff(content: bytes) -> str:
    for magic, name in _MAGIC:
        if content.startswith(magic):
            return name
    if content.startswith(b"PK\x03\x04"):
        return _sniff_zip(content)
    try:
        decode(content)
    except UnreadableText:
        return ""
    return "text"


def _sniff_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return ""
    if "[Content_Types].xml" not in names:
        return ""
    if any(n.startswith("word/") for n in names):
        return "docx"
    return "xlsx" if any(n.startswith("xl/") for n in names) else ""


def clean_name(name: str) -> str:
    """Return the last part of ``name`` without anything that could mislead."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    ).strip(" .")
    if len(kept) > MAX_NAME:
        stem, dot, end = kept.rpartition(".")
        kept = f"{stem[: MAX_NAME - len(end) - 1]}{dot}{end}" if dot else kept[:MAX_NAME]
    return kept or "file"
