"""Where a round stands and what may be done next, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cotutelle.core.clock import now
from cotutelle.selection.enums import (
    ROUND_TRANSITIONS,
    Regime,
    RoundState,
    SilentMentor,
)
from cotutelle.selection.models import Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.officer import Figures
from cotutelle.ui.dates import format_datetime

SEASON = (
    RoundState.DRAFT,
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
    RoundState.CONFIRMED,
)


@dataclass(frozen=True, slots=True)
class Move:
    """A step of the round: how it is named, what it does, and to how many."""

    to: str
    label: str
    button: str
    says: str
    changes: tuple[dict[str, Any], ...]
    done: str
    undo: str = ""
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing to do now."""

    says: str
    label: str
    url: str
    note: str = ""


def rules_of(round_: Round) -> RoundRules:
    """Return the rules of the round's policy."""
    return RoundRules.from_parameters(round_.policy.parameters)


def season_of(round_: Round, figures: Figures | None) -> list[dict[str, str]]:
    """Return the line of the season; counts only for the staff."""
    if round_.state == RoundState.CANCELLED:
        return []
    here = SEASON.index(RoundState(round_.state))
    steps = []
    for place, state in enumerate(SEASON):
        last = state == RoundState.CONFIRMED == round_.state
        phase = "done" if place < here or last else "now" if place == here else "next"
        detail = "" if phase == "next" else _detail(state, figures)
        steps.append({"phase": phase, "label": str(state.label), "detail": detail})
    return steps


def _detail(state: RoundState, figures: Figures | None) -> str:
    if figures is None:
        return ""
    if state == RoundState.RANKING and figures.students:
        return f"{figures.lists:,} / {figures.students:,}"
    if state == RoundState.ANSWERING and figures.answers and not figures.is_sequential:
        return f"{figures.answered:,} / {figures.answers:,}"
    if state == RoundState.CONFIRMED and figures.placed:
        return f"{figures.placed:,}"
    return ""


def key_figures(round_: Round, figures: Figures) -> list[dict[str, Any]]:
    """Return the figures on top of a round."""
    shown = [
        (_("Students"), f"{figures.students:,}", ""),
        (_("Lists handed in"), f"{figures.lists:,}", f"/ {figures.students:,}"),
        (_("Open offers"), f"{figures.offers_open:,}", ""),
        (_("Choices answered"), f"{figures.sent_answered:,}", f"/ {figures.sent:,}")
        if figures.is_sequential
        else (_("Answers of mentors"), f"{figures.answered:,}", f"/ {figures.answers:,}"),
        (_("Students with a place"), f"{figures.placed:,}", f"/ {figures.students:,}"),
    ]
    return [{"label": label, "value": value, "unit": unit} for label, value, unit in shown]


def next_step(round_: Round, figures: Figures) -> NextStep | None:
    """Return the one thing to do now, with its consequence and its number."""
    here = round_.public_id
    state = RoundState(round_.state)
    move = reverse("selection:round-move", args=[here])
    if state == RoundState.DRAFT and not figures.students:
        return NextStep(
            _("Nobody takes part yet. Add the students of the cohort first."),
            _("Add students"),
            reverse("selection:participants", args=[here]),
        )
    if state == RoundState.DRAFT and not figures.offers_open:
        return NextStep(
            _("No offer is open yet. Open offers so that there is something to rank."),
            pgettext("step", "Open offers"),
            reverse("selection:offers", args=[here]),
        )
    targets = {
        RoundState.DRAFT: RoundState.RANKING,
        RoundState.RANKING: RoundState.ANSWERING,
        RoundState.ANSWERING: RoundState.CLOSED,
    }
    if waiting := _too_early(round_, state, figures):
        return waiting
    if state in targets:
        found = move_to(round_, targets[state], figures)
        if found is not None:
            return NextStep(found.says, found.button, f"{move}?to={found.to}")
    return _later_step(round_, state, figures)


