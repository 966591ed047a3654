"""How people read what happened to units."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.institutions.enums import DayKind, UnitKind, UnitState
from cotutelle.ledger.actions import register, register_fields

register(
    {
        "institutions.unit.created": _("Unit created"),
        "institutions.unit.changed": _("Unit changed"),
        "institutions.unit.moved": _("Unit moved"),
        "institutions.unit.archived": _("Unit archived"),
        "institutions.unit.restored": _("Unit restored"),
        "institutions.calendar.created": _("Calendar created"),
        "institutions.calendar_days.set": _("Days of the calendar set"),
        "institutions.calendar_days.removed": _("Days of the calendar removed"),
    }
)
register_fields(
    "institutions.unit",
    {
        "parent": _("Belongs to"),
        "kind": _("Kind"),
        "code": _("Code"),
        "name_zh": _("Chinese name"),
        "name_en": _("English name"),
        "short_zh": _("Short Chinese name"),
        "short_en": _("Short English name"),
        "time_zone": _("Time zone"),
        "state": _("State"),
        "first": _("From"),
        "last": _("To"),
        "day_kind": _("Kind of day"),
        "days": _("Days"),
        "calendar": _("Calendar"),
        "reason": _("Occasion"),
    },
    values={
        "kind": dict(UnitKind.choices),
        "state": dict(UnitState.choices),
        "day_kind": dict(DayKind.choices),
    },
)
