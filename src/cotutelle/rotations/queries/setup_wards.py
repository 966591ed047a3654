"""Reading wards and how full they are, month by month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Max, Min, QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.rotations.models import Occupancy, Stay, Ward, WardMonth
from cotutelle.rotations.months import first_of, last_of, months_between, months_from
from cotutelle.rotations.queries.stays import last_day_of, with_successors
from cotutelle.rotations.rules.setup import PLANNERS, WARD_KEEPERS, WARD_OFFICES, WARD_READERS

HALF, THREE_QUARTERS = 0.5, 0.75


def wards_visible_to(actor: Person) -> QuerySet[Ward]:
    """
    Return the wards of the actor's units; of all partners for those who plan rotations.

    Trainees are sent across hospitals, so whoever plans must see where there are places.
    """
    rows = Ward.objects.select_related("unit", "hospital")
    if any(g.role in PLANNERS for g in actor.active_grants):
        return rows
    return rows.filter(below([g.unit for g in actor.active_grants if g.role in WARD_READERS]))


def wards_kept_by(actor: Person) -> QuerySet[Ward]:
    """Return the wards whose places ``actor`` keeps."""
    units = [g.unit for g in actor.active_grants if g.role in WARD_KEEPERS]
    return Ward.objects.select_related("unit", "hospital").filter(below(units))


def ward_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units in which ``actor`` opens wards; the consortium is none."""
    units = [g.unit for g in actor.active_grants if g.role in WARD_OFFICES]
    return Unit.objects.filter(below(units, "path"), state="active", parent__isnull=False).order_by(
        "path"
    )


@dataclass(frozen=True, slots=True)
class MonthLoad:
    """
    A ward in one month, in trainees.

    ``ours`` are planned here; ``others`` are not, by kind. ``upper`` empty sets no bound.
    ``is_planned`` is false outside all plans in force: nobody is missing then.
    """

    month: dt.date
    upper: int | None
    lower: int
    ours: int
    others: Mapping[str, int] = field(default_factory=dict)
    is_special: bool = False
    note: str = ""
    is_planned: bool = True

    @property
    def other(self) -> int:
        """Trainees who are not planned here, all kinds."""
        return sum(self.others.values())

    @property
    def load(self) -> int:
        """Everybody present."""
        return self.ours + self.other

    @property
    def free(self) -> int | None:
        """Places left for trainees planned here; negative where there are too many."""
        return None if self.upper is None else self.upper - self.load

    @property
    def level(self) -> str:
        """The class of the cell: ``l0`` … ``l4``, ``over``, ``under``; nothing without a bound."""
        if self.upper is not None and self.load > self.upper:
            return "over"
        if self.is_planned and self.load < self.lower:
            return "under"
        if not self.upper:
            return ""
        share = self.load / self.upper
        if share >= 1:
            return "l4"
        return (
            "l3" if share >= THREE_QUARTERS else "l2" if share >= HALF else "l1" if share else "l0"
        )


def month_loads(wards: Iterable[Ward], months: Sequence[dt.date]) -> dict[int, list[MonthLoad]]:
    """
    Return, by the key of each ward, its load in each of ``months``; four queries in all.

    Parameters
    ----------
    months
        First days of months, ascending and without gaps.
    """
    rows = list(wards)
    keys = [w.pk for w in rows]
    special = {
        (m.ward_id, m.month): m
        for m in WardMonth.objects.filter(ward__in=keys, month__in=list(months))
    }
    others: dict[tuple[int, dt.date], dict[str, int]] = defaultdict(dict)
    for one in Occupancy.objects.filter(ward__in=keys, month__in=list(months)):
        others[one.ward_id, one.month][one.kind] = one.people
    ours = _ours(keys, months)
    planned = Stay.objects.aggregate(first=Min("starts_on"), last=Max("ends_on"))
    found: dict[int, list[MonthLoad]] = {}
    for ward in rows:
        line = []
        for month in months:
            own = special.get((ward.pk, month))
            line.append(
                MonthLoad(
                    month=month,
                    upper=own.upper if own else ward.upper,
                    lower=own.lower if own else ward.lower,
                    ours=len(ours.get((ward.pk, month), ())),
                    others=others.get((ward.pk, month), {}),
                    is_special=own is not None,
                    note=own.note if own else "",
                    is_planned=planned["first"] is not None
                    and first_of(planned["first"]) <= month <= planned["last"],
                )
            )
        found[ward.pk] = line
    return found


def loads_of(ward: Ward, first: dt.date, n: int) -> list[MonthLoad]:
    """Return the load of one ward in ``n`` months from that of ``first`` on."""
    return month_loads([ward], months_from(first, n))[ward.pk]


def _ours(wards: list[int], months: Sequence[dt.date]) -> dict[tuple[int, dt.date], set[int]]:
    """Return the students of the plans in force, by ward and month."""
    found: dict[tuple[int, dt.date], set[int]] = defaultdict(set)
    if not months:
        return found
    stays = with_successors(Stay.objects.all()).filter(
        ward__in=wards, starts_on__lte=last_of(months[-1]), ends_on__gte=months[0]
    )
    for ward, student, start, end, succeeded_on in stays.values_list(
        "ward_id", "participant__student_id", "starts_on", "ends_on", "succeeded_on"
    ):
        until = min(last_day_of(end, succeeded_on), months[-1])
        for month in months_between(max(first_of(start), months[0]), until):
            found[ward, month].add(student)
    return found
