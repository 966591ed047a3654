"""Which place on a mentor's list would have been enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cotutelle.engines.matching.entities import GroupId, MentorId, StudentId
from cotutelle.engines.matching.preferences import Preferences

_Ties = Sequence[Sequence[StudentId]]


@dataclass(frozen=True, slots=True)
class Sufficient:
    """
    The lowest place on a mentor's list that would have been enough.

    Attributes
    ----------
    mentor
        Whose list it is.
    place
        1 + the number of students ranked strictly before, as `student_rank` counts.
    own_place
        The student's own, counted likewise; None where she did not list the student.
    shared
        Whether it would have been enough to be ranked equal with those who are now at that
        place; else the student would have to come before them.
    group
        The group whose quota kept the student out; None where none did.
    group_place, own_group_place
        The place, from 1, of this application in the order of that unit, then and now.
    """

    mentor: MentorId
    place: int
    own_place: int | None
    shared: bool
    group: GroupId | None = None
    group_place: int | None = None
    own_group_place: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What `lowest_place` found, with the list that has the student there."""

    place: int
    own_place: int | None
    shared: bool
    preferences: Preferences

    def at(
        self,
        mentor: MentorId,
        group: GroupId | None = None,
        group_place: int | None = None,
        own_group_place: int | None = None,
    ) -> Sufficient:
        """Return the answer for a mentor, and for a group above her."""
        return Sufficient(
            mentor, self.place, self.own_place, self.shared, group, group_place, own_group_place
        )


def lowest_place(
    ties: _Ties, student: StudentId, is_enough: Callable[[Preferences], bool]
) -> Found | None:
    """
    Search a list for the lowest place that is enough.

    Parameters
    ----------
    ties
        The mentor's list; where the student stands on it now is not enough.
    student
        Who is moved.
    is_enough
        Whether a changed list is enough; what is enough is so at every better place too.

    Returns
    -------
    Found or None
        None when not even the first place is enough.

    Notes
    -----
    Asks about as often as the length of the list has binary digits, and twice.
    """
    own = next((at for at, tie in enumerate(ties) if student in tie), None)
    others = [tuple(s for s in tie if s != student) for tie in ties]
    rest = [tie for tie in others if tie]

    def before(at: int) -> Preferences:
        return (*rest[:at], (student,), *rest[at:])

    if not is_enough(before(0)):
        return None
    enough = 0
    too_low = len(rest) if own is None else own + bool(others[own])
    if own is None and is_enough(before(too_low)):
        enough = too_low
    while too_low - enough > 1:
        middle = (enough + too_low) // 2
        if is_enough(before(middle)):
            enough = middle
        else:
            too_low = middle
    shared = (
        enough < len(rest)
        and enough != own
        and is_enough((*rest[:enough], (*rest[enough], student), *rest[enough + 1 :]))
    )
    return Found(
        place=1 + sum(map(len, rest[:enough])),
        own_place=None if own is None else 1 + sum(map(len, ties[:own])),
        shared=shared,
        preferences=before(enough),
    )
