"""What an officer types: the rules of a round, an assignment by the school, a word on an objection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.core.clock import today
from cotutelle.programmes.enums import Route
from cotutelle.programmes.models import Cohort
from cotutelle.selection.enums import LowerOrder, Objective
from cotutelle.selection.forms.rule_options import (
    ALGORITHMS,
    MENTOR_ANSWERS,
    REFUSALS,
    REGIMES,
    SILENT_MENTORS,
)
from cotutelle.selection.models import Round
from cotutelle.selection.policy import RoundRules
from cotutelle.ui.fields import MomentField

RULE_NAMES = tuple(f.name for f in fields(RoundRules))
ANSWERS = "answers"
LOCAL = "%Y-%m-%dT%H:%M"


def _moment(label: Any, help_text: Any = "") -> MomentField:
    return MomentField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
        input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
    )


def _whole(label: Any, least: int, most: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=help_text)


def _one_of(label: Any, options: Any, help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=options, widget=forms.RadioSelect, help_text=help_text
    )


def _yes(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)


class RoundForm(forms.Form):
    """A round and its rules, in one column."""

    cohort = forms.ChoiceField(
        label=_("Cohort"), help_text=_("Its admitted students take part; you can add others later.")
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=150, required=False)
    quota_year = _whole(
        _("Quota year"), 2000, 2200, _("Places come from the mentors' accounts of this year.")
    )
    regime = _one_of(_("How people are paired"), REGIMES)
    algorithm = _one_of(_("How a run pairs people"), ALGORITHMS)
    objective = _one_of(
        _("Among equally large results"),
        Objective.choices,
        _("Only the exact algorithm chooses among them."),
    )
    lower_order = _one_of(
        _("When minimum places must be met"),
        LowerOrder.choices,
        _(
            "Only the exact algorithm plans minimum places. Every case it leaves is named in the review."
        ),
    )
    time_limit = _whole(
        _("Most seconds for a run"),
        1,
        600,
        _("When the time is up, the best result found so far is kept, with what is proven of it."),
    )
    off_campus_most = forms.IntegerField(
        label=_("Most students of an off-campus first mentor"),
        required=False,
        min_value=0,
        max_value=999,
        help_text=_("Practice mentors of partners; empty: no limit of its own."),
    )
    min_choices = _whole(_("Fewest choices on a list"), 1, 50)
    max_choices = _whole(_("Most choices on a list"), 1, 50)
    same_discipline_only = _yes(
        _("Only offers of the student's own discipline"),
        _("Other offers can be read but not ranked."),
    )
    adjustment_refusal = _one_of(
        _("Refusing to be placed by the school"),
        REFUSALS,
        _("What it means when an unmatched student refuses a place found by the school."),
    )
    mentor_answer = _one_of(_("How mentors answer"), MENTOR_ANSWERS)
    silent_mentor = _one_of(
        _("A silent mentor"),
        SILENT_MENTORS,
        _("Announced to everybody before the lists open and kept by the run."),
    )
    interviews = _yes(
        _("Mentors may interview"), _("Mentors invite applicants before they answer.")
    )
    answer_days = _whole(
        _("Working days to answer one application"),
        1,
        60,
        _("Only where choices go out one at a time."),
    )
    uses_scores = _yes(_("Mentors see admission scores of their applicants"))
    ties_by_score = _yes(
        _("The admission score breaks ties"),
        _("What is still equal is decided by a lottery whose seed is announced beforehand."),
    )
    notice_days = _whole(
        _("Working days of public notice"),
        1,
        60,
        _("Names, offers and mentors are on show; anybody signed in may object."),
    )
    override_share_percent = _whole(
        _("Most students assigned by the school, in %"),
        0,
        100,
        _("Each assignment needs a ground, minutes and a second approver from another unit."),
    )
    answers_close_at = _moment(
        _("Mentors answer until"), _("After this moment the rule for silent mentors applies.")
    )

    def __init__(
        self,
        *args: Any,
        cohorts: Iterable[Cohort],
        fixed: bool = False,
        kept: RoundRules | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        # Rules that this form does not ask for stay what they are.
        self._kept = kept or RoundRules()
        self._cohorts = {str(c.public_id): c for c in cohorts}
        self.fields["cohort"].choices = [  # type: ignore[attr-defined]
            (key, f"{c.display_name} ({c.unit.display_name})") for key, c in self._cohorts.items()
        ]
        if fixed:
            del self.fields["cohort"]
        for route in Route:
            self.fields[f"{route}_opens_at"] = _moment(
                _("%(route)s: lists open") % {"route": route.label}
            )
            self.fields[f"{route}_closes_at"] = _moment(
                _("%(route)s: lists close") % {"route": route.label}
            )

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which a school decides them."""
        first: list[str] = [
            n for n in ("cohort", "name_zh", "name_en", "quota_year") if n in self.fields
        ]
        days = [f"{r}_{end}_at" for r in Route for end in ("opens", "closes")]
        return [
            (_("The round"), "", first),
            (_("How it works"), _("Schools prescribe one or the other."), ["regime"]),
            (
                _("The run"),
                _("For ranked lists; announced before the round opens."),
                ["algorithm", "objective", "lower_order", "time_limit"],
            ),
            (
                _("Students"),
                _("What a list may hold."),
                ["min_choices", "max_choices", "same_discipline_only", "adjustment_refusal"],
            ),
            (
                _("Mentors"),
                _("How they answer and what their silence means."),
                [
                    "mentor_answer",
                    "silent_mentor",
                    "interviews",
                    "answer_days",
                    "off_campus_most",
                ],
            ),
            (_("Scores and ties"), "", ["uses_scores", "ties_by_score"]),
            (
                _("Result"),
                _("What happens before it is final."),
                ["notice_days", "override_share_percent"],
            ),
            (
                _("Calendars"),
                _(
                    "Each admission route has its own days. Leave a route empty if nobody comes "
                    "by it. Deadlines are kept to the minute, in your time zone."
                ),
                [*days, "answers_close_at"],
            ),
        ]

    def clean(self) -> dict[str, Any]:
        """Check what only several fields together can tell."""
        typed = super().clean() or {}
        if typed.get("min_choices", 0) > typed.get("max_choices", 50):
            self.add_error("max_choices", _("The most is smaller than the fewest."))
        found = False
        for route in Route:
            opens, closes = typed.get(f"{route}_opens_at"), typed.get(f"{route}_closes_at")
            found = found or bool(opens and closes)
            if bool(opens) != bool(closes):
                missing = "closes" if opens else "opens"
                self.add_error(f"{route}_{missing}_at", _("Give both moments, or neither."))
            elif opens and closes and closes <= opens:
                self.add_error(f"{route}_closes_at", _("The lists close before they open."))
        if not found and not self.errors:
            self.add_error(None, _("At least one admission route needs its days."))
        return typed

    @property
    def chosen_cohort(self) -> Cohort:
        """The cohort that was picked."""
        return self._cohorts[self.cleaned_data["cohort"]]

    @property
    def rules(self) -> RoundRules:
        """The rules as a policy keeps them."""
        typed = {name: self.cleaned_data[name] for name in RULE_NAMES if name in self.fields}
        return replace(self._kept, **typed)

    @property
    def calendars(self) -> dict[str, tuple[dt.datetime, dt.datetime]]:
        """Opening and closing moment of each route that has one."""
        typed = self.cleaned_data
        return {
            str(route): (typed[f"{route}_opens_at"], typed[f"{route}_closes_at"])
            for route in Route
            if typed.get(f"{route}_opens_at")
        }

    @staticmethod
    def fresh_values() -> dict[str, Any]:
        """What a new round starts from: the usual rules."""
        return RoundRules().as_parameters() | {"quota_year": today().year}

    @staticmethod
    def values_of(round_: Round) -> dict[str, Any]:
        """What an existing round holds."""
        rules = RoundRules.from_parameters(round_.policy.parameters)
        values: dict[str, Any] = rules.as_parameters() | {
            "name_zh": round_.name_zh,
            "name_en": round_.name_en,
            "quota_year": round_.quota_year,
            "answers_close_at": round_.answers_close_at,
        }
        for calendar in round_.calendars.all():
            values[f"{calendar.route}_opens_at"] = calendar.opens_at
            values[f"{calendar.route}_closes_at"] = calendar.closes_at
        return values


