"""Places above the mentor, and the fewest places at an offer or a mentor, in one round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.agreements.models import Agreement
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.selection.enums import Algorithm, PlacementState, Regime, RoundState
from cotutelle.selection.models import Answer, Offer, PlaceCap, Round
from cotutelle.selection.queries.caps import Node, agreements_for, places_taken, room_above
from cotutelle.selection.services._common import lock_round, rules_of
from cotutelle.selection.services.holds import answer_of

# While nothing has been run; a result under review goes back first.
OPEN_TO = (RoundState.DRAFT, RoundState.RANKING, RoundState.ANSWERING, RoundState.CLOSED)
_MOST = 32767


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most and the fewest places; ``None`` sets no upper bound."""

    most: int | None = None
    least: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether it bounds nothing."""
        return self.most is None and not self.least


@transaction.atomic
def set_caps(
    round_: Round,
    wanted: Mapping[Unit | Agreement, Bounds],
    *,
    reason: str = "",
    actor: Person,
) -> int:
    """
    Bound units and agreements in the round; return how many were changed.

    `Bounds` of nothing lift a cap; who is not named keeps theirs. Every change is a decision.
    Refuses with ``round.state`` (there is a result already), ``cap.regime``, ``cap.algorithm``
    (promotion knows no places above the mentor), ``cap.range`` and ``cap.foreign`` (a unit that
    neither lies below the round's nor is a partner, an agreement that does not concern it).
    """
    check(actor, "selection.manage_round", round_)
    lock_round(round_, *OPEN_TO)
    present = {
        cap.unit or cap.agreement: cap for cap in round_.caps.select_related("unit", "agreement")
    }
    changed = 0
    for thing, bounds in wanted.items():
        cap = present.get(thing)
        was = Bounds(cap.places, cap.places_min) if cap else Bounds()
        if was == bounds:
            continue
        if not bounds.is_nothing:
            _require_allowed(round_, thing, bounds)
        _keep(round_, thing, cap, bounds, reason.strip())
        name = str(thing.name_zh)
        record(
            "selection.round.cap_set",
            actor=actor,
            subject=round_,
            before={"cap_of": name, "places": was.most, "places_min": was.least},
            after={
                "cap_of": name, "places": bounds.most, "places_min": bounds.least,
                "reason": reason.strip(),
            },
            decision=True,
        )  # fmt: skip
        changed += 1
    return changed


def _keep(
    round_: Round, thing: Unit | Agreement, cap: PlaceCap | None, bounds: Bounds, reason: str
) -> None:
    if bounds.is_nothing:
        if cap is not None:
            cap.delete()
        return
    if cap is None:
        cap = PlaceCap(round=round_)
        if isinstance(thing, Agreement):
            cap.agreement = thing
        else:
            cap.unit = thing
    cap.places, cap.places_min, cap.reason = bounds.most, bounds.least, reason
    cap.save()


def _require_allowed(round_: Round, thing: Unit | Agreement, bounds: Bounds) -> None:
    rules = rules_of(round_)
    if rules.regime != Regime.DEFERRED_ACCEPTANCE:
        raise RuleViolation(
            "cap.regime",
            _("This round takes one choice at a time; only mentors and offers have places there."),
        )
    if rules.algorithm == Algorithm.PROMOTION:
        raise RuleViolation(
            "cap.algorithm",
            _("By the rules of this round runs use promotion, which knows no places of units."),
        )
    most = _MOST if bounds.most is None else bounds.most
    if not 0 <= bounds.least <= most <= _MOST:
        raise RuleViolation(
            "cap.range",
            _("%(name)s: the fewest places are more than the most.") % {"name": thing},
        )
    agreements = agreements_for(round_)
    allowed = (
        thing in agreements
        if isinstance(thing, Agreement)
        else round_.unit.covers(thing) or any(a.partner.covers(thing) for a in agreements)
    )
    if not allowed:
        raise RuleViolation(
            "cap.foreign", _("%(name)s does not belong to this round.") % {"name": thing}
        )


@transaction.atomic
def set_minimum(
    offer: Offer, *, least: int, weight: int, mentor_least: int, actor: Person
) -> Offer:
    """
    Say how few students an offer and its mentor take at least, and what one student weighs.

    ``weight``: places of the mentor's and the units' limits that one student at the offer takes.
    Refuses with ``round.state``, ``cap.regime``, ``cap.algorithm`` (weights above 1 are planned
    by the exact algorithm alone; promotion knows no minimum), ``offer.places_min``,
    ``offer.weight`` and ``answer.places_min``.
    """
    round_ = offer.round
    check(actor, "selection.manage_round", round_)
    lock_round(round_, *OPEN_TO)
    offer.refresh_from_db(fields=["places", "places_min", "weight"])
    answer = answer_of(offer)
    _require_minimum(offer, answer, least, weight, mentor_least)
    before = {
        "places_min": offer.places_min,
        "weight": offer.weight,
        "mentor_least": answer.places_min,
    }
    after = {"places_min": least, "weight": weight, "mentor_least": mentor_least}
    if before == after:
        return offer
    offer.places_min, offer.weight = least, weight
    offer.save(update_fields=["places_min", "weight"])
    answer.places_min = mentor_least
    answer.save(update_fields=["places_min"])
    record(
        "selection.offer.minimum_set", actor=actor, subject=offer,
        before=before, after=after, decision=True,
    )  # fmt: skip
    return offer


def _require_minimum(
    offer: Offer, answer: Answer, least: int, weight: int, mentor_least: int
) -> None:
    rules = rules_of(offer.round)
    asks = least or mentor_least or weight > 1
    if asks and rules.regime != Regime.DEFERRED_ACCEPTANCE:
        raise RuleViolation(
            "cap.regime",
            _("This round takes one choice at a time; only mentors and offers have places there."),
        )
    if asks and rules.algorithm == Algorithm.PROMOTION:
        raise RuleViolation(
            "cap.algorithm",
            _("By the rules of this round runs use promotion, which plans no minimum places."),
        )
    if weight > 1 and rules.algorithm != Algorithm.EXACT:
        raise RuleViolation(
            "cap.algorithm",
            _(
                "A student can count for several places only where the rules name the exact algorithm."
            ),
            field="weight",
        )
    if not 1 <= weight <= max(1, answer.places):
        raise RuleViolation(
            "offer.weight",
            _("One student would take more places than the mentor has."),
            field="weight",
        )
    if not 0 <= least <= offer.places:
        raise RuleViolation(
            "offer.places_min",
            _("The offer has only %(places)s places.") % {"places": offer.places},
            field="least",
        )
    if not 0 <= mentor_least <= answer.places:
        raise RuleViolation(
            "answer.places_min",
            _("The mentor has only %(places)s places in this round.") % {"places": answer.places},
            field="mentor_least",
        )


def require_room_above(offer: Offer) -> None:
    """
    Refuse with ``cap.full`` one more student at ``offer`` where a unit above has no place left.

    The caps are locked: two hands that press at once are served one after the other.
    """
    round_ = offer.round
    list(round_.caps.select_for_update(of=("self",)).values_list("pk", flat=True))
    room, _used = room_above(round_, _taken(round_))
    left = room.get((offer.mentor_id, offer.team_id))
    if left is not None and left < offer.weight:
        raise RuleViolation(
            "cap.full", _("The places of the unit or agreement above this mentor are taken.")
        )


def copy_caps(round_: Round, fresh: Round) -> None:
    """Give ``fresh`` the caps of ``round_``, less what is taken there."""
    _room, used = room_above(round_, _taken(round_))
    PlaceCap.objects.bulk_create(
        PlaceCap(
            round=fresh,
            unit=cap.unit,
            agreement=cap.agreement,
            places=None if cap.places is None else max(0, cap.places - count),
            places_min=max(0, cap.places_min - count),
            reason=cap.reason,
        )
        for cap, count in used.items()
    )


def _taken(round_: Round) -> Mapping[Node, int]:
    live = round_.placements.exclude(state=PlacementState.VACATED)
    return places_taken(Counter(live.values_list("offer_id", flat=True)))
