"""Days and moments as people type them: a slip of the year is said at the field."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cotutelle.ui.dates import YEARS


def _check_year(value: dt.date | None) -> None:
    """Refuse a year beyond which calendars end and months can no longer be counted on."""
    if value is not None and value.year not in YEARS:
        raise ValidationError(_("Choose a day between the years 1900 and 2199."), code="year")


class DayField(forms.DateField):
    """A day of the years 1900 to 2199."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        _check_year(value)


class MomentField(forms.DateTimeField):
    """A moment of the years 1900 to 2199."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        _check_year(value)
