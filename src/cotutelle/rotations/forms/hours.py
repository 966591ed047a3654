"""What people type about hours."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.exchange.parsing import choice
from cotutelle.rotations.enums import DutyKind, ExceptionKind
from cotutelle.rotations.models import HoursPolicy
from cotutelle.rotations.queries.hours import hours_text
from cotutelle.rotations.shifts import USUAL, Shift
from cotutelle.ui.fields import DayField

_SHIFT_PARTS = 4
_KIND = choice(DutyKind)


def _day(**kwargs: Any) -> DayField:
    return DayField(widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class HoursField(forms.DecimalField):
    """Hours as people type them; the value is whole minutes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal("0.1"), max_value=24, decimal_places=2, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return minutes."""
        hours = super().clean(value)
        return None if hours is None else round(hours * 60)


class LogForm(forms.Form):
    """Worked longer or less than the roster says."""

    day = _day(label=_("Day"))
    kind = forms.ChoiceField(
        label=_("What differed"),
        choices=[(kind, kind.label) for kind in (ExceptionKind.EXTRA, ExceptionKind.LESS)],
        widget=forms.RadioSelect,
        initial=ExceptionKind.EXTRA,
    )
    duty = forms.ChoiceField(label=_("Kind of hours"), choices=DutyKind.choices)
    minutes = HoursField(label=_("Hours"), help_text=_("How much longer or shorter."))
    note = forms.CharField(label=_("Remark"), max_length=300, required=False)


class PulledForm(forms.Form):
    """Which research shift was lost, and by whom, if one likes to say."""

    day = DayField(widget=forms.HiddenInput)
    minutes = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=1440)
    pulled_by = forms.CharField(label=_("Who asked for it"), max_length=80, required=False)


class RepayForm(forms.Form):
    """Research time given back."""

    day = _day(
        label=_("Day"), help_text=_("When the student has the time: in a past or coming week.")
    )
    minutes = HoursField(label=_("Hours"))
    note = forms.CharField(label=_("Remark"), max_length=200, required=False)


class FollowUpForm(forms.Form):
    """What was done about an alert."""

    outcome = forms.CharField(
        label=pgettext_lazy("alert", "What was done"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The student reads this."),
    )


class ShiftsField(forms.CharField):
    """Codes of a roster, one a line: ``白 clinical 08:00 8``."""

    widget = forms.Textarea(attrs={"rows": 10, "class": "mono"})

    def clean(self, value: Any) -> Any:
        """Return the rows a policy keeps; an empty field means the usual codes."""
        rows, codes = [], set()
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            if not line.strip():
                continue
            row = _shift(line, number)
            if row["code"] in codes:
                raise forms.ValidationError(
                    _now("Line %(line)d: the code “%(code)s” stands there twice.")
                    % {"line": number, "code": row["code"]}
                )
            codes.add(row["code"])
            rows.append(row)
        return rows


def _shift(line: str, number: int) -> dict[str, Any]:
    parts = line.replace("，", " ").replace(",", " ").replace("\t", " ").split()
    try:
        if len(parts) != _SHIFT_PARTS:
            raise ValueError
        code, kind, start, hours = parts
        minutes = round(Decimal(hours) * 60)
        begins = "" if start in {"-", "–", "—"} else f"{dt.time.fromisoformat(start):%H:%M}"
        if not 1 <= minutes <= 24 * 60 or "+" in code:
            raise ValueError
        return {
            "code": code[:10],
            "kind": _KIND(kind),
            "start": begins,
            "minutes": minutes,
        }
    except (ValueError, ArithmeticError):
        raise forms.ValidationError(
            _now("Line %(line)d: write a code, a kind, a start and hours, such as “%(example)s”.")
            % {"line": number, "example": shift_line(USUAL[0])}
        ) from None


def shift_line(shift: Shift) -> str:
    """Return a shift as it is typed."""
    start = f"{shift.start:%H:%M}" if shift.start else "-"
    return f"{shift.code} {shift.kind.value} {start} {hours_text(shift.minutes)}"


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Ceilings, floors and codes of shifts."""

    shifts = ShiftsField(
        label=_("Codes of the roster"),
        required=False,
        help_text=_(
            "One a line: code, kind (clinical, on_call, research, teaching), start or -, hours."
            " Empty: the usual codes."
        ),
    )

    class Meta:
        model = HoursPolicy
        fields = (
            "clinical_most_hours", "total_most_hours", "research_least_hours", "average_weeks",
            "owed_alarm_half_days", "half_day_hours", "follow_up_days", "shifts",
        )  # fmt: skip
        labels = {
            "clinical_most_hours": _("Most hours a week in the clinic"),
            "total_most_hours": _("Most hours a week in all"),
            "research_least_hours": _("Fewest hours a week for research"),
            "average_weeks": _("Averages run over so many weeks"),
            "owed_alarm_half_days": _("Alarm at so many half-days owed"),
            "half_day_hours": _("Hours of a half-day"),
            "follow_up_days": _("Working days to follow up"),
        }
        help_texts = {"clinical_most_hours": _("Clinical and on call together.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, low, high in (
            ("clinical_most_hours", 1, 168), ("total_most_hours", 1, 168),
            ("research_least_hours", 0, 84), ("average_weeks", 1, 26),
            ("owed_alarm_half_days", 1, 100), ("half_day_hours", 1, 12), ("follow_up_days", 1, 90),
        ):  # fmt: skip
            field: Any = self.fields[name]
            field.min_value, field.max_value = low, high
            field.validators += forms.IntegerField(min_value=low, max_value=high).validators

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields by what they are for."""
        return [
            (
                _("Ceilings and floor"),
                _("Weekly averages. A broken bound opens help, never a mark."),
                [
                    "clinical_most_hours",
                    "total_most_hours",
                    "research_least_hours",
                    "average_weeks",
                ],
            ),
            (
                _("Research time owed"),
                "",
                ["half_day_hours", "owed_alarm_half_days", "follow_up_days"],
            ),
            (_("Rosters"), "", ["shifts"]),
        ]
