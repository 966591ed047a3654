"""What officers type about certificates that no longer hold, and about keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cotutelle.credentials.forms.awards import ReasonForm
from cotutelle.credentials.queries.credentials import institutions_kept_by
from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField


class RevokeForm(ReasonForm):
    """Revoking is for good: a word is typed to confirm it."""

    typed = forms.CharField(label=_("Type the word to confirm"), max_length=40)

    def __init__(self, *args: Any, word: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.word = word
        self.fields["typed"].help_text = _("Type %(word)s.") % {"word": word}

    def clean_typed(self) -> str:
        """Refuse anything but the word."""
        typed: str = self.cleaned_data["typed"].strip()
        if typed.casefold() != self.word.casefold():
            raise forms.ValidationError(_now("This is not the word."))
        return typed


class NewKeyForm(forms.Form):
    """An institution that signs from now on."""

    unit = UnitField(label=_("Institution"))

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = institutions_kept_by(actor)  # type: ignore[attr-defined]


class CompromiseForm(forms.Form):
    """From which place in the log on the key was perhaps in the hands of others."""

    def __init__(self, *args: Any, size: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_index"] = forms.IntegerField(
            label=_("First place in the log that no longer counts"),
            min_value=0,
            max_value=size,
            initial=size,
            help_text=_(
                "Everything logged at this place or later, signed with this key, stops counting."
            ),
        )
