"""Rotations of the demonstration: a plan in force that an event has hit, and one being made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db.models import Q, QuerySet

from cotutelle.core.clock import at
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import EventKind, ScenarioState, WishKind
from cotutelle.rotations.models import Curriculum, Cycle, Participant, Scenario, Ward
from cotutelle.rotations.months import add_months, first_of
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_months import period_of
from cotutelle.rotations.services.planning_computing import compute_scenario
from cotutelle.rotations.services.planning_cycles import (
    CycleData,
    add_participants,
    create_cycle,
)
from cotutelle.rotations.services.planning_publication import publish_scenario
from cotutelle.rotations.services.planning_scenarios import request_scenario
from cotutelle.rotations.services.planning_wishes import (
    EventData,
    WishData,
    add_wish,
    record_event,
)
from cotutelle.web.demo.logins import MENTOR, MENTOR_DONE, STUDENT_PLACED
from cotutelle.web.demo.state import Demo

BEGAN_MONTHS_AGO, BEGINS_IN = 11, 3
PLANNED_DAYS_BEFORE = 25
MONTHS = 40
SECONDS = 60
# Specialty code of a curriculum → disciplines of those who follow it.
SPECIALTIES = {
    "0100": ("内科学", "肿瘤学", "儿科学", "妇产科学", "神经病学", "急诊医学", "康复医学与理疗学"),
    "0900": ("外科学", "麻醉学"),
    "2600": ("影像医学与核医学",),
}


def seed_rotation_planning(demo: Demo) -> None:
    """Publish last year's plan, let a ward lose places, and prepare the plan of this year."""
    publish_last_year(demo)
    prepare_this_year(demo)


def publish_last_year(demo: Demo) -> None:
    """Plan the professional students of last year's cohort and put the plan in force."""
    begin = add_months(first_of(demo.day), -BEGAN_MONTHS_AGO)
    days = (begin - demo.day).days - PLANNED_DAYS_BEFORE
    office = demo.staff["residency"]
    with at(demo.moment(days)):
        cycle = _cycle(demo, office, demo.year - 1, begin, SECONDS)
        students = _last_years_trainees(demo)
        _add(cycle, students, office)
        _wish(demo, cycle, office, every=2)
        scenario = request_scenario(cycle, kind="plan", actor=office)
        scenario = compute_scenario(scenario, actor=office, should_stop=_has_plan(scenario))
        if scenario.state != ScenarioState.READY:
            raise ValueError(f"wards: last year's plan is {scenario.state}")
        publish_scenario(scenario, revision=scenario.revision, actor=office)
    cycle.refresh_from_db()
    with at(demo.moment(-5)):
        present = period_of(cycle, demo.day)
        record_event(
            cycle,
            EventData(
                kind=EventKind.WARD_PLACES,
                ward=_busiest(cycle, present + 3),
                first=present + 3,
                last=present + 6,
                upper=0,
                note="病区装修（演示数据）",
            ),
            actor=office,
        )


def _last_years_trainees(demo: Demo) -> QuerySet[Student]:
    """Return the professional students, and whom one can sign in as or as whose mentor."""
    clinical = Q(degree_type="professional") | Q(person__username=STUDENT_PLACED)
    mentored = Q(mentorships__mentor__person__username__in=(MENTOR, MENTOR_DONE))
    rows = Student.objects.filter(clinical | mentored, cohort__year=demo.year - 1)
    return Student.objects.filter(pk__in=rows.values("pk"))


def _has_plan(scenario: Scenario) -> Callable[[], bool]:
    """Return what ends a computation once it has a plan and a bound: the demonstration starts soon."""

    def told() -> bool:
        progress = Scenario.objects.values_list("progress", flat=True).get(pk=scenario.pk)
        return progress.get("score") is not None and progress.get("bound") is not None

    return told


def _busiest(cycle: Cycle, period: int) -> Ward:
    """Return the bounded ward with most of these trainees in a month."""
    day = add_months(cycle.starts_on, period)
    wards = Ward.objects.filter(upper__isnull=False)
    count = {
        ward.pk: ward.stays.filter(starts_on__lte=day, ends_on__gte=day).count() for ward in wards
    }
    return max(wards.order_by("pk"), key=lambda ward: count[ward.pk])


def prepare_this_year(demo: Demo) -> None:
    """Prepare the plan of this year's clinical students with their wishes."""
    officer = demo.staff["officer"]
    begin = add_months(first_of(demo.day), BEGINS_IN)
    with at(demo.moment(-3)):
        cycle = _cycle(demo, officer, demo.year, begin, SECONDS)
        _add(cycle, Student.objects.filter(cohort__year=demo.year), officer)
        _wish(demo, cycle, officer, every=3)


def _cycle(demo: Demo, actor: Person, year: int, begin: dt.date, seconds: int) -> Cycle:
    data = CycleData(
        name_zh=f"{year}级轮转计划",
        name_en=f"Rotations, class of {year}",
        starts_on=begin,
        months=MONTHS,
    )
    rules = PlanRules(time_limit=seconds, minimums=year == demo.year)
    return create_cycle(demo.units["YL1"], data, rules, actor=actor)


def _add(cycle: Cycle, students: QuerySet[Student], actor: Person) -> None:
    curricula = {c.specialty_code: c for c in Curriculum.objects.filter(state="in_force")}
    for code, disciplines in SPECIALTIES.items():
        add_participants(
            cycle,
            students.filter(discipline__in=disciplines).order_by("id"),
            default=curricula[code],
            actor=actor,
        )


def _wish(demo: Demo, cycle: Cycle, actor: Person, *, every: int) -> None:
    """Let some prefer a hospital or a ward, some keep away from one, a few protect research."""
    hospitals: list[Unit] = [demo.units[code] for code in ("YL1", "YL2", "BJC")]
    wards = list(Ward.objects.filter(upper__isnull=False).order_by("pk"))
    people: list[Participant] = list(cycle.participants.order_by("pk"))
    for n, person in enumerate(people):
        if n % every == 0:
            hospital = demo.random.choice(hospitals)
            add_wish(
                person, WishData(kind=WishKind.PREFER_HOSPITAL, hospital=hospital), actor=actor
            )
        if n % every == 1:
            ward = demo.random.choice(wards)
            add_wish(person, WishData(kind=WishKind.PREFER_WARD, ward=ward, weight=2), actor=actor)
        if n % (every * 8) == every - 1:
            data = WishData(
                kind=WishKind.RESEARCH, first=8, last=10, reason="课题关键期（演示数据）"
            )
            add_wish(person, data, actor=actor)
