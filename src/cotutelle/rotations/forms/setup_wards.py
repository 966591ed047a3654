"""What people type about wards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.core.clock import today
from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField
from cotutelle.rotations.enums import OccupancyKind
from cotutelle.rotations.models import Department
from cotutelle.rotations.months import add_months, first_of, month_text, months_from
from cotutelle.rotations.queries.setup_wards import MonthLoad, ward_units
from cotutelle.rotations.services.setup_wards import HALF_DAYS, Range, WardData
from cotutelle.ui.fields import DayField

_PAST, _AHEAD = 12, 48
MOST = 999


def _count(
    label: Any, *, required: bool = False, most: int = MOST, help_text: Any = ""
) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=required, min_value=0, max_value=most, help_text=help_text
    )


def _cell(label: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "form-control", "aria-label": label})
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=MOST, widget=widget
    )


class MonthField(forms.ChoiceField):
    """A month, from a year ago to four years ahead; its value is its first day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=self._months, **kwargs)

    @staticmethod
    def _months() -> list[tuple[str, str]]:
        first = add_months(first_of(today()), -_PAST)
        return [(f"{m:%Y-%m}", month_text(m)) for m in months_from(first, _PAST + _AHEAD)]

    def clean(self, value: Any) -> Any:
        """Return the first day of the month."""
        text = super().clean(value)
        return dt.date.fromisoformat(f"{text}-01") if text else None


class WardForm(forms.Form):
    """A ward; its unit is chosen once."""

    unit = UnitField(label=_("Unit"), help_text=_("The department or training base that runs it."))
    code = forms.CharField(
        label=pgettext_lazy("rotations", "Code"),
        max_length=40,
        help_text=_("Unique in the hospital."),
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    upper = _count(
        _("Most trainees a month"), help_text=_("Of all kinds; empty: no bound (research).")
    )
    lower = _count(
        _("Fewest trainees a month"),
        help_text=_("Of all kinds: the ward cannot do with fewer."),
    )
    research_half_days = _count(
        _("Research half-days a week"), most=HALF_DAYS,
        help_text=_("What the ward grants its trainees."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = ward_units(actor)  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which a ward is described."""
        first: list[str] = [n for n in ("unit", "code", "name_zh", "name_en") if n in self.fields]
        return [
            (_("Ward"), "", first),
            (
                pgettext_lazy("ward", "Places"),
                _("What holds in every month; single months are changed on the ward's page."),
                ["upper", "lower"],
            ),
            (_("Research"), "", ["research_half_days"]),
        ]

    @property
    def ward(self) -> WardData:
        """What was typed."""
        typed = {n: v for n, v in self.cleaned_data.items() if n != "unit"}
        return WardData(
            **typed
            | {"lower": typed["lower"] or 0, "research_half_days": typed["research_half_days"] or 0}
        )


class CloseForm(forms.Form):
    """Why a ward closes."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class AccreditationForm(forms.Form):
    """A department for which the ward may train, and for how long."""

    department = forms.ModelChoiceField(
        label=pgettext_lazy("rotations", "Department"),
        queryset=Department.objects.all(),
        to_field_name="code",
    )
    starts_on = DayField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    ends_on = DayField(
        label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=_("Empty: until further notice."),
    )  # fmt: skip


class PeriodForm(forms.Form):
    """The same range for several months; without numbers they return to the usual one."""

    first = MonthField(label=_("From month"))
    last = MonthField(label=_("To month"))
    upper = _count(
        _("Most trainees a month"), help_text=_("Empty: return to what the ward usually has.")
    )
    lower = _count(_("Fewest trainees a month"))
    note = forms.CharField(label=pgettext_lazy("ward", "Note"), max_length=150, required=False)

    @property
    def range(self) -> Range | None:
        """The range that was typed."""
        values = self.cleaned_data
        if values["upper"] is None:
            return None
        return Range(values["upper"], values["lower"] or 0, values["note"])


class PlacesForm(forms.Form):
    """The range of each of some months: two numbers and a note in a row."""

    def __init__(self, *args: Any, loads: Sequence[MonthLoad], **kwargs: Any) -> None:
        initial: dict[str, Any] = {}
        for load in loads:
            key = f"{load.month:%Y%m}"
            if load.is_special:
                initial |= {
                    f"upper_{key}": load.upper,
                    f"lower_{key}": load.lower,
                    f"note_{key}": load.note,
                }
        super().__init__(*args, **kwargs | {"initial": initial})
        self.loads = loads
        for load in loads:
            key, month = f"{load.month:%Y%m}", month_text(load.month)
            self.fields[f"upper_{key}"] = _cell(_("Most in %(month)s") % {"month": month})
            self.fields[f"lower_{key}"] = _cell(_("Fewest in %(month)s") % {"month": month})
            label = _("Note for %(month)s") % {"month": month}
            self.fields[f"note_{key}"] = forms.CharField(
                label=label, required=False, max_length=150,
                widget=forms.TextInput({"class": "form-control", "aria-label": label}),
            )  # fmt: skip

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields, a month a row."""
        return [
            {"load": load, "month": month_text(load.month)}
            | {name: self[f"{name}_{load.month:%Y%m}"] for name in ("upper", "lower", "note")}
            for load in self.loads
        ]

    def clean(self) -> dict[str, Any]:
        """A fewest number without a most one says nothing."""
        values = self.cleaned_data
        for load in self.loads:
            key = f"{load.month:%Y%m}"
            if values.get(f"upper_{key}") is None and values.get(f"lower_{key}"):
                self.add_error(f"upper_{key}", _("Say how many at most, too."))
        return values

    @property
    def ranges(self) -> Mapping[dt.date, Range | None]:
        """The range of each month, ``None`` where nothing stands."""
        found: dict[dt.date, Range | None] = {}
        for load in self.loads:
            key = f"{load.month:%Y%m}"
            upper = self.cleaned_data[f"upper_{key}"]
            lower, note = self.cleaned_data[f"lower_{key}"], self.cleaned_data[f"note_{key}"]
            found[load.month] = None if upper is None else Range(upper, lower or 0, note)
        return found


class OthersForm(forms.Form):
    """Trainees who are not planned here, by month and kind."""

    def __init__(self, *args: Any, loads: Sequence[MonthLoad], **kwargs: Any) -> None:
        initial = {
            f"{kind}_{load.month:%Y%m}": load.others.get(kind) or None
            for load in loads
            for kind in OccupancyKind.values
        }
        super().__init__(*args, **kwargs | {"initial": initial})
        self.loads = loads
        for load in loads:
            for kind in OccupancyKind:
                label = _("%(kind)s in %(month)s") % {
                    "kind": kind.label, "month": month_text(load.month),
                }  # fmt: skip
                self.fields[f"{kind}_{load.month:%Y%m}"] = _cell(label)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields, a month a row."""
        return [
            {
                "month": month_text(load.month),
                "load": load,
                "cells": [
                    (kind.label, self[f"{kind}_{load.month:%Y%m}"]) for kind in OccupancyKind
                ],
            }
            for load in self.loads
        ]

    @property
    def people(self) -> dict[tuple[dt.date, str], int]:
        """How many of each kind in each month."""
        return {
            (load.month, str(kind)): self.cleaned_data[f"{kind}_{load.month:%Y%m}"] or 0
            for load in self.loads
            for kind in OccupancyKind
        }
