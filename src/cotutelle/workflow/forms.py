"""What people write about authorisations and approvals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.core.clock import today
from cotutelle.people.models import Person
from cotutelle.ui.fields import DayField
from cotutelle.workflow.queries import possible_agents, possible_principals


class _Person(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic when run
    """A person by name, number and unit: namesakes are told apart."""

    def label_from_instance(self, obj: Any) -> str:
        parts = [obj.display_name, obj.number, obj.unit.short_name if obj.unit else ""]
        return ", ".join(part for part in parts if part)


class ProxyForm(forms.Form):
    """A new authorisation."""

    principal = _Person(
        label=_("On behalf of"), queryset=Person.objects.none(), to_field_name="public_id"
    )
    agent = _Person(label=_("Who acts"), queryset=Person.objects.none(), to_field_name="public_id")
    starts_on = DayField(
        label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = DayField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("One year at most."),
    )
    document = forms.FileField(
        label=_("Signed authorisation"), help_text=_("A PDF or a picture of the signed paper.")
    )

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        principals = possible_principals(actor).select_related("unit")
        self._choose("principal", principals)
        self._choose("agent", possible_agents().select_related("unit"))
        self.fields["starts_on"].initial = today()

    def _choose(self, name: str, people: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = people
            field.empty_label = str(_("Choose a person"))


class ObjectionForm(forms.Form):
    """Why the principal objects."""

    objection = forms.CharField(
        label=_("What you object to"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )


class DecisionForm(forms.Form):
    """The note of a decision; a refusal needs one."""

    note = forms.CharField(
        label=pgettext_lazy("of a decision", "Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        help_text=_("A refusal needs a reason. The person who asked reads it."),
    )
