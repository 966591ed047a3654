"""A student's home: where the list stands, one next step, and how long there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from cotutelle.selection.queries.student import MyList, current_participation, my_list
from cotutelle.selection.queries.student_result import Outcome, outcome_of, season_steps


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing at the top: what stands now, until when, and the button."""

    says: str
    detail: str
    until: dt.datetime | None
    until_label: str
    url: str
    action: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class StudentHome:
    """What a student sees of the round under way."""

    round: Round
    mine: MyList
    step: NextStep
    steps: Sequence[Mapping[str, str]]


def student_home(person: Person) -> StudentHome | None:
    """Read the newest round ``person`` takes part in; nothing where there is none."""
    participation = current_participation(person)
    if participation is None:
        return None
    mine = my_list(participation)
    outcome = outcome_of(participation)
    step = _result(mine, outcome) if outcome.is_public else _on_the_way(mine)
    return StudentHome(mine.round, mine, step, season_steps(mine, outcome.notice))


def _url(name: str, mine: MyList) -> str:
    return f"{reverse(name)}?round={mine.round.public_id}"


def _result(mine: MyList, outcome: Outcome) -> NextStep:
    confirmed = mine.round.state == RoundState.CONFIRMED
    if outcome.placement is None:
        says = _("Your result is published: no place in this round yet")
        detail = _("The page says why for each choice, and what comes next.")
    elif confirmed:
        says = _("Your place is confirmed")
        detail = outcome.placement.offer.title
    else:
        says = _("Your result is published: you have a place")
        detail = outcome.placement.offer.title
    until = outcome.notice.ends_at if outcome.notice and outcome.may_object else None
    return NextStep(
        says,
        detail,
        until,
        _("Objections until"),
        _url("selection:result", mine),
        _("See my result"),
        False,
    )


def _on_the_way(mine: MyList) -> NextStep:
    if mine.is_sequential and mine.round.state == RoundState.ANSWERING:
        return NextStep(
            _("Your choices go out one at a time"),
            _("A mentor answers each; you see where yours stands."),
            None,
            "",
            _url("selection:result", mine),
            _("See where my choices stand"),
            False,
        )
    if mine.phase == "before":
        return NextStep(
            _("Your time to choose has not begun"),
            _("You can read the offers already."),
            mine.calendar.opens_at if mine.calendar else None,
            _("Opens"),
            _url("selection:find", mine),
            _("Look at the offers"),
            False,
        )
    return _open(mine) if mine.is_open else _waiting(mine)


def _open(mine: MyList) -> NextStep:
    closes = mine.calendar.closes_at if mine.calendar else None
    count = len(mine.choices)
    if mine.is_submitted:
        says = ngettext(
            "Your list of %(n)d choice is submitted",
            "Your list of %(n)d choices is submitted",
            count,
        ) % {"n": count}
        detail = _("Until the deadline you can take it back and change it.")
        return NextStep(
            says,
            detail,
            closes,
            _("Deadline"),
            _url("selection:find", mine),
            _("See my list"),
            False,
        )
    if mine.missing:
        says = _("Your list is not submitted")
        detail = ngettext(
            "%(n)d more choice is needed before you can submit it.",
            "%(n)d more choices are needed before you can submit it.",
            mine.missing,
        ) % {"n": mine.missing}
        action = _("Choose offers")
    else:
        says = ngettext(
            "Your list of %(n)d choice is not submitted yet",
            "Your list of %(n)d choices is not submitted yet",
            count,
        ) % {"n": count}
        detail = _("A draft does not count: only a submitted list is matched.")
        action = _("Check and submit my list")
    return NextStep(says, detail, closes, _("Deadline"), _url("selection:find", mine), action, True)


def _waiting(mine: MyList) -> NextStep:
    if mine.is_submitted:
        says = _("Your list is submitted")
        detail = _("You will be told as soon as the result is published.")
    else:
        says = _("You submitted no list in this round")
        detail = _("Speak to the officer of your unit about a supplementary round.")
    until = mine.round.answers_close_at if mine.round.state == RoundState.ANSWERING else None
    return NextStep(
        says,
        detail,
        until,
        _("Mentors answer until"),
        _url("selection:result", mine),
        _("See where I stand"),
        False,
    )
