"""Rounds, offers, lists and answers for tests: rows as the services would leave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.core.canonical import digest
from cotutelle.core.clock import now
from cotutelle.decisions.enums import PolicyState
from cotutelle.decisions.models import Policy
from cotutelle.mentorship.enums import Track
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.selection.enums import (
    AnswerState,
    ApplicationState,
    ListState,
    OfferState,
    RoundState,
    Verdict,
)
from cotutelle.selection.models import (
    Answer,
    AnswerLine,
    Application,
    Offer,
    Participant,
    Preference,
    Round,
    RouteCalendar,
)
from cotutelle.selection.policy import POLICY_KIND, RoundRules
from tests.factories.mentorship import YEAR, make_mentor
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

SEED = "5eed" * 16


def make_policy(unit: Any, **parameters: Any) -> Policy:
    """Return a policy in force with ``parameters`` of `RoundRules` (defaults otherwise)."""
    values = RoundRules(**parameters).as_parameters()
    same = Policy.objects.filter(unit=unit, kind=POLICY_KIND).count()
    return Policy.objects.create(
        kind=POLICY_KIND,
        name_zh="双选规则",
        name_en="Selection rules",
        version=same + 1,
        parameters=values,
        sha256=digest(values),
        unit=unit,
        state=PolicyState.ACTIVE,
        created_by=make_person(Role.GRADUATE_OFFICER, unit=unit),
        created_at=now(),
    )


class RoundFactory(DjangoModelFactory[Round]):
    """A draft round without calendars; see `make_round` for one that runs."""

    class Meta:
        model = Round

    cohort = factory.SubFactory(CohortFactory)
    unit = factory.SelfAttribute("cohort.unit")
    policy = factory.LazyAttribute(lambda self: make_policy(self.unit))
    name_zh = factory.Sequence(lambda n: f"2026年师生双选{n}")
    name_en = factory.Sequence(lambda n: f"Mutual selection 2026 {n}")
    quota_year = YEAR
    seed = SEED


def make_round(state: RoundState = RoundState.RANKING, **parameters: Any) -> Round:
    """Return a round in ``state`` with a calendar per route around the present moment."""
    cohort = CohortFactory.create()
    round_ = RoundFactory.create(
        cohort=cohort,
        unit=cohort.unit,
        policy=make_policy(cohort.unit, **parameters),
        state=state,
        answers_close_at=now() + dt.timedelta(days=10),
    )
    for route in Route.values:
        RouteCalendar.objects.create(
            round=round_,
            route=route,
            opens_at=now() - dt.timedelta(days=1),
            closes_at=now() + dt.timedelta(days=5),
        )
    return round_


class ParticipantFactory(DjangoModelFactory[Participant]):
    """A student of the round's cohort taking part."""

    class Meta:
        model = Participant

    round = factory.LazyFunction(make_round)
    student = factory.SubFactory(StudentFactory, cohort=factory.SelfAttribute("..round.cohort"))


def make_offer(round_: Round, mentor: Any = None, *, places: int = 1, **fields: Any) -> Offer:
    """Return an open offer of an eligible mentor, the places held and the answer row made."""
    mentor = mentor or (None if fields.get("team") else make_mentor(unit=round_.unit))
    team = fields.pop("team", None)
    offer = Offer.objects.create(
        round=round_,
        mentor=mentor,
        team=team,
        unit=(mentor or team).unit,
        number=fields.pop("number", f"O{Offer.objects.count():05}"),
        track=fields.pop("track", Track.CLINICAL),
        title_zh=fields.pop("title_zh", "肺癌早期筛查"),
        title_en=fields.pop("title_en", "Early screening of lung cancer"),
        places=places,
        state=fields.pop("state", OfferState.OPEN),
        **fields,
    )
    answer, made = Answer.objects.get_or_create(
        round=round_, mentor=mentor, team=team, defaults={"places": places}
    )
    if not made and answer.places < places:
        answer.places = places
        answer.save(update_fields=["places"])
    if offer.state == OfferState.OPEN:
        for one in offer.supervisors:
            account, _made = one.quota_accounts.get_or_create(
                year=round_.quota_year, defaults={"granted": places}
            )
            account.held = min(account.granted, answer.places)
            account.save(update_fields=["held"])
    return offer


def make_list(
    round_: Round, offers: Sequence[Offer], *, submitted: bool = True, **student: Any
) -> Participant:
    """Return a participant who ranks ``offers`` in this order."""
    one = ParticipantFactory.create(
        round=round_, student=StudentFactory.create(cohort=round_.cohort, **student)
    )
    Preference.objects.bulk_create(
        Preference(participant=one, offer=offer, position=place)
        for place, offer in enumerate(offers, 1)
    )
    if submitted:
        one.list_state = ListState.SUBMITTED
        one.submitted_at = now()
        one.list_version = 1
        one.save()
    return one


def make_answer(
    round_: Round,
    offer: Offer,
    tiers: Sequence[Sequence[Participant]],
    *,
    places: int | None = None,
) -> Answer:
    """Return the submitted answer of the offer's mentor or team: one tier per sequence."""
    answer = Answer.objects.get(round=round_, mentor=offer.mentor, team=offer.team)
    answer.state = AnswerState.SUBMITTED
    answer.submitted_at = now()
    answer.places = answer.places if places is None else places
    answer.save()
    AnswerLine.objects.bulk_create(
        AnswerLine(answer=answer, participant=one, verdict=Verdict.ACCEPT, tier=tier)
        for tier, group in enumerate(tiers, 1)
        for one in group
    )
    return answer


def make_application(participant: Participant, offer: Offer, *, step: int = 1) -> Application:
    """Return a choice waiting at the mentor's door."""
    return Application.objects.create(
        participant=participant,
        offer=offer,
        step=step,
        state=ApplicationState.WAITING,
        answer_due_at=now() + dt.timedelta(days=3),
    )


def make_officer(round_: Round) -> Person:
    """Return a graduate-school officer of the round's unit."""
    return make_person(Role.GRADUATE_OFFICER, unit=round_.unit)
