"""Spreadsheets of who takes part in a plan: one row a trainee, with months and what binds them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.core.text import half_width
from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Option,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import CycleState
from cotutelle.rotations.importers.setup_wards import month
from cotutelle.rotations.models import Curriculum, CurriculumBlock, Cycle, Participant, Ward
from cotutelle.rotations.queries.planning import (
    curricula_in_force,
    cycles_planned_by,
    plannable_students,
)
from cotutelle.rotations.queries.planning_inputs import wards_by_department
from cotutelle.rotations.queries.planning_keys import Part, parts_by_key, ward_key
from cotutelle.rotations.queries.planning_months import period_of
from cotutelle.rotations.queries.planning_sheet import (
    HeldStay,
    PinFinder,
    PinWords,
    Span,
    held_stays,
    line_of,
    with_constraints,
)
from cotutelle.rotations.services.planning_cycles import (
    MANY_MONTHS,
    add_participants,
    change_participant,
    curriculum_of,
)
from cotutelle.rotations.services.planning_sheet import (
    replace_forbidden,
    replace_pins,
    replace_research,
)

NOTHING = frozenset({"无", "没有", "none", "-", "—", "–"})
_UNTIL = re.compile(r"\s*(?:至|到|~|～|—|–|\.\.|\bto\b|\s-\s)\s*")
_KEY = ("number",)


def or_nothing(parse: Callable[[str], Any], empty: Any) -> Callable[[str], Any]:
    """What ``parse`` reads, or ``empty`` where the cell says that there is nothing."""

    def read(cell: str) -> Any:
        return empty if parsing.fold(cell) in NOTHING else parse(cell)

    return read


def span() -> Callable[[str], Span]:
    """A month, or months from one to another: 2027-09, 2027-09~2027-11, 2027年9月至11月."""

    def parse(cell: str) -> Span:
        begin, *rest = _UNTIL.split(half_width(cell).strip())
        first = month()(begin)
        if not rest:
            return first, first
        if len(rest) > 1:
            raise ValueError(gettext("Write the months as 2027-09~2027-11."))
        short = re.fullmatch(r"(\d{1,2})月?", rest[0])
        last = month()(f"{first.year}-{short[1]}" if short else rest[0])
        if last < first:
            raise ValueError(gettext("The last month is before the first."))
        return first, last

    return parse


def pin() -> Callable[[str], PinWords]:
    """A stay to hold: ``2027-09 YL1/ICU``, with the block behind it where several would fit."""

    def parse(cell: str) -> PinWords:
        words = half_width(cell).split()
        if len(words) not in {2, 3} or "/" not in words[1]:
            raise ValueError(gettext("Write a held stay as 2027-09 YL1/ICU."))
        return PinWords(month()(words[0]), words[1], *words[2:])

    return parse


def _sorted(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    several = parsing.many(parse)
    return or_nothing(lambda cell: tuple(sorted(set(several(cell)))), ())


COLUMNS = (
    Column("number", ("学号", "Student number"), required=True, parse=parsing.number_text(), examples=("2026010234",)),
    Column("name", ("姓名", "Name"), help=_("Only for you to read; the number counts.")),
    Column("curriculum", ("轮转方案", "Curriculum", "专业"), parse=parsing.text(max_length=200), examples=("0100 2026",),
           help=_("Code or name, with the edition where there are several. Empty: of the student's specialty.")),
    Column("first", ("起始月", "From month", "起始月份"), parse=month(), examples=("2027-09",),
           help=_("Empty: from the first month of the plan.")),
    Column("last", ("结束月", "To month", "截止月份"), parse=or_nothing(month(), ""), examples=("2030-08",),
           help=_("Empty: as the curriculum, the rules and leave have it.")),
    Column("forbidden", ("不去的医院", "Not in these hospitals"), parse=_sorted(parsing.number_text()), examples=("YL1; YL2",),
           help=_("Codes of hospitals; they replace what was known. 无 or none: no such hospital.")),
    Column("research", ("科研保护月", "Protected research months"), parse=_sorted(span()), examples=("2027-09~2027-11; 2028-03",),
           help=_("Months or spans; they replace what was known. 无 or none: no such month.")),
    Column("pins", ("固定的轮转", "Stays held"), parse=_sorted(pin()), examples=("2027-09 YL1/ICU; 2028-01 YL1/CARD",),
           help=_("Month and ward of each; they replace what was held. 无 or none: nothing is held.")),
)  # fmt: skip


def _cycles(actor: Person, unit: Unit) -> list[tuple[str, str]]:
    rows = cycles_planned_by(actor).exclude(state=CycleState.ARCHIVED)
    return [(str(cycle.public_id), cycle.display_name) for cycle in rows]


CYCLE = Option("cycle", _("Rotation plan"), _cycles)


class _Reader:
    """What the rows are held against; few queries, however many rows."""

    def __init__(self, rows: Sequence[Row], ctx: Context) -> None:
        self.cycle: Cycle = cycles_planned_by(ctx.actor).get(public_id=ctx.options["cycle"])
        self.places: dict[str, list[Participant]] = {}
        for place in with_constraints(self.cycle.participants.all()):
            self.places.setdefault(place.student.person.number, []).append(place)
        self.students: dict[str, list[Student]] = {}
        new = {n for row in rows if (n := row["number"]) and n not in self.places}
        for student in plannable_students(ctx.actor).filter(person__number__in=new):
            self.students.setdefault(student.person.number, []).append(student)
        self.in_force = list(curricula_in_force(self.cycle.unit))
        own = {p.curriculum_id: p.curriculum for places in self.places.values() for p in places}
        self.curricula = {c.pk: c for c in self.in_force} | own
        self.wards: dict[str, Ward] = {
            ward_key(w): w for w in Ward.objects.select_related("hospital")
        }
        self.hospitals = {w.hospital.code: w.hospital for w in self.wards.values()}
        self.parts: dict[int, list[Part]] = self._parts()
        self.finder = PinFinder(
            self.cycle,
            self.wards,
            {
                key: frozenset(ward_key(ward) for ward in wards)
                for key, wards in wards_by_department(self.cycle).items()
            },
        )

    def _parts(self) -> dict[int, list[Part]]:
        blocks: dict[int, list[CurriculumBlock]] = {}
        for block in CurriculumBlock.objects.filter(curriculum__in=self.curricula):
            blocks.setdefault(block.curriculum_id, []).append(block)
        return {key: list(parts_by_key(own).values()) for key, own in blocks.items()}

    def place(self, row: Row) -> Participant | None:
        """Return the participant of a row that is there already."""
        return next(iter(self.places.get(row["number"] or "", ())), None)

    def student(self, row: Row) -> Student:
        """Return the student of a row that adds somebody."""
        return self.students[row["number"]][0]

    def named(self, row: Row) -> list[Curriculum]:
        """Return the curricula that a row may mean; the present one before those in force."""
        place = self.place(row)
        word = row["curriculum"]
        if not word:
            if place is not None:
                return [place.curriculum]
            students = self.students.get(row["number"] or "", ())
            found = curriculum_of(students[0], self.in_force) if students else None
            return [found] if found else []
        called = [c for c in self.curricula.values() if parsing.fold(word) in _names(c)]
        if place is not None and place.curriculum in called:
            return [place.curriculum]
        in_force = {c.pk for c in self.in_force}
        return [c for c in called if c.pk in in_force] or called

    def curriculum(self, row: Row) -> Curriculum:
        """Return the curriculum of a clean row."""
        return self.named(row)[0]

    def period(self, day: dt.date | str | None) -> int | None:
        """Return the period of a month; ``None`` for none."""
        return period_of(self.cycle, day) if isinstance(day, dt.date) else None

    def held(self, row: Row) -> tuple[list[HeldStay], list[str]]:
        """Return the stays that a row holds, and what is wrong with them."""
        place = self.place(row)
        parts = [part for c in self.named(row)[:1] for part in self.parts.get(c.pk, ())]
        known = held_stays(place) if place is not None else []
        return self.finder.find(row["pins"] or (), parts, known)


def _names(curriculum: Curriculum) -> set[str]:
    """Return how a cell may call a curriculum, folded."""
    words = (curriculum.specialty_code, curriculum.name_zh, curriculum.name_en)
    plain = {word for word in words if word}
    return {parsing.fold(word) for w in plain for word in (w, f"{w} {curriculum.edition}")}


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of those who take part already."""
    reader = _Reader(rows, ctx)
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        if (place := reader.place(row)) is None:
            continue
        line = line_of(place)
        named = reader.named(row)
        same = bool(named) and named[0] == place.curriculum
        stays, faults = reader.held(row)
        held = {stay.place for stay in held_stays(place)}
        is_held = not faults and {stay.place for stay in stays} == held
        found[row["number"],] = {
            "curriculum": row["curriculum"] if same else str(place.curriculum),
            "first": line.first,
            "last": line.last or "",
            "forbidden": line.forbidden,
            "research": line.research,
            "pins": row["pins"] if is_held else line.pins,
        }
    return found


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report strangers, unknown curricula, hospitals and wards, and months that cannot be."""
    reader = _Reader(rows, ctx)
    return [
        Problem(row.number, column, code, message)
        for row in rows
        for column, code, message in (
            *_person_faults(row, reader),
            *_month_faults(row, reader),
            *_place_faults(row, reader),
        )
    ]


Fault = tuple[str, str, str]


def _person_faults(row: Row, reader: _Reader) -> list[Fault]:
    number = row["number"]
    if not number:
        return []
    known = len(reader.places.get(number, ())) or len(reader.students.get(number, ()))
    if not known:
        text = gettext("No student whom you may plan has this number.")
        return [("number", "trainee.person", text)]
    if known > 1:
        text = gettext("Several students have this number. Choose them on the page of the plan.")
        return [("number", "trainee.several", text)]
    named = reader.named(row)
    if not named:
        text = (
            gettext("There is no curriculum of this name in force.")
            if row["curriculum"]
            else gettext("No curriculum follows from the specialty. Name one.")
        )
        return [("curriculum", "trainee.curriculum", text)]
    if len(named) > 1:
        text = gettext("Several curricula are called so. Write code and edition.")
        return [("curriculum", "trainee.curricula", text)]
    return []


def _month_faults(row: Row, reader: _Reader) -> list[Fault]:
    outside = gettext("This month lies outside the plan.")
    months = reader.cycle.months
    first, last = reader.period(row["first"]), reader.period(row["last"])
    place = reader.place(row)
    begin = first if first is not None else place.first if place else 0
    end = last if last is not None or row["last"] == "" else place.last if place else None
    found: list[Fault] = []
    if first is not None and not 0 <= first < months:
        found.append(("first", "trainee.month", outside))
    if last is not None and not 0 <= last < MANY_MONTHS:
        found.append(("last", "trainee.month", outside))
    elif end is not None and end < begin:
        column = "last" if last is not None else "first"
        found.append((column, "trainee.months", gettext("The last month is before the first.")))
    spans = [
        (period_of(reader.cycle, a), period_of(reader.cycle, b)) for a, b in row["research"] or ()
    ]
    if any(a < 0 or b >= months for a, b in spans):
        found.append(("research", "trainee.month", outside))
    return found


def _place_faults(row: Row, reader: _Reader) -> list[Fault]:
    found: list[Fault] = []
    if unknown := sorted(set(row["forbidden"] or ()) - set(reader.hospitals)):
        text = gettext("There is no hospital of this code: %(codes)s.")
        found.append(("forbidden", "trainee.hospital", text % {"codes": ", ".join(unknown)}))
    if row["pins"] and len(reader.named(row)) == 1:
        _stays, faults = reader.held(row)
        found += [("pins", "trainee.pin", fault) for fault in faults]
    return found


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Add who is new, change who is there; empty cells change nothing."""
    reader = _Reader(rows, ctx)
    split = split_rows(rows, _KEY, current(rows, ctx))
    _add(split.create, reader, ctx)
    fresh = with_constraints(reader.cycle.participants.all())
    places = {place.student.person.number: place for place in fresh}
    for done, row in enumerate((*split.create, *(change.row for change in split.update)), 1):
        _bind(places[row["number"]], row, reader, ctx.actor)
        progress(done)
    return split.counts