class OverrideForm(forms.Form):
    """Why the school assigns a student, and the paper that says so."""

    ground = forms.CharField(
        label=_("Ground"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("The second approver and the inspector read it."),
    )
    minutes = forms.FileField(
        label=_("Minutes of the meeting"), help_text=_("PDF or image of the signed minutes.")
    )


class NoteForm(forms.Form):
    """A reason or an answer in words."""

    note = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea({"rows": 3}))

    def __init__(
        self,
        *args: Any,
        label: Any = None,
        help_text: Any = "",
        optional: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.fields["note"].required = not optional
        if label:
            self.fields["note"].label = label
        self.fields["note"].help_text = help_text


class DeadlineForm(forms.Form):
    """Another end for the lists of one route, or for the answers."""

    which = forms.ChoiceField(label=_("Deadline"), widget=forms.RadioSelect)
    closes_at = _moment(_("New end"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Everybody concerned reads it."),
    )

    def __init__(self, *args: Any, routes: Iterable[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["closes_at"].required = True
        self.fields["which"].choices = [  # type: ignore[attr-defined]
            *((r, _("Lists: %(route)s") % {"route": Route(r).label}) for r in routes),
            (ANSWERS, _("Answers of mentors")),
        ]


class LateParticipantForm(forms.Form):
    """One student who comes after the round was prepared."""

    student = forms.ChoiceField(
        label=_("Student"), help_text=_("Students of this school who do not take part yet.")
    )

    def __init__(self, *args: Any, students: Mapping[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["student"].choices = [("", _("Choose…")), *students.items()]  # type: ignore[attr-defined]


class FillForm(forms.Form):
    """A free place for somebody without one."""

    participant = forms.ChoiceField(label=_("Student without a place"))
    offer = forms.ChoiceField(label=_("Free place"))

    def __init__(
        self, *args: Any, participants: Mapping[str, str], offers: Mapping[str, str], **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        for name, options in (("participant", participants), ("offer", offers)):
            self.fields[name].choices = [("", _("Choose…")), *options.items()]  # type: ignore[attr-defined]


class SupplementForm(forms.Form):
    """The names of a supplementary round."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=150, required=False)
