"""Hours of the demonstration: rosters of six weeks, lost half-days, an alert open and one closed."""

from __future__ import annotations

import datetime as dt
from random import Random

from cotutelle.core.clock import at
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import AccountKind, AlertKind, DutyKind, ExceptionKind
from cotutelle.rotations.models import AccountLine, DutyEntry, HoursAlert, Stay, Ward
from cotutelle.rotations.services.hours import log_exception, repay_research_time
from cotutelle.rotations.services.hours_alerts import close_alert, evaluate_students
from cotutelle.rotations.services.hours_grants import grant_week
from cotutelle.rotations.shifts import USUAL
from cotutelle.web.demo.logins import STUDENT, STUDENT_PLACED
from cotutelle.web.demo.state import Demo

_SEED = 20261122
WEEKS, AHEAD = 6, 1
# A week's shifts by day, Monday first: a usual one, and one with too much of the ward.
USUAL_WEEK = ("白", "上+科", "白", "夜", "", "科", "")
OTHER_WEEK = ("白", "白", "上+科", "白", "上+科", "", "夜")
HARD_WEEK = ("白", "夜", "白", "上+科", "夜", "白", "白")
PULLED_BY = ("值班二线", "病区主任", "", "护士长", "")
WITH_LOSSES = 14


def seed_hours(demo: Demo) -> None:
    """Let rosters, grants and losses of the last weeks happen."""
    chance = Random(_SEED)  # noqa: S311  invented people
    monday = demo.day - dt.timedelta(days=demo.day.weekday())
    first = monday - dt.timedelta(weeks=WEEKS)
    stays = Stay.objects.filter(starts_on__lte=demo.day, ends_on__gte=first)
    wards: dict[int, Ward] = {}
    people: dict[int, Student] = {}
    for stay in stays.select_related(
        "ward", "participant__student__person", "participant__student__unit"
    ):
        if stay.ward.research_half_days or stay.ends_on >= demo.day:
            wards[stay.participant.student_id] = stay.ward
            people[stay.participant.student_id] = stay.participant.student
    own = _of_the_logins(demo, wards, people)
    hard = own[-1] if own else None
    duties = [
        duty
        for key in sorted(people)
        for duty in _roster(people[key], wards[key], first, chance, is_hard=people[key] == hard)
    ]
    DutyEntry.objects.bulk_create(duties, batch_size=1000)
    _grant(demo, monday, own)
    others = [people[key] for key in sorted(people) if people[key] not in own][:WITH_LOSSES]
    for student in others:
        _lose(demo, student, chance.randint(1, 2), chance)
    for student in own:
        _lose(demo, student, 4, chance)
        with at(demo.moment(-9)):
            repay_research_time(
                student, day=demo.day - dt.timedelta(days=5), minutes=120,
                note="周一下午补回（演示数据）", actor=demo.staff["officer"],
            )  # fmt: skip
    with at(demo.moment(-demo.day.weekday() - 1, 20)):
        evaluate_students(own, monday - dt.timedelta(weeks=1))
    _follow_up(demo, own)


def _of_the_logins(demo: Demo, wards: dict[int, Ward], people: dict[int, Student]) -> list[Student]:
    """Put the students one can sign in as on a ward, too, and return them."""
    rows = Student.objects.filter(person__username__in=(STUDENT, STUDENT_PLACED))
    own = list(rows.select_related("person", "unit").order_by("person__username"))
    ward = (
        Ward.objects.filter(hospital=demo.units["YL1"], research_half_days__gt=0)
        .exclude(upper=None)
        .order_by("pk")
        .first()
    )
    for student in own:
        people[student.pk] = student
        if ward is not None:
            wards.setdefault(student.pk, ward)
    return [one for one in own if one.pk in wards]


def _roster(
    student: Student, ward: Ward, first: dt.date, chance: Random, *, is_hard: bool
) -> list[DutyEntry]:
    shifts = {shift.code: shift for shift in USUAL}
    pattern = chance.choice((USUAL_WEEK, OTHER_WEEK))
    duties = []
    for n in range((WEEKS + AHEAD) * 7):
        day = first + dt.timedelta(days=n)
        week = HARD_WEEK if is_hard and n // 7 in {1, 2, 3} else pattern
        for code in filter(None, week[n % 7].split("+")):
            shift = shifts[code]
            duties.append(
                DutyEntry(
                    student=student, ward=ward, day=day, kind=shift.kind, starts_at=shift.start,
                    minutes=shift.minutes, source="roster:demo",
                )
            )  # fmt: skip
    return duties


def _grant(demo: Demo, monday: dt.date, own: list[Student]) -> None:
    """Grant the research time of each week; who has no plan yet, as their ward gives it."""
    for n in range(WEEKS, -1, -1):
        week = monday - dt.timedelta(weeks=n)
        with at(demo.moment((week - demo.day).days, 6)):
            grant_week(week)
            reference = f"granted:{week.isoformat()}"
            for student in own:
                AccountLine.objects.get_or_create(
                    student=student, reference=reference,
                    defaults={
                        "day": week, "kind": AccountKind.GRANTED, "minutes": 480,
                        "at": demo.moment((week - demo.day).days, 6),
                    },
                )  # fmt: skip


def _lose(demo: Demo, student: Student, count: int, chance: Random) -> None:
    """Log some research shifts of the last weeks as taken by the ward."""
    planned = list(
        DutyEntry.objects.filter(
            student=student, kind=DutyKind.RESEARCH, minutes=240,
            day__gte=demo.day - dt.timedelta(days=27), day__lt=demo.day - dt.timedelta(days=1),
        ).order_by("day")
    )  # fmt: skip
    for duty in sorted(chance.sample(planned, min(count, len(planned))), key=lambda d: d.day):
        with at(demo.moment((duty.day - demo.day).days, 19)):
            log_exception(
                student, day=duty.day, kind=ExceptionKind.PULLED_TO_WARD, duty=DutyKind.RESEARCH,
                minutes=duty.minutes, pulled_by=chance.choice(PULLED_BY), actor=student.person,
            )  # fmt: skip


def _follow_up(demo: Demo, own: list[Student]) -> None:
    """Leave one alert of each student open and close the others."""
    for student in own:
        alerts = HoursAlert.objects.filter(student=student, state="open").order_by("pk")
        for alert in alerts.exclude(kind=AlertKind.BALANCE_LOW):
            with at(demo.moment(-1, 11)):
                close_alert(
                    alert,
                    "已与病区主任谈话：下周三下午还给科研，夜班由进修医师分担（演示数据）",
                    actor=demo.staff["officer"],
                )
