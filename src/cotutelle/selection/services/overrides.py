"""Assignment by the school (指定): a ground, minutes, a second approver elsewhere, and a cap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check, why_not
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.rules import OFFICE_ROLES
from cotutelle.selection.enums import (
    OfferState,
    OverrideState,
    ParticipantState,
    Regime,
    RoundState,
)
from cotutelle.selection.models import Answer, Offer, Override, Participant, Round
from cotutelle.selection.queries.market import OfferFacts, has_conflict
from cotutelle.selection.queries.problem import places_of
from cotutelle.selection.services._common import (
    at_node,
    label,
    lock_round,
    names,
    require_reason,
    rules_of,
    stale,
)
from cotutelle.selection.services.runs import market_of
from cotutelle.selection.services.solving import quick_match

MINUTES = "selection.minutes"
LIVE = (OverrideState.PENDING, OverrideState.APPROVED)
_OPEN_TO = (
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
)


@dataclass(frozen=True, slots=True)
class Displaced:
    """A student whom an assignment moves: from where to where (``None``: nowhere)."""

    participant: Participant
    before: Offer | None
    after: Offer | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an assignment changes, on the lists and answers as they are now."""

    moved: tuple[Displaced, ...]
    unmatched: int
    before: Offer | None


def cap_of_overrides(round_: Round) -> tuple[int, int]:
    """Return how many assignments are asked for or approved, and how many there may be."""
    used = round_.overrides.filter(state__in=LIVE).count()
    students = round_.participants.filter(state=ParticipantState.ACTIVE).count()
    return used, students * rules_of(round_).override_share_percent // 100


def preview_override(participant: Participant, offer: Offer, *, actor: Person) -> Preview:
    """
    Return whom the assignment would displace; nothing is kept.

    Refuses with ``override.conflict``, ``override.full`` and as `market_of`.
    """
    check(actor, "selection.request_override", participant)
    round_ = participant.round
    _require_possible(participant, offer)
    seed = f"trial:{round_.seed_commitment}"
    pin = {str(participant.public_id): str(offer.public_id)}
    without = market_of(round_, seed=seed)
    with_pin = market_of(round_, seed=seed, extra_pins=pin)
    before = quick_match(without.problem).offer_of
    after = quick_match(with_pin.problem).offer_of
    own = str(participant.public_id)
    moved = sorted(s for s in without.participants if s != own and before.get(s) != after.get(s))
    people = {
        str(p.public_id): p
        for p in round_.participants.filter(public_id__in=moved).select_related("student__person")
    }
    offers = {str(o.public_id): o for o in round_.offers.all()}
    return Preview(
        moved=tuple(
            Displaced(people[s], offers.get(before.get(s, "")), offers.get(after.get(s, "")))
            for s in moved
        ),
        unmatched=sum(s in before and s not in after for s in moved),
        before=offers.get(before.get(own, "")),
    )


@transaction.atomic
def request_override(
    participant: Participant, offer: Offer, *, ground: str, minutes: Any, actor: Person
) -> Override:
    """
    Ask another unit to approve an assignment; ``minutes`` is an upload or a stored file.

    Refuses with ``override.reason``, ``override.minutes``, ``override.regime``, ``round.state``,
    ``override.cap``, ``override.conflict``, ``override.full``, ``override.exists`` and the
    refusals of the file.
    """
    check(actor, "selection.request_override", participant)
    round_ = participant.round
    ground = require_reason("override", ground)
    if not minutes:
        raise RuleViolation("override.minutes", _("Attach the minutes."), field="minutes")
    if rules_of(round_).regime != Regime.DEFERRED_ACCEPTANCE:
        raise RuleViolation("override.regime", _("This round takes one choice at a time."))
    lock_round(round_, *_OPEN_TO)
    used, cap = cap_of_overrides(round_)
    if used >= cap:
        raise RuleViolation(
            "override.cap",
            _("The school may assign %(cap)s students in this round; %(used)s are asked for.")
            % {"cap": cap, "used": used},
        )
    _require_possible(participant, offer)
    preview = preview_override(participant, offer, actor=actor)
    unit = _unit_of(actor, participant)
    file = (
        minutes
        if isinstance(minutes, StoredFile)
        else store_file(minutes, actor=actor, unit=unit, purpose=MINUTES)
    )
    override = _create(
        round=round_,
        participant=participant,
        offer=offer,
        ground=ground,
        minutes=file,
        requested_by=actor,
        requested_unit=unit,
        requested_at=now(),
        displaced=[
            {
                "participant": str(d.participant.public_id),
                "before": str(d.before.public_id) if d.before else None,
                "after": str(d.after.public_id) if d.after else None,
            }
            for d in preview.moved
        ],
    )
    record(
        "selection.override.requested",
        actor=actor,
        subject=override,
        after={"ground": ground, "offer": offer.number, "count": len(preview.moved)},
        decision=True,
    )
    notify(
        deciders_of(override),
        "selection.override_requested",
        params={"round": names(round_), "office": bilingual(unit)},
        url=f"/selection/overrides/{override.public_id}/",
        unit=round_.unit,
    )
    return override


