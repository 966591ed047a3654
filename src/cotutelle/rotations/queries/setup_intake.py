"""Who comes to a ward in a month, who stays, who has left."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cotutelle.rotations.models import Stay, Ward
from cotutelle.rotations.months import add_months, last_of
from cotutelle.rotations.queries.stays import last_day_of, with_successors


@dataclass(frozen=True, slots=True)
class Intake:
    """
    The trainees of a ward around the first day of ``month``.

    ``coming`` begin in it, ``staying`` were there the month before and remain, ``leaving`` were
    there and do not return.
    """

    month: dt.date
    coming: tuple[Stay, ...]
    staying: tuple[Stay, ...]
    leaving: tuple[Stay, ...]

    @property
    def present(self) -> int:
        """Trainees on the ward in the month."""
        return len(self.coming) + len(self.staying)


def intake_of(ward: Ward, month: dt.date) -> Intake:
    """
    Return the intake of ``ward`` in the month that begins on ``month``; one query.

    Whoever went from an archived plan to another one is listed as the other one says.
    """
    before = add_months(month, -1)
    stays = (
        with_successors(Stay.objects.all()).filter(ward=ward, starts_on__lte=last_of(month), ends_on__gte=before)
        .select_related(
            "participant__student__person", "participant__student__unit",
            "participant__curriculum", "block__department",
        )
        .order_by("participant__student__person__name_sort", "starts_on")
    )  # fmt: skip
    earlier: dict[int, Stay] = {}
    now: dict[int, Stay] = {}
    for stay in stays:
        ends_on = last_day_of(stay.ends_on, stay.succeeded_on)
        if stay.starts_on < month and ends_on >= before:
            earlier[stay.participant.student_id] = stay
        if ends_on >= max(month, stay.starts_on):
            now.setdefault(stay.participant.student_id, stay)
    return Intake(
        month,
        coming=tuple(s for key, s in now.items() if key not in earlier),
        staying=tuple(s for key, s in now.items() if key in earlier),
        leaving=tuple(s for key, s in earlier.items() if key not in now),
    )
