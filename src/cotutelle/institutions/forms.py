"""What people type about units and calendars."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cotutelle.institutions.enums import DayKind, UnitKind
from cotutelle.institutions.models import Unit
from cotutelle.people.forms import UnitField, zone_choices
from cotutelle.ui.fields import DayField

_KINDS = [(k.value, k.label) for k in UnitKind if k != UnitKind.CONSORTIUM]


def _zones() -> list[tuple[str, Any]]:
    return [("", _("As the unit above")), *zone_choices()]


class UnitForm(forms.Form):
    """Names, code and place of a unit."""

    name_zh = forms.CharField(label=_("Chinese name"), max_length=150)
    name_en = forms.CharField(label=_("English name"), max_length=200, required=False)
    short_zh = forms.CharField(label=_("Short Chinese name"), max_length=40, required=False)
    short_en = forms.CharField(label=_("Short English name"), max_length=60, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=_KINDS)
    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("Unique; spreadsheets name the unit by it.")
    )
    parent = UnitField(label=_("Belongs to"))
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_zones, required=False)

    groups = [
        (_("Names"), "", ["name_zh", "name_en", "short_zh", "short_en"]),
        (_("Place in the tree"), "", ["kind", "code", "parent"]),
        (_("Clock"), _("Deadlines end at midnight of this zone."), ["time_zone"]),
    ]

    def __init__(
        self, *args: Any, parents: QuerySet[Unit], root: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]
        if root:
            del self.fields["parent"], self.fields["kind"]
            self.groups = [
                (title, text, [name for name in names if name in self.fields])
                for title, text, names in self.groups
            ]


def _day(label: Any) -> DayField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return DayField(label=label, widget=widget)


class RangeForm(forms.Form):
    """Days that follow the week again."""

    first = _day(_("First day"))
    last = _day(_("Last day"))


class DaysForm(RangeForm):
    """Days that are not as the week says."""

    kind = forms.ChoiceField(label=_("Kind of day"), choices=DayKind.choices)
    name_zh = forms.CharField(label=_("Occasion in Chinese"), max_length=60, required=False)
    name_en = forms.CharField(label=_("Occasion in English"), max_length=60, required=False)


class CalendarForm(forms.Form):
    """A calendar of one's own."""

    name_zh = forms.CharField(label=_("Chinese name"), max_length=100)
    name_en = forms.CharField(label=_("English name"), max_length=100, required=False)
