"""What people type about agreements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.agreements.services import AgreementData
from cotutelle.institutions.enums import UnitState
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField
from cotutelle.programmes.queries import units_of
from cotutelle.ui.fields import DayField


def _day(label: Any) -> DayField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return DayField(label=label, widget=widget)


def _students(label: Any, *, required: bool = False, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=required, min_value=0, max_value=9999, help_text=help_text
    )


class AgreementForm(forms.Form):
    """A draft; the parties are chosen once."""

    unit = UnitField(label=_("Our unit"), help_text=_("Holds the agreement and enrols students."))
    partner = UnitField(label=_("Partner"), help_text=_("Lends its mentors."))
    number = forms.CharField(label=_("Number"), max_length=40)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=150)
    name_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    starts_on = _day(_("Starts on"))
    ends_on = _day(_("Ends on"))
    places = _students(
        _("Most students a year"), help_text=_("Empty: as many as there are places.")
    )
    places_min = _students(_("Fewest students a year"))
    first_mentor_most = _students(
        _("Most with a first mentor of the partner"),
        help_text=_("Of the students a year; empty: no limit of its own."),
    )
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Duties, shared resources, authorship: what both parties should find here."),
    )

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"], self.fields["partner"]
            return
        self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]
        self.fields["partner"].queryset = Unit.objects.filter(  # type: ignore[attr-defined]
            state=UnitState.ACTIVE, parent__isnull=False
        ).order_by("path")

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which an agreement is written."""
        parties = [n for n in ("unit", "partner") if n in self.fields]
        return [
            (_("Parties"), "", [*parties, "number", "name_zh", "name_en"]),
            (_("Period of the agreement"), "", ["starts_on", "ends_on"]),
            (
                _("Students"),
                _(
                    "A round shows the first two beside its limits; they bind there once staff type "
                    "them. The last one always binds."
                ),
                ["places", "places_min", "first_mentor_most"],
            ),
            (_("Notes"), "", ["notes"]),
        ]

    @property
    def agreement(self) -> AgreementData:
        """The draft that was typed."""
        typed = {n: v for n, v in self.cleaned_data.items() if n not in {"unit", "partner"}}
        return AgreementData(**typed | {"places_min": typed["places_min"] or 0})


class ReasonForm(forms.Form):
    """Why an agreement ends."""

    note = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The partner and the mentors read it."),
    )


class DocumentForm(forms.Form):
    """The signed paper."""

    document = forms.FileField(
        label=_("Signed agreement"), help_text=_("PDF, Word or a scan; both parties can read it.")
    )
