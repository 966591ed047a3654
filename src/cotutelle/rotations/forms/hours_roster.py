"""Which roster to take out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cotutelle.institutions.models import Unit
from cotutelle.programmes.forms import UnitField
from cotutelle.rotations.forms.setup_wards import MonthField


class RosterForm(forms.Form):
    """A unit and a month."""

    unit = UnitField(label=_("Unit"))
    month = MonthField(label=_("Month"))

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
