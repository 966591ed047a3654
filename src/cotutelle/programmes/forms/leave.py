"""What is typed about leave and its rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.defaults import RuleData
from cotutelle.programmes.enums import LeaveKind, LeaveStep
from cotutelle.programmes.forms.enrolments import CellForm, DayInput
from cotutelle.programmes.forms.students import UnitField
from cotutelle.programmes.queries.leave import rule_units
from cotutelle.ui.fields import DayField

EMPTY_RULES = 2


class LeaveForm(forms.Form):
    """Phone first: few fields, the browser's own calendar and camera."""

    kind = forms.ChoiceField(
        label=_("Kind of leave"), choices=LeaveKind.choices, widget=forms.RadioSelect
    )
    starts_on = DayField(label=_("First day away"), widget=DayInput())
    ends_on = DayField(label=_("Last day away"), widget=DayInput())
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Only those who decide read it."),
    )
    evidence = forms.FileField(
        label=_("Paper"),
        required=False,
        help_text=_("A photo or PDF, for example of the doctor's note."),
    )


class DecisionForm(forms.Form):
    note = forms.CharField(
        label=pgettext_lazy("of a decision", "Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Needed to refuse; the student reads it."),
    )


class ReturnForm(forms.Form):
    returned_on = DayField(
        label=_("First day back"),
        widget=DayInput(),
        help_text=_("The days really away count; earlier or later than planned is fine."),
    )


class ConfirmReturnForm(ReturnForm):
    """The office may put the day right."""


class RuleForm(CellForm):
    """One rule on leave; a row without days is left out."""

    kind = forms.ChoiceField(
        label=_("Kind of leave"),
        choices=[("", _("All other kinds")), *LeaveKind.choices],
        required=False,
    )
    up_to_days = forms.IntegerField(
        label=_("Up to days"), min_value=1, max_value=366, required=False
    )
    steps = forms.MultipleChoiceField(
        label=_("Who must agree"),
        choices=LeaveStep.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    needs_evidence = forms.BooleanField(label=_("A paper is needed"), required=False)


class BaseRules(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rules of one unit."""

    def rules(self) -> list[RuleData]:
        """Return what was typed, without the rows that have no days."""
        return [
            RuleData(row["kind"], row["up_to_days"], tuple(row["steps"]), row["needs_evidence"])
            for row in self.cleaned_data
            if row.get("up_to_days")
        ]


RuleFormSet = forms.formset_factory(RuleForm, formset=BaseRules, extra=EMPTY_RULES, max_num=30)


def rules_form(rules: tuple[RuleData, ...], posted: Any = None) -> BaseRules:
    """Return the rules as a form set, with empty rows for more."""
    initial = [
        {
            "kind": rule.kind,
            "up_to_days": rule.up_to_days,
            "steps": list(rule.steps),
            "needs_evidence": rule.needs_evidence,
        }
        for rule in rules
    ]
    made: BaseRules = RuleFormSet(posted, initial=initial, prefix="rules")  # type: ignore[assignment]
    return made


class ExtensionForm(forms.Form):
    """From how many days away training is extended."""

    province = forms.CharField(label=_("Whose rule"), max_length=60)
    threshold_days = forms.IntegerField(label=_("Days away"), min_value=1, max_value=366)
    is_yearly = forms.BooleanField(label=_("Each calendar year for itself"), required=False)
    kinds = forms.MultipleChoiceField(
        label=_("Kinds that count"),
        choices=LeaveKind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: all of them."),
    )


class RuleUnitForm(forms.Form):
    """Whose rules are shown."""

    unit = UnitField(label=_("Unit"))

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = rule_units(actor)  # type: ignore[attr-defined]

    def chosen(self) -> Unit | None:
        """Return the unit that was chosen, or the first there is."""
        if self.is_bound and self.is_valid():
            unit: Unit = self.cleaned_data["unit"]
            return unit
        first: Unit | None = self.fields["unit"].queryset.first()  # type: ignore[attr-defined]
        return first
