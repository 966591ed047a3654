"""What a round holds on the quota accounts of its mentors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import EligibilityState
from cotutelle.mentorship.models import Eligibility, Mentor
from cotutelle.mentorship.services import quota
from cotutelle.people.models import Person
from cotutelle.selection.enums import OfferState, PlacementState, RoundState, Stage
from cotutelle.selection.models import Answer, Offer, Placement, Round
from cotutelle.selection.services._common import at_node, require_state, with_people


def answer_of(offer: Offer) -> Answer:
    """Return the answer of the offer's mentor or team in its round, made where it is missing."""
    Answer.objects.bulk_create(
        [Answer(round_id=offer.round_id, **offer.node)],
        ignore_conflicts=True,
    )
    rows = with_people(Answer.objects.filter(round_id=offer.round_id))
    answer: Answer = rows.get(**offer.node)
    return answer


def offers_of(answer: Answer) -> list[Offer]:
    """Return the open offers that the answer speaks for."""
    return list(
        Offer.objects.filter(
            round_id=answer.round_id,
            **answer.node,
            state=OfferState.OPEN,
        )
    )


def held_for(answer: Answer, mentor: Mentor, year: int) -> int:
    """Return the places held for ``answer`` on the account of ``mentor``."""
    return quota.held_places([mentor.pk], year, answer.reference).get(mentor.pk, 0)


def settle_hold(answer: Answer, *, actor: Person | None) -> None:
    """
    Hold as many places as the open offers ask for, and no more than the accounts have.

    Several offers may together name more places than the mentor has: the account decides. A
    round for second mentors holds nothing: its places are what offers and the limit say.
    Refuses with ``quota.short`` when a single offer names more, and ``quota.suspended``.
    """
    Answer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
    year = answer.round.quota_year
    open_ = offers_of(answer)
    wanted = sum(offer.places for offer in open_)
    least = max((offer.places for offer in open_), default=0)
    if answer.places_limit is not None:
        wanted = min(wanted, answer.places_limit)
        if least > answer.places_limit:
            raise _limit(answer.places_limit)
    if wanted:
        for mentor in answer.supervisors:
            quota.require_eligible(mentor, year)
    if answer.round.stage == Stage.FIRST:
        wanted = _hold_all(answer, wanted, least, actor)
    answer.places = wanted
    answer.save(update_fields=["places"])


def _hold_all(answer: Answer, wanted: int, least: int, actor: Person | None) -> int:
    """Hold ``wanted`` places, or what the accounts have down to ``least``; return how many."""
    year = answer.round.quota_year
    held = {mentor.pk: held_for(answer, mentor, year) for mentor in answer.supervisors}
    if wanted:
        for mentor in answer.supervisors:
            account = quota.account_of(mentor, year)
            wanted = min(wanted, max(least, account.free + held[mentor.pk]))
    for mentor in answer.supervisors:
        _hold(answer, mentor, wanted - held[mentor.pk], actor)
    return wanted


def _hold(answer: Answer, mentor: Mentor, change: int, actor: Person | None) -> None:
    year = answer.round.quota_year
    told: dict[str, Any] = {
        "reference": answer.reference,
        "actor": actor,
        "unit": answer.round.unit,
    }
    if change > 0:
        quota.hold_for_round(mentor, year, change, **told)
    elif change < 0:
        quota.release(mentor, year, -change, **told)


@transaction.atomic
def set_places(
    answer: Answer, places: int | None, *, actor: Person, on_behalf_of: Person | None = None
) -> Answer:
    """
    Limit what a mentor takes in this round over all offers; ``None`` lifts the limit.

    Refuses with ``round.state``, ``answer.places_limit`` (an open offer names more) and
    ``quota.short``.
    """
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_state(answer.round, RoundState.DRAFT, RoundState.RANKING)
    before = answer.places
    answer.places_limit = places
    answer.save(update_fields=["places_limit"])
    settle_hold(answer, actor=actor)
    record(
        "selection.answer.places_set",
        actor=actor,
        subject=answer,
        before={"places": before},
        after={"places": answer.places},
        on_behalf_of=on_behalf_of,
    )
    return answer


def release_round(round_: Round, *, reason: str, actor: Person | None) -> None:
    """Give every place the round still holds back to the accounts; second places hold nothing."""
    if round_.stage == Stage.SECOND:
        return
    for answer in with_people(round_.answers.filter(places__gt=0)):
        for mentor in answer.supervisors:
            quota.release_holds(
                mentor,
                round_.quota_year,
                reason=reason,
                actor=actor,
                reference=answer.reference,
            )


def require_free_place(offer: Offer, *, ignore: Placement | None = None) -> Answer:
    """
    Hold the rows of the answer, then refuse with ``offer.full`` when offer or mentor is full.

    A student takes as many of the mentor's places as the offer weighs. Two hands that press at
    once are served one after the other.
    """
    answer = Answer.objects.select_for_update(of=("self",)).get(
        round_id=offer.round_id, **offer.node
    )
    live = Placement.objects.filter(round_id=offer.round_id).exclude(state=PlacementState.VACATED)
    if ignore is not None:
        live = live.exclude(pk=ignore.pk)
    at_mentor = live.filter(**at_node(offer)).aggregate(n=Sum("offer__weight"))["n"] or 0
    if at_mentor + offer.weight > answer.places or live.filter(offer=offer).count() >= offer.places:
        raise RuleViolation("offer.full", _("All places of this offer or mentor are taken."))
    return answer


def require_not_suspended(round_: Round, placements: Iterable[Placement]) -> None:
    """Refuse with ``round.suspended`` a result that seats students with a suspended mentor."""
    mentors = {m.pk: m for p in placements for m in p.offer.supervisors}
    suspended = Eligibility.objects.filter(
        mentor_id__in=mentors, year=round_.quota_year, state=EligibilityState.SUSPENDED
    ).values_list("mentor_id", flat=True)
    if found := sorted(mentors[key].display_name for key in suspended):
        raise RuleViolation(
            "round.suspended",
            _("Suspended since the result was made: %(mentors)s. Go back and make another run.")
            % {"mentors": _(", ").join(found)},
        )


def _limit(limit: int) -> RuleViolation:
    return RuleViolation(
        "answer.places_limit",
        _("One of the open offers names more than %(limit)s places.") % {"limit": limit},
        field="places",
    )
