"""What other rooms add here: what an admission sets off, and who else reads a profile."""

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


ProfileReader = Callable[["Person", "Student"], bool]
_readers: list[ProfileReader] = []


def let_read_profiles(reader: ProfileReader) -> ProfileReader:
    """Let those read a student's profile for whom ``reader(actor, student)`` is true."""
    if reader not in _readers:
        _readers.append(reader)
    return reader


def is_profile_reader(actor: Person, student: Student) -> bool:
    """Tell whether another room lets ``actor`` read the profile of ``student``."""
    return any(reader(actor, student) for reader in _readers)
