"""Stays that hold: those of an archived plan last until the plan that followed begins."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Case, DateField, OuterRef, Q, QuerySet, Subquery, When

from cotutelle.rotations.enums import CycleState
from cotutelle.rotations.models import Stay


def with_successors(rows: QuerySet[Stay]) -> QuerySet[Any]:
    """
    Add ``succeeded_on``: from when on another plan says where the trainee is instead.

    Only for stays of archived plans, which keep the month in which they ended; else ``None``.
    """
    followed = (
        Stay.objects.exclude(participant__cycle__state=CycleState.ARCHIVED)
        .filter(
            participant__student=OuterRef("participant__student"),
            starts_on__lte=OuterRef("ends_on"),
            ends_on__gte=OuterRef("starts_on"),
        )
        .order_by("starts_on")
    )
    archived = When(
        participant__cycle__state=CycleState.ARCHIVED,
        then=Subquery(followed.values("starts_on")[:1]),
    )
    return rows.annotate(succeeded_on=Case(archived, output_field=DateField()))


def stays_on(day: dt.date) -> QuerySet[Stay]:
    """Return where everybody is on ``day``: one stay each."""
    rows = with_successors(Stay.objects.filter(starts_on__lte=day, ends_on__gte=day))
    return rows.filter(Q(succeeded_on=None) | Q(succeeded_on__gt=day))


def last_day_of(ends_on: dt.date, succeeded_on: dt.date | None) -> dt.date:
    """Return the last day on which a stay holds; before its first where it never does now."""
    if succeeded_on is None:
        return ends_on
    return min(ends_on, succeeded_on - dt.timedelta(days=1))
