"""What people write about papers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ScanForm(forms.Form):
    """The scan of the signed and sealed sheet."""

    upload = forms.FileField(
        label=_("Scan of the sealed paper"), help_text=_("A PDF or a picture, both sides if used.")
    )


class VoidForm(forms.Form):
    """Why a paper is void."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        help_text=_("It is shown to those who may open the paper, not on the public page."),
    )


class CompareForm(forms.Form):
    """A file somebody was given."""

    upload = forms.FileField(
        label=_("The PDF you were given"),
        help_text=_("Only its fingerprint is computed; the file is not kept."),
    )
