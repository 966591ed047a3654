"""What an officer types about places above the mentor and about minimum places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.selection.models import Answer, Offer
from cotutelle.selection.queries.caps import CapRow
from cotutelle.selection.services.caps import Bounds

_MOST = 32767


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the page with its two fields."""

    row: CapRow
    most: forms.BoundField
    least: forms.BoundField


class CapsForm(forms.Form):
    """Two numbers a row, and one reason for all of it."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=300,
        help_text=_("It stays in the history of the round beside every number you change."),
    )

    def __init__(self, *args: Any, rows: Sequence[CapRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self.fields[f"least-{row.key}"] = self._number(
                _("Fewest places of %(name)s"), row, row.least or None
            )
            self.fields[f"most-{row.key}"] = self._number(
                _("Most places of %(name)s"), row, row.most
            )

    @staticmethod
    def _number(label: Any, row: CapRow, value: int | None) -> forms.IntegerField:
        text = label % {"name": row.thing.display_name}
        widget = forms.NumberInput({"class": "form-control sel-places", "aria-label": text})
        return forms.IntegerField(
            label=text, required=False, min_value=0, max_value=_MOST, initial=value, widget=widget
        )

    @property
    def lines(self) -> list[Line]:
        """The rows with their fields."""
        return [Line(row, self[f"most-{row.key}"], self[f"least-{row.key}"]) for row in self.rows]

    def clean(self) -> dict[str, Any]:
        """Check each pair of numbers, so that every slip is named at once."""
        typed = super().clean() or {}
        for row in self.rows:
            most, least = typed.get(f"most-{row.key}"), typed.get(f"least-{row.key}") or 0
            if most is not None and least > most:
                self.add_error(
                    f"least-{row.key}",
                    gettext("%(name)s: the fewest places are more than the most.")
                    % {"name": row.thing.display_name},
                )
        return typed

    @property
    def wanted(self) -> dict[Any, Bounds]:
        """What was typed, for the service."""
        typed = self.cleaned_data
        return {
            row.thing: Bounds(typed[f"most-{row.key}"], typed[f"least-{row.key}"] or 0)
            for row in self.rows
        }


class MinimumForm(forms.Form):
    """The fewest students of an offer and its mentor, and the weight of one student."""

    least = forms.IntegerField(label=_("Fewest students of the offer"), min_value=0)
    mentor_least = forms.IntegerField(
        label=_("Fewest places of the mentor in this round"),
        min_value=0,
        help_text=_("Over all offers of the mentor or team."),
    )
    weight = forms.IntegerField(
        label=_("Places that one student takes"),
        min_value=1,
        max_value=99,
        help_text=_(
            "Usually 1. With 2, a student at this offer counts for two places of the mentor, the "
            "department and the agreement."
        ),
    )

    @staticmethod
    def values_of(offer: Offer, answer: Answer | None) -> dict[str, int]:
        """What holds now."""
        return {
            "least": offer.places_min,
            "mentor_least": answer.places_min if answer else 0,
            "weight": offer.weight,
        }
