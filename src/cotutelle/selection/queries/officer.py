"""Counts and rows of the officers' pages. Each takes what the reader may see already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from cotutelle.institutions.models import Unit
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import (
    AnswerState,
    ApplicationState,
    ListState,
    OfferState,
    ParticipantState,
    PlacementState,
    Regime,
)
from cotutelle.selection.models import (
    Answer,
    AnswerLine,
    Application,
    Offer,
    Participant,
    Placement,
    Preference,
    Round,
)
from cotutelle.selection.queries.vacancies import free_places

LIVE = (PlacementState.PROPOSED, PlacementState.PUBLISHED, PlacementState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Figures:
    """
    How far a round is.

    Where choices go out one at a time, mentors answer no lists: ``sent`` choices count then.
    """

    students: int
    lists: int
    offers_open: int
    offers_draft: int
    answers: int
    answered: int
    places: int
    placed: int
    is_sequential: bool = False
    sent: int = 0
    sent_answered: int = 0

    @property
    def without_list(self) -> int:
        """Students who have not handed in a list."""
        return self.students - self.lists

    @property
    def silent(self) -> int:
        """Mentors and teams who have not answered."""
        return self.answers - self.answered

    @property
    def unplaced(self) -> int:
        """Students without a place."""
        return self.students - self.placed


def figures_of(round_: Round) -> Figures:
    """Count a round; four queries, five where choices go out one at a time."""
    students = round_.participants.filter(state=ParticipantState.ACTIVE).aggregate(
        all=Count("id"), done=Count("id", filter=Q(list_state=ListState.SUBMITTED))
    )
    offers = round_.offers.aggregate(
        open=Count("id", filter=Q(state=OfferState.OPEN)),
        draft=Count("id", filter=Q(state=OfferState.DRAFT)),
    )
    answers = round_.answers.filter(places__gt=0).aggregate(
        all=Count("id"),
        done=Count("id", filter=Q(state=AnswerState.SUBMITTED)),
        places=Sum("places"),
    )
    placed = round_.placements.filter(state__in=LIVE).count()
    sequential = round_.policy.parameters.get("regime") == Regime.SEQUENTIAL
    sent = (
        Application.objects.filter(participant__round=round_).aggregate(
            all=Count("id"), open=Count("id", filter=Q(state=ApplicationState.WAITING))
        )
        if sequential
        else {"all": 0, "open": 0}
    )
    return Figures(
        students=students["all"],
        lists=students["done"],
        offers_open=offers["open"],
        offers_draft=offers["draft"],
        answers=answers["all"],
        answered=answers["done"],
        places=answers["places"] or 0,
        placed=placed,
        is_sequential=sequential,
        sent=sent["all"],
        sent_answered=sent["all"] - sent["open"],
    )


def _counted(rows: QuerySet[Any], by: str) -> Coalesce:
    """Count ``rows`` per ``by`` as a column."""
    counted = rows.order_by().values(by).annotate(n=Count("id")).values("n")
    return Coalesce(Subquery(counted), 0)


def with_counts(rounds: QuerySet[Round]) -> QuerySet[Round]:
    """Add ``students``, ``lists`` and ``placed`` to each round."""
    active = Participant.objects.filter(round=OuterRef("pk"), state=ParticipantState.ACTIVE)
    placed = Placement.objects.filter(round=OuterRef("pk"), state__in=LIVE)
    return rounds.annotate(
        students=_counted(active, "round"),
        lists=_counted(active.filter(list_state=ListState.SUBMITTED), "round"),
        placed=_counted(placed, "round"),
    )


def participant_rows(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Add to each student how many choices they made."""
    choices = Preference.objects.filter(participant=OuterRef("pk"))
    return rows.select_related("student__person", "student__unit", "student__cohort").annotate(
        choices=_counted(choices, "participant")
    )


