"""What an officer types in the what-if room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.selection.enums import (
    Algorithm,
    LowerOrder,
    MentorAnswer,
    Objective,
    SilentMentor,
)
from cotutelle.selection.policy import RoundRules

_MOST = 999


class ScenarioForm(forms.Form):
    """A name, what it starts from, and a word for colleagues."""

    name = forms.CharField(label=gettext_lazy("Name of the what-if"), max_length=100)
    base = forms.ChoiceField(label=gettext_lazy("Starts from"))
    note = forms.CharField(
        label=gettext_lazy("Why you try this"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
    )

    def __init__(self, *args: Any, bases: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base"].choices = bases  # type: ignore[attr-defined]


class CopyForm(forms.Form):
    """The name of the copy."""

    name = forms.CharField(label=gettext_lazy("Name of the copy"), max_length=100)


class ScenarioRulesForm(forms.Form):
    """The rules that a what-if may change."""

    algorithm = forms.ChoiceField(
        label=gettext_lazy("Way of matching"),
        choices=Algorithm.choices,
        help_text=gettext_lazy(
            "Only deferred acceptance makes honest lists the best ones; the others place more students."
        ),
    )
    objective = forms.ChoiceField(
        label=gettext_lazy("Among equally large results"),
        choices=Objective.choices,
        help_text=gettext_lazy("Of the exact way alone."),
    )
    lower_order = forms.ChoiceField(
        label=gettext_lazy("Where minimum places must be met"), choices=LowerOrder.choices
    )
    time_limit = forms.IntegerField(
        label=gettext_lazy("Most seconds of the exact way"), min_value=1, max_value=600
    )
    mentor_answer = forms.ChoiceField(
        label=gettext_lazy("How mentors answer"), choices=MentorAnswer.choices
    )
    silent_mentor = forms.ChoiceField(
        label=gettext_lazy("A silent mentor"), choices=SilentMentor.choices
    )
    uses_scores = forms.BooleanField(label=gettext_lazy("Scores are used"), required=False)
    ties_by_score = forms.BooleanField(
        label=gettext_lazy("Ties are broken by score"), required=False
    )
    same_discipline_only = forms.BooleanField(
        label=gettext_lazy("Same discipline only"), required=False
    )
    groups = [
        (
            gettext_lazy("Matching"),
            "",
            ["algorithm", "objective", "lower_order", "time_limit"],
        ),
        (
            gettext_lazy("Answers and scores"),
            gettext_lazy("The answers that were given are read again under these rules."),
            [
                "mentor_answer",
                "silent_mentor",
                "uses_scores",
                "ties_by_score",
                "same_discipline_only",
            ],
        ),
    ]

    @classmethod
    def of(cls, rules: RoundRules, data: Any = None) -> ScenarioRulesForm:
        """Return the form filled in with ``rules``."""
        return cls(data, initial={name: getattr(rules, name) for name in cls.base_fields})


class PlacesForm(forms.Form):
    """Upper and lower number of places of an offer, a mentor, a unit or an agreement."""

    most = forms.IntegerField(
        label=gettext_lazy("Most students"),
        min_value=0,
        max_value=_MOST,
        required=False,
        help_text=gettext_lazy(
            "An offer, its mentor and the units above bound the students together: the smallest number counts."
        ),
    )
    least = forms.IntegerField(
        label=gettext_lazy("Fewest students"), min_value=0, max_value=_MOST, initial=0
    )

    def __init__(self, *args: Any, unbounded: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["most"].required = not unbounded
        if unbounded:
            self.fields["most"].label = _("Most students; empty: no upper bound")

    def clean(self) -> dict[str, Any]:
        """Refuse a least above the most."""
        data = super().clean() or {}
        most, least = data.get("most"), data.get("least")
        if most is not None and least is not None and least > most:
            self.add_error("least", _("The fewest cannot be above the most."))
        return data


class OrderForm(forms.Form):
    """
    Numbers beside names: their order is the list, equal numbers are a tie, empty leaves out.

    Parameters
    ----------
    names
        Id → name, in the present order; then those who could be added.
    places
        Id → present number.
    ties
        Whether equal numbers are allowed.
    """

    def __init__(
        self,
        *args: Any,
        names: Mapping[str, str],
        places: Mapping[str, int],
        ties: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._ids = list(names)
        self._ties = ties
        for at, (key, name) in enumerate(names.items()):
            self.fields[f"place_{at}"] = forms.IntegerField(
                label=name,
                min_value=1,
                max_value=_MOST,
                required=False,
                initial=places.get(key),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse two of the same number where a list is strict."""
        data = super().clean() or {}
        seen: set[int] = set()
        for at in range(len(self._ids)):
            place = data.get(f"place_{at}")
            if place is not None and place in seen and not self._ties:
                self.add_error(f"place_{at}", _("This number is there twice."))
            if place is not None:
                seen.add(place)
        return data

    @property
    def tiers(self) -> list[list[str]]:
        """The ids in order of their numbers, equal ones together."""
        by_place: dict[int, list[str]] = {}
        for at, key in enumerate(self._ids):
            place = self.cleaned_data.get(f"place_{at}")
            if place is not None:
                by_place.setdefault(place, []).append(key)
        return [by_place[place] for place in sorted(by_place)]


class WithdrawForm(forms.Form):
    """A student who leaves while the result is under review."""

    participant = forms.ChoiceField(label=gettext_lazy("Student"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def __init__(self, *args: Any, students: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["participant"].choices = [("", "–"), *students]  # type: ignore[attr-defined]


class SatisfactionForm(forms.Form):
    """Five steps and a word."""

    score = forms.TypedChoiceField(
        label=gettext_lazy("How content are you with this round?"),
        coerce=int,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=gettext_lazy("What should be better?"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Officers read it without your name, and only once five people have answered. Name nobody."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["score"].choices = steps()  # type: ignore[attr-defined]


def steps() -> Iterable[tuple[int, str]]:
    """Return the five steps in words, the best first."""
    return [
        (5, _("5: very content")),
        (4, _("4: content")),
        (3, _("3: neither")),
        (2, _("2: not content")),
        (1, _("1: not content at all")),
    ]
