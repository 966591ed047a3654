"""One meeting: moved, cancelled, recorded; what was raised; what is asked when none was held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.availability.queries import spans_of
from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment as moment_param
from cotutelle.people.models import Person
from cotutelle.rotations.enums import (
    MEETING_TRANSITIONS,
    MeetingState,
    MemberRole,
    Presence,
    SeriesKind,
)
from cotutelle.rotations.models import (
    Attendance,
    ClinicalProblem,
    Meeting,
    MeetingRoom,
    SeriesMember,
)
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.rotations.queries.weekly_rounds import MISSES_IN_A_ROW, source_of
from cotutelle.rotations.queries.weekly_words import name_of, names_of
from cotutelle.rotations.rules.weekly import MENTOR_ROLES
from cotutelle.rotations.services.weekly_calendar import publish_meetings, withdraw_meetings
from cotutelle.rotations.task_kinds.weekly import FIND_NEW_SLOT, RECORD_MEETING
from cotutelle.workflow.services import close_tasks, open_task, open_tasks

CAME = (Presence.PRESENT, Presence.REMOTE)
RECORD_WORKING_DAYS = 3
MISSED_AFTER = dt.timedelta(days=7)
NEW_SLOT_WORKING_DAYS = 5


def _locked(meeting: Meeting, to: MeetingState) -> Meeting:
    """Return the row locked; refuse with ``meeting.state`` what its life does not allow."""
    row = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("series__term__unit", "room")
        .get(pk=meeting.pk)
    )
    if to not in MEETING_TRANSITIONS[MeetingState(row.state)]:
        raise RuleViolation(
            "meeting.state",
            _("This meeting is “%(state)s”; that cannot be done now.")
            % {"state": MeetingState(row.state).label},
        )
    return row


@transaction.atomic
def move_meeting(
    meeting: Meeting,
    *,
    starts_at: dt.datetime,
    room: MeetingRoom | None = None,
    reason: str = "",
    actor: Person,
) -> Meeting:
    """
    Move one occurrence; the weekly time stays. Everybody is told and calendars follow.

    Refuses: ``meeting.state``, ``meeting.past`` (it, or the new time, has begun),
    ``meeting.clash`` (somebody's calendar, or the room).
    """
    check(actor, "rotations.change_meeting", meeting)
    row = _locked(meeting, MeetingState.MOVED)
    if row.starts_at <= now() or starts_at <= now():
        raise RuleViolation("meeting.past", _("What has begun is recorded, not moved."))
    starts_at = starts_at.astimezone(dt.UTC)  # local time gains or loses an hour twice a year
    ends_at = starts_at + (row.ends_at - row.starts_at)
    _require_free(row, starts_at, ends_at, room)
    before = row.starts_at
    row.state, row.starts_at, row.ends_at = MeetingState.MOVED, starts_at, ends_at
    row.room, row.reason, row.sequence = room, reason.strip()[:200], row.sequence + 1
    row.save()
    publish_meetings([row])
    record(
        "rotations.meeting.moved",
        actor=actor,
        subject=row,
        before={"starts_at": before.isoformat()},
        after={"starts_at": starts_at.isoformat(), "reason": row.reason},
    )
    _tell(row, "rotations.meeting_moved", when=starts_at, before=moment_param(before))
    return row


def _require_free(
    row: Meeting, starts_at: dt.datetime, ends_at: dt.datetime, room: MeetingRoom | None
) -> None:
    members = list(row.series.members.filter(is_needed=True).select_related("person"))
    people = {m.person_id: m.person for m in members}
    clashes = spans_of(people.values(), starts_at, ends_at).exclude(source=source_of(row))
    taken = {span.person_id for span in clashes if not span.is_all_day}
    if taken:
        raise RuleViolation(
            "meeting.clash",
            _("Taken then: %(who)s") % {"who": names_of(people[key] for key in sorted(taken))},
            field="starts_at",
        )
    if room is not None:  # one move into a room at a time
        MeetingRoom.objects.select_for_update().get(pk=room.pk)
    if row.series.needs_room and room is None:
        raise RuleViolation("meeting.clash", _("It needs a room."), field="room")
    if room is not None and (
        Meeting.objects.filter(
            room=room, state__in=PLACED, starts_at__lt=ends_at, ends_at__gt=starts_at
        )
        .exclude(pk=row.pk)
        .exists()
    ):
        raise RuleViolation("meeting.clash", _("The room is taken."), field="room")


@transaction.atomic
def cancel_meeting(meeting: Meeting, *, reason: str, actor: Person) -> Meeting:
    """
    Cancel one occurrence and tell everybody; the weekly time stays.

    Refuses: ``meeting.state``, ``meeting.reason`` (none), ``meeting.past``.
    """
    check(actor, "rotations.change_meeting", meeting)
    row = _locked(meeting, MeetingState.CANCELLED)
    if row.starts_at <= now():
        raise RuleViolation("meeting.past", _("What has begun is recorded, not cancelled."))
    if not reason.strip():
        raise RuleViolation("meeting.reason", _("Say why it is cancelled."), field="reason")
    row.state, row.reason, row.sequence = (
        MeetingState.CANCELLED,
        reason.strip()[:200],
        row.sequence + 1,
    )
    row.save()
    withdraw_meetings([row])
    record("rotations.meeting.cancelled", actor=actor, subject=row, after={"reason": row.reason})
    _tell(row, "rotations.meeting_cancelled", when=row.starts_at)
    return row


@transaction.atomic
def restore_meeting(meeting: Meeting, *, actor: Person) -> Meeting:
    """Let a cancelled meeting take place after all. Refuses: ``meeting.state``, ``meeting.past``,
    ``meeting.clash``, ``series.ended``."""
    check(actor, "rotations.change_meeting", meeting)
    row = _locked(meeting, MeetingState.PLANNED)
    if row.series.ended_at is not None:
        raise RuleViolation("series.ended", _("This weekly time has ended."))
    if row.starts_at <= now():
        raise RuleViolation("meeting.past", _("Its time has passed."))
    _require_free(row, row.starts_at, row.ends_at, row.room)
    row.state, row.reason, row.sequence = MeetingState.PLANNED, "", row.sequence + 1
    row.save()
    publish_meetings([row])
    record("rotations.meeting.restored", actor=actor, subject=row)
    _tell(row, "rotations.meeting_restored", when=row.starts_at)
    return row


def _tell(row: Meeting, kind: str, *, when: dt.datetime, **params: object) -> None:
    notify(
        Person.objects.filter(series_places__series=row.series_id),
        kind,
        params={"name": name_of(row.series), "when": moment_param(when)} | params,
        url=reverse("rotations:meeting", args=[row.public_id]),
        unit=row.series.term.unit,
    )


@transaction.atomic
def record_meeting(meeting: Meeting, presences: Mapping[int, str], *, actor: Person) -> Meeting:
    """
    Keep who came, by the key of each member; it was held when both mentors were there.

    A joint round needs its clinical mentor and a research mentor, in the room or remotely;
    anything else somebody. Who is left out was absent. What was held can be corrected while it
    stays held; the rounds count toward the duties of the mentors who came.

    Refuses: ``meeting.state`` (cancelled, or a correction that would unmake it),
    ``meeting.future``, ``meeting.people`` (not a member, or no such presence).
    """
    check(actor, "rotations.record_meeting", meeting)
    row = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("series__term__unit")
        .get(pk=meeting.pk)
    )
    if row.starts_at > now():
        raise RuleViolation("meeting.future", _("It has not begun yet."))
    members = {m.person_id: m for m in row.series.members.all()}
    if set(presences) - set(members) or set(presences.values()) - set(Presence.values):
        raise RuleViolation("meeting.people", _("Somebody here does not take part."))
    came = {key for key, presence in presences.items() if presence in CAME}
    to = MeetingState.HELD if _was_held(row, members, came) else MeetingState.MISSED
    state = MeetingState(row.state)
    if to != state and to not in MEETING_TRANSITIONS[state]:
        raise RuleViolation(
            "meeting.state",
            _("This meeting is “%(state)s”; that cannot be done now.") % {"state": state.label},
        )
    _keep_attendance(row, members, presences)
    row.state, row.recorded_by, row.recorded_at = to, actor, now()
    row.save(update_fields=["state", "recorded_by", "recorded_at"])
    close_tasks(row, RECORD_MEETING)
    record(
        "rotations.meeting.recorded",
        actor=actor,
        subject=row,
        after={"state": to, "came": len(came)},
    )
    _follow(row)
    return row


def _keep_attendance(
    row: Meeting, members: Mapping[int, SeriesMember], presences: Mapping[int, str]
) -> None:
    Attendance.objects.filter(meeting=row, person__in=members).delete()  # who left keeps theirs
    Attendance.objects.bulk_create(
        Attendance(meeting=row, person_id=key, presence=presences.get(key, Presence.ABSENT))
        for key in members
    )


def _was_held(row: Meeting, members: Mapping[int, SeriesMember], came: set[int]) -> bool:
    if row.series.kind != SeriesKind.JOINT_ROUND:
        return bool(came)
    roles = {members[key].role for key in came}
    return {MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR} <= roles


def _follow(row: Meeting) -> None:
    """Ask both mentors for a new slot after two misses in a row; a held round answers it."""
    series = row.series
    if series.kind != SeriesKind.JOINT_ROUND:
        return
    last = list(
        series.meetings.filter(state__in=[MeetingState.HELD, MeetingState.MISSED])
        .order_by("-starts_at")
        .values_list("state", flat=True)[:MISSES_IN_A_ROW]
    )
    if last and last[0] == MeetingState.HELD:
        close_tasks(series, FIND_NEW_SLOT)
    if series.ended_at is None and last == [MeetingState.MISSED] * MISSES_IN_A_ROW:
        open_tasks(
            _mentors(row),
            kind=FIND_NEW_SLOT,
            subject=series,
            unit=series.term.unit,
            due_at=deadline(series.term.unit, now(), NEW_SLOT_WORKING_DAYS),
            params={"name": name_of(series)},
            url=reverse("rotations:series-place", args=[series.public_id]),
        )


def _mentors(row: Meeting, roles: Iterable[str] = MENTOR_ROLES) -> list[Person]:
    return list(
        Person.objects.filter(
            series_places__in=row.series.members.filter(role__in=roles), is_active=True
        )
    )


@transaction.atomic
def raise_problem(
    meeting: Meeting, *, title: str, text: str = "", actor: Person
) -> ClinicalProblem:
    """
    Keep a clinical problem that was raised, for research to build on.

    Refuses: ``problem.title`` (empty), ``meeting.future``, ``meeting.state`` (cancelled).
    """
    check(actor, "rotations.raise_problem", meeting)
    if not title.strip():
        raise RuleViolation(
            "problem.title", _("Say in one line what the problem is."), field="title"
        )
    if meeting.state == MeetingState.CANCELLED:
        raise RuleViolation("meeting.state", _("This meeting was cancelled."))
    if meeting.starts_at > now():
        raise RuleViolation("meeting.future", _("It has not begun yet."))
    made = ClinicalProblem.objects.create(
        meeting=meeting,
        title=title.strip()[:200],
        text=text.strip(),
        raised_by=actor,
        created_at=now(),
    )
    record("rotations.problem.raised", actor=actor, subject=made, after={"title": made.title})
    return made


def chase_meetings() -> tuple[int, int]:
    """
    Ask the clinical mentors to record past joint rounds; count as not held what nobody recorded.

    For the worker. Returns how many were asked about and how many are missed now.
    """
    moment = now()
    rows = list(
        Meeting.objects.filter(
            series__kind=SeriesKind.JOINT_ROUND, state__in=PLACED, ends_at__lt=moment
        ).select_related("series__term__unit")
    )
    late = [row for row in rows if row.ends_at < moment - MISSED_AFTER]
    for row in late:
        _count_as_missed(row)
    fresh = [row for row in rows if row.ends_at >= moment - MISSED_AFTER]
    for row in fresh:
        for person in _mentors(row, [MemberRole.CLINICAL_MENTOR]):
            open_task(
                assignee=person,
                kind=RECORD_MEETING,
                subject=row,
                unit=row.series.term.unit,
                due_at=deadline(row.series.term.unit, row.ends_at, RECORD_WORKING_DAYS),
                params={"name": name_of(row.series), "when": moment_param(row.starts_at)},
                url=reverse("rotations:meeting-record", args=[row.public_id]),
            )
    return len(fresh), len(late)


@transaction.atomic
def _count_as_missed(row: Meeting) -> None:
    moved = Meeting.objects.filter(pk=row.pk, state__in=PLACED).update(state=MeetingState.MISSED)
    if not moved:
        return
    row.state = MeetingState.MISSED
    close_tasks(row, RECORD_MEETING, cancelled=True)
    record("rotations.meeting.missed", actor=None, subject=row)
    _follow(row)
