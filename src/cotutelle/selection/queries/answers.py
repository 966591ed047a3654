"""What a mentor sees: who chose them, and never at which place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from cotutelle.core.access import check
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ApplicationState,
    ListState,
    OfferState,
    ParticipantState,
    Regime,
    RoundState,
    Verdict,
)
from cotutelle.selection.models import (
    Answer,
    AnswerLine,
    Application,
    Interview,
    Offer,
    Participant,
    Preference,
)
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.market import conflicted_students

_SEEN = (
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
    RoundState.CONFIRMED,
)


@dataclass(frozen=True, slots=True)
class Applicant:
    """
    A student at the mentor's door.

    ``offers`` are those of the mentor's that the student chose, by number: their order says
    nothing of the student's. ``score`` is ``None`` where the round does not use scores.
    """

    participant: Participant
    offers: Sequence[Offer]
    verdict: str
    tier: int | None
    note: str
    score: Decimal | None
    in_conflict: bool
    interview: Interview | None


def offers_of_answer(answer: Answer) -> QuerySet[Offer]:
    """Return the offers that the answer speaks for, whatever their state."""
    return Offer.objects.filter(round_id=answer.round_id, **answer.node).order_by("number")


def applicants(answer: Answer) -> QuerySet[Participant]:
    """Return the students whose submitted list names an open offer of the answer's; once each."""
    if answer.round.state not in _SEEN:
        return Participant.objects.none()
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    rows = Participant.objects.filter(round_id=answer.round_id, state=ParticipantState.ACTIVE)
    if rules.regime == Regime.SEQUENTIAL:
        offers = offers_of_answer(answer).filter(state=OfferState.OPEN)
        met = offers.values("applications__participant")
        return rows.filter(pk__in=met)
    # By inner joins from the lines of the lists: from the offers, they would be outer ones, which
    # the planner gets wrong by seconds on tables without statistics.
    chosen = Preference.objects.filter(
        offer__round_id=answer.round_id,
        offer__state=OfferState.OPEN,
        **{f"offer__{key}": value for key, value in answer.node.items()},
    )
    return rows.filter(pk__in=chosen.values("participant"), list_state=ListState.SUBMITTED)


def applicant_ids(answer: Answer) -> dict[int, UUID]:
    """Return participant key → public id of the answer's applicants."""
    return dict(applicants(answer).values_list("pk", "public_id"))


def applicants_of(answer: Answer, actor: Person) -> list[Applicant]:
    """
    Return the applicants by score where the round uses it, then by name.

    Refuses strangers with ``access.denied``. The place on a student's list is not read here.
    """
    check(actor, "selection.view_applicants", answer)
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    rows = list(
        applicants(answer)
        .select_related("student__person", "student__unit")
        .order_by("student__person__name_sort", "pk")
    )
    if rules.uses_scores:
        rows.sort(key=lambda p: -(p.student.admission_score or Decimal(-1)))
    lines = {line.participant_id: line for line in AnswerLine.objects.filter(answer=answer)}
    interviews = {i.participant_id: i for i in Interview.objects.filter(answer=answer)}
    conflicted = conflicted_students(answer.supervisors)
    chosen = _chosen_offers(answer, [p.pk for p in rows])
    return [
        Applicant(
            participant=one,
            offers=chosen.get(one.pk, ()),
            verdict=lines[one.pk].verdict if one.pk in lines else Verdict.UNDECIDED,
            tier=lines[one.pk].tier if one.pk in lines else None,
            note=lines[one.pk].note if one.pk in lines else "",
            score=one.student.admission_score if rules.uses_scores else None,
            in_conflict=one.student_id in conflicted,
            interview=interviews.get(one.pk),
        )
        for one in rows
    ]


def _chosen_offers(answer: Answer, keys: Sequence[int]) -> dict[int, list[Offer]]:
    """Return participant key → offers chosen; in the sequential regime only those at the door."""
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    offers = {offer.pk: offer for offer in offers_of_answer(answer)}
    rows: QuerySet[Application] | QuerySet[Preference]
    if rules.regime == Regime.SEQUENTIAL:
        rows = Application.objects.filter(participant__in=keys, offer__in=offers).exclude(
            state=ApplicationState.WITHDRAWN
        )
    else:
        rows = Preference.objects.filter(participant__in=keys, offer__in=offers)
    found: dict[int, list[Offer]] = {}
    pairs = rows.order_by("offer__number").values_list("participant_id", "offer_id")
    for participant, offer in pairs:
        found.setdefault(participant, []).append(offers[offer])
    return found