def offer_rows(rows: QuerySet[Offer]) -> QuerySet[Offer]:
    """Add to each offer how many students listed it, and how many hold a place."""
    listed = Preference.objects.filter(
        offer=OuterRef("pk"), participant__list_state=ListState.SUBMITTED
    )
    held = Placement.objects.filter(offer=OuterRef("pk"), state__in=LIVE)
    return rows.select_related(
        "mentor__person", "team__first__person", "team__second__person", "unit"
    ).annotate(applicants=_counted(listed, "offer"), placed=_counted(held, "offer"))


def offer_list(rows: QuerySet[Offer]) -> QuerySet[Offer]:
    """Return `offer_rows` with what a line of a list shows; units are added by the reader."""
    return (
        offer_rows(rows.select_related(None))
        .select_related(None)
        .select_related("mentor__person", "team__first__person", "team__second__person")
        .defer(*_LONG, *(f"{who}__{name}" for who in _WHO for name in _LONG_OF_MENTOR))
    )


_LONG = (
    "search",
    "search_text",
    "description_zh",
    "description_en",
    "requirements_zh",
    "requirements_en",
)
_WHO = ("mentor", "team__first", "team__second")
_LONG_OF_MENTOR = (
    "interests_zh",
    "interests_en",
    "bio_zh",
    "bio_en",
    "person__search_text",
    "person__password",
)


def units_of_offers(offers: QuerySet[Offer]) -> dict[int, Unit]:
    """Return the units that have one of ``offers``, by key and in order of their names."""
    found = Unit.objects.filter(pk__in=offers.order_by().values("unit")).only(
        "public_id", "name_zh", "name_en", "short_zh", "short_en"
    )
    return {unit.pk: unit for unit in found.order_by("name_sort", "id")}


def answer_rows(rows: QuerySet[Answer]) -> QuerySet[Answer]:
    """Add to each answer on how many applicants it has a word."""
    words = AnswerLine.objects.filter(answer=OuterRef("pk"))
    return rows.select_related(
        "mentor__person",
        "mentor__unit",
        "team__first__person",
        "team__second__person",
        "team__unit",
        "submitted_by",
    ).annotate(words=_counted(words, "answer"))


def students_to_add(round_: Round) -> QuerySet[Student]:
    """Return students of the round's unit who are admitted and do not take part yet."""
    present = Participant.objects.filter(round=round_, state=ParticipantState.ACTIVE)
    return (
        Student.objects.filter(
            unit__path__startswith=round_.unit.path,
            state__in=(AdmissionState.PROVISIONAL, AdmissionState.CONFIRMED),
        )
        .exclude(pk__in=present.values("student"))
        .select_related("person")
    )


def open_offers(round_: Round) -> QuerySet[Offer]:
    """Return offers that are open, with how many hold a place."""
    return offer_rows(round_.offers.filter(state=OfferState.OPEN)).order_by("number", "id")


def on_notice(round_: Round) -> QuerySet[Placement]:
    """Return what a public notice shows, ready to be listed."""
    return Placement.objects.filter(
        round=round_, state__in=(PlacementState.PUBLISHED, PlacementState.CONFIRMED)
    ).select_related(
        "participant__student__person",
        "participant__student__unit",
        "offer__unit",
        "offer__mentor__person",
        "offer__team__first__person",
        "offer__team__second__person",
    )


def units_on_notice(round_: Round) -> list[Unit]:
    """Return the units that receive somebody, by name."""
    keys = on_notice(round_).order_by().values("offer__unit")
    return list(Unit.objects.filter(pk__in=keys).order_by("name_sort", "id"))


@dataclass(frozen=True, slots=True)
class Vacancy:
    """An open offer with free places."""

    offer: Offer
    free: int


def vacancies(round_: Round) -> list[Vacancy]:
    """Return offers with places left, with their people; four queries."""
    free = free_places(round_)
    return [Vacancy(o, free[o.pk]) for o in open_offers(round_) if free.get(o.pk, 0)]
