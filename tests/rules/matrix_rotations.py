"""What rotations, the week, hours and calendars put into the world of the access matrix."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from cotutelle.availability.services import create_feed
from cotutelle.core.clock import now, today
from cotutelle.engines.rotation import problem_to_json
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import (
    AccountKind,
    AlertKind,
    DutyKind,
    EventKind,
    ExceptionKind,
    Presence,
    ScenarioState,
    TermState,
    WishKind,
)
from cotutelle.rotations.models import (
    AccountLine,
    Attendance,
    BlockOrder,
    ClinicalProblem,
    Curriculum,
    CurriculumBlock,
    DutyEntry,
    ElectiveGroup,
    HourException,
    HoursAlert,
    Participant,
    PlanEvent,
    Scenario,
    Stay,
    StayPin,
    Swap,
    Ward,
    WeeklyBusy,
    Wish,
)
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_keys import parts_of, trainee_key, ward_key
from cotutelle.rotations.queries.planning_problem import build_problem
from cotutelle.rotations.queries.planning_scenarios import figures, stays_to_json
from tests.factories.people import make_person
from tests.factories.rotations_setup import (
    DepartmentFactory,
    make_curriculum,
    make_cycle,
    make_participant,
    make_stay,
    make_ward,
)
from tests.factories.rotations_weekly import make_meeting, make_room, make_round, make_term

if TYPE_CHECKING:
    from tests.rules.matrix_world import World

PULLED_BY = "值班医生"


def put_rotations(world: World, student: Student, mentor: Person) -> None:
    """Put set-up, a plan in force, one in the making, a term and hours of ``student``."""
    _setup(world)
    stay = _plans(world, student)
    _week(world, student, mentor)
    _hours(world, student, stay.ward)
    feed, token = create_feed(student.person, "phone", language="en", actor=student.person)
    world.put("feed", "student", feed, token=token)


def _setup(world: World) -> None:
    department = DepartmentFactory.create()
    world.put("department", "", department)
    ward = make_ward(department, unit=world.home)
    world.put("ward", "open", ward, pk=ward.accreditations.get().pk)
    for label, in_force in (("draft", False), ("in_force", True)):
        curriculum = make_curriculum(2, 2, unit=world.home, in_force=in_force)
        first, second = curriculum.blocks.all()
        order = BlockOrder.objects.create(curriculum=curriculum, before=first, after=second)
        group = ElectiveGroup.objects.create(curriculum=curriculum, code="EL", name_zh="选修")
        world.put(
            "curriculum", label, curriculum, pk=first.pk, group_pk=group.pk, order_pk=order.pk
        )


def _plans(world: World, student: Student) -> Stay:
    """Two trainees of a plan in force, who might exchange; and a scenario nobody was told of."""
    cycle = make_cycle(world.home)
    world.put("cycle", "draft", cycle)
    curriculum = make_curriculum(2, 2, unit=world.home)
    blocks = list(curriculum.blocks.all())
    wards = [one.department.accreditations.get().ward for one in blocks]
    mine = Participant.objects.create(cycle=cycle, student=student, curriculum=curriculum)
    other = make_participant(cycle, curriculum)
    stays = [make_stay(mine, wards[0], 0, 2), make_stay(mine, wards[1], 2, 2)]
    theirs = make_stay(other, wards[1], 0, 2)
    _second_blocks(stays[1], theirs, block=blocks[1])
    world.put("stay", "student", stays[1])
    ready = _scenario(curriculum, wards, [mine, other])
    Scenario.objects.filter(pk=stays[0].scenario.pk).update(
        rules=ready.rules,
        problem=ready.problem,
        stays=ready.stays,
        outcome=ready.outcome,
        published_at=now(),
        published_by=cycle.created_by,
    )
    world.put("trial", "published", stays[0].scenario)
    world.put("trial", "ready", ready)
    pin = StayPin.objects.create(
        participant=mine, block=blocks[0], ward=wards[0], start=0,
        created_by=cycle.created_by, created_at=now(),
    )  # fmt: skip
    world.put("trainee", "student", mine, key=pin.pk)
    wish = Wish.objects.create(
        participant=mine, kind=WishKind.PREFER_WARD, ward=wards[0], reason="家近", created_at=now()
    )
    world.put("wish", "student", wish)
    event = PlanEvent.objects.create(
        cycle=cycle, kind=EventKind.WARD_PLACES, ward=wards[1], first=3, upper=1, created_at=now()
    )
    world.put("event", "cycle", event)
    swap = Swap.objects.create(asker_stay=stays[1], other_stay=theirs, asked_at=now())
    world.put("swap", "asked", swap)
    return stays[0]


def _second_blocks(*stays: Stay, block: CurriculumBlock) -> None:
    for stay in stays:
        stay.block, stay.part = block, 0
        stay.save()


def _scenario(curriculum: Curriculum, wards: list[Ward], people: list[Participant]) -> Scenario:
    cycle = people[0].cycle
    rules = PlanRules()
    problem = build_problem(cycle, rules=rules)
    keys = [parts_of(block)[0].key for block in curriculum.blocks.all()]
    stays: dict[str, Any] = {}
    for turn, person in enumerate(people):
        order = [0, 1] if turn == 0 else [1, 0]
        stays[trainee_key(person)] = tuple(
            _engine_stay(keys[n], ward_key(wards[n]), 2 * at) for at, n in enumerate(order)
        )
    outcome = figures(problem, stays, {}) | {"status": "feasible", "bound": None, "gap": None}
    return Scenario.objects.create(
        cycle=cycle, number=2, state=ScenarioState.READY, rules=rules.as_parameters(),
        problem=problem_to_json(problem), stays=stays_to_json(stays), outcome=outcome,
        created_by=cycle.created_by, created_at=now(), computed_at=now(),
    )  # fmt: skip


def _engine_stay(key: str, ward: str, start: int) -> Any:
    from cotutelle.engines.rotation import Stay as Planned  # noqa: PLC0415  another Stay

    return Planned(key, ward, start)


def _week(world: World, student: Student, mentor: Person) -> None:
    """A published term; a joint round of both mentors with the student, and a problem raised."""
    term = make_term(
        world.home, starts_on=today() - dt.timedelta(days=14),
        ends_on=today() + dt.timedelta(days=60), state=TermState.PUBLISHED, published_at=now(),
    )  # fmt: skip
    room = make_room(world.home)
    WeeklyBusy.objects.create(
        term=term, person=mentor, weekday=0, starts_at=dt.time(8), ends_at=dt.time(10)
    )
    world.put("term", "published", term, room_id=room.public_id, person_id=mentor.public_id)
    series = make_round(
        term, clinical=mentor, student=student.person,
        research=make_person(Role.MENTOR), weekday=2, starts_at=dt.time(14),
    )  # fmt: skip
    series.name_zh, series.name_en = f"{mentor.name_zh}团队", f"Team of {mentor.name_en}"
    series.save()
    world.put("series", "joint_round", series)
    past = make_meeting(series, now() - dt.timedelta(days=7))
    Attendance.objects.create(meeting=past, person=student.person, presence=Presence.PRESENT)
    ClinicalProblem.objects.create(
        meeting=past, title="术后谵妄", raised_by=student.person, created_at=now()
    )
    world.put("meeting", "past", past)
    world.put("meeting", "to_come", make_meeting(series, now() + dt.timedelta(days=7)))


def _hours(world: World, student: Student, ward: Ward) -> None:
    day = today()
    DutyEntry.objects.create(
        student=student, ward=ward, day=day, kind=DutyKind.RESEARCH, starts_at=dt.time(8),
        minutes=240, source="roster.xlsx",
    )  # fmt: skip
    logged = HourException.objects.create(
        student=student, day=day, kind=ExceptionKind.PULLED_TO_WARD, duty=DutyKind.RESEARCH,
        minutes=240, ward=ward, pulled_by=PULLED_BY, note="缺人", logged_at=now(),
    )  # fmt: skip
    AccountLine.objects.create(
        student=student, day=day, kind=AccountKind.TAKEN, minutes=-240, exception=logged,
        reference=f"taken:{logged.public_id}", at=now(),
    )  # fmt: skip
    world.put("exception", "student", logged)
    alert = HoursAlert.objects.create(
        student=student, ward=ward, kind=AlertKind.RESEARCH_LOW, week=day,
        figures={"value": 2.0, "bound": 4.6}, opened_at=now(), due_on=day + dt.timedelta(days=14),
    )  # fmt: skip
    world.put("alert", "student", alert)
