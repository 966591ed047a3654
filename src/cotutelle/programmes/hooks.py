"""What other rooms do when a student's admission changes: registered here, called inside the write."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cotutelle.programmes.enums import AdmissionState

if TYPE_CHECKING:
    from cotutelle.people.models import Person
    from cotutelle.programmes.models import Student

AdmissionHook = Callable[["Student", AdmissionState, "Person | None"], None]
_hooks: list[AdmissionHook] = []


def on_admission_change(hook: AdmissionHook) -> AdmissionHook:
    """Call ``hook(student, previous_state, actor)`` in the transaction of every change."""
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def tell(student: Student, previous: AdmissionState, actor: Person | None) -> None:
    """Call every hook; what one raises undoes the change."""
    for hook in _hooks:
        hook(student, previous, actor)
