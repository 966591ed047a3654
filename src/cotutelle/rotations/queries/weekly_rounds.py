"""The joint rounds of one person: when each is next, who cannot come, what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cotutelle.availability.models import Span
from cotutelle.availability.queries import spans_of
from cotutelle.core.clock import now, today
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MeetingState, Presence, SeriesKind
from cotutelle.rotations.models import Attendance, Meeting, Series
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.rotations.queries.weekly_words import names_of
from cotutelle.rotations.rules.weekly import MENTOR_ROLES

STAYS = ("rotations.stay", "rotations.stay_of_student")
MISSES_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class OwnRound:
    """
    A joint round in which somebody takes part.

    Its mentors read who is taken or on leave at the next meeting (``cannot_come``), who was
    missing at the last one where it was not held (``absent``), and whether a time is to be found:
    not held twice in a row, or no weekly time (``needs_slot``).
    """

    series: Series
    next: Meeting | None
    cannot_come: str
    last: Meeting | None
    absent: str
    is_missed_twice: bool
    needs_slot: bool


@dataclass(frozen=True, slots=True)
class _Missing:
    """Names by meeting: who will be taken then, and who was absent."""

    taken: Mapping[int, str]
    absent: Mapping[int, str]


def takes_time(span: Span) -> bool:
    """Tell whether an entry keeps somebody from a meeting; to be on a ward does not."""
    return span.kind not in STAYS


def source_of(meeting: Meeting) -> str:
    """Return the name under which a meeting stands in calendars; it is the same for life."""
    return f"rotations.meeting:{meeting.pk}"


def own_rounds(person: Person) -> list[OwnRound]:
    """Return the joint rounds of ``person`` that are alive, the next one first; a few queries."""
    rows = list(
        Series.objects.filter(
            kind=SeriesKind.JOINT_ROUND, ended_at__isnull=True, members__person=person,
            term__published_at__isnull=False, term__ends_on__gte=today(),
        )
        .select_related("term__unit")
        .prefetch_related("members__person")
        .order_by("id")
    )  # fmt: skip
    coming = _first(
        Meeting.objects.filter(series__in=rows, state__in=PLACED, ends_at__gt=now())
        .select_related("room")
        .order_by("starts_at", "id")
    )
    past: dict[int, list[Meeting]] = {}
    for meeting in Meeting.objects.filter(
        series__in=rows, state__in=[MeetingState.HELD, MeetingState.MISSED]
    ).order_by("-starts_at", "-id"):
        past.setdefault(meeting.series_id, []).append(meeting)
    who = _Missing(_taken(rows, coming), _absent([meetings[0] for meetings in past.values()]))
    found = [_own(person, one, coming.get(one.pk), past.get(one.pk, ()), who) for one in rows]
    return sorted(found, key=lambda r: (r.next is None, r.next.starts_at if r.next else now()))


def _first(meetings: Iterable[Meeting]) -> dict[int, Meeting]:
    found: dict[int, Meeting] = {}
    for meeting in meetings:
        found.setdefault(meeting.series_id, meeting)
    return found


def _own(
    person: Person, series: Series, coming: Meeting | None, past: Sequence[Meeting], who: _Missing
) -> OwnRound:
    states = [meeting.state for meeting in past[:MISSES_IN_A_ROW]]
    twice = states == [MeetingState.MISSED] * MISSES_IN_A_ROW
    leads = any(m.person_id == person.pk and m.role in MENTOR_ROLES for m in series.members.all())
    last = past[0] if past else None
    return OwnRound(
        series=series,
        next=coming,
        cannot_come=who.taken.get(coming.pk, "") if coming and leads else "",
        last=last,
        absent=who.absent.get(last.pk, "") if last and leads else "",
        is_missed_twice=twice,
        needs_slot=leads and (twice or series.weekday is None),
    )


def _taken(rows: Sequence[Series], coming: Mapping[int, Meeting]) -> dict[int, str]:
    """Name, for every meeting to come, who is taken or on leave then."""
    if not coming:
        return {}
    people = {m.person_id: m.person for one in rows for m in one.members.all()}
    begin = min(meeting.starts_at for meeting in coming.values())
    end = max(meeting.ends_at for meeting in coming.values())
    spans = [span for span in spans_of(people.values(), begin, end) if takes_time(span)]
    found = {}
    for one in rows:
        if (meeting := coming.get(one.pk)) is None:
            continue
        busy = {
            span.person_id
            for span in spans
            if span.source != source_of(meeting)
            and span.starts_at < meeting.ends_at
            and span.ends_at > meeting.starts_at
        }
        found[meeting.pk] = names_of(m.person for m in one.members.all() if m.person_id in busy)
    return found


def _absent(meetings: Sequence[Meeting]) -> dict[int, str]:
    """Name who was missing at meetings that were not held."""
    missed = [meeting for meeting in meetings if meeting.state == MeetingState.MISSED]
    people: dict[int, list[Person]] = {}
    for row in Attendance.objects.filter(
        meeting__in=missed, presence=Presence.ABSENT
    ).select_related("person"):
        people.setdefault(row.meeting_id, []).append(row.person)
    return {key: names_of(found) for key, found in people.items()}
