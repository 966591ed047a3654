from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class FeedForm(forms.Form):
    name = forms.CharField(
        label=_("Which calendar it is for"),
        max_length=60,
        help_text=_("For example: my phone. Give each device its own, so that one can be revoked."),
    )
