"""Trainees from a spreadsheet: added, changed and bound; what is written out reads in again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cotutelle.exchange import registry
from cotutelle.exchange.checking import Check, check_rows
from cotutelle.exchange.importing import Context, Counts
from cotutelle.exchange.mapping import find_header, match_columns
from cotutelle.exchange.reading import read_book
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.models import Curriculum, Participant, StayPin, Wish
from cotutelle.rotations.months import add_months
from cotutelle.rotations.queries.planning_keys import ward_key
from cotutelle.rotations.queries.planning_sheet import line_of, span_words, with_constraints
from cotutelle.rotations.services.planning_cycles import change_participant
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_planning import World, make_curriculum, make_world

pytestmark = pytest.mark.django_db
HEADS = ("学号", "轮转方案", "起始月", "结束月", "不去的医院", "科研保护月", "固定的轮转")
MOST = 10_000_000


@pytest.fixture
def world() -> World:
    return make_world()


def month(world: World, period: int) -> str:
    return f"{add_months(world.cycle.starts_on, period):%Y-%m}"


def ward(world: World, code: str) -> str:
    return ward_key(world.wards[code])


def number(world: World, n: int = 0) -> str:
    return str(world.people[n].student.person.number)


def table(*rows: Sequence[str], heads: Sequence[str] = HEADS) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heads, *rows])
    return out.getvalue().encode()


def context(world: World) -> Context:
    options = {"cycle": str(world.cycle.public_id)}
    return Context(unit=world.hospital, actor=world.office, options=options)


def checked(world: World, content: bytes, *, name: str = "a.csv", kind: str = "trainees") -> Check:
    importer = registry.find(f"rotation-{kind}")
    book = read_book(content, name, max_bytes=MOST)
    header = find_header(book, importer.columns)
    assert header is not None
    mapping = match_columns(header, importer.columns)
    return check_rows(importer, book.sheets[header.sheet], header, mapping, context(world))


def taken_in(world: World, content: bytes) -> Counts:
    found = checked(world, content)
    assert found.problems == ()
    apply = registry.find("rotation-trainees").apply
    assert apply(found.rows, context(world), lambda done: None) == found.counts
    return found.counts


def place(world: World, n: int = 0) -> Participant:
    return with_constraints(Participant.objects.filter(pk=world.people[n].pk)).get()


def pins(participant: Participant) -> list[tuple[str, int, str, int]]:
    return [(p.block.code, p.part, p.ward.code, p.start) for p in participant.pins.all()]


def test_who_is_new_is_added_with_what_binds_them(world: World) -> None:
    fresh = StudentFactory.create(cohort=world.people[0].student.cohort)
    row = (
        fresh.person.number, "0100 2026", month(world, 1), month(world, 7), world.other.code,
        f"{month(world, 4)}~{month(world, 5)}", f"{month(world, 1)} {ward(world, 'IM1')}",
    )  # fmt: skip
    assert taken_in(world, table(row)) == Counts(created=1)
    made = with_constraints(Participant.objects.filter(student=fresh)).get()
    assert (made.curriculum, made.first, made.last) == (world.curriculum, 1, 7)
    assert pins(made) == [("IM", 0, "IM1", 1)]
    line = line_of(made)
    assert line.forbidden == (world.other.code,)
    assert [span_words(s) for s in line.research] == [f"{month(world, 4)}~{month(world, 5)}"]
    assert taken_in(world, table(row)) == Counts(unchanged=1)


def test_a_filled_cell_replaces_an_empty_one_leaves_alone(world: World) -> None:
    bound = (
        number(world), "", "", month(world, 7), world.other.code, month(world, 5),
        f"{month(world, 0)} {ward(world, 'IM1')}; {month(world, 3)} {ward(world, 'SU1')}",
    )  # fmt: skip
    taken_in(world, table(bound))
    assert taken_in(world, table((number(world), *[""] * 6))) == Counts(unchanged=1)
    known = place(world)
    assert (known.last, len(line_of(known).pins), Wish.objects.count()) == (7, 2, 2)
    changed = (number(world), "", "", "无", "none", "-", f"{month(world, 4)} {ward(world, 'SU1')}")
    assert taken_in(world, table(changed)) == Counts(updated=1)
    known = place(world)
    assert (known.last, pins(known)) == (None, [("SU", 0, "SU1", 4)])
    assert not Wish.objects.exists()


def test_parts_of_a_block_are_taken_in_order_of_time(world: World) -> None:
    here = ward(world, "IM1")
    cell = f"{month(world, 5)} {here}; {month(world, 0)} {here}"
    taken_in(world, table((number(world), *[""] * 5, cell)))
    assert pins(place(world)) == [("IM", 0, "IM1", 0), ("IM", 1, "IM1", 5)]


def test_every_bad_cell_is_named_and_nothing_is_changed(world: World) -> None:
    late, first = month(world, 30), month(world, 0)
    stranger = make_person(Role.STUDENT).number
    rows = [
        (stranger, *[""] * 6),
        (number(world), "9999", *[""] * 5),
        (number(world, 1), "", "September", "", "XX", late, f"{first} XX/YY"),
        (number(world, 2), "", month(world, 3), month(world, 1), "", "", f"{late} {ward(world, 'SU1')}"),
    ]  # fmt: skip
    found = checked(world, table(*rows))
    assert {(p.row, p.column, p.code) for p in found.problems} == {
        (2, "number", "trainee.person"),
        (3, "curriculum", "trainee.curriculum"),
        (4, "first", "cell"),
        (4, "forbidden", "trainee.hospital"),
        (4, "research", "trainee.month"),
        (4, "pins", "trainee.pin"),
        (5, "last", "trainee.months"),
        (5, "pins", "trainee.pin"),
    }
    assert found.good == ()
    assert not StayPin.objects.exists()
    assert not Wish.objects.exists()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("{0} {RE1}; {0} {SU1}", "held in"),
        ("{0} {SU1}; {3} {SU1}", "no block of this curriculum"),
        ("{0} {SU1} IM", "no block of this curriculum"),
    ],
)
def test_stays_that_cannot_be_held_together_are_told(world: World, cell: str, says: str) -> None:
    months = [month(world, n) for n in range(4)]
    text = cell.format(*months, RE1=ward(world, "RE1"), SU1=ward(world, "SU1"))
    with override("en"):
        (problem,) = checked(world, table((number(world), *[""] * 5, text))).problems
    assert (problem.column, problem.code) == ("pins", "trainee.pin")
    assert says in problem.message


def test_a_ward_of_two_departments_needs_the_block(world: World) -> None:
    surgery = world.wards["SU1"].accreditations.get().department
    world.wards["IM1"].accreditations.create(department=surgery)
    stay = f"{month(world, 0)} {ward(world, 'IM1')}"
    (problem,) = checked(world, table((number(world), *[""] * 5, stay))).problems
    assert "IM, SU" in problem.message
    taken_in(world, table((number(world), *[""] * 5, f"{stay} SU")))
    assert pins(place(world)) == [("SU", 0, "IM1", 0)]


def test_another_curriculum_lets_go_what_was_held_for_the_first(world: World) -> None:
    stay = f"{month(world, 0)} {ward(world, 'SU1')}"
    taken_in(world, table((number(world), *[""] * 5, stay)))
    other = make_curriculum(world.other)
    Curriculum.objects.filter(pk=other.pk).update(specialty_code="0200", name_zh="外科")
    change_participant(place(world), curriculum=other, first=0, last=None, actor=world.office)
    assert pins(place(world)) == []
    taken_in(world, table((number(world), "0100", *[""] * 4, stay)))
    assert place(world).curriculum == world.curriculum
    assert pins(place(world)) == [("SU", 0, "SU1", 0)]


@pytest.mark.parametrize("kind", ["trainees", "wishes"])
def test_only_plans_that_one_plans_can_be_chosen(world: World, kind: str) -> None:
    (option,) = registry.find(f"rotation-{kind}").options
    assert list(option.choices(world.office, world.hospital)) == [
        (str(world.cycle.public_id), world.cycle.display_name)
    ]
    for role in (Role.BASE_SECRETARY, Role.LEADER):
        assert list(option.choices(make_person(role, unit=world.hospital), world.hospital)) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("sheet", ["trainees", ""])
def test_what_is_written_out_reads_in_again(
    client: Client, world: World, language: str, sheet: str
) -> None:
    cells = (world.other.code, f"{month(world, 5)}~{month(world, 6)}", f"{month(world, 0)} {ward(world, 'SU1')}")  # fmt: skip
    taken_in(world, table((number(world), "", "", month(world, 7), *cells)))
    Wish.objects.create(
        participant=world.people[1], kind=WishKind.PREFER_WARD, ward=world.wards["IM2"],
        weight=2, reason="近", created_at=world.cycle.created_at,
    )  # fmt: skip
    world.office.language = language
    world.office.save(update_fields=["language"])
    client.force_login(world.office)
    address = reverse("rotations:people", args=[world.cycle.public_id])
    content = client.get(address, {"format": "xlsx", "sheet": sheet}).content
    kind = "trainees" if sheet else "wishes"
    importer = registry.find(f"rotation-{kind}")
    book = read_book(content, "a.xlsx", max_bytes=MOST)
    header = find_header(book, importer.columns)
    assert header is not None
    assert set(match_columns(header, importer.columns)) == {c.name for c in importer.columns}
    found = checked(world, content, name="a.xlsx", kind=kind)
    assert found.problems == ()
    counts = importer.apply(found.rows, context(world), lambda done: None)
    assert (counts.created, counts.updated) == (0, 0)
