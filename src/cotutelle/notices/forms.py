"""How a person wants to be told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from cotutelle.notices.channels import channels
from cotutelle.notices.enums import Wanted
from cotutelle.notices.queries import wanted_by
from cotutelle.people.models import Person


class ChannelsForm(forms.Form):
    """One choice for each channel this installation has."""

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = wanted_by(person)
        for channel in channels():
            self.fields[channel.key] = forms.ChoiceField(
                label=str(channel.label),
                choices=Wanted.choices,
                initial=wanted[channel.key],
                help_text=channel.address_of(person)
                or _("Your profile has no address for this channel yet."),
                widget=forms.RadioSelect,
            )
