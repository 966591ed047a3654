"""What other rooms add here: what suspensions (停招) and new mentors set off, which offers show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cotutelle.mentorship.models import Mentor, Mentorship
    from cotutelle.people.models import Person

SuspensionHook = Callable[["Mentor", int, str, "Person | None"], None]
_hooks: list[SuspensionHook] = []


def on_suspension(hook: SuspensionHook) -> SuspensionHook:
    """Call ``hook(mentor, year, reason, actor)`` in the transaction of every suspension."""
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def tell_suspended(mentor: Mentor, year: int, reason: str, actor: Person | None) -> None:
    """Call every hook; what one raises undoes the suspension."""
    for hook in _hooks:
        hook(mentor, year, reason, actor)


SupervisionHook = Callable[[set[int]], None]
_supervision: list[SupervisionHook] = []


def on_supervision_change(hook: SupervisionHook) -> SupervisionHook:
    """Call ``hook(keys of students)`` in the transaction in which mentorships begin or end."""
    if hook not in _supervision:
        _supervision.append(hook)
    return hook


def tell_supervision(changed: Iterable[Mentorship]) -> None:
    """Call every hook for the students of these mentorships; what one raises undoes the change."""
    students = {one.student_id for one in changed}
    for hook in _supervision if students else ():
        hook(students)


OfferReader = Callable[["Person", "Mentor"], Sequence[Any]]
_offers: list[OfferReader] = []


def show_offers(reader: OfferReader) -> OfferReader:
    """Let the page of a mentor show ``reader(actor, mentor)``: the open offers the actor may see."""
    if reader not in _offers:
        _offers.append(reader)
    return reader


def offers_of(actor: Person, mentor: Mentor) -> list[Any]:
    """Return what every reader shows."""
    return [offer for reader in _offers for offer in reader(actor, mentor)]
