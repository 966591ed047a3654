"""Who is planned, with what binds them, as one row of a spreadsheet each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.models import Cycle, Participant, StayPin, Ward, Wish
from cotutelle.rotations.queries.planning_keys import Part, parts_of, ward_key
from cotutelle.rotations.queries.planning_months import first_day, period_of, period_text

Span = tuple[dt.date, dt.date]


@dataclass(frozen=True, slots=True, order=True)
class PinWords:
    """A stay to hold as a cell names it: month, ward, and the block where that is not clear."""

    month: dt.date
    ward: str
    block: str = ""

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.ward} {self.block}".rstrip()


@dataclass(frozen=True, slots=True)
class HeldStay:
    """A stay to hold: this part of a block, here, from this period."""

    part: Part
    ward: Ward
    start: int

    @property
    def place(self) -> tuple[int, int, int, int]:
        """What makes two held stays the same."""
        return self.part.block.pk, self.part.number, self.ward.pk, self.start


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """What a row says of one participant; months are first days."""

    first: dt.date
    last: dt.date | None
    forbidden: tuple[str, ...]
    research: tuple[Span, ...]
    pins: tuple[PinWords, ...]


def with_constraints(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Return ``rows`` with all that `line_of` reads, in a fixed number of queries."""
    wishes = Wish.objects.select_related("hospital").order_by("id")
    pins = StayPin.objects.select_related("ward__hospital", "block").order_by("start", "id")
    return rows.select_related("cycle__unit", "student__person", "curriculum").prefetch_related(
        Prefetch("wishes", wishes), Prefetch("pins", pins)
    )


def line_of(place: Participant) -> PlaceLine:
    """Return the row of a participant."""
    cycle = place.cycle
    return PlaceLine(
        first=first_day(cycle, place.first),
        last=None if place.last is None else first_day(cycle, place.last),
        forbidden=tuple(sorted({wish.hospital.code for wish in forbids(place) if wish.hospital})),
        research=tuple(
            sorted(
                {
                    (first_day(cycle, first), first_day(cycle, last))
                    for first, last in map(months_of, protects(place))
                }
            )
        ),
        pins=tuple(
            sorted(
                PinWords(first_day(cycle, held.start), ward_key(held.ward), held.part.key)
                for held in held_stays(place)
            )
        ),
    )


def forbids(place: Participant) -> list[Wish]:
    """Return the hospitals that a participant must not go to."""
    return [wish for wish in place.wishes.all() if wish.kind == WishKind.FORBID_HOSPITAL]


def protects(place: Participant) -> list[Wish]:
    """Return the months that are protected for a participant's research."""
    found = [wish for wish in place.wishes.all() if wish.kind == WishKind.RESEARCH]
    return [wish for wish in found if wish.first is not None]


def months_of(wish: Wish) -> tuple[int, int]:
    """Return the first and the last period of a wish that has months."""
    first = wish.first or 0
    return first, first if wish.last is None else wish.last


def held_stays(place: Participant) -> list[HeldStay]:
    """Return the stays that are held for a participant."""
    found = []
    for pin in place.pins.all():
        part = next((p for p in parts_of(pin.block) if p.number == pin.part), None)
        if part is not None:
            found.append(HeldStay(part, pin.ward, pin.start))
    return found


def span_words(span: Span) -> str:
    """Return months as a cell writes them."""
    first, last = span
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}~{last:%Y-%m}"


@dataclass(frozen=True, slots=True)
class PinFinder:
    """
    Finds the part of a block that a cell means.

    ``trains`` maps a department's key to the keys of the wards that train for it throughout.
    """

    cycle: Cycle
    wards: Mapping[str, Ward]
    trains: Mapping[int, frozenset[str]]

    def find(
        self, words: Sequence[PinWords], parts: Sequence[Part], held: Iterable[HeldStay]
    ) -> tuple[list[HeldStay], list[str]]:
        """
        Return the stays that ``words`` hold, and what is wrong with them in sentences.

        A stay that is held already keeps its part; parts of one block are taken in order of
        time.
        """
        known = list(held)
        found: list[HeldStay] = []
        faults: list[str] = []
        for one in sorted(words):
            says = self._find_one(one, parts, known, found)
            if isinstance(says, HeldStay):
                found.append(says)
            else:
                faults.append(f"{one}: {says}")
        return found, [*faults, *self._overlaps(found)]

    def _find_one(
        self, one: PinWords, parts: Sequence[Part], known: list[HeldStay], found: list[HeldStay]
    ) -> HeldStay | str:
        """Return the stay that ``one`` holds, or why it holds none."""
        ward, start = self.wards.get(one.ward), period_of(self.cycle, one.month)
        if ward is None:
            return _("There is no ward of this code.")
        if not 0 <= start < self.cycle.months:
            return _("This month lies outside the plan.")
        taken = {(stay.part.block.pk, stay.part.number) for stay in found}
        free = [
            part
            for part in parts
            if (part.block.pk, part.number) not in taken
            and one.block in {"", part.key, part.block.code}
        ]
        here = (stay for stay in known if stay.ward.pk == ward.pk and stay.start == start)
        if same := next((stay for stay in here if stay.part in free), None):
            return same
        able = [p for p in free if one.ward in self.trains.get(p.block.department_id, ())]
        blocks = list(dict.fromkeys(part.block.code for part in able))
        if len(blocks) > 1:
            return _("Several blocks fit. Write one behind the ward: %(blocks)s.") % {
                "blocks": ", ".join(blocks)
            }
        if not able:
            return _("The ward trains for no block of this curriculum that is still free.")
        return HeldStay(able[0], ward, start)

    def _overlaps(self, found: Sequence[HeldStay]) -> list[str]:
        """Say which months are held twice."""
        count: dict[int, int] = {}
        for stay in found:
            for period in range(stay.start, stay.start + stay.part.months):
                count[period] = count.get(period, 0) + 1
        return [
            _("Two stays are held in %(month)s.") % {"month": period_text(self.cycle, period)}
            for period, stays in sorted(count.items())
            if stays > 1
        ]
