"""What a round says about pairs: whom a second mentor may be, and who answers for what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.mentorship.enums import PairRole, Signer


def _signer(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=Signer.choices, widget=forms.RadioSelect)


_NAMES = ["name_zh", "name_en"]
_WHOM = ["second_other_track", "second_in_agreement", "second_avoid_ended"]
_DUTIES = ["first_responsible", "signs_leave", "signs_claims", "signs_thesis"]


class PairRulesForm(forms.Form):
    """The rules of pairs; with ``names`` also what the new round is called."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=150, required=False)
    second_other_track = forms.BooleanField(
        label=_("The second mentor comes from the other track"),
        required=False,
        help_text=_("Clinical beside research; who works on both fits either."),
    )
    second_in_agreement = forms.BooleanField(
        label=_("Only mentors whom a partner lends under an agreement in force"),
        required=False,
        help_text=_("The agreement must be one of the student's own school."),
    )
    second_avoid_ended = forms.BooleanField(
        label=_("Not two mentors whose pair ended early, nor a former mentor of the student"),
        required=False,
    )
    first_responsible = forms.ChoiceField(
        label=_("First responsible"),
        choices=PairRole.choices,
        widget=forms.RadioSelect,
        help_text=_("Answers for the student; need not be the first mentor."),
    )
    signs_leave = _signer(_("Signs leave"))
    signs_claims = _signer(_("Signs claims"))
    signs_thesis = _signer(_("Signs the thesis"))

    def __init__(self, *args: Any, names: bool, second: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gone = [*([] if names else _NAMES), *([] if second else _WHOM)]
        for name in gone:
            del self.fields[name]

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which a school decides them."""
        found = [
            (_("The round"), "", _NAMES),
            (_("Who may be second mentor"), _("Conflicts of interest count as always."), _WHOM),
            (
                _("Who answers for what"),
                _("Set for every pair when it begins; the college can change it for one pair."),
                _DUTIES,
            ),
        ]
        return [group for group in found if group[2][0] in self.fields]

    @property
    def rules(self) -> dict[str, Any]:
        """What was chosen, without the names."""
        return {n: v for n, v in self.cleaned_data.items() if n not in _NAMES}
