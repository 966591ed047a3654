"""What a student types in a season."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ObjectionForm(forms.Form):
    """A reasoned objection during the public notice."""

    text = forms.CharField(
        label=_("What is wrong, and why"),
        help_text=_(
            "Name the rule, the date or the entry you mean. The graduate school that holds the round answers."
        ),
        min_length=10,
        max_length=4000,
        widget=forms.Textarea({"rows": 6}),
    )
    evidence = forms.FileField(
        label=_("Evidence"), required=False, help_text=_("One file: PDF, Word, picture or text.")
    )
