"""Reading and writing the plain CSV files that programs exchange."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """What is wrong in a file; line 0 speaks of the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class BadInput(Exception):
    """Raised with every complaint about the input files."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it starts on, and its trimmed cells in the order asked for."""

    line: int
    cells: tuple[str, ...]


def read_rows(
    path: Path, required: Sequence[str], optional: Sequence[str], complaints: list[Complaint]
) -> list[Row] | None:
    """
    Read the named columns of a CSV file; everything wrong is added to ``complaints``.

    UTF-8 with or without byte order mark, else GB18030. Columns stand in any order, others are
    passed over, rows without any content are skipped, a missing optional column reads as empty.
    Returns None when the file cannot be read as a table at all.
    """
    csv.field_size_limit(sys.maxsize)
    text = _decoded(path, complaints)
    if text is None:
        return None
    records = _records(path.name, text, complaints)
    line, header = next(records, (0, []))
    names = [name.strip() for name in header]
    complete = True
    for name in (*required, *optional):
        if names.count(name) > 1:
            complaints.append(Complaint(path.name, line, f"the column {name!r} is there twice"))
            complete = False
        elif name in required and name not in names:
            found = ", ".join(filter(None, names)) or "none"
            message = f"the column {name!r} is missing; the columns are: {found}"
            complaints.append(Complaint(path.name, line, message))
            complete = False
    if not complete:
        return None
    places = [names.index(name) if name in names else None for name in (*required, *optional)]
    rows = []
    for line, record in records:
        if len(record) != len(header):
            message = f"the row has {len(record)} fields, the header has {len(header)}"
            complaints.append(Complaint(path.name, line, message))
            continue
        cells = tuple("" if place is None else record[place].strip() for place in places)
        rows.append(Row(line, cells))
    return rows


def _decoded(path: Path, complaints: list[Complaint]) -> str | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        complaints.append(Complaint(path.name, 0, "the file is missing"))
        return None
    except OSError as error:
        complaints.append(Complaint(path.name, 0, f"the file cannot be read: {error.strerror}"))
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    complaints.append(Complaint(path.name, 0, "the file is neither UTF-8 nor GB18030"))
    return None


def _records(name: str, text: str, complaints: list[Complaint]) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that has some content, with the line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            if any(record) and any(map(str.strip, record)):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        complaints.append(Complaint(name, line, f"the row cannot be read: {error}"))


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV file as UTF-8 with line feeds; cells are written as they are."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode()


def write_files(folder: Path, contents: dict[str, bytes]) -> None:
    """Write all files, or none when one cannot be written; existing ones are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    drafts = {folder / name: folder / f".{name}.{os.getpid()}.tmp" for name in contents}
    try:
        for target, draft in drafts.items():
            draft.write_bytes(contents[target.name])
        for target, draft in drafts.items():
            draft.replace(target)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
