"""A school of a given size, written straight into an empty database: for benchmarks only."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from django.db import connection

from cotutelle.core.clock import now, today
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import EligibilityState, MentorCategory, MentorTitle, Track
from cotutelle.mentorship.models import Eligibility, Mentor, Publication, QuotaAccount
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.validators import search_text, sort_key
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.selection.enums import AnswerState, ListState, OfferState, RoundState, Verdict
from cotutelle.selection.models import (
    Answer,
    AnswerLine,
    Offer,
    Participant,
    Preference,
    Round,
)
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.services import create_round

CHOICES = 10
DEPARTMENTS = 40
TOPICS = (
    "心脏磁共振",
    "肿瘤免疫",
    "脑卒中康复",
    "儿童哮喘",
    "骨折愈合",
    "糖尿病肾病",
    "影像组学",
    "肠道菌群",
)


def build_school(students: int, mentors: int, *, seed: int = 1) -> dict[str, object]:
    """Fill the database; return the people and the round a benchmark asks for."""
    chance = random.Random(seed)  # noqa: S311  not a secret
    root = _unit(None, UnitKind.CONSORTIUM, "C", "联盟")
    school = _unit(root, UnitKind.UNIVERSITY, "U", "大学")
    departments = [
        _unit(school, UnitKind.DEPARTMENT, f"D{i}", f"第{i}科室") for i in range(DEPARTMENTS)
    ]
    officer = _person(school, "officer", "林静")
    Person.objects.bulk_create([officer])
    people = [_person(departments[i % DEPARTMENTS], f"m{i}", f"导师{i}") for i in range(mentors)]
    people += [_person(school, f"s{i}", f"学生{i}") for i in range(students)]
    people = Person.objects.bulk_create(people)
    supervisors, pupils = people[:mentors], people[mentors:]
    _grants(officer, school, supervisors, pupils)
    mentor_rows = _mentors(supervisors, departments)
    round_ = _round(school, officer)
    student_rows = _students(pupils, school, round_.cohort, chance)
    offers = _offers(round_, mentor_rows)
    _lists(round_, student_rows, offers, chance)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"officer": officer, "mentor": supervisors[0], "student": pupils[0], "round": round_}


def _unit(parent: Unit | None, kind: UnitKind, code: str, name: str) -> Unit:
    unit = Unit.objects.create(parent=parent, kind=kind, code=code, name_zh=name, name_en=code)
    unit.path = f"{parent.path if parent else ''}{unit.pk}/"
    unit.save(update_fields=["path"])
    return unit


def _person(unit: Unit, username: str, name: str) -> Person:
    return Person(
        unit=unit,
        username=username,
        number=username,
        name_zh=name,
        name_en=username.upper(),
        password="!",
        name_sort=sort_key(name, ""),
        search_text=search_text(name, username),
    )


def _grants(officer: Person, school: Unit, mentors: list[Person], pupils: list[Person]) -> None:
    start = today() - dt.timedelta(days=30)
    rows = [RoleGrant(person=officer, role=Role.GRADUATE_OFFICER, unit=school, starts_on=start)]
    rows += [RoleGrant(person=p, role=Role.MENTOR, unit=p.unit, starts_on=start) for p in mentors]
    rows += [RoleGrant(person=p, role=Role.STUDENT, unit=p.unit, starts_on=start) for p in pupils]
    RoleGrant.objects.bulk_create(rows)


def _mentors(people: list[Person], departments: list[Unit]) -> list[Mentor]:
    rows = Mentor.objects.bulk_create(
        Mentor(
            person=p,
            unit=departments[i % DEPARTMENTS],
            category=MentorCategory.MASTER,
            title=MentorTitle.SENIOR,
            track=Track.BOTH,
            interests_zh=TOPICS[i % len(TOPICS)],
        )
        for i, p in enumerate(people)
    )
    year = today().year
    Eligibility.objects.bulk_create(
        Eligibility(mentor=m, year=year, state=EligibilityState.ELIGIBLE) for m in rows
    )
    QuotaAccount.objects.bulk_create(
        QuotaAccount(mentor=m, year=year, granted=12, held=8) for m in rows
    )
    Publication.objects.bulk_create(
        Publication(
            mentor=m,
            title=f"{TOPICS[(i + k) % len(TOPICS)]}研究 {k}",
            year=2020 + k,
            fingerprint=f"{k}",
            abstract="多中心队列研究。" * 10,
        )
        for i, m in enumerate(rows)
        for k in range(5)
    )
    return rows


def _round(school: Unit, officer: Person) -> Round:
    year = today().year
    cohort = Cohort.objects.create(unit=school, year=year, name_zh=f"{year} 级")
    round_ = create_round(
        school,
        cohort,
        RoundRules(),
        name_zh=f"{year} 级师生双选",
        quota_year=year,
        calendars={
            route: (now() - dt.timedelta(days=5), now() + dt.timedelta(days=5))
            for route in Route.values
        },
        answers_close_at=now() + dt.timedelta(days=9),
        actor=officer,
    )
    Round.objects.filter(pk=round_.pk).update(state=RoundState.RANKING, seed="benchmark")
    return round_


def _students(
    people: list[Person], school: Unit, cohort: Cohort, chance: random.Random
) -> list[Student]:
    return Student.objects.bulk_create(
        Student(
            person=p,
            unit=school,
            cohort=cohort,
            route=Route.values[i % 3],
            degree_type=DegreeType.PROFESSIONAL,
            candidate_number=f"K{i:06}",
            admission_score=Decimal(chance.randrange(300, 450)),
            statement=f"希望研究{TOPICS[i % len(TOPICS)]}",
        )
        for i, p in enumerate(people)
    )


def _offers(round_: Round, mentors: list[Mentor]) -> list[Offer]:
    Answer.objects.bulk_create(
        Answer(round=round_, mentor=m, places=8, state=AnswerState.OPEN) for m in mentors
    )
    return Offer.objects.bulk_create(
        Offer(
            round=round_,
            mentor=m,
            unit=m.unit,
            number=f"F{i:05}",
            track=Track.BOTH,
            places=8,
            title_zh=f"{TOPICS[i % len(TOPICS)]}方向 {i}",
            title_en=f"Topic {i}",
            state=OfferState.OPEN,
            search_text=TOPICS[i % len(TOPICS)],
        )
        for i, m in enumerate(mentors)
    )


def _lists(
    round_: Round, students: list[Student], offers: list[Offer], chance: random.Random
) -> None:
    rows = Participant.objects.bulk_create(
        Participant(
            round=round_,
            student=s,
            list_state=ListState.SUBMITTED,
            list_version=1,
            submitted_at=now(),
            accepts_adjustment=True,
        )
        for s in students
    )
    answers = {a.mentor_id: a for a in Answer.objects.filter(round=round_)}
    wishes = [(p, chance.sample(offers, min(CHOICES, len(offers)))) for p in rows]
    Preference.objects.bulk_create(
        (
            Preference(participant=p, offer=o, position=i)
            for p, w in wishes
            for i, o in enumerate(w, 1)
        ),
        batch_size=5000,
    )
    AnswerLine.objects.bulk_create(
        (
            AnswerLine(
                answer=answers[o.mentor_id],
                participant=p,
                verdict=Verdict.ACCEPT,
                tier=chance.randrange(1, 6),
            )
            for p, w in wishes
            for o in w
        ),
        batch_size=5000,
    )
