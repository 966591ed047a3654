"""The board: trainees and wards by month, as rows of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from cotutelle.engines.rotation import Stay, Trainee, Violation, check_plan
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import StayPin
from cotutelle.rotations.months import add_months
from cotutelle.rotations.queries.planning_keys import key_of, trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import frozen_before, present_period
from cotutelle.rotations.queries.planning_names import COLOURS, Names
from cotutelle.rotations.queries.planning_scenarios import Opened
from cotutelle.rotations.queries.planning_words import loads_of, violation_text

ZOOMS = (12, 18, 24, 36, 60)
HALF, MOST, FULL = 50, 75, 100


@dataclass(slots=True)
class Cell:
    """Months of one row: a stay (``key``), time away, or nothing."""

    span: int
    start: int
    key: str = ""
    ward: str = ""
    label: str = ""
    short: str = ""
    place: str = ""
    when: str = ""
    colour: str = ""
    is_pinned: bool = False
    is_past: bool = False
    is_bad: bool = False
    is_away: bool = False


@dataclass(slots=True)
class Row:
    """A trainee with the cells of the months on screen."""

    id: str
    name: str
    note: str
    cells: list[Cell]
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Heat:
    """A ward with its load, places and colour in each month on screen."""

    id: str
    name: str
    places: str
    cells: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class View:
    """What the reader chose to see: months, and whom."""

    first: int = 0
    months: int = 18
    search: str = ""
    hospital: str = ""
    department: str = ""
    only_problems: bool = False


@dataclass(slots=True)
class Board:
    """Everything on the board."""

    months: list[tuple[int, int, bool]]
    years: list[tuple[int, int]]
    rows: list[Row]
    heat: list[Heat]
    problems: list[str]
    total: int
    first: int
    last: int
    horizon: int


def board_of(opened: Opened, names: Names, view: View) -> Board:
    """Lay a plan out for the months and people the reader chose."""
    problem = opened.problem
    violations = check_plan(problem, opened.stays)
    loads = loads_of(problem, opened.stays)
    words = {id(v): violation_text(v, names, problem, loads) for v in violations}
    first = max(0, min(view.first, problem.horizon - 1))
    last = min(problem.horizon, first + view.months) - 1
    painter = _Painter(opened, names, first, last, violations)
    rows = [painter.row(trainee, words) for trainee in problem.trainees]
    chosen = [row for row in rows if _is_shown(row, painter, view)]
    cycle = opened.scenario.cycle
    present = present_period(cycle)
    days = [add_months(cycle.starts_on, period) for period in range(first, last + 1)]
    years: list[tuple[int, int]] = []
    for day in days:
        if years and years[-1][0] == day.year:
            years[-1] = (day.year, years[-1][1] + 1)
        else:
            years.append((day.year, 1))
    return Board(
        months=[
            (p, d.month, p == present) for p, d in zip(range(first, last + 1), days, strict=True)
        ],
        years=years,
        rows=sorted(chosen, key=lambda row: (not row.problems, row.name, row.id)),
        heat=_heat(opened, names, view, loads, (first, last)),
        problems=[words[id(v)] for v in violations],
        total=len(rows),
        first=first,
        last=last,
        horizon=problem.horizon,
    )


def _is_shown(row: Row, painter: _Painter, view: View) -> bool:
    if view.only_problems and not row.problems:
        return False
    if view.search and view.search.casefold() not in f"{row.name} {row.note}".casefold():
        return False
    own = painter.opened.stays.get(row.id, ())
    if view.hospital and not any(s.ward.partition("/")[0] == view.hospital for s in own):
        return False
    return not view.department or view.department in painter.departments(row.id)


class _Painter:
    """Turns stays into the cells of a row."""

    def __init__(
        self,
        opened: Opened,
        names: Names,
        first: int,
        last: int,
        violations: tuple[Violation, ...],
    ) -> None:
        self.opened, self.names, self.first, self.last = opened, names, first, last
        cycle = opened.scenario.cycle
        self.frozen = frozen_before(cycle)
        self.pins = {
            (trainee_key(p.participant), key_of(p.block, p.part)): (ward_key(p.ward), p.start)
            for p in StayPin.objects.filter(participant__cycle=cycle).select_related(
                "participant", "block", "ward__hospital"
            )
        }
        self.personal: dict[str, list[Violation]] = {}
        self.crowded: dict[tuple[str, int], list[Violation]] = {}
        for one in violations:
            if one.trainee is not None:
                self.personal.setdefault(one.trainee, []).append(one)
            elif one.code == "over_capacity" and one.ward is not None:
                self.crowded.setdefault((one.ward, one.period or 0), []).append(one)

    def departments(self, trainee: str) -> set[str]:
        """Return the codes of the departments a trainee passes through."""
        parts = (self.names.part(trainee, s.block) for s in self.opened.stays.get(trainee, ()))
        return {part.block.department.code for part in parts if part}

    def row(self, trainee: Trainee, words: Mapping[int, str]) -> Row:
        """Return the row of one trainee."""
        months = {block.id: block.months for block in trainee.blocks}
        own = self.opened.stays.get(trainee.id, ())
        person = self.names.people.get(trainee.id)
        found = list(self.personal.get(trainee.id, ()))
        for stay in own:
            for period in range(stay.start, stay.start + months.get(stay.block, 1)):
                found += self.crowded.get((stay.ward, period), ())
        texts = list(dict.fromkeys(words[id(one)] for one in found))
        note = person.curriculum.display_name if person else ""
        row = Row(trainee.id, self.names.person(trainee.id), note, [], texts)
        cursor = self.first
        ordered = sorted(own, key=lambda s: (s.start, s.block))
        for stay, later in zip_longest(ordered, ordered[1:]):
            following = later.start if later else self.last + 1
            length = months.get(stay.block, 1)
            begin, end = max(stay.start, cursor), min(stay.start + length - 1, self.last)
            if stay.start < following:  # of two that overlap both are seen
                end = min(end, following - 1)
            if begin > end:
                continue
            self._gap(row, trainee, cursor, begin - 1)
            row.cells.append(self._cell(trainee, stay, length, begin, end))
            cursor = end + 1
        self._gap(row, trainee, cursor, self.last)
        return row

    def _cell(self, trainee: Trainee, stay: Stay, length: int, begin: int, end: int) -> Cell:
        personal = self.personal.get(trainee.id, ())
        periods = range(stay.start, stay.start + length)
        bad = any(_concerns(v, stay, periods) for v in personal) or any(
            (stay.ward, p) in self.crowded for p in periods
        )
        pin = self.pins.get((trainee.id, stay.block))
        label = self.names.block(trainee.id, stay.block)
        colour = self.names.colour(trainee.id, stay.block)
        research = DepartmentFamily.RESEARCH
        return Cell(
            span=end - begin + 1,
            start=stay.start,
            key=stay.block,
            ward=stay.ward,
            label=label,
            short=str(research.label) if colour == COLOURS[research] else label,
            place=self.names.ward(stay.ward),
            when=self.names.months(stay.start, stay.start + length - 1),
            colour=colour,
            is_pinned=pin == (stay.ward, stay.start),
            is_past=stay.start < self.frozen,
            is_bad=bad,
        )

    def _gap(self, row: Row, trainee: Trainee, first: int, last: int) -> None:
        """Fill months without a stay: away in one cell, free months one by one."""
        period = first
        while period <= last:
            end = period
            if period in trainee.away:
                while end + 1 <= last and end + 1 in trainee.away:
                    end += 1
            cell = Cell(end - period + 1, period, is_away=period in trainee.away)
            row.cells.append(cell)
            period = end + 1


def _concerns(violation: Violation, stay: Stay, periods: range) -> bool:
    """Tell whether a stay is in the ward and the month of what a trainee's plan breaks."""
    if violation.ward is None and violation.period is None:
        return False
    here = violation.ward in {None, stay.ward}
    return here and (violation.period is None or violation.period in periods)


