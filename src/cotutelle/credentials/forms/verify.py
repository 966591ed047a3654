"""What somebody has in hand who wants to check a certificate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.engines.credentials.reading import MAX_BYTES


class VerifyForm(forms.Form):
    """A file, or the text of one."""

    upload = forms.FileField(
        label=gettext_lazy("The file you were given"),
        required=False,
        help_text=gettext_lazy(
            "A .cotutelle.json file, a PDF certificate, or a PNG badge. It is read and not kept."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.png,.pdf,.jsonld"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for exactly one of the two, not too large."""
        values: dict[str, Any] = super().clean() or {}
        upload, text = values.get("upload"), values.get("text")
        if bool(upload) == bool(text) and not self.errors:
            raise forms.ValidationError(_("Choose a file or paste its text."))
        if upload and upload.size > 2 * MAX_BYTES:
            self.add_error("upload", _("This file is too large to be one of ours."))
        return values

    def content(self) -> bytes:
        """Return what was given, as bytes."""
        upload = self.cleaned_data["upload"]
        content: bytes = upload.read() if upload else self.cleaned_data["text"].encode()
        return content
