"""What is typed about enrolments, certificates and the choice of a track."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.programmes.enums import (
    ATTAINMENT_TRANSITIONS,
    ENROLMENT_TRANSITIONS,
    AttainmentState,
    DegreeType,
    EnrolmentState,
)
from cotutelle.programmes.models import Cohort, Template
from cotutelle.programmes.queries.templates import templates_for
from cotutelle.ui.fields import DayField


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class CellForm(forms.Form):
    """A form whose fields stand in the cells of a table: the column's head is their label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput):
                widget.attrs["class"] = "form-check-input"
            elif not isinstance(widget, forms.CheckboxSelectMultiple):
                is_select = isinstance(widget, forms.Select)
                widget.attrs["class"] = "form-select" if is_select else "form-control"
            widget.attrs["aria-label"] = str(field.label)


class TemplateChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A programme in force, with its edition and length."""

    def label_from_instance(self, obj: Template) -> str:
        return _("%(name)s, edition %(n)s (%(months)s months)") % {
            "name": obj.display_name,
            "n": obj.edition,
            "months": obj.months,
        }


class AssignForm(forms.Form):
    template = TemplateChoice(
        label=_("Programme"), queryset=Template.objects.none(), to_field_name="public_id"
    )

    def __init__(self, *args: Any, cohort: Cohort, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates_for(cohort)  # type: ignore[attr-defined]


class PreEntryForm(forms.Form):
    starts_on = DayField(label=_("First day in the mentor's group"), widget=DayInput())
    agreement = forms.FileField(
        label=_("Agreement of the bachelor university"),
        required=False,
        help_text=_("Signed, as PDF or image."),
    )
    insured_until = DayField(label=_("Insured until"), widget=DayInput(), required=False)


class EnrolForm(forms.Form):
    number = forms.CharField(
        label=_("Student number"),
        max_length=40,
        help_text=_("It joins the candidate number on the same record; both are kept."),
    )


class MoveForm(forms.Form):
    """The next state of an enrolment."""

    state = forms.ChoiceField(label=_("The enrolment becomes"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Needed unless the student graduates."),
    )

    def __init__(self, *args: Any, state: EnrolmentState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        after = [s for s in EnrolmentState if s in ENROLMENT_TRANSITIONS[state]]
        if state == EnrolmentState.PRE_ENTRY:
            after.remove(EnrolmentState.ENROLLED)
        self.fields["state"].choices = [(s.value, s.label) for s in after]  # type: ignore[attr-defined]


class AttainmentForm(forms.Form):
    """How one of the four certificates stands."""

    state = forms.ChoiceField(label=_("State of the certificate"), widget=forms.RadioSelect)
    held_on = DayField(label=_("Held since"), widget=DayInput(), required=False)
    number = forms.CharField(label=_("Number of the certificate"), max_length=60, required=False)
    awaited_until = DayField(
        label=_("Awaited until"),
        widget=DayInput(),
        required=False,
        help_text=_("After this day the result is asked for again, as a task of the office."),
    )
    note = forms.CharField(label=_("Remark"), max_length=300, required=False)

    def __init__(self, *args: Any, state: AttainmentState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        after = [s for s in AttainmentState if s in ATTAINMENT_TRANSITIONS[state]]
        self.fields["state"].choices = [(s.value, s.label) for s in after]  # type: ignore[attr-defined]


class MilestoneForm(forms.Form):
    done_on = DayField(
        label=_("Reached on"), widget=DayInput(), required=False, help_text=_("Empty: not yet.")
    )


class TrackQuestionForm(forms.Form):
    due_on = DayField(label=_("Choose by"), widget=DayInput())
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("The student reads it."),
    )


class TrackForm(forms.Form):
    """The choice itself; it is asked a second time before it stands."""

    track = forms.ChoiceField(
        label=_("I choose"), choices=DegreeType.choices, widget=forms.RadioSelect
    )