@transaction.atomic
def decide_override(
    override: Override, *, approve: bool, note: str = "", actor: Person
) -> Override:
    """
    Approve or refuse, from the office of another unit; conflict and places are checked again.

    Refuses with ``access.denied``, ``override.stale``, ``override.reason`` (a refusal needs
    one), ``round.state``, ``override.conflict`` and ``override.full``.
    """
    check(actor, "selection.decide_override", override)
    to = OverrideState.APPROVED if approve else OverrideState.REFUSED
    if approve:
        lock_round(override.round, *_OPEN_TO)
        _require_possible(override.participant, override.offer, ignore=override)
    else:
        note = require_reason("override", note)
    _settle(override, to, note=note.strip(), decided_by=actor, decided_at=now())
    record(
        f"selection.override.{to}",
        actor=actor,
        subject=override,
        before={"state": OverrideState.PENDING},
        after={"state": to, "reason": note.strip()},
        decision=True,
    )
    notify(
        [override.requested_by],
        "selection.override_decided",
        params={"round": names(override.round), "state": label(to)},
        url=f"/selection/overrides/{override.public_id}/",
        unit=override.round.unit,
    )
    return override


@transaction.atomic
def withdraw_override(override: Override, *, actor: Person) -> Override:
    """Take back an assignment nobody has decided on. Refuses with ``override.stale``."""
    check(actor, "selection.request_override", override.participant)
    _settle(override, OverrideState.WITHDRAWN)
    record("selection.override.withdrawn", actor=actor, subject=override)
    return override


def _settle(override: Override, to: OverrideState, **values: Any) -> None:
    rows = Override.objects.filter(pk=override.pk, state=OverrideState.PENDING)
    if rows.update(state=to, **values) != 1:
        raise stale("override")
    override.refresh_from_db()


def _create(**values: Any) -> Override:
    try:
        with transaction.atomic():
            return Override.objects.create(**values)
    except IntegrityError as error:
        raise RuleViolation(
            "override.exists", _("An assignment of this student is asked for or approved already.")
        ) from error


def _require_possible(
    participant: Participant, offer: Offer, *, ignore: Override | None = None
) -> None:
    """A place given by hand is a place: conflicts and quotas hold as for everybody."""
    if offer.round_id != participant.round_id or offer.state != OfferState.OPEN:
        raise RuleViolation("override.offer", _("This offer is not open in the round."))
    if participant.state != ParticipantState.ACTIVE:
        raise RuleViolation("override.left", _("This student has left the round."))
    if has_conflict(OfferFacts.of(offer).supervisors, participant.student):
        raise RuleViolation(
            "override.conflict", _("A conflict of interest is declared between the two.")
        )
    answer = Answer.objects.get(round_id=offer.round_id, **offer.node)
    live = Override.objects.filter(round=offer.round, state__in=LIVE).exclude(
        participant=participant
    )
    if ignore is not None:
        live = live.exclude(pk=ignore.pk)
    taken = Counter(live.values_list("offer_id", flat=True))
    node = live.filter(**at_node(offer)).count()
    if taken[offer.pk] >= offer.places or node >= places_of(offer.round, [answer])[answer.pk]:
        raise RuleViolation(
            "override.full", _("All places of this offer or mentor are assigned already.")
        )


def _unit_of(actor: Person, participant: Participant) -> Unit:
    """Return the unit on whose grant the actor asks: the nearest above the student's."""
    path = participant.student.unit.path
    roles = (Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY)
    units = [g.unit for g in actor.active_grants if g.role in roles]
    return max((u for u in units if path.startswith(u.path)), key=lambda u: len(u.path))


def deciders_of(override: Override) -> list[Person]:
    """Return the people who may decide on the assignment."""
    concerned = (override.round.unit, override.offer.unit, override.participant.student.unit)
    keys = {int(key) for unit in concerned for key in unit.path.split("/") if key}
    people = Person.objects.filter(
        grants__role__in=OFFICE_ROLES, grants__unit_id__in=keys, is_active=True
    ).distinct()
    return [p for p in people if why_not(p, "selection.decide_override", override) is None]
