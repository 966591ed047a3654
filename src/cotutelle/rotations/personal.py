"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from cotutelle.availability.models import Span
from cotutelle.ledger.services import destroy_payloads
from cotutelle.notices.models import Notice
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import blank_in, words_of
from cotutelle.people.models import Person
from cotutelle.rotations.models import (
    AccountLine,
    Attendance,
    ClinicalProblem,
    DutyEntry,
    HourException,
    HoursAlert,
    Meeting,
    Participant,
    PlanEvent,
    RegionalLine,
    Series,
    SeriesMember,
    Stay,
    StayPin,
    Swap,
    WeeklyBusy,
    Wish,
)
from cotutelle.workflow.models import Task

# What others wrote and may have put the person's name into.
_FREE_TEXTS: tuple[tuple[models.Manager[Any], tuple[str, ...]], ...] = (
    (AccountLine.objects, ("note",)),
    (ClinicalProblem.objects, ("title", "text")),
    (HourException.objects, ("pulled_by", "note")),
    (HoursAlert.objects, ("outcome",)),
    (Meeting.objects, ("reason",)),
    (PlanEvent.objects, ("note",)),
    (Series.objects, ("name_zh", "name_en")),
    (StayPin.objects, ("reason",)),
    (Swap.objects, ("note", "refusal")),
    (Wish.objects, ("reason",)),
)


def export_rotations(person: Person) -> dict[str, Any]:
    """Return the person's places in plans, stays, wishes and exchanges."""
    parts = Participant.objects.filter(student__person=person).order_by("id")
    stays = Stay.objects.filter(participant__in=parts)
    regional = RegionalLine.objects.filter(participant__in=parts)
    return {
        "plans": list(parts.values("cycle__name_zh", "curriculum__name_zh", "left_on")),
        "stays": list(stays.values("ward__name_zh", "starts_on", "ends_on")),
        "regional_stays": list(regional.values("department_name", "starts_on", "ends_on")),
        "wishes": list(
            Wish.objects.filter(participant__in=parts)
            .order_by("id")
            .values("kind", "ward__name_zh", "hospital__name_zh", "first", "last", "reason")
        ),
        "exchanges": list(
            _swaps_of(parts).order_by("id").values("asked_at", "state", "note", "refusal")
        ),
    }


def export_week(person: Person) -> dict[str, Any]:
    """Return the person's weekly times, meetings, and the problems they raised."""
    busy = WeeklyBusy.objects.filter(person=person).order_by("id")
    places = SeriesMember.objects.filter(person=person).order_by("id")
    came = Attendance.objects.filter(person=person).order_by("id")
    raised = ClinicalProblem.objects.filter(raised_by=person)
    return {
        "taken": list(busy.values("weekday", "starts_at", "ends_at", "kind")),
        "takes_part": list(places.values("series__kind", "series__name_zh", "role")),
        "attendance": list(came.values("meeting__starts_at", "presence")),
        "problems": list(raised.values("title", "text", "created_at")),
    }


def export_hours(person: Person) -> dict[str, Any]:
    """Return the person's rosters, exceptions, research-time account and alerts."""
    own = Q(student__person=person)
    duties = DutyEntry.objects.filter(own).order_by("day", "id")
    exceptions = HourException.objects.filter(own)
    alerts = HoursAlert.objects.filter(own)
    return {
        "duties": list(duties.values("day", "kind", "starts_at", "minutes", "ward__name_zh")),
        "exceptions": list(
            exceptions.values("day", "kind", "duty", "minutes", "pulled_by", "note")
        ),
        "research_time": list(
            AccountLine.objects.filter(own).values("day", "kind", "minutes", "note")
        ),
        "alerts": list(alerts.values("kind", "week", "figures", "state", "outcome")),
    }


def erase_rotations(person: Person) -> None:
    """
    Delete hours and weekly times, destroy reasons and notes.

    Stays, attendance and what a joint round raised remain: wards and mentors count on them.
    """
    _erase_hours(person)
    WeeklyBusy.objects.filter(person=person).delete()
    parts = Participant.objects.filter(student__person=person)
    Wish.objects.filter(participant__in=parts).update(reason="")
    StayPin.objects.filter(participant__in=parts).update(reason="")
    PlanEvent.objects.filter(participant__in=parts).update(note="")
    _swaps_of(parts).update(note="", refusal="")
    for rows in (parts, Wish.objects.filter(participant__in=parts), _swaps_of(parts)):
        for thing in rows:
            destroy_payloads(thing)
    _erase_names(person)


def _erase_hours(person: Person) -> None:
    own = Q(student__person=person)
    exceptions, alerts = HourException.objects.filter(own), HoursAlert.objects.filter(own)
    for thing in (*exceptions, *alerts):
        destroy_payloads(thing)
    for rows in (exceptions, alerts):
        Task.objects.filter(
            subject_type=rows.model._meta.label_lower, subject_id__in=[one.pk for one in rows]
        ).delete()
    for mine in (AccountLine.objects.filter(own), DutyEntry.objects.filter(own)):
        mine.delete()
    exceptions.delete()
    alerts.delete()


def _erase_names(person: Person) -> None:
    """Empty the texts in which the person is named, and the copies told to others."""
    words = words_of(person) - {person.username}  # often an ordinary word
    told = set(words)
    for series in Series.objects.filter(_any(("name_zh", "name_en"), words)):
        told |= {series.name_zh, series.name_en} - {""}
    for series in Series.objects.filter(members__person=person).distinct():
        destroy_payloads(series)
    for texts, names in _FREE_TEXTS:
        for name in names:
            texts.filter(_any((name,), words)).update(**{name: ""})
    for rows in (Span.objects.all(), Notice.objects.all(), Task.objects.all()):
        blank_in(rows, "params", frozenset(told))


def _any(names: Iterable[str], words: Iterable[str]) -> Q:
    found = Q(pk__in=())
    for name in names:
        for word in words:
            found |= Q(**{f"{name}__contains": word})
    return found


def _swaps_of(parts: QuerySet[Participant]) -> QuerySet[Swap]:
    return Swap.objects.filter(
        Q(asker_stay__participant__in=parts) | Q(other_stay__participant__in=parts)
    )


register_exporter("rotations", export_rotations)
register_exporter("week", export_week)
register_exporter("hours", export_hours)
register_eraser("rotations", erase_rotations)
