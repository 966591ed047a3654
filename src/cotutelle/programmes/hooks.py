"""What other rooms add here: what changes set off, who else reads a profile, who is where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, ParamSpec

from cotutelle.programmes.enums import AdmissionState, LeaveState

if TYPE_CHECKING:
    from django.db.models import Q

    from cotutelle.institutions.models import Unit
    from cotutelle.people.models import Person
    from cotutelle.programmes.models import Enrolment, Leave, Student, TrackChoice

P = ParamSpec("P")

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


class Hooks(Generic[P]):
    """What other rooms do in the transaction of a change; what one raises undoes it."""

    def __init__(self) -> None:
        self._called: list[Callable[P, None]] = []

    def add(self, hook: Callable[P, None]) -> Callable[P, None]:
        """Call ``hook`` from now on."""
        if hook not in self._called:
            self._called.append(hook)
        return hook

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call every hook."""
        for hook in self._called:
            hook(*args, **kwargs)


# (choice of track, actor): the student stays or goes over to the academic track.
track_changes: Hooks[[TrackChoice, Person]] = Hooks()
# (leave, state before, actor): asked, approved, refused, withdrawn or returned.
leave_changes: Hooks[[Leave, LeaveState | None, Person | None]] = Hooks()
# (enrolment, days before): training ends later or earlier than it did.
extensions: Hooks[[Enrolment, int]] = Hooks()

on_track_change = track_changes.add
on_leave_change = leave_changes.add
on_extension = extensions.add

EnrolmentFinder = Callable[["Person"], "Q"]
_shown: list[EnrolmentFinder] = []


def show_enrolments(finder: EnrolmentFinder) -> EnrolmentFinder:
    """Show ``actor`` the enrolments that fulfil ``finder(actor)``: students in their wards."""
    if finder not in _shown:
        _shown.append(finder)
    return finder


def enrolments_shown_to(actor: Person) -> list[Q]:
    """Return the conditions by which other rooms show enrolments to ``actor``."""
    return [finder(actor) for finder in _shown]


WardFinder = Callable[["Student", dt.date], "Unit | None"]
_finders: list[WardFinder] = []


def find_wards(finder: WardFinder) -> WardFinder:
    """Let ``finder(student, day)`` say in which unit's ward a student is, or ``None``."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def ward_unit_of(student: Student, day: dt.date) -> Unit:
    """Return the unit of the ward where ``student`` is on ``day``; the student's own without one."""
    found = (finder(student, day) for finder in _finders)
    return next((unit for unit in found if unit is not None), student.unit)