def _too_early(round_: Round, state: RoundState, figures: Figures) -> NextStep | None:
    """Return what to do while people still have time: a step would be refused."""
    here = [round_.public_id]
    if state == RoundState.RANKING:
        closes = round_.calendars.filter(closes_at__gt=now()).aggregate(at=Max("closes_at"))["at"]
        if closes is None or not figures.without_list:
            return None
        says = ngettext(
            "Students may choose until %(time)s; %(n)s has not handed in a list yet.",
            "Students may choose until %(time)s; %(n)s have not handed in a list yet.",
            figures.without_list,
        ) % {"n": f"{figures.without_list:,}", "time": format_datetime(closes)}
        label = _("See whose list is missing")
        return NextStep(says, label, reverse("selection:participants", args=here) + "?list=draft")
    if state != RoundState.ANSWERING or rules_of(round_).regime == Regime.SEQUENTIAL:
        return None
    closes = round_.answers_close_at
    if closes is None or closes <= now() or not figures.silent:
        return None
    says = ngettext(
        "Mentors may answer until %(time)s; %(n)s has not answered yet.",
        "Mentors may answer until %(time)s; %(n)s have not answered yet.",
        figures.silent,
    ) % {"n": f"{figures.silent:,}", "time": format_datetime(closes)}
    label = _("See whose answer is missing")
    return NextStep(says, label, reverse("selection:answers", args=here) + "?state=open")


def _later_step(round_: Round, state: RoundState, figures: Figures) -> NextStep | None:
    here = round_.public_id
    if state == RoundState.CLOSED and rules_of(round_).regime == Regime.SEQUENTIAL:
        return None
    if state == RoundState.CLOSED:
        return NextStep(
            _(
                "Lists and answers are locked. The run works on them and is checked by a second program."
            ),
            ngettext(
                "Run the matching for %(n)s student",
                "Run the matching for %(n)s students",
                figures.lists,
            )
            % {"n": figures.lists},
            reverse("selection:run", args=[here]),
        )
    if state == RoundState.MATCHED:
        return NextStep(
            _("The run has passed its check. Nobody has been told yet."),
            _("Review and publish the result"),
            reverse("selection:review", args=[here]),
        )
    if state == RoundState.PUBLISHED:
        return NextStep(
            _(
                "The public notice is running. After its end, and when no objection is open, the result is confirmed."
            ),
            _("Confirm the result"),
            reverse("selection:confirm", args=[here]),
        )
    if state == RoundState.CONFIRMED and figures.unplaced:
        return NextStep(
            _("Confirmed pairs do not move any more. Free places can still be filled."),
            ngettext(
                "Place %(n)s student without a place",
                "Place %(n)s students without a place",
                figures.unplaced,
            )
            % {"n": figures.unplaced},
            reverse("selection:vacancies", args=[here]),
        )
    return None


def other_steps(round_: Round) -> list[dict[str, str]]:
    """Return the steps back and the cancellation, which stand in a menu."""
    state = RoundState(round_.state)
    url = reverse("selection:round-move", args=[round_.public_id])
    order = {s: i for i, s in enumerate(SEASON)}
    back = [
        to
        for to in SEASON
        if to in ROUND_TRANSITIONS[state]
        and order[to] < order.get(state, 0)
        and state != RoundState.PUBLISHED
    ]
    found = [
        {"label": _("Go back to: %(state)s") % {"state": to.label}, "url": f"{url}?to={to}"}
        for to in back
    ]
    if RoundState.CANCELLED in ROUND_TRANSITIONS[state]:
        found.append({"label": _("Cancel the round"), "url": f"{url}?to={RoundState.CANCELLED}"})
    return found


def move_to(round_: Round, to: str, figures: Figures) -> Move | None:
    """Return the words of one step, or nothing if the round cannot take it from here."""
    state = RoundState(round_.state)
    taken = {t for t in ROUND_TRANSITIONS[state] if t not in _BY_OTHER_PAGES}
    if to not in taken:
        return None
    target = RoundState(to)
    if target == RoundState.CANCELLED:
        return _cancel(figures)
    if SEASON.index(target) < SEASON.index(state):
        return _back(target, figures)
    makers = {
        RoundState.RANKING: _open,
        RoundState.ANSWERING: _ask_mentors,
        RoundState.CLOSED: _close,
    }
    return makers[target](round_, figures)


# A run, a publication and a confirmation have pages of their own.
_BY_OTHER_PAGES = frozenset({RoundState.MATCHED, RoundState.PUBLISHED, RoundState.CONFIRMED})


