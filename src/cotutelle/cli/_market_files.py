"""The folder of CSV files that `cotutelle match` reads, and the one it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from cotutelle.cli._machine_csv import BadInput, Complaint, Row, read_rows, table_text
from cotutelle.engines.matching import (
    Ban,
    BanKind,
    Explainer,
    Group,
    InvalidProblem,
    Matching,
    MatchingProblem,
    Mentor,
    Offer,
    Pin,
    Preferences,
    listed_ids,
    parse_preferences,
    student_rank,
)

_FILE_OF = {
    "student_preferences": "students.csv",
    "offers": "offers.csv",
    "mentors": "mentors.csv",
    "groups": "groups.csv",
    "pins": "pins.csv",
    "bans": "bans.csv",
}
_UNKNOWN_QUOTA = 2**53 - 1  # stands in for a cell already complained about

Key = str | tuple[str, str]


@dataclass(slots=True)
class _Reader:
    """What was read so far, with the line of every key."""

    folder: Path
    student_ties: bool
    complaints: list[Complaint] = field(default_factory=list)
    line_of: dict[str, dict[Key, int]] = field(default_factory=dict)
    unreadable: bool = False

    def rows(
        self, part: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> list[Row]:
        path = self.folder / _FILE_OF[part]
        self.line_of[part] = {}
        if part in ("groups", "pins", "bans") and not path.exists():
            return []
        rows = read_rows(path, required, optional, self.complaints)
        if rows is None:
            self.unreadable = True
        return rows or []

    def complain(self, part: str, line: int, message: str) -> None:
        self.complaints.append(Complaint(_FILE_OF[part], line, message))

    def is_new(self, part: str, row: Row, key: Key) -> bool:
        """Whether the row may be used: its ids are usable and it is there only once."""
        ids = (key,) if isinstance(key, str) else key
        for id_ in ids:
            if not id_ or ">" in id_ or "=" in id_:
                what = f"the id {id_!r} holds '>' or '='" if id_ else "an id is empty"
                self.complain(part, row.line, what)
                return False
        first = self.line_of[part].setdefault(key, row.line)
        if first != row.line:
            name = " and ".join(repr(id_) for id_ in ids)
            self.complain(part, row.line, f"{name} was already on line {first}")
            return False
        return True

    def whole(self, part: str, row: Row, text: str, *, word: str = "quota", spare: int) -> int:
        """Return the number in a cell; ``spare`` stands in for one that is complained about."""
        unsigned = text.removeprefix("-")
        if not (unsigned.isascii() and unsigned.isdigit()):
            self.complain(part, row.line, f"the {word} {text!r} is not a whole number")
        elif text.startswith("-"):
            self.complain(part, row.line, f"the {word} {text} is negative")
        elif len(text) >= len(str(_UNKNOWN_QUOTA)):
            self.complain(part, row.line, f"the {word} is too large")
        else:
            return int(text)
        return spare

    def quota(self, part: str, row: Row, text: str) -> int:
        return self.whole(part, row, text, spare=_UNKNOWN_QUOTA)

    def minimum(self, part: str, row: Row, text: str) -> int:
        return self.whole(part, row, text, word="minimum", spare=0) if text else 0

    def weight(self, part: str, row: Row, text: str) -> int:
        return self.whole(part, row, text, word="weight", spare=1) if text else 1

    def preferences(self, part: str, row: Row, text: str, *, ties: bool) -> Preferences:
        if "=" not in text and text:
            ids = [id_.strip() for id_ in text.split(">")]
            if "" not in ids:
                return ids
        try:
            groups = parse_preferences(text)
        except ValueError:
            self.complain(part, row.line, f"the list {text!r} has an empty place")
            return ()
        if not ties and any(len(group) > 1 for group in groups):
            message = f"the list {text!r} has a tie; students' ties need --student-ties"
            self.complain(part, row.line, message)
            return listed_ids(groups)
        return groups


def read_market(folder: Path, *, seed: str, student_ties: bool) -> MatchingProblem:
    """
    Read a market from ``students.csv``, ``offers.csv``, ``mentors.csv`` and, where they are there,
    ``groups.csv``, ``pins.csv``, ``bans.csv``.

    Raises
    ------
    BadInput
        With every complaint, in the order of files and lines.
    """
    if not folder.is_dir():
        raise BadInput([Complaint(str(folder), 0, "there is no such folder")])
    reader = _Reader(folder, student_ties)
    students = _read_students(reader)
    offers = _read_offers(reader)
    mentors = _read_mentors(reader)
    groups = _read_groups(reader)
    pins = _read_pins(reader)
    bans = _read_bans(reader)
    problem = None
    if not reader.unreadable:
        try:
            problem = MatchingProblem(students, offers, mentors, pins, bans, seed, groups)
        except InvalidProblem as error:
            for fault in error.problems:
                line = reader.line_of.get(fault.argument, {}).get(fault.key, 0)
                name = _FILE_OF.get(fault.argument, fault.argument)
                reader.complaints.append(
                    Complaint(name, line, fault.message + _hint(fault.message))
                )
    if problem is None or reader.complaints:
        order = {name: place for place, name in enumerate(_FILE_OF.values())}
        raise BadInput(
            sorted(reader.complaints, key=lambda c: (order.get(c.file, -1), c.line, c.message))
        )
    return problem


def _hint(message: str) -> str:
    if "＞" in message or "＝" in message:
        return " (lists are written with the half-width signs > and =)"
    return ""


def _read_students(reader: _Reader) -> dict[str, Preferences]:
    part = "student_preferences"
    students: dict[str, Preferences] = {}
    for row in reader.rows(part, ("student_id", "preferences")):
        id_, text = row.cells
        if reader.is_new(part, row, id_):
            students[id_] = reader.preferences(part, row, text, ties=reader.student_ties)
    return students


def _read_offers(reader: _Reader) -> dict[str, Offer]:
    part = "offers"
    offers: dict[str, Offer] = {}
    columns = ("offer_id", "mentor_id", "quota")
    for row in reader.rows(part, columns, ("lower_quota", "weight")):
        id_, mentor_id, quota, minimum, weight = row.cells
        if reader.is_new(part, row, id_):
            offers[id_] = Offer(
                mentor_id,
                reader.quota(part, row, quota),
                reader.minimum(part, row, minimum),
                reader.weight(part, row, weight),
            )
    return offers


def _read_mentors(reader: _Reader) -> dict[str, Mentor]:
    part = "mentors"
    mentors: dict[str, Mentor] = {}
    columns = ("mentor_id", "quota", "preferences")
    for row in reader.rows(part, columns, ("group_id", "lower_quota")):
        id_, quota, text, group_id, minimum = row.cells
        if reader.is_new(part, row, id_):
            mentors[id_] = Mentor(
                reader.quota(part, row, quota),
                reader.preferences(part, row, text, ties=True),
                reader.minimum(part, row, minimum),
                group_id or None,
            )
    return mentors


def _read_groups(reader: _Reader) -> dict[str, Group]:
    part = "groups"
    groups: dict[str, Group] = {}
    columns = ("group_id", "parent_id", "quota", "lower_quota", "priority")
    for row in reader.rows(part, columns[:1], columns[1:]):
        id_, parent_id, quota, minimum, text = row.cells
        if reader.is_new(part, row, id_):
            groups[id_] = Group(
                reader.quota(part, row, quota) if quota else None,
                reader.minimum(part, row, minimum),
                parent_id or None,
                reader.preferences(part, row, text, ties=True),
            )
    return groups


def _read_pins(reader: _Reader) -> dict[str, Pin]:
    pins: dict[str, Pin] = {}
    for row in reader.rows("pins", ("student_id", "offer_id"), ("reason",)):
        student, offer, reason = row.cells
        if reader.is_new("pins", row, student):
            pins[student] = Pin(offer, reason)
    return pins


def _read_bans(reader: _Reader) -> dict[tuple[str, str], Ban]:
    bans: dict[tuple[str, str], Ban] = {}
    for row in reader.rows("bans", ("student_id", "offer_id"), ("reason", "kind")):
        student, offer, reason, kind = row.cells
        if reader.is_new("bans", row, (student, offer)):
            bans[student, offer] = Ban(cast(BanKind, kind or "policy"), reason)
    return bans


def result_tables(problem: MatchingProblem, matching: Matching) -> dict[str, bytes]:
    """Return ``assignment.csv`` and ``unmatched.csv``, sorted by student."""
    offer_of = matching.offer_of
    explainer = Explainer(problem, offer_of, algorithm=matching.algorithm)
    assigned = []
    for student, offer in sorted(offer_of.items()):
        rank = student_rank(problem, student, offer)
        mentor = problem.offers[offer].mentor_id
        assigned.append((student, offer, mentor, "" if rank is None else rank))
    unmatched = [
        (student, explainer.explain_unmatched(student).code)
        for student in sorted(problem.student_preferences.keys() - offer_of.keys())
    ]
    return {
        "assignment.csv": table_text(
            ("student_id", "offer_id", "mentor_id", "student_rank"), assigned
        ),
        "unmatched.csv": table_text(("student_id", "reason"), unmatched),
    }
