"""What a student reads of a season: their rounds, their list, the offers open to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cotutelle.core.clock import now
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ListState,
    OfferState,
    ParticipantState,
    Regime,
    RoundState,
)
from cotutelle.selection.models import Offer, Participant, Preference, Round, RouteCalendar
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.second_stage import SecondStage, second_stage

_UNSEEN = (RoundState.DRAFT, RoundState.CANCELLED)
_TO_MENTORS = (
    "unit",
    "mentor__person",
    "mentor__unit",
    "team__first__person",
    "team__first__unit",
    "team__second__person",
    "team__second__unit",
)


@dataclass(frozen=True, slots=True)
class MyList:
    """A student's list in a round, and what may be done with it now."""

    participant: Participant
    rules: RoundRules
    choices: Sequence[Preference]
    calendar: RouteCalendar | None
    stage: SecondStage | None = None

    @property
    def round(self) -> Round:
        """The round."""
        return self.participant.round

    @property
    def phase(self) -> str:
        """``before``, ``open`` or ``over``: by the clock and by the state of the round."""
        if self.calendar is None or self.round.state != RoundState.RANKING:
            return "before" if self.round.state == RoundState.DRAFT else "over"
        moment = now()
        if moment < self.calendar.opens_at:
            return "before"
        return "open" if moment < self.calendar.closes_at else "over"

    @property
    def is_open(self) -> bool:
        """Whether the list can be changed now."""
        return self.phase == "open" and self.participant.state == ParticipantState.ACTIVE

    @property
    def is_editable(self) -> bool:
        """Whether the choices can be moved now: a submitted list is first taken back."""
        return self.is_open and self.participant.list_state != ListState.SUBMITTED

    @property
    def is_submitted(self) -> bool:
        """Whether the list counts."""
        return self.participant.list_state == ListState.SUBMITTED

    @property
    def room(self) -> int:
        """How many choices may be added."""
        return max(0, self.rules.max_choices - len(self.choices))

    @property
    def missing(self) -> int:
        """How many choices are missing before the list may be submitted."""
        return max(0, self.rules.min_choices - len(self.choices))

    @property
    def is_sequential(self) -> bool:
        """Whether this round goes one choice at a time."""
        return self.rules.regime == Regime.SEQUENTIAL

    def position_of(self, offer: Offer) -> int | None:
        """Return the place of ``offer`` on the list."""
        return next((c.position for c in self.choices if c.offer_id == offer.pk), None)


def participations_of(person: Person) -> QuerySet[Participant]:
    """Return the rounds ``person`` takes part in as a student, newest first."""
    return (
        Participant.objects.filter(student__person=person)
        .exclude(round__state__in=_UNSEEN)
        .select_related(
            "round__policy",
            "round__unit",
            "student__person",
            "student__unit",
        )
        .order_by("-round__created_at", "-id")
    )


def current_participation(person: Person, round_id: str = "") -> Participant | None:
    """Return the participation a page is about: the round asked for, else the newest."""
    return pick(list(participations_of(person)), round_id)


def pick(rows: Sequence[Participant], round_id: str) -> Participant | None:
    """Return the participation in the round asked for, else the first."""
    asked = [p for p in rows if round_id and str(p.round.public_id) == round_id]
    return next(iter(asked or rows), None)


def my_list(participant: Participant) -> MyList:
    """Read the list of ``participant`` with everything its page shows; two queries (six in a second stage)."""
    choices = participant.preferences.order_by("position").select_related(
        *(f"offer__{name}" for name in _TO_MENTORS)
    )
    calendar = RouteCalendar.objects.filter(
        round=participant.round_id, route=participant.student.route
    ).first()
    rules = RoundRules.from_parameters(participant.round.policy.parameters)
    stage = second_stage(participant.round, [participant.student_id])
    return MyList(participant, rules, list(choices), calendar, stage)


def offers_for(participant: Participant, *, closed: bool = False) -> QuerySet[Offer]:
    """Return what a participant can find: the open offers of the round, the closed on request."""
    states = [OfferState.OPEN, *([OfferState.WITHDRAWN] if closed else [])]
    return Offer.objects.filter(round=participant.round_id, state__in=states).select_related(
        *_TO_MENTORS
    )


def as_cards(offers: QuerySet[Offer]) -> QuerySet[Offer]:
    """Leave out of ``offers`` what their cards do not show."""
    return (
        offers.select_related(None)
        .select_related(*(name for name in _TO_MENTORS if name != "unit"))
        .defer(*_LONG)
    )


_LONG = (
    "search",
    "search_text",
    "description_zh",
    "description_en",
    "requirements_zh",
    "requirements_en",
    *(
        f"{who}__{name}"
        for who in ("mentor", "team__first", "team__second")
        for name in (
            "interests_zh",
            "interests_en",
            "bio_zh",
            "bio_en",
            "person__search_text",
            "person__password",
        )
    ),
)


def offers_seen_by(person: Person) -> QuerySet[Offer]:
    """Return offers a student may open: of their rounds, whatever became of them."""
    rounds = participations_of(person).values("round")
    return (
        Offer.objects.filter(round__in=rounds)
        .exclude(state=OfferState.DRAFT)
        .select_related("round", *_TO_MENTORS)
    )


def fits(offers: QuerySet[Offer], participant: Participant) -> QuerySet[Offer]:
    """Narrow ``offers`` to those that the rules of the round let the student choose."""
    student = participant.student
    found = offers.filter(
        Q(routes__len=0) | Q(routes__contains=[student.route]),
        Q(degree_types__len=0) | Q(degree_types__contains=[student.degree_type]),
    )
    rules = RoundRules.from_parameters(participant.round.policy.parameters)
    if not rules.same_discipline_only:
        return found
    own = ("", student.discipline)
    return found.filter(
        Q(discipline=student.discipline)
        | Q(discipline="", mentor__discipline__in=own)
        | Q(discipline="", team__first__discipline__in=own)
    )


def has_conflict(offer: Offer, conflicted: frozenset[int]) -> bool:
    """Tell whether one of the offer's mentors is among ``conflicted``; reads loaded rows only."""
    if offer.team is not None:
        return bool(conflicted & {offer.team.first_id, offer.team.second_id})
    return offer.mentor_id in conflicted


def days_left(until: dt.datetime) -> int:
    """Return whole days until ``until``, never below nought."""
    return max(0, (until - now()).days)
