"""
Convert student-project-allocation CSV files to the folder that `cotutelle match` reads.

    python scripts/convert_spa_csv.py SRC DEST

SRC holds ``students.csv`` (``name,rank,0,1,...``: choices best first, ``rank`` the place in the
year, 1 the best), ``projects.csv`` (``code,capacity,supervisor``) and ``supervisors.csv``
(``name,capacity``), the form used by the PyPI package `matching`. Supervisors rank those who
applied to them by ``rank``; equal ranks are a tie.

Every dirty row is reported with file and line: a choice twice (the first is kept), no choice,
an unknown project (left out), a missing or unusable number (the row is left out), a name seen
before (the first row is kept). Exit status 0, also with dirty rows; 2 when a file is missing or
has not the columns it needs.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

_Value = TypeVar("_Value")
_USAGE = "usage: convert_spa_csv.py SRC DEST"


@dataclass(slots=True)
class Conversion:
    """What was kept, and every remark on what was not."""

    quota_of: dict[str, int] = field(default_factory=dict)
    project_of: dict[str, tuple[str, int]] = field(default_factory=dict)
    choices_of: dict[str, list[str]] = field(default_factory=dict)
    rank_of: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def mentor_list(self, mentor: str) -> str:
        """Applicants of ``mentor`` by rank, equals joined."""
        at_rank: dict[int, list[str]] = {}
        for student, choices in self.choices_of.items():
            if any(self.project_of[choice][0] == mentor for choice in choices):
                at_rank.setdefault(self.rank_of[student], []).append(student)
        return " > ".join(" = ".join(sorted(at_rank[rank])) for rank in sorted(at_rank))


def convert(source: Path) -> Conversion:
    """Read the three files of ``source``; raises `ValueError` when one lacks a column."""
    done = Conversion()
    for line, row in _rows(source / "supervisors.csv", ("name", "capacity")):
        if (number := _number(done, f"supervisors.csv:{line}", row["capacity"])) is not None:
            _keep_first(done, f"supervisors.csv:{line}", row["name"], done.quota_of, number)
    for line, row in _rows(source / "projects.csv", ("code", "capacity", "supervisor")):
        place = f"projects.csv:{line}"
        number = _number(done, place, row["capacity"])
        if row["supervisor"] not in done.quota_of:
            done.remarks.append(f"{place}: unknown supervisor {row['supervisor']!r}, row left out")
        elif number is not None:
            project = (row["supervisor"], number)
            _keep_first(done, place, row["code"], done.project_of, project)
    for line, row in _rows(source / "students.csv", ("name", "rank")):
        place = f"students.csv:{line}"
        rank = _number(done, place, row["rank"])
        if rank is not None and _keep_first(done, place, row["name"], done.rank_of, rank):
            done.choices_of[row["name"]] = _choices(done, place, row)
    return done


def write(done: Conversion, target: Path) -> None:
    """Write ``students.csv``, ``offers.csv`` and ``mentors.csv`` to ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[tuple[object, ...]]] = {
        "students.csv": [("student_id", "preferences")],
        "offers.csv": [("offer_id", "mentor_id", "quota")],
        "mentors.csv": [("mentor_id", "quota", "preferences")],
    }
    tables["students.csv"] += [(s, " > ".join(c)) for s, c in done.choices_of.items()]
    tables["offers.csv"] += [(code, *project) for code, project in done.project_of.items()]
    tables["mentors.csv"] += [(m, q, done.mentor_list(m)) for m, q in done.quota_of.items()]
    for name, rows in tables.items():
        with (target / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path.name}: the column {missing[0]!r} is missing")
        for row in reader:
            yield reader.line_num, {name: cell.strip() for name, cell in row.items() if name}


def _number(done: Conversion, place: str, text: str) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text)
    done.remarks.append(f"{place}: {text!r} is not a whole number, row left out")
    return None


def _keep_first(
    done: Conversion, place: str, name: str, kept: dict[str, _Value], value: _Value
) -> bool:
    if not name or name in kept:
        what = f"{name!r} seen before" if name else "no name"
        done.remarks.append(f"{place}: {what}, row left out")
        return False
    kept[name] = value
    return True


def _choices(done: Conversion, place: str, row: Mapping[str, str]) -> list[str]:
    columns = sorted((name for name in row if name.isascii() and name.isdigit()), key=int)
    kept: list[str] = []
    twice: list[str] = []
    for choice in filter(None, (row[column] for column in columns)):
        if choice not in done.project_of:
            done.remarks.append(f"{place}: {row['name']}: unknown project {choice!r}, left out")
        elif choice in kept:
            twice.append(choice)
        else:
            kept.append(choice)
    if twice:
        names = ", ".join(dict.fromkeys(twice))
        done.remarks.append(f"{place}: {row['name']}: more than once: {names}; first kept")
    if not kept:
        done.remarks.append(f"{place}: {row['name']}: no choice")
    return kept


def main(arguments: list[str]) -> int:
    """Convert, report on standard error, return the exit status."""
    if len(arguments) != 2:  # noqa: PLR2004
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    source, target = map(Path, arguments)
    try:
        done = convert(source)
        write(done, target)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.writelines(f"{remark}\n" for remark in done.remarks)
    sys.stderr.write(
        f"{len(done.choices_of)} students, {len(done.project_of)} projects,"
        f" {len(done.quota_of)} supervisors; {len(done.remarks)} remarks\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