def _heat(
    opened: Opened,
    names: Names,
    view: View,
    loads: Mapping[tuple[str, int], int],
    window: tuple[int, int],
) -> list[Heat]:
    found = []
    departments = _departments_of_wards(opened, names)
    for ward in opened.problem.wards:
        if view.hospital and ward.hospital != view.hospital:
            continue
        if view.department and view.department not in departments.get(ward.id, set()):
            continue
        cells = []
        for period in range(window[0], window[1] + 1):
            load = loads.get((ward.id, period), 0)
            upper = ward.upper[period] if ward.upper is not None else None
            lower = ward.lower[period] if ward.lower else 0
            cells.append((str(load) if load or upper else "", _colour(load, upper, lower),
                          "" if upper is None else str(upper)))  # fmt: skip
        most = max(ward.upper) if ward.upper else None
        found.append(Heat(ward.id, names.ward(ward.id), "" if most is None else str(most), cells))
    return found


def _departments_of_wards(opened: Opened, names: Names) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for trainee in opened.problem.trainees:
        for block in trainee.blocks:
            part = names.part(trainee.id, block.id)
            if part is not None:
                for ward in block.wards:
                    found.setdefault(ward, set()).add(part.block.department.code)
    return found


def _colour(load: int, upper: int | None, lower: int) -> str:
    if load < lower:
        return "under"
    if upper is None or not load:
        return "l0"
    percent = FULL * load / upper if upper else FULL + 1
    if percent > FULL:
        return "over"
    steps = ((HALF, "l1"), (MOST, "l2"), (FULL, "l3"))
    return next((colour for most, colour in steps if percent < most), "l4")
