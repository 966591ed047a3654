"""What the keepers of the log type: confirmations, witnesses, the policy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.engines.translog import Algorithm, NoteError, Verifier
from cotutelle.institutions.enums import INSTITUTION_KINDS, UnitState
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import WitnessState
from cotutelle.ledger.models import Witness, WitnessPolicy
from cotutelle.ledger.queries.tolerance import Tolerance


class FreezeForm(forms.Form):
    """The origin, typed once more: what is frozen never grows again."""

    origin = forms.CharField(label=_("Type the origin to confirm"), max_length=200)

    def __init__(self, *args: Any, origin: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._origin = origin
        self.fields["origin"].help_text = origin

    def clean_origin(self) -> str:
        typed: str = self.cleaned_data["origin"].strip()
        if typed != self._origin:
            raise forms.ValidationError(_("This is not the origin that stands above."))
        return typed


class UnblockForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the log may sign again"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WitnessForm(forms.Form):
    """A witness as its institution describes it: a line with its key, and where it answers."""

    unit = forms.ModelChoiceField(
        label=_("Institution"),
        queryset=Unit.objects.none(),
        help_text=_("Who runs the witness and answers for it."),
    )
    vkey = forms.CharField(
        label=_("Verifier key"),
        max_length=500,
        help_text=_(
            "One line, as `cotutelle witness key` prints it: name, key number and key, joined by "
            "plus signs."
        ),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    url = forms.URLField(
        label=_("Address"),
        max_length=300,
        assume_scheme="https",
        help_text=_("Where the witness answers, without “add-checkpoint”."),
    )
    extra_vkey = forms.CharField(
        label=_("Second key (ML-DSA-44)"),
        max_length=3000,
        required=False,
        help_text=_(
            "If the witness signs with a post-quantum key as well. Browsers cannot check it."
        ),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    is_operator = forms.BooleanField(
        label=_("It is run by the institution that runs this log"),
        required=False,
        help_text=_("Such a witness may sign, but never counts: it would watch itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(kind__in=INSTITUTION_KINDS, state=UnitState.ACTIVE)
        self.fields["unit"].queryset = units.order_by("path")  # type: ignore[attr-defined]

    def clean_vkey(self) -> str:
        return self._key("vkey", {Algorithm.COSIGNATURE})

    def clean_extra_vkey(self) -> str:
        return self._key("extra_vkey", {Algorithm.COSIGNATURE_MLDSA44})

    def _key(self, field: str, allowed: set[Algorithm]) -> str:
        text: str = "".join(self.cleaned_data[field].split())
        if not text:
            return text
        try:
            verifier = Verifier.parse(text)
        except NoteError as error:
            raise forms.ValidationError(
                _(
                    "This is no verifier key: copy the whole line, name and both plus signs included."
                )
            ) from error
        if verifier.algorithm not in allowed:
            raise forms.ValidationError(
                _("This key is not of the kind with which a witness signs here.")
            )
        return text

    def name(self) -> str:
        """Return the name in the key: it is what signatures carry."""
        return Verifier.parse(self.cleaned_data["vkey"]).name


class _Witnesses(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.unit.display_name}: {obj.name}"


class PolicyForm(forms.Form):
    """How many of which witnesses must sign, against how many that might collude."""

    witnesses = _Witnesses(
        label=_("Witnesses that count"),
        queryset=Witness.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The operator's own witness is not offered: it would watch itself."),
        to_field_name="public_id",
    )
    needed = forms.IntegerField(
        label=_("How many must sign"),
        min_value=1,
        max_value=99,
        help_text=_("More make it harder to collude; fewer let the log go on when some are down."),
    )
    colluders = forms.IntegerField(
        label=_("How many might collude"),
        min_value=0,
        max_value=99,
        help_text=_("Witnesses that you fear might together sign two different histories."),
    )

    def __init__(self, *args: Any, current: WitnessPolicy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Witness.objects.filter(state=WitnessState.ACTIVE, is_operator=False)
        rows = rows.select_related("unit").order_by("name")
        self.fields["witnesses"].queryset = rows  # type: ignore[attr-defined]
        if current is not None:
            self.initial = {
                "witnesses": [w.public_id for w in current.witnesses.all()],
                "needed": current.needed,
                "colluders": current.colluders,
            }

    def tolerance(self) -> Tolerance | None:
        """Return what the values typed so far mean; nothing while one is missing."""
        data = self.cleaned_data
        if not {"witnesses", "needed", "colluders"} <= set(data):
            return None
        return Tolerance(data["needed"], len(data["witnesses"]), data["colluders"])