def _add(rows: Sequence[Row], reader: _Reader, ctx: Context) -> None:
    """Add who is new, in one step for all of one curriculum and one first month."""
    groups: dict[tuple[Curriculum, int], list[Student]] = {}
    for row in rows:
        key = reader.curriculum(row), reader.period(row["first"]) or 0
        groups.setdefault(key, []).append(reader.student(row))
    for (curriculum, first), students in groups.items():
        add_participants(reader.cycle, students, default=curriculum, first=first, actor=ctx.actor)


def _bind(place: Participant, row: Row, reader: _Reader, actor: Person) -> None:
    """Take the months of a row over, and what binds the trainee."""
    first, last = reader.period(row["first"]), reader.period(row["last"])
    asked = (
        reader.curriculum(row),
        place.first if first is None else first,
        place.last if row["last"] is None else last,
    )
    held, _faults = reader.held(row)
    if asked != (place.curriculum, place.first, place.last):
        curriculum, first, last = asked
        change_participant(place, curriculum=curriculum, first=first, last=last, actor=actor)
    if row["pins"] is not None:
        replace_pins(place, held, actor=actor)
    if row["forbidden"] is not None:
        replace_forbidden(place, [reader.hospitals[c] for c in row["forbidden"]], actor=actor)
    if row["research"] is not None:
        cycle = reader.cycle
        spans = [(period_of(cycle, a), period_of(cycle, b)) for a, b in row["research"]]
        replace_research(place, spans, actor=actor)


register(
    Importer(
        kind="rotation-trainees",
        label=_("Trainees of a rotation plan, with what binds them"),
        columns=COLUMNS,
        permission="rotations.import_wishes",
        key=_KEY,
        current=current,
        check=check,
        apply=apply,
        options=(CYCLE,),
        help=_("One row per trainee; the trainees' page of a plan writes the same sheet out."),
    )
)
