"""One tree of units across all partners, and the days on which each works."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.institutions.enums import INSTITUTION_KINDS, DayKind, UnitKind, UnitState


class Unit(models.Model):
    """
    A node of the tree: consortium > institution > department > training base or team.

    ``path`` holds the keys from the root down, each with a slash (``"1/4/19/"``), so that
    "at or below" is a prefix. Services keep it.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    parent = models.ForeignKey(
        "self", models.PROTECT, related_name="children", null=True, blank=True
    )
    kind = models.CharField(max_length=20, choices=UnitKind)
    code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=150)
    name_en = models.CharField(max_length=200, blank=True)
    short_zh = models.CharField(max_length=40, blank=True)
    short_en = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=UnitState, default=UnitState.ACTIVE)
    path = models.CharField(max_length=200, editable=False, default="")
    name_sort = models.CharField(max_length=200, blank=True, editable=False)
    time_zone = models.CharField(max_length=50, blank=True)
    calendar = models.ForeignKey(
        "institutions.Calendar", models.PROTECT, null=True, blank=True, related_name="units"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="unit_code"),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind=UnitKind.CONSORTIUM),
                name="one_database_one_consortium",
            ),
            models.CheckConstraint(
                condition=Q(kind=UnitKind.CONSORTIUM, parent__isnull=True)
                | (~Q(kind=UnitKind.CONSORTIUM) & Q(parent__isnull=False)),
                name="only_the_consortium_has_no_parent",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="unit_is_not_its_parent"),
        ]
        indexes = [
            models.Index(fields=["path"], name="unit_path", opclasses=["text_pattern_ops"]),
            GinIndex(OpClass(F("name_zh"), name="gin_trgm_ops"), name="unit_name_zh_search"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the sort key (pinyin) in step with the names."""
        from cotutelle.people.validators import sort_key  # noqa: PLC0415  it loads a dictionary

        self.name_sort = sort_key(self.name_zh, self.name_en)
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "name_sort"}
        super().save(*args, **kwargs)

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)

    @property
    def short_name(self) -> str:
        """The short name in the reader's language, or the long one."""
        return localized(self.short_zh, self.short_en) or self.display_name

    @property
    def is_institution(self) -> bool:
        """Whether this unit is a partner with a seal and a calendar of its own."""
        return self.kind in INSTITUTION_KINDS

    def covers(self, other: Unit) -> bool:
        """Whether ``other`` is this unit or lies below it."""
        return other.path.startswith(self.path)


class Calendar(models.Model):
    """Working days of an institution: weekdays, less holidays and vacations, plus adjusted days."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="own_calendars")
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en)


class CalendarDay(models.Model):
    """An exceptional day; a range is one row per day so that a day can be only one thing."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days")
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=DayKind)
    name_zh = models.CharField(max_length=60, blank=True)
    name_en = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="a_day_is_one_thing")
        ]
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {DayKind(self.kind).label}"
