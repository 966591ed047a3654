"""Meetings that would take the same person, or the same room, at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.people.models import Person
from cotutelle.rotations.models import Meeting, MeetingRoom, SeriesMember
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.ui.dates import format_datetime

SHOWN_CLASHES = 5
_Holder = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two meetings at one time; ``person`` or ``room`` is needed at both."""

    first: Meeting
    second: Meeting
    person: Person | None
    room: MeetingRoom | None

    @property
    def who(self) -> str:
        """Who or what is needed twice."""
        return self.person.display_name if self.person is not None else str(self.room)


def clashes_of(coming: Collection[Meeting], gone: Iterable[Meeting] = ()) -> list[Clash]:
    """
    Return what ``coming`` meetings would clash with: one another, and meetings that stay.

    ``gone`` are meetings that fall away. Those of other terms and those moved by hand count too;
    who is not needed at a meeting does not. A few queries.
    """
    if not coming:
        return []
    fresh = {id(row) for row in coming}
    skipped = {row.pk for row in (*coming, *gone)} - {None}
    others = _staying(coming).exclude(pk__in=skipped).select_related("series")
    rows = sorted((*coming, *others), key=lambda row: (row.starts_at, row.series_id))
    held = _held(rows)
    found = []
    last: dict[_Holder, Meeting] = {}
    for row in rows:
        for holder in held[id(row)]:
            before = last.get(holder)
            if (
                before is not None
                and before.ends_at > row.starts_at
                and {id(before), id(row)} & fresh
            ):
                found.append((before, row, holder))
            if before is None or before.ends_at < row.ends_at:
                last[holder] = row
    return _named(found)


def clash_words(found: Sequence[Clash]) -> str:
    """Return who is needed twice, when and at what, in sentences; the first few clashes."""
    says = [
        _("%(who)s on %(when)s, at %(one)s and %(other)s.")
        % {
            "who": clash.who,
            "when": format_datetime(max(clash.first.starts_at, clash.second.starts_at)),
            "one": clash.first.series,
            "other": clash.second.series,
        }
        for clash in found[:SHOWN_CLASHES]
    ]
    return " ".join([_("Needed at two meetings at once:"), *says])


def _staying(coming: Collection[Meeting]) -> QuerySet[Meeting]:
    """Return the meetings at the time of ``coming`` ones that need the same people or rooms."""
    needed = SeriesMember.objects.filter(is_needed=True)
    people = needed.filter(series__in={row.series_id for row in coming}).values("person")
    series = needed.filter(person__in=people).values("series")
    rooms = {row.room_id for row in coming} - {None}
    return Meeting.objects.filter(
        Q(series__in=series) | Q(room__in=rooms),
        state__in=PLACED,
        starts_at__lt=max(row.ends_at for row in coming),
        ends_at__gt=min(row.starts_at for row in coming),
    )


def _held(rows: Iterable[Meeting]) -> dict[int, list[_Holder]]:
    """Return whom and which room each meeting needs."""
    rows = list(rows)
    needed: dict[int, list[_Holder]] = defaultdict(list)
    members = SeriesMember.objects.filter(series__in={r.series_id for r in rows}, is_needed=True)
    for series, person in members.order_by("pk").values_list("series", "person"):
        needed[series].append(("person", person))
    return {
        id(row): [*needed[row.series_id], *([("room", row.room_id)] if row.room_id else [])]
        for row in rows
    }


def _named(found: list[tuple[Meeting, Meeting, _Holder]]) -> list[Clash]:
    keys = {holder for _one, _other, holder in found}
    people = Person.objects.in_bulk({key for kind, key in keys if kind == "person"})
    rooms = MeetingRoom.objects.in_bulk({key for kind, key in keys if kind == "room"})
    return [
        Clash(
            one, other,
            people[key] if kind == "person" else None,
            rooms[key] if kind == "room" else None,
        )
        for one, other, (kind, key) in found
    ]  # fmt: skip
