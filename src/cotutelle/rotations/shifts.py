"""Codes of a roster (排班表): what a cell of one day means in hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cotutelle.rotations.enums import DutyKind
from cotutelle.rotations.models import HoursPolicy


@dataclass(frozen=True, slots=True)
class Shift:
    """A code, what it counts as, when it begins (``None``: any time) and how long it is."""

    code: str
    kind: DutyKind
    start: dt.time | None
    minutes: int


USUAL: tuple[Shift, ...] = (
    Shift("白", DutyKind.CLINICAL, dt.time(8), 480),
    Shift("上", DutyKind.CLINICAL, dt.time(8), 240),
    Shift("下", DutyKind.CLINICAL, dt.time(14), 240),
    Shift("夜", DutyKind.ON_CALL, dt.time(17, 30), 870),
    Shift("值", DutyKind.ON_CALL, dt.time(8), 1440),
    Shift("科上", DutyKind.RESEARCH, dt.time(8), 240),
    Shift("科", DutyKind.RESEARCH, dt.time(14), 240),
    Shift("科全", DutyKind.RESEARCH, dt.time(8), 480),
    Shift("教", DutyKind.TEACHING, dt.time(16), 120),
)
FREE = "休"
OFF = frozenset({"", FREE, "-", "–", "—", "/", "off", "OFF", "Off"})


def shifts_of(policy: HoursPolicy) -> tuple[Shift, ...]:
    """Return the codes that hold under ``policy``; the usual ones where it names none."""
    return tuple(_shift(row) for row in policy.shifts) or USUAL


def _shift(row: dict[str, str | int]) -> Shift:
    start = str(row.get("start") or "")
    return Shift(
        str(row["code"]),
        DutyKind(str(row["kind"])),
        dt.time.fromisoformat(start) if start else None,
        int(row["minutes"]),
    )


def read_cell(text: str, shifts: Sequence[Shift]) -> list[Shift]:
    """
    Return the shifts of a cell such as ``白``, ``上+科`` or ``休``.

    Raises
    ------
    ValueError
        A code is not known; the message names it and those that are.
    """
    known = {shift.code: shift for shift in shifts}
    found = []
    for part in text.replace("＋", "+").replace("、", "+").replace(",", "+").split("+"):
        code = part.strip()
        if code in OFF:
            continue
        if code not in known:
            raise ValueError(
                _("“%(code)s” is not a shift. Known: %(known)s.")
                % {"code": code, "known": _(", ").join(known)}
            )
        found.append(known[code])
    return found
