"""How a round came out, in numbers that name nobody: shares with intervals, small counts hidden."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from cotutelle.engines.statistics import (
    Estimate,
    gini,
    mean_interval,
    suppressed,
    wilson_interval,
)
from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    ParticipantState,
    PlacementState,
    Regime,
    RoundState,
    Side,
)
from cotutelle.selection.models import Answer, Participant, Round, Satisfaction
from cotutelle.selection.policy import RoundRules

LEAST = 5
ANSWER_DAYS = 30
YEARS = 6
PROFILE_LENGTH = 4
_CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_LETTER = re.compile("[A-Za-z]")
_CHINESE_SHARE = 0.2
_PRESENT = (AdmissionState.PROVISIONAL, AdmissionState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One group of students. ``hidden``: too few to be shown, or they would give such a group away.

    ``rank`` is the mean place of the choice among those placed by one of their choices.
    """

    label: str
    n: int
    placed: Estimate
    first: Estimate
    rank: Estimate
    hidden: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Students of one round by what they got: places 1, 2, 3, later or assigned, none."""

    round: Round
    students: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Students per mentor or team that has places: how many of them have 0, 1, 2 … students."""

    counts: tuple[int, ...]
    places: int
    taken: int
    gini: float | None

    @property
    def mentors(self) -> int:
        """How many mentors and teams are counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Content:
    """How content one side was; ``hidden`` where fewer than `LEAST` have answered."""

    side: Side
    response: Estimate
    score: Estimate
    counts: tuple[int, ...]
    hidden: bool


@dataclass(frozen=True, slots=True)
class _Person:
    """One student of the round, as far as figures go."""

    unit: int
    gender: str
    route: str
    language: str
    placed: bool
    rank: int | None


# ---------------------------------------------------------------- participation, ranks, load


def participation(round_: Round) -> list[tuple[str, Estimate, int]]:
    """
    Return (``cohort``, ``lists`` or ``answers``; share; how many) of the round.

    Students of the cohort who take part, lists handed in, mentors asked who answered; the last
    only where mentors answer lists.
    """
    cohort = Student.objects.filter(cohort=round_.cohort, state__in=_PRESENT)
    part = _active(round_)
    of_cohort = part.filter(student__in=cohort).count()
    students = part.count()
    lists = part.filter(list_state=ListState.SUBMITTED).count()
    found = [
        ("cohort", wilson_interval(of_cohort, max(of_cohort, cohort.count())), of_cohort),
        ("lists", wilson_interval(lists, students), lists),
    ]
    if RoundRules.from_parameters(round_.policy.parameters).regime != Regime.SEQUENTIAL:
        answers = round_.answers.filter(places__gt=0).aggregate(
            all=Count("id"), done=Count("id", filter=Q(state=AnswerState.SUBMITTED))
        )
        found.append(("answers", wilson_interval(answers["done"], answers["all"]), answers["done"]))
    return found


def _active(round_: Round) -> QuerySet[Participant]:
    return round_.participants.filter(state=ParticipantState.ACTIVE)


def placed_share(round_: Round) -> Estimate:
    """Return the share of the round's students who hold a place."""
    people = _people(round_)
    return wilson_interval(sum(one.placed for one in people), len(people))


def profiles(round_: Round) -> list[Profile]:
    """Return this and earlier rounds of the same unit and stage, oldest first; no other supplements."""
    rows = (
        Round.objects.filter(unit=round_.unit, stage=round_.stage)
        .filter(
            Q(pk=round_.pk)
            | Q(
                supplements__isnull=True,
                state__in=(RoundState.PUBLISHED, RoundState.CONFIRMED),
                quota_year__lte=round_.quota_year,
            )
        )
        .order_by("-quota_year", "-id")[:YEARS]
    )
    return [_profile(one) for one in reversed(rows)]


def _profile(round_: Round) -> Profile:
    people = _people(round_)
    ranks = Counter(one.rank for one in people if one.placed)
    assigned = ranks.pop(None, 0)
    top = [ranks.pop(place, 0) for place in range(1, PROFILE_LENGTH)]
    later = sum(ranks.values())
    placed = sum(top) + later + assigned
    return Profile(round_, len(people), (*top, later + assigned, len(people) - placed))


def load_of(round_: Round) -> Load:
    """Return how the students are spread over mentors and teams with places."""
    places = {a.node_id: a.places for a in Answer.objects.filter(round=round_, places__gt=0)}
    taken: Counter[str] = Counter()
    live = round_.placements.exclude(state=PlacementState.VACATED).select_related("offer")
    for placement in live:
        taken[placement.offer.node_id] += 1
    each = [taken[node] for node in places]
    tally = Counter(each)
    return Load(
        tuple(tally[count] for count in range(max(tally, default=-1) + 1)),
        sum(places.values()),
        sum(each),
        gini(each),
    )


# ---------------------------------------------------------------- fairness


def _people(round_: Round) -> list[_Person]:
    ranks = dict(
        round_.placements.exclude(state=PlacementState.VACATED).values_list(
            "participant_id", "student_rank"
        )
    )
    rows = _active(round_).values_list(
        "pk",
        "student__unit_id",
        "student__person__gender",
        "student__route",
        "student__statement",
        "student__career_plan",
    )
    return [
        _Person(unit, gender, route, language_of(f"{said} {plan}"), key in ranks, ranks.get(key))
        for key, unit, gender, route, said, plan in rows
    ]


def language_of(text: str) -> str:
    """Return ``zh`` or ``en`` by the letters of a text, or nothing where there are none."""
    chinese, latin = len(_CJK.findall(text)), len(_LETTER.findall(text))
    if not chinese + latin:
        return ""
    return "zh" if chinese / (chinese + latin) >= _CHINESE_SHARE else "en"


