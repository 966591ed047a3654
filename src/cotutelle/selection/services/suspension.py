"""A mentor suspended in the middle of a season (停招): offers leave, places return, nobody waits in vain."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from cotutelle.core.clock import now
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.services import quota
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ApplicationState,
    OfferState,
    PlacementState,
    Regime,
    RoundState,
)
from cotutelle.selection.models import Answer, Application, Offer, Participant, Placement, Round
from cotutelle.selection.services._common import (
    FIND_URL,
    at_node,
    label,
    names,
    offer_names,
    rules_of,
    with_people,
)
from cotutelle.selection.services.confirmation import vacate_placement
from cotutelle.selection.services.sequential import send_next
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS, ANSWER_APPLICATION
from cotutelle.workflow.services import close_tasks

# While a round is here, offers can leave it; later ones are kept from publication instead.
_LEAVES = (RoundState.DRAFT, RoundState.RANKING, RoundState.ANSWERING, RoundState.CLOSED)
_STEPS = (*_LEAVES, RoundState.MATCHED)


@transaction.atomic
def follow_suspension(mentor: Mentor, year: int, reason: str, actor: Person | None) -> None:
    """
    Take the offers of a suspended mentor, and of their teams, out of every round of the year.

    Places return to all accounts, open tasks end, students are told, and those who waited or had
    been accepted in the sequential regime go on to their next choice.
    """
    answers = with_people(
        Answer.objects.filter(
            Q(mentor=mentor) | Q(team__first=mentor) | Q(team__second=mentor),
            round__quota_year=year,
            round__state__in=_STEPS,
        ).select_related("round__policy", "round__unit")
    )
    for answer in answers.order_by("pk"):
        _leave(answer, reason, actor)


def _leave(answer: Answer, reason: str, actor: Person | None) -> None:
    round_ = answer.round
    sequential = rules_of(round_).regime == Regime.SEQUENTIAL
    if round_.state == RoundState.MATCHED and not sequential:
        return
    for kind in (ANSWER_APPLICANTS, ANSWER_APPLICATION):
        close_tasks(answer, kind, cancelled=True)
    for offer in Offer.objects.filter(round=round_, **answer.node, state=OfferState.OPEN):
        _withdraw(offer, round_, reason, actor)
    for one in answer.supervisors:
        quota.release_holds(
            one, round_.quota_year, reason=reason, actor=actor, reference=answer.reference
        )
    answer.places = 0
    answer.save(update_fields=["places"])
    if sequential:
        _move_on(answer, reason, actor)


def _withdraw(offer: Offer, round_: Round, reason: str, actor: Person | None) -> None:
    if Offer.objects.filter(pk=offer.pk, state=OfferState.OPEN).update(state=OfferState.WITHDRAWN):
        chosen = offer.preferences.select_related("participant__student__person")
        notify(
            [p.participant.student.person for p in chosen],
            "selection.offer_withdrawn",
            params={"offer": offer_names(offer), "round": names(round_)},
            url=FIND_URL,
            unit=round_.unit,
        )
        record(
            "selection.offer.withdrawn",
            actor=actor,
            subject=offer,
            before={"state": OfferState.OPEN},
            after={"state": OfferState.WITHDRAWN, "reason": reason},
        )


def _move_on(answer: Answer, reason: str, actor: Person | None) -> None:
    """Free the students at a door that closed, and send their next choices while answers are asked for."""
    round_ = answer.round
    held = Placement.objects.filter(
        round=round_, **at_node(answer), state=PlacementState.PROPOSED
    ).select_related("offer", "round__unit", "participant__student__person")
    for placement in held:
        vacate_placement(placement, reason=reason, actor=actor, checked=True)
    met = Application.objects.filter(
        offer__round=round_,
        **at_node(answer),
        state__in=[ApplicationState.WAITING, ApplicationState.ACCEPTED],
    )
    freed = list(
        Participant.objects.filter(pk__in=met.values("participant"))
        .select_related("student__person", "round__unit")
        .order_by("pk")
    )
    told = [(a.participant.student.person, a.offer) for a in met.select_related(
        "participant__student__person", "offer"
    )]  # fmt: skip
    met.update(state=ApplicationState.WITHDRAWN, answered_at=now())
    for person, offer in told:
        notify(
            [person],
            "selection.application_answered",
            params={
                "round": names(round_),
                "offer": offer_names(offer),
                "answer": label(ApplicationState.WITHDRAWN),
            },
            url=FIND_URL,
            unit=round_.unit,
        )
    if round_.state == RoundState.ANSWERING:
        send_next(round_, freed, actor=actor)
