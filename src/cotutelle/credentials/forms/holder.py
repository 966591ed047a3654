"""What a holder chooses to show."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.credentials.services.shares import DAYS, MOST_DAYS


class ShareForm(forms.Form):
    """For whom a link is, and how long it opens."""

    title = forms.CharField(
        label=pgettext_lazy("link", "For whom"),
        max_length=150,
        required=False,
        help_text=_("For your own list; the reader does not see it."),
    )
    days = forms.IntegerField(
        label=_("Opens for how many days"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=DAYS,
        help_text=_("1 to 366. You can end it earlier at any time."),
    )