def fairness(round_: Round) -> dict[str, list[Row]]:
    """
    Return the students of the round by ``institution``, ``gender``, ``route`` and ``language``.

    Labels are keys: of a unit, of a gender as stored, of a route, of a language. Where nothing is
    known of anybody, a table is empty.
    """
    people = _people(round_)
    homes = _institutions({one.unit for one in people})
    tables: Mapping[str, Callable[[_Person], str]] = {
        "institution": lambda one: str(homes[one.unit]),
        "gender": lambda one: one.gender,
        "route": lambda one: one.route,
        "language": lambda one: one.language,
    }
    return {name: _table(people, key) for name, key in tables.items()}


def _institutions(keys: Iterable[int]) -> dict[int, int]:
    """Return unit → the nearest institution at or above it; two queries."""
    paths = dict(Unit.objects.filter(pk__in=keys).values_list("pk", "path"))
    lines = {key: [int(part) for part in path.split("/") if part] for key, path in paths.items()}
    above = {part for line in lines.values() for part in line}
    own = set(
        Unit.objects.filter(pk__in=above, kind__in=INSTITUTION_KINDS).values_list("pk", flat=True)
    )
    return {
        key: next((part for part in reversed(line) if part in own), line[0])
        for key, line in lines.items()
    }


def _table(people: Sequence[_Person], key: Callable[[_Person], str]) -> list[Row]:
    groups: dict[str, list[_Person]] = defaultdict(list)
    for one in people:
        groups[key(one)].append(one)
    if set(groups) <= {""}:
        return []
    hidden = suppressed({label: len(rows) for label, rows in groups.items()}, least=LEAST)
    found = [_row(label, rows, hidden=label in hidden) for label, rows in groups.items()]
    return sorted(found, key=lambda row: (row.label == "", -row.n, row.label))


def _row(label: str, rows: Sequence[_Person], *, hidden: bool) -> Row:
    n = len(rows)
    ranks = [float(one.rank) for one in rows if one.placed and one.rank]
    return Row(
        label,
        n,
        wilson_interval(sum(one.placed for one in rows), n),
        wilson_interval(sum(one.placed and one.rank == 1 for one in rows), n),
        mean_interval(ranks),
        hidden,
    )


# ---------------------------------------------------------------- satisfaction


def side_of(round_: Round, person: Person) -> Side:
    """Return on which side ``person`` takes part in the round."""
    mine = round_.participants.filter(student__person=person).exists()
    return Side.STUDENT if mine else Side.MENTOR


def satisfaction_until(round_: Round) -> dt.datetime | None:
    """Return until when people may say how content they are; nothing before the confirmation."""
    if round_.state != RoundState.CONFIRMED:
        return None
    first: dt.datetime | None = round_.placements.aggregate(at=Min("confirmed_at"))["at"]
    if first is None:
        last = round_.public_notices.order_by("-ends_at").first()
        first = last.ends_at if last else None
    return first + dt.timedelta(days=ANSWER_DAYS) if first else None


def own_satisfaction(round_: Round, person: Person) -> Satisfaction | None:
    """Return what ``person`` said of the round."""
    return Satisfaction.objects.filter(round=round_, person=person).first()


def satisfaction(round_: Round) -> list[Content]:
    """Return how content students and mentors are, with the share who answered."""
    mentors = {
        mentor.person_id
        for answer in round_.answers.select_related("mentor", "team__first", "team__second")
        for mentor in answer.supervisors
    }
    asked = {Side.STUDENT: _active(round_).count(), Side.MENTOR: len(mentors)}
    said: dict[str, list[int]] = defaultdict(list)
    for side, score in Satisfaction.objects.filter(round=round_).values_list("side", "score"):
        said[side].append(score)
    return [_content(side, said[side], asked[side]) for side in Side]


def _content(side: Side, scores: Sequence[int], asked: int) -> Content:
    tally = Counter(scores)
    return Content(
        side,
        wilson_interval(len(scores), max(asked, len(scores))),
        mean_interval([float(score) for score in scores]),
        tuple(tally[step] for step in range(1, 6)),
        len(scores) < LEAST,
    )


def comments(round_: Round) -> dict[Side, list[str]]:
    """Return what people wrote, without names or times; none of a side with few answers."""
    found: dict[Side, list[str]] = {}
    for side in Side:
        rows = Satisfaction.objects.filter(round=round_, side=side)
        if rows.count() >= LEAST:
            texts = rows.exclude(comment="").values_list("comment", flat=True)
            found[side] = sorted(texts)
    return found


def figures_json(round_: Round) -> dict[str, Any]:
    """Return all figures as plain values; hidden groups without theirs."""
    return {
        "participation": {name: _estimate(share) for name, share, _n in participation(round_)},
        "placed": _estimate(placed_share(round_)),
        "profiles": [
            {"round": str(p.round.public_id), "students": p.students, "counts": list(p.counts)}
            for p in profiles(round_)
        ],
        "fairness": {
            name: [_row_json(row) for row in rows] for name, rows in fairness(round_).items()
        },
        "satisfaction": {
            one.side.value: {
                "response": _estimate(one.response),
                "score": None if one.hidden else _estimate(one.score),
            }
            for one in satisfaction(round_)
        },
    }


def _row_json(row: Row) -> dict[str, Any]:
    if row.hidden:
        return {"group": row.label, "hidden": True}
    return {
        "group": row.label,
        "hidden": False,
        "n": row.n,
        "placed": _estimate(row.placed),
        "first": _estimate(row.first),
        "rank": _estimate(row.rank),
    }


def _estimate(one: Estimate) -> dict[str, Any]:
    return {"value": one.value, "low": one.low, "high": one.high, "n": one.n}
