"""What other rooms add here: what a suspended eligibility (停招) sets off."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
