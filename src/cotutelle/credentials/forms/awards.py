"""What people type when they propose somebody, sign, or decline."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.credentials.enums import AchievementKind
from cotutelle.credentials.facts import LONGEST_TEXT, Fact, facts_of
from cotutelle.credentials.models import Achievement
from cotutelle.credentials.services.awards import Proposal
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.ui.dates import format_date
from cotutelle.ui.fields import DayField

FACT_PREFIX = "fact_"


class StudentsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Students, chosen by the public key and shown with number and cohort."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Student) -> str:
        number = obj.person.number or obj.candidate_number
        return f"{obj.display_name} · {number} · {obj.cohort.display_name}"


class StaysField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Stays of the plans in force, shown with student, ward and days."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Stay) -> str:
        return _now("%(student)s · %(ward)s · %(from)s – %(until)s") % {
            "student": obj.participant.student.display_name,
            "ward": obj.ward.display_name,
            "from": format_date(obj.starts_on),
            "until": format_date(obj.ends_on),
        }


def fact_field(fact: Fact) -> forms.Field:
    """Return the form field of a fact."""
    given: dict[str, Any] = {
        "label": fact.label,
        "required": fact.required,
        "help_text": fact.help,
    }
    if fact.type == "date":
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return DayField(widget=widget, **given)
    if fact.type == "text":
        return forms.CharField(max_length=LONGEST_TEXT, **given)
    if fact.type == "integer":
        low, high = (None if one is None else int(one) for one in (fact.low, fact.high))
        return forms.IntegerField(min_value=low, max_value=high, **given)
    return forms.FloatField(min_value=fact.low, max_value=fact.high, **given)


class ProposeForm(forms.Form):
    """One or many students, and what is stated about all of them alike."""

    note = forms.CharField(
        label=_("Note for those who sign"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        achievement: Achievement,
        students: QuerySet[Student],
        stays: QuerySet[Stay],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.achievement = achievement
        self.by_stay = achievement.kind == AchievementKind.ROTATION
        facts = facts_of(achievement.kind)
        who = "stays" if self.by_stay else "students"
        if self.by_stay:
            self.fields["stays"] = StaysField(
                label=_("Stays"), queryset=stays, to_field_name="public_id"
            )
        else:
            self.fields["students"] = StudentsField(
                label=_("Students"), queryset=students, to_field_name="public_id"
            )
        for fact in facts:
            self.fields[f"{FACT_PREFIX}{fact.name}"] = fact_field(fact)
        stated = [f"{FACT_PREFIX}{fact.name}" for fact in facts]
        self.groups = [
            (pgettext_lazy("certificate", "Who"), "", [who]),
            *(
                [(_("What is stated"), _("The same for everybody chosen."), stated)]
                if facts
                else []
            ),
            (_("Note"), "", ["note"]),
        ]

    def proposals(self) -> list[Proposal]:
        """Return who is proposed, with what is stated."""
        stated = {
            name.removeprefix(FACT_PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(FACT_PREFIX)
        }
        if self.by_stay:
            return [
                Proposal(stay.participant.student, stated, stay)
                for stay in self.cleaned_data["stays"]
            ]
        return [Proposal(student, stated) for student in self.cleaned_data["students"]]


class SignForm(forms.Form):
    """A signature in one role; whoever does not agree says why."""

    note = forms.CharField(
        label=_("Remark, or the reason why the criteria are not met"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
    )


class ReasonForm(forms.Form):
    """A reason that is kept."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, help_text: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = help_text
