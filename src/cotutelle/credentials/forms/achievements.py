"""What an officer types about what an institution certifies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.credentials.enums import AchievementKind, Cryptosuite, SignerRole
from cotutelle.credentials.queries.achievements import institutions_of
from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField

_TEXT = 3000


def _text(label: Any, *, required: bool = True, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=_TEXT, widget=forms.Textarea({"rows": rows})
    )


class AchievementForm(forms.Form):
    """An achievement; a certificate is read in both languages, so both are written."""

    unit = UnitField(
        label=_("Institution"), help_text=_("In its name the certificates are signed.")
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=AchievementKind.choices,
        help_text=_("Decides what has to be stated about each student."),
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=150)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)
    description_zh = _text(_("Description in Chinese"), required=False, rows=3)
    description_en = _text(_("Description in English"), required=False, rows=3)
    criteria_zh = _text(_("Criteria in Chinese"))
    criteria_en = _text(_("Criteria in English"))
    signers = forms.MultipleChoiceField(
        label=_("Who signs"),
        choices=SignerRole.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each of them signs for the student before the certificate can be issued."),
    )
    valid_months = forms.IntegerField(
        label=_("Valid for months"),
        required=False,
        min_value=1,
        max_value=600,
        help_text=_("Empty: it does not expire."),
    )
    cryptosuite = forms.ChoiceField(
        label=_("Where it is checked"),
        choices=Cryptosuite.choices,
        initial=Cryptosuite.JCS,
        help_text=_("Decides how the certificates are signed. Most keep the first."),
    )
    groups = [
        (_("What it is"), "", ["unit", "kind", "name_zh", "name_en"]),
        (
            _("Description and criteria"),
            _("Employers read this on the certificate. Say what somebody had to show, and how."),
            ["description_zh", "description_en", "criteria_zh", "criteria_en"],
        ),
        (_("Signatures and validity"), "", ["signers", "valid_months", "cryptosuite"]),
    ]

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"]
            self.groups = [
                (head, text, [name for name in names if name != "unit"])
                for head, text, names in type(self).groups
            ]
            return
        self.fields["unit"].queryset = institutions_of(actor)  # type: ignore[attr-defined]


class CopyForm(forms.Form):
    """A copy under another name, perhaps of another institution."""

    unit = UnitField(label=_("Institution"))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=150)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = institutions_of(actor)  # type: ignore[attr-defined]
