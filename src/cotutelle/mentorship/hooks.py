"""What other rooms add here: what a suspension (停招) sets off, and which offers are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cotutelle.mentorship.models import Mentor
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
