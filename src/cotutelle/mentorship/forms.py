"""What people type about mentors, places, reviews, teams and changes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cotutelle.core.clock import today
from cotutelle.mentorship.enums import (
    EligibilityState,
    MentorCategory,
    MentorTitle,
    PairRecordKind,
    PairRole,
    Signer,
    Track,
)
from cotutelle.mentorship.models import Mentor
from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField
from cotutelle.programmes.queries import units_of
from cotutelle.ui.fields import DayField

COLLEGE = ("graduate_officer", "department_secretary")


class MentorField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A mentor, chosen by the public key and shown with the unit."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", Mentor.objects.none())
        super().__init__(to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: Mentor) -> str:
        return f"{obj.display_name} ({obj.unit.display_name})"


class ProfileForm(forms.Form):
    """What a mentor says about themselves."""

    discipline = forms.CharField(label=_("Discipline"), max_length=100, required=False)
    interests_zh = forms.CharField(
        label=_("Interests in Chinese"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("Students find you by these words, and affinity is computed from them."),
    )
    interests_en = forms.CharField(
        label=_("Interests in English"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 5}),
    )
    bio_zh = forms.CharField(
        label=_("About me in Chinese"),
        required=False,
        max_length=6000,
        widget=forms.Textarea({"rows": 6}),
    )
    bio_en = forms.CharField(
        label=_("About me in English"),
        required=False,
        max_length=6000,
        widget=forms.Textarea({"rows": 6}),
    )
    homepage = forms.URLField(
        label=_("Home page"), required=False, max_length=200, assume_scheme="https"
    )
    groups = [
        (
            _("Research"),
            _("Write at least one language; readers of the other see this one."),
            ["discipline", "interests_zh", "interests_en"],
        ),
        (_("About me"), "", ["bio_zh", "bio_en", "homepage"]),
    ]


class AppointmentForm(forms.Form):
    """What the office decides about a mentor."""

    unit = UnitField(label=_("Unit"))
    category = forms.ChoiceField(label=_("Category"), choices=MentorCategory.choices)
    title = forms.ChoiceField(label=_("Professional title"), choices=MentorTitle.choices)
    track = forms.ChoiceField(label=_("Track"), choices=Track.choices)
    retires_on = DayField(
        label=_("Retires on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("A mentor who retires before the students finish is marked in lists."),
    )
    other_units = forms.ModelMultipleChoiceField(
        label=_("Further units"),
        queryset=UnitField().queryset,
        to_field_name="public_id",
        required=False,
        help_text=_("For mentors of two institutions; their places count once."),
    )
    is_archived = forms.BooleanField(label=_("No longer takes students (archived)"), required=False)

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from cotutelle.institutions.models import Unit  # noqa: PLC0415

        self.fields["unit"].queryset = units_of(actor, *COLLEGE)  # type: ignore[attr-defined]
        self.fields["other_units"].queryset = Unit.objects.filter(state="active").order_by("path")  # type: ignore[attr-defined]


class NewMentorForm(AppointmentForm):
    """A new mentor: the person, found by number or created, and the appointment."""

    number = forms.CharField(
        label=_("Staff number"),
        max_length=40,
        help_text=_(
            "Somebody of this unit with this number becomes a mentor; otherwise the person is created."
        ),
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    groups = [
        (_("Person"), "", ["unit", "number", "name_zh", "name_en", "email"]),
        (_("Appointment"), "", ["category", "title", "track", "retires_on", "other_units"]),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_archived"]


class PublicationsForm(forms.Form):
    """Publications as text or as a file."""

    fmt = forms.ChoiceField(
        label=_("Format"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("", _("Recognise by itself")),
            ("paste", _("Plain titles")),
            ("bibtex", "BibTeX"),
            ("ris", "RIS"),
            ("openalex", "OpenAlex JSON"),
        ],
    )
    text = forms.CharField(
        label=_("Publications"),
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 12}),
        help_text=_(
            "One title per line; or title and abstract in blocks with a blank line between them."
        ),
    )
    file = forms.FileField(
        label=_("Or a file"), required=False, help_text=_(".bib, .ris, .json or .txt, at most 4 MB")
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        upload = typed.get("file")
        if upload:
            from cotutelle.core.text import UnreadableText, decode  # noqa: PLC0415

            if upload.size > 4 * 1024 * 1024:
                raise forms.ValidationError({"file": _("The file is larger than 4 MB.")})
            try:
                typed["text"] = decode(upload.read())
            except UnreadableText:
                raise forms.ValidationError({"file": _("The file is not text.")}) from None
        if not typed.get("text", "").strip():
            raise forms.ValidationError({"text": _("Paste the publications or choose a file.")})
        return typed


class PlacesForm(forms.Form):
    """Granting or reducing places, with the reason."""

    places = forms.IntegerField(label=_("Places"), min_value=1, max_value=99)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("The mentor reads it in the account."),
    )


class CapForm(forms.Form):
    """The most places of a title and category."""

    unit = UnitField(label=_("Unit"))
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100)
    category = forms.ChoiceField(label=_("Category"), choices=MentorCategory.choices)
    title = forms.ChoiceField(label=_("Professional title"), choices=MentorTitle.choices)
    places = forms.IntegerField(label=_("Most places"), min_value=0, max_value=99)

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]
        self.fields["year"].initial = today().year


class ReviewForm(forms.Form):
    """The decision of the yearly review for the selected mentors."""

    state = forms.ChoiceField(choices=EligibilityState.choices)
    reason = forms.CharField(max_length=300, required=False)


class TeamForm(forms.Form):
    """Two mentors who take students together."""

    unit = UnitField(label=_("Unit"))
    first = MentorField(label=_("First mentor"))
    second = MentorField(label=_("Second mentor"), help_text=_("May be from another institution."))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=100, required=False)

    def __init__(self, *args: Any, actor: Person, mentors: QuerySet[Mentor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_of(actor, *COLLEGE)  # type: ignore[attr-defined]
        for name in ("first", "second"):
            self.fields[name].queryset = mentors  # type: ignore[attr-defined]


class TeamEditForm(forms.Form):
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=100, required=False)
    is_archived = forms.BooleanField(label=_("No longer takes students (archived)"), required=False)


class ChangeForm(forms.Form):
    """A student's request for another mentor."""

    to_mentor = MentorField(
        label=_("Receiving mentor"),
        help_text=_("Only mentors with a free place are listed."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=4000, widget=forms.Textarea({"rows": 6}))
    file = forms.FileField(
        label=_("Evidence"),
        required=False,
        help_text=_("Only you and the college read it."),
    )
    is_confidential = forms.BooleanField(
        label=_("Confidential: go round my present mentor, straight to the college"),
        required=False,
        help_text=_(
            "Your present mentor is neither asked nor told until the college has approved. "
            "The receiving mentor is asked first and is told that it is confidential."
        ),
    )

    def __init__(self, *args: Any, mentors: QuerySet[Mentor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_mentor"].queryset = mentors  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """An answer in words, next to the button pressed."""

    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )


class WindowForm(forms.Form):
    """Days on which students may ask for another mentor."""

    unit = UnitField(label=_("Unit"))
    opens_on = DayField(
        label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    closes_on = DayField(
        label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why something is decided."""

    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea({"rows": 3}))


class RecordForm(forms.Form):
    """Something for the page of a pair; only the plan has days."""

    title = forms.CharField(label=_("Title"), max_length=150)
    text = forms.CharField(
        label=_("What it says"), required=False, max_length=6000, widget=forms.Textarea({"rows": 6})
    )
    due_on = DayField(
        label=_("Due on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    file = forms.FileField(
        label=_("File"), required=False, help_text=_("PDF, image, Word or Excel, if there is one.")
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != PairRecordKind.PLAN:
            del self.fields["due_on"]


class DutiesForm(forms.Form):
    """Who is first responsible and who signs."""

    first_responsible = forms.ChoiceField(
        label=_("First responsible"),
        choices=PairRole.choices,
        widget=forms.RadioSelect,
        help_text=_("Answers for the student; need not be the first mentor."),
    )
    signs_leave = forms.ChoiceField(
        label=_("Signs leave"), choices=Signer.choices, widget=forms.RadioSelect
    )
    signs_claims = forms.ChoiceField(
        label=_("Signs claims"), choices=Signer.choices, widget=forms.RadioSelect
    )
    signs_thesis = forms.ChoiceField(
        label=_("Signs the thesis"), choices=Signer.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Both mentors and the student read it."),
    )
