"""What mentors type about offers, applicants and interviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.mentorship.enums import Track
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferKind
from cotutelle.selection.models import Offer
from cotutelle.selection.services.offers import OfferData
from cotutelle.ui.fields import MomentField

_TEXTS = ("description_zh", "description_en", "requirements_zh", "requirements_en")


class OfferForm(forms.Form):
    """An offer; texts in one language are shown in both."""

    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=300, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=OfferKind.choices, widget=forms.RadioSelect)
    track = forms.ChoiceField(label=_("Track"), choices=Track.choices)
    discipline = forms.CharField(label=_("Discipline"), max_length=100, required=False)
    places = forms.IntegerField(
        label=_("Places"), min_value=1, max_value=99, initial=1,
        help_text=_("Several offers may together name more places than your account has; the account decides."),
    )  # fmt: skip
    routes = forms.MultipleChoiceField(
        label=_("Admission routes"), choices=Route.choices, required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None ticked means all."),
    )  # fmt: skip
    degree_types = forms.MultipleChoiceField(
        label=_("Degree types"), choices=DegreeType.choices, required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None ticked means all."),
    )  # fmt: skip
    description_zh = forms.CharField(
        label=_("Description in Chinese"), required=False, max_length=6000,
        widget=forms.Textarea({"rows": 6}),
    )  # fmt: skip
    description_en = forms.CharField(
        label=_("Description in English"), required=False, max_length=6000,
        widget=forms.Textarea({"rows": 6}),
    )  # fmt: skip
    requirements_zh = forms.CharField(
        label=_("Requirements in Chinese"), required=False, max_length=3000,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    requirements_en = forms.CharField(
        label=_("Requirements in English"), required=False, max_length=3000,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    groups = [
        (_("What is offered"), "", ["title_zh", "title_en", "kind", "track", "discipline", "places"]),
        (_("For whom"), "", ["routes", "degree_types"]),
        (_("Texts"), _("Students search these words, and affinity is computed from them."), list(_TEXTS)),
    ]  # fmt: skip

    @staticmethod
    def values_of(offer: Offer) -> dict[str, Any]:
        """Return the initial values for editing or copying."""
        return {name: getattr(offer, name) for name in OfferForm.base_fields}

    def data_of_offer(self) -> OfferData:
        """Return the typed values as the service takes them."""
        return OfferData(**self.cleaned_data)


class ConflictForm(forms.Form):
    """A conflict of interest; the ground is required."""

    ground = forms.CharField(
        label=_("Ground"), max_length=300, widget=forms.Textarea({"rows": 3}),
        help_text=_("For example: relatives, joint business. Only the offices read it."),
    )  # fmt: skip


class InterviewForm(forms.Form):
    """An invitation with time and place."""

    starts_at = MomentField(
        label=_("Time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    place = forms.CharField(
        label=_("Place"), max_length=200, help_text=_("A room, or the link of a meeting.")
    )


class InterviewNoteForm(forms.Form):
    """What came out of an interview; only the mentor's side and the graduate school read it."""

    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )
