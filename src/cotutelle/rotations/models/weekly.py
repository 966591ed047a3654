"""The week of a term: what is held when, who takes part, who came, what was raised."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.decisions.models import Run
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import (
    BusyKind,
    MeetingState,
    MemberRole,
    Presence,
    SeriesKind,
    TermState,
)
from cotutelle.rotations.models.wards import Ward


class Term(models.Model):
    """A term with its grid: slots of ``slot_minutes`` from ``day_starts`` to ``day_ends``."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="terms")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    weekdays = models.PositiveSmallIntegerField(default=5)
    day_starts = models.TimeField()
    day_ends = models.TimeField()
    break_starts = models.TimeField(null=True, blank=True)
    break_ends = models.TimeField(null=True, blank=True)
    slot_minutes = models.PositiveSmallIntegerField(default=60)
    state = models.CharField(max_length=10, choices=TermState, default=TermState.DRAFT)
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="+")
    outcome: models.JSONField[Any, Any] = models.JSONField(default=dict)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "name_zh"], name="term_name"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on"))
                & Q(day_ends__gt=F("day_starts"))
                & Q(weekdays__range=(1, 7)),
                name="term_is_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class MeetingRoom(models.Model):
    """A room in which people meet."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="meeting_rooms")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    seats = models.PositiveSmallIntegerField(null=True, blank=True)
    has_remote = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "name_zh"], name="room_name")]

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en)


class WeeklyBusy(models.Model):
    """A weekly time at which a person or a room is taken; what for is not asked."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    term = models.ForeignKey(Term, models.CASCADE, related_name="busy_times")
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, blank=True, related_name="weekly_busy"
    )
    room = models.ForeignKey(
        MeetingRoom, models.CASCADE, null=True, blank=True, related_name="busy_times"
    )
    weekday = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    kind = models.CharField(max_length=10, choices=BusyKind, default=BusyKind.FIXED)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), weekday__lte=6), name="busy_is_a_time"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(room__isnull=True),
                name="busy_of_a_person_or_a_room",
            ),
        ]
        indexes = [models.Index(fields=["term", "person"])]

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts_at}–{self.ends_at}"


class Series(models.Model):
    """
    Something held every week of a term; without a ``weekday`` it has no slot yet.

    ``sequence`` grows with every change of the slot, so that calendars follow.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    term = models.ForeignKey(Term, models.CASCADE, related_name="series")
    kind = models.CharField(max_length=20, choices=SeriesKind)
    name_zh = models.CharField(max_length=120, blank=True)
    name_en = models.CharField(max_length=160, blank=True)
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="series")
    needs_room = models.BooleanField(default=False)
    room = models.ForeignKey(
        MeetingRoom, models.PROTECT, null=True, blank=True, related_name="series"
    )
    minutes = models.PositiveSmallIntegerField(default=120)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    link = models.URLField(blank=True)
    sequence = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=True, starts_at__isnull=True)
                | Q(weekday__lte=6, starts_at__isnull=False),
                name="series_slot_is_whole",
            )
        ]

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en) or str(SeriesKind(self.kind).label)

    @property
    def owning_unit(self) -> Unit:
        """The term's unit."""
        return self.term.unit


class SeriesMember(models.Model):
    """Somebody who takes part in a series."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="series_places")
    role = models.CharField(max_length=16, choices=MemberRole)
    is_needed = models.BooleanField(default=True)
    may_be_remote = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "person"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.series}: {self.person}"


class Meeting(models.Model):
    """
    One occurrence. ``original_on`` never changes; ``starts_at`` does when it is moved.

    A joint round is held when both mentors were there; it keeps who came and what was raised.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    series = models.ForeignKey(Series, models.CASCADE, related_name="meetings")
    original_on = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    room = models.ForeignKey(MeetingRoom, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=MeetingState, default=MeetingState.PLANNED)
    reason = models.CharField(max_length=200, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    recorded_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["series", "original_on"], name="meeting_once_a_week"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="meeting_time")]

    def __str__(self) -> str:
        return f"{self.series} {self.original_on}"

    @property
    def owning_unit(self) -> Unit:
        """The term's unit."""
        return self.series.owning_unit


class Attendance(models.Model):
    """Whether somebody came to a meeting, and how."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendances")
    person = models.ForeignKey(Person, models.PROTECT, related_name="attendances")
    presence = models.CharField(max_length=10, choices=Presence)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="attendance_once")
        ]

    def __str__(self) -> str:
        return f"{self.meeting}: {self.person}"


class ClinicalProblem(models.Model):
    """A clinical problem raised at a joint round, kept for research to build on."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="problems")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    raised_by = models.ForeignKey(Person, models.PROTECT, related_name="clinical_problems")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def owning_unit(self) -> Unit:
        """The term's unit."""
        return self.meeting.owning_unit
