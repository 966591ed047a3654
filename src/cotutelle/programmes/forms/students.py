"""What people type about students and cohorts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import (
    ADMISSION_TRANSITIONS,
    AdmissionState,
    DegreeType,
    PathWish,
    Route,
)
from cotutelle.programmes.models import Cohort, Student
from cotutelle.programmes.queries import cohorts_visible_to, units_of
from cotutelle.programmes.services import StudentData


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A unit, chosen by its public key and shown with its place in the tree."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", Unit.objects.none())
        super().__init__(to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: Unit) -> str:
        return f"{'　' * max(0, obj.path.count('/') - 2)}{obj.display_name}"


class CohortForm(forms.Form):
    unit = UnitField(label=_("Unit"))
    year = forms.IntegerField(label=_("Year of entry"), min_value=2000, max_value=2100)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=100, required=False)

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]


class StudentForm(forms.Form):
    """The record of a student; scores are left out for those who may not see them."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=150, required=False)
    candidate_number = forms.CharField(label=_("Candidate number"), max_length=40, required=False)
    number = forms.CharField(
        label=_("Student number"), max_length=40, required=False, help_text=_("May come later.")
    )
    route = forms.ChoiceField(label=_("Admission route"), choices=Route.choices)
    degree_type = forms.ChoiceField(label=_("Degree type"), choices=DegreeType.choices)
    discipline = forms.CharField(label=_("Discipline"), max_length=100, required=False)
    bachelor_school = forms.CharField(label=_("Bachelor's school"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    admission_score = forms.DecimalField(
        label=_("Admission score"), max_digits=7, decimal_places=3, min_value=0, required=False
    )
    groups = [
        (_("Person"), "", ["name_zh", "name_en", "number", "email", "phone"]),
        (
            _("Admission"),
            "",
            [
                "candidate_number",
                "route",
                "degree_type",
                "discipline",
                "bachelor_school",
                "admission_score",
            ],
        ),
    ]

    @classmethod
    def values_of(cls, student: Student) -> dict[str, Any]:
        """Return the initial values for editing."""
        return {
            name: getattr(student, name, None)
            if hasattr(student, name)
            else getattr(student.person, name)
            for name in cls.base_fields
        }


class LateAdmissionForm(StudentForm):
    """A student who comes after the cohort was closed."""

    cohort = forms.ModelChoiceField(
        label=_("Cohort"), queryset=Cohort.objects.none(), to_field_name="public_id"
    )
    unit = UnitField(label=_("Unit"))
    reason = forms.CharField(
        label=_("Reason of the late admission"), max_length=300, widget=forms.Textarea({"rows": 2})
    )
    groups = [(_("Where"), "", ["cohort", "unit", "reason"]), *StudentForm.groups]

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cohort"].queryset = cohorts_visible_to(actor)  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]

    def data_of_student(self) -> StudentData:
        """Return the typed values as the service takes them."""
        names = set(StudentForm.base_fields)
        return StudentData(**{n: v for n, v in self.cleaned_data.items() if n in names})


class AdmissionForm(forms.Form):
    """The next state of an admission, with the reason."""

    state = forms.ChoiceField(label=_("The admission becomes"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("The student reads it. Needed unless the admission is confirmed."),
    )

    def __init__(self, *args: Any, state: AdmissionState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        after = [s for s in AdmissionState if s in ADMISSION_TRANSITIONS[state]]
        self.fields["state"].choices = [(s.value, s.label) for s in after]  # type: ignore[attr-defined]


class ProfileForm(forms.Form):
    """What a student writes for mentors."""

    statement = forms.CharField(
        label=_("Statement"),
        required=False,
        max_length=6000,
        widget=forms.Textarea({"rows": 10}),
        help_text=_(
            "What you would like to study and why. Mentors to whom you apply read it, and affinity is computed from it."
        ),
    )
    career_plan = forms.CharField(
        label=_("Career plan"),
        required=False,
        max_length=6000,
        widget=forms.Textarea({"rows": 6}),
    )
    path_wish = forms.ChoiceField(
        label=_("Wish for the years of training"),
        required=False,
        choices=[("", _("No preference")), *PathWish.choices],
        widget=forms.RadioSelect,
    )


class AttachmentForm(forms.Form):
    file = forms.FileField(
        label=_("File"), help_text=_("PDF, Word or image: for example a transcript or a paper.")
    )
