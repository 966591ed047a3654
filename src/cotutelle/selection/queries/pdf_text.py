"""
The text of a PDF, for a process of its own: ``python -I pdf_text.py < in.pdf > out.txt``.

A PDF may be made to cost any amount of time and memory, so it is read under limits that the system
keeps. Nothing in it is run and nothing it names is opened. It imports none of our code.
"""

from __future__ import annotations

import io
import resource
import sys

PAGES = 20
CHARACTERS = 20_000
CPU_SECONDS = 10
MEMORY_BYTES = 1024 * 1024 * 1024


def pdf_text(content: bytes) -> str:
    """
    Return the text of the first pages, cut to a sensible length.

    Raises
    ------
    Exception
        Of any kind: what a broken file makes of its reader.
    """
    from pypdf import PdfReader  # noqa: PLC0415  after the limits

    found: list[str] = []
    for page in PdfReader(io.BytesIO(content)).pages[:PAGES]:
        found.append(page.extract_text())
        if sum(map(len, found)) >= CHARACTERS:
            break
    return "\n".join(found)[:CHARACTERS].replace("\0", "")


def main() -> None:
    """Read standard input under limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    text = pdf_text(sys.stdin.buffer.read())
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
