"""Two trainees exchange months: asked, agreed to, decided."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.rotations.enums import SwapState
from cotutelle.rotations.models import Stay, Swap
from cotutelle.rotations.queries.planning_review import published_scenario
from cotutelle.rotations.queries.planning_swaps import exchange_of
from cotutelle.rotations.services.planning_stays import (
    lock_plan,
    record_plans,
    tell_about,
    write_stays,
)
from cotutelle.rotations.task_kinds.planning import ANSWER_SWAP, DECIDE_SWAP
from cotutelle.workflow.services import close_tasks, open_task, open_tasks


@transaction.atomic
def ask_swap(mine: Stay, other: Stay, *, note: str = "", actor: Person) -> Swap:
    """
    Ask another trainee to exchange months.

    Refuses: ``swap.self``, ``swap.open`` (this stay is asked for already), and what `exchange_of`
    finds: ``swap.length``, ``swap.past``, ``swap.cycle``, ``swap.rules``.
    """
    check(actor, "rotations.ask_swap", mine.participant)
    if mine.participant_id == other.participant_id:
        raise RuleViolation("swap.self", _("Exchange with somebody else."))
    exchange_of(mine, other).require()
    swap = Swap(asker_stay=mine, other_stay=other, note=note.strip(), asked_at=now())
    try:
        with transaction.atomic():
            swap.save()
    except IntegrityError as error:
        raise RuleViolation(
            "swap.open", _("An exchange of this stay is asked for already.")
        ) from error
    record("rotations.swap.asked", actor=actor, subject=swap)
    open_task(
        assignee=other.participant.student.person,
        kind=ANSWER_SWAP,
        subject=swap,
        unit=swap.owning_unit,
        due_at=None,
        params={"plan": bilingual(mine.participant.cycle)},
        url=reverse("rotations:swap", args=[swap.public_id]),
    )
    return swap


@transaction.atomic
def answer_swap(swap: Swap, *, agrees: bool, actor: Person) -> Swap:
    """The other trainee agrees or not. Refuses: ``swap.state``, and who is not asked."""
    if swap.other_stay.participant.student.person_id != actor.pk:
        raise Refused(_("Only the trainee who is asked answers."))
    state = SwapState.AGREED if agrees else SwapState.REFUSED
    _move(swap, SwapState.ASKED, state, answered_at=now())
    record("rotations.swap.answered", actor=actor, subject=swap, after={"state": state})
    close_tasks(swap, ANSWER_SWAP)
    if not agrees:
        _tell(swap, [swap.asker_stay.participant.student.person])
        return swap
    cycle = swap.asker_stay.participant.cycle
    open_tasks(
        holders(cycle.unit, Role.RESIDENCY_OFFICE),
        kind=DECIDE_SWAP,
        subject=swap,
        unit=cycle.unit,
        due_at=None,
        params={"plan": bilingual(cycle)},
        url=reverse("rotations:swap", args=[swap.public_id]),
    )
    return swap


@transaction.atomic
def withdraw_swap(swap: Swap, *, actor: Person) -> Swap:
    """The asker takes it back before it is decided. Refuses: ``swap.state``."""
    if swap.asker_stay.participant.student.person_id != actor.pk:
        raise Refused(_("Only the trainee who asked takes it back."))
    if swap.state not in {SwapState.ASKED, SwapState.AGREED}:
        raise RuleViolation("swap.state", _("This exchange has been decided already."))
    _move(swap, SwapState(swap.state), SwapState.WITHDRAWN)
    close_tasks(swap, ANSWER_SWAP, cancelled=True)
    close_tasks(swap, DECIDE_SWAP, cancelled=True)
    record("rotations.swap.withdrawn", actor=actor, subject=swap)
    return swap


@transaction.atomic
def decide_swap(swap: Swap, *, approves: bool, reason: str = "", actor: Person) -> Swap:
    """
    The residency office lets the exchange happen, or refuses it with a reason.

    Approved, the plan in force is changed at once and everybody concerned is told.
    Refuses: ``swap.state``, ``swap.reason``, and what `exchange_of` finds today.
    """
    check(actor, "rotations.decide_swap", swap)
    if not approves and not reason.strip():
        raise RuleViolation("swap.reason", _("Say why."), field="reason")
    cycle = lock_plan(swap.asker_stay.participant.cycle_id)
    state = SwapState.APPROVED if approves else SwapState.REFUSED
    _move(
        swap,
        SwapState.AGREED,
        state,
        refusal="" if approves else reason.strip(),
        decided_at=now(),
        decided_by=actor,
    )
    if approves:
        scenario = published_scenario(cycle)
        assert scenario is not None  # noqa: S101  there are stays, so something was published
        stays = exchange_of(swap.asker_stay, swap.other_stay).require()
        written = write_stays(cycle, scenario, stays)
        record_plans(written, actor=actor, swap=str(swap.public_id))
        tell_about(cycle, written, is_first=False)
    else:
        pair = (swap.asker_stay, swap.other_stay)
        _tell(swap, [stay.participant.student.person for stay in pair])
    close_tasks(swap, DECIDE_SWAP)
    record(
        "rotations.swap.decided",
        actor=actor,
        subject=swap,
        after={"state": state, "reason": swap.refusal},
        decision=True,
    )
    return swap


def _move(swap: Swap, before: SwapState, after: SwapState, **values: object) -> None:
    found = Swap.objects.filter(pk=swap.pk, state=before).update(state=after, **values)
    if not found:
        raise RuleViolation("swap.state", _("This exchange has been decided already."))
    swap.refresh_from_db()


def _tell(swap: Swap, people: list[Person]) -> None:
    notify(
        people,
        "rotations.swap_refused",
        params={"plan": bilingual(swap.asker_stay.participant.cycle)},
        url=reverse("rotations:swap", args=[swap.public_id]),
        unit=swap.owning_unit,
    )
