"""The steps of a season that both years share: prepare, choose, answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from cotutelle.core.clock import at
from cotutelle.people.models import Person
from cotutelle.programmes.models import Cohort
from cotutelle.programmes.services import create_cohort
from cotutelle.selection.enums import RoundState, Verdict
from cotutelle.selection.models import Answer, Offer, Override, Participant, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.answers import applicant_ids
from cotutelle.selection.services.answers import Word, save_answer, submit_answer
from cotutelle.selection.services.lists import save_list, submit_list
from cotutelle.selection.services.overrides import request_override
from cotutelle.selection.services.rounds import create_round
from cotutelle.selection.services.steps import move_round
from cotutelle.web.demo.chance import happens
from cotutelle.web.demo.paperwork import signed_page
from cotutelle.web.demo.state import Demo, DemoMentor, DemoStudent
from cotutelle.web.demo.wishes import DemoOffer, choices, judge, tiers

MOST_CHOICES = 9


@dataclass(slots=True)
class Season:
    """A round while it is being made; ``start`` counts days from the day of the demo."""

    demo: Demo
    year: int
    start: int
    windows: Mapping[str, tuple[int, int]]
    answers_until: int
    cohort: Cohort
    round: Round
    students: list[DemoStudent] = field(default_factory=list)
    offers: list[DemoOffer] = field(default_factory=list)
    mentors: list[DemoMentor] = field(default_factory=list)


def new_cohort(demo: Demo, year: int) -> Cohort:
    """Open the cohort of ``year`` under the university."""
    return create_cohort(
        demo.units["YLMU"], year=year, name_zh=f"{year}级研究生", name_en=f"Class of {year}",
        actor=demo.staff["officer"],
    )  # fmt: skip


def new_round(
    demo: Demo, cohort: Cohort, windows: Mapping[str, tuple[int, int]], answers_until: int
) -> Round:
    """Prepare the round of ``cohort`` with a calendar for each route."""
    rules = RoundRules(min_choices=1, max_choices=10, interviews=True, notice_days=5)
    return create_round(
        demo.units["YLJT"],
        cohort,
        rules,
        name_zh=f"{cohort.year}级研究生师生双选",
        name_en=f"Mutual selection {cohort.year}",
        quota_year=cohort.year,
        calendars={
            route: (demo.moment(first), demo.moment(last, 17))
            for route, (first, last) in windows.items()
        },
        answers_close_at=demo.moment(answers_until, 18),
        actor=demo.staff["officer"],
    )


def learn_sizes() -> None:
    """Let PostgreSQL know how large the fresh tables are: it plans badly when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def step(season: Season, to: RoundState, day: int, hour: int = 18) -> None:
    """Move the round on ``day``."""
    with at(season.demo.moment(day, hour)):
        move_round(season.round, to, actor=season.demo.staff["officer"])
    learn_sizes()


def write_lists(season: Season, *, drafts: int = 0, empty: int = 0) -> None:
    """Let students choose in their calendars; the last ones leave drafts or nothing."""
    random = season.demo.random
    found = season.round.participants.select_related("student__person", "student__unit", "round")
    by_student = {one.student_id: one for one in found}
    order = list(season.students)
    random.shuffle(order)
    done = len(order) - drafts - empty
    for n, one in enumerate(order[: done + drafts]):
        participant = by_student[one.student.pk]
        chosen = choices(random, one, season.offers, most=MOST_CHOICES)
        with at(_within(season, one)):
            save_list(
                participant,
                [offer.public_id for offer in chosen],
                expected_version=None,
                accepts_adjustment=happens(random, 0.8),
                actor=participant.student.person,
            )
            if n < done:
                submit_list(participant, expected_version=None, actor=participant.student.person)


def _within(season: Season, one: DemoStudent) -> dt.datetime:
    """Return a moment in the student's calendar; most come late."""
    random = season.demo.random
    first, last = season.windows[one.student.route]
    day = last - min(int(random.expovariate(0.5)), last - first - 1)
    hour = random.randrange(8, 16) if day == last else random.randrange(8, 23)
    return season.demo.moment(day, hour, random.randrange(60))


def write_answers(
    season: Season,
    *,
    silent: Sequence[DemoMentor],
    first_day: int,
    last_day: int,
    proxies: Mapping[int, Person],
) -> list[Answer]:
    """Let mentors and teams answer; ``proxies`` names who acts for which mentor."""
    random, made = season.demo.random, []
    quiet = {one.mentor.pk for one in silent}
    people = {one.student.pk: one for one in season.students}
    fields = {one.mentor.pk: one.field for one in season.demo.mentors}
    rows = season.round.answers.select_related("mentor__person", "team__first__person", "round")
    for answer in rows.filter(places__gt=0).order_by("pk"):
        if answer.mentor_id in quiet:
            continue
        lead = answer.mentor or answer.team.first  # type: ignore[union-attr]
        words = _words(season, answer, people, fields[lead.pk])
        day = random.randrange(first_day, last_day + 1)
        principal, agent = lead.person, proxies.get(lead.pk)
        told = {"actor": agent or principal, "on_behalf_of": principal if agent else None}
        with at(season.demo.moment(day, random.randrange(8, 22), random.randrange(60))):
            save_answer(answer, words, expected_version=None, **told)  # type: ignore[arg-type]
            submit_answer(answer, expected_version=None, **told)  # type: ignore[arg-type]
        made.append(answer)
    return made


def _words(
    season: Season, answer: Answer, people: Mapping[int, DemoStudent], own: object
) -> list[Word]:
    keys = applicant_ids(answer)
    rows = Participant.objects.filter(pk__in=keys).order_by("pk")
    judged = {
        one.pk: judge(season.demo.random, people[one.student_id], own)  # type: ignore[arg-type]
        for one in rows
    }
    tier = tiers([(worth, pk) for pk, (word, worth) in judged.items() if word == Verdict.ACCEPT])
    return [Word(keys[pk], word, tier.get(pk)) for pk, (word, _worth) in judged.items()]


def ask_assignment(season: Season, ground: str) -> Override:
    """Ask for an assignment (指定) of the first student without a list."""
    one = season.round.participants.filter(preferences__isnull=True).select_related(
        "round__unit", "student__person", "student__unit"
    )
    participant = one.order_by("pk")[0]
    minutes = signed_page(
        "导师指定会议纪要（演示数据）", ["议题：未填报志愿学生的导师指定。", ground]
    )
    return request_override(
        participant,
        _least_wanted(season, participant),
        ground=ground,
        minutes=minutes,
        actor=season.demo.staff["officer"],
    )


def _least_wanted(season: Season, participant: Participant) -> Offer:
    """Return the least wanted offer of the First Hospital that suits the student."""
    people = {one.student.pk: one for one in season.students}
    suits = [
        one.offer
        for one in season.offers
        if one.institution == "YL1" and one.suits(people[participant.student_id])
    ]
    return min(suits, key=lambda offer: (offer.preferences.count(), offer.pk))
