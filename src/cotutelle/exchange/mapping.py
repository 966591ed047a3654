"""Finding the header of a sheet and what its columns mean."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cotutelle.core.text import half_width
from cotutelle.exchange.importing import Column
from cotutelle.exchange.reading import Book, Sheet

_LOOK_AT_ROWS = 30
_MAX_HEIGHT = 3
_REMARK = re.compile(r"[(\[【].*?[)\]】]")
_MARKS = re.compile(r"[\s*:：_\-·.。,，、/\\“”\"'★☆#]+")


@dataclass(frozen=True, slots=True)
class Header:
    """
    Where the header is: sheet number, first row (from 0), height; and its labels.

    ``labels`` holds one text per column: the lowest one that is not empty, with those above it
    in front for columns that would otherwise look the same.
    """

    sheet: int
    top: int
    height: int
    labels: tuple[str, ...]
    short: tuple[str, ...]

    @property
    def first_data_row(self) -> int:
        """Index of the first row below the header."""
        return self.top + self.height

    @property
    def signature(self) -> str:
        """Digest of the labels: files with equal ones are mapped alike."""
        folded = "\x1f".join(fold_label(label) for label in self.labels)
        return hashlib.sha256(folded.encode()).hexdigest()


def fold_label(label: str) -> str:
    """Return a header label without remarks in brackets, marks, spaces, width and case."""
    folded = half_width(label).casefold()
    bare = _MARKS.sub("", _REMARK.sub("", folded))
    return bare or _MARKS.sub("", folded)


def find_header(book: Book, columns: Sequence[Column], sheet: int | None = None) -> Header | None:
    """
    Return the header that knows most of ``columns``; ``None`` when every sheet is empty.

    Titles and notes above it are passed over. Where no label is known at all, it is the first
    row with text of the first sheet that has any.
    """
    best: tuple[int, int, int, int] | None = None
    found: Header | None = None
    for number, candidate in enumerate(book.sheets):
        if sheet is not None and number != sheet:
            continue
        for top in range(min(_LOOK_AT_ROWS, len(candidate.rows))):
            for height in range(1, _MAX_HEIGHT + 1):
                if top + height > len(candidate.rows):
                    break
                header = header_at(candidate, number, top, height)
                matches = len(match_columns(header, columns))
                rank = (matches, -height, -number, -top)
                if matches and (best is None or rank > best):
                    best, found = rank, header
    return found or _first_row(book, sheet)


def header_at(sheet: Sheet, number: int, top: int, height: int) -> Header:
    """Return the header in rows ``top`` to ``top + height - 1``, merged cells filled."""
    width = max((len(r) for r in sheet.rows[top : top + height]), default=0)
    lines = [[*row, *[""] * (width - len(row))] for row in sheet.rows[top : top + height]]
    for (r1, c1), (r2, c2) in sheet.merged:
        if not top <= r1 < top + height:
            continue
        label = lines[r1 - top][c1] if c1 < width else ""
        for row in range(r1, min(r2, top + height - 1) + 1):
            for column in range(c1, min(c2, width - 1) + 1):
                lines[row - top][column] = label
    stacks = [_stack(line[column] for line in lines) for column in range(width)]
    short = tuple(stack[-1] if stack else "" for stack in stacks)
    twice = {label for label in short if label and short.count(label) > 1}
    labels = tuple(
        " ".join(stack) if label in twice else label
        for stack, label in zip(stacks, short, strict=True)
    )
    return Header(number, top, height, labels, short)


def match_columns(header: Header, columns: Sequence[Column]) -> dict[str, int]:
    """Return column name → index in the sheet, by the known labels; the first of equals wins."""
    places: dict[str, int] = {}
    for source in (header.labels, header.short):
        for index, label in enumerate(source):
            if folded := fold_label(label):
                places.setdefault(folded, index)
    mapping: dict[str, int] = {}
    taken: set[int] = set()
    for column in columns:
        for label in (*column.labels, column.name):
            found = places.get(fold_label(label))
            if found is not None and found not in taken:
                mapping[column.name] = found
                taken.add(found)
                break
    return mapping


def valid_mapping(
    mapping: Mapping[str, int], header: Header, columns: Sequence[Column]
) -> dict[str, int]:
    """Return the part of ``mapping`` that names existing columns, each of the sheet once."""
    names = {c.name for c in columns}
    taken: dict[int, str] = {}
    for name, index in mapping.items():
        if name in names and 0 <= index < len(header.labels):
            taken.setdefault(index, name)
    return {name: index for index, name in taken.items()}


def _stack(texts: Iterable[str]) -> list[str]:
    """Return the different texts from top to bottom, empty ones left out."""
    stack: list[str] = []
    for text in texts:
        clean = half_width(text)
        if clean and (not stack or stack[-1] != clean):
            stack.append(clean)
    return stack


def _first_row(book: Book, sheet: int | None) -> Header | None:
    for number, candidate in enumerate(book.sheets):
        if sheet is not None and number != sheet:
            continue
        for top, row in enumerate(candidate.rows):
            if any(cell.strip() for cell in row):
                return header_at(candidate, number, top, 1)
    return None