def _change(icon: str, text: str, count: int | str = "") -> dict[str, Any]:
    return {"icon": icon, "text": text, "count": f"{count:,}" if isinstance(count, int) else count}


def _open(round_: Round, figures: Figures) -> Move:
    return Move(
        to=RoundState.RANKING,
        label=_("Open the round"),
        button=ngettext(
            "Open the round to %(n)s student", "Open the round to %(n)s students", figures.students
        )
        % {"n": figures.students},
        says=_(
            "Students see the offers and write their lists within the days of their route. The rules can no longer be changed."
        ),
        changes=(
            _change("mail", _("Students are told and find a task"), figures.students),
            _change("list-details", _("Offers open to be ranked"), figures.offers_open),
            _change("lock", _("Rules of the round are fixed")),
            _change("dice", _("The lottery is committed to before the first list is handed in")),
        ),
        done=_("The round is open. Everybody has been told."),
    )


def _ask_mentors(round_: Round, figures: Figures) -> Move:
    return Move(
        to=RoundState.ANSWERING,
        label=_("Close the lists and ask the mentors"),
        button=ngettext(
            "Ask %(n)s mentor to answer", "Ask %(n)s mentors to answer", figures.answers
        )
        % {"n": figures.answers},
        says=_(
            "Lists are closed. Each mentor sees those who listed an offer of theirs, never at which place."
        ),
        changes=(
            _change("lock", _("Lists are locked"), figures.lists),
            _change(
                "alert-triangle",
                _("Students without a list take no part in the run"),
                figures.without_list,
            ),
            _change("mail", _("Mentors are told and find a task"), figures.answers),
        ),
        done=_("Lists are closed. The mentors have been asked."),
        undo=_(
            "As long as the result is not published you can open the lists again; that is recorded."
        ),
    )


def _close(round_: Round, figures: Figures) -> Move:
    if figures.is_sequential:
        button = _("Close the answers")
    else:
        button = ngettext(
            "Close the answers of %(n)s mentor",
            "Close the answers of %(n)s mentors",
            figures.answers,
        ) % {"n": figures.answers}
    return Move(
        to=RoundState.CLOSED,
        label=_("Close the answers"),
        button=button,
        says=_("No answer can be changed any more, and the run can start."),
        changes=_closing(round_, figures),
        done=_("Lists and answers are locked."),
        undo=_("You can open the answers again before the result is published; that is recorded."),
    )


def _closing(round_: Round, figures: Figures) -> tuple[dict[str, Any], ...]:
    seed = _change("dice", _("The seed of the lottery is revealed"))
    if figures.is_sequential:
        return _change("check", _("Choices answered"), figures.sent_answered), seed
    silent = SilentMentor(rules_of(round_).silent_mentor).label
    return (
        _change("check", _("Answers received"), figures.answered),
        _change(
            "clock-exclamation",
            _("Mentors who have not answered: %(rule)s") % {"rule": silent},
            figures.silent,
        ),
        seed,
    )


def _back(target: RoundState, figures: Figures) -> Move:
    return Move(
        to=target,
        label=_("Go back to: %(state)s") % {"state": target.label},
        button=_("Go back to: %(state)s") % {"state": target.label},
        says=_("Everybody concerned is told, and the step back stays in the history of the round."),
        changes=(
            _change("users", _("Students taking part"), figures.students),
            _change("user-check", _("Mentors and teams"), figures.answers),
        ),
        done=_("The round has gone back to: %(state)s.") % {"state": target.label},
        needs_reason=True,
    )


def _cancel(figures: Figures) -> Move:
    return Move(
        to=RoundState.CANCELLED,
        label=_("Cancel the round"),
        button=ngettext(
            "Cancel the round for %(n)s student",
            "Cancel the round for %(n)s students",
            figures.students,
        )
        % {"n": figures.students},
        says=_("The round ends without a result and cannot be opened again."),
        changes=(
            _change("mail", _("Students and mentors are told"), figures.students + figures.answers),
            _change(
                "arrow-back-up", _("Places held for this round return to the mentors' accounts")
            ),
        ),
        done=_("The round has been cancelled. Everybody has been told."),
        needs_reason=True,
    )
