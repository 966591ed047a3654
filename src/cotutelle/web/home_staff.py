"""The season as the staff see it: how far it is, day by day, and what it asks of the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import why_not
from cotutelle.core.clock import now, today
from cotutelle.core.i18n import is_chinese
from cotutelle.decisions.models import Run
from cotutelle.people.models import Person
from cotutelle.selection import queries as selection
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    NoticeState,
    ParticipantState,
    PlacementState,
    RoundState,
    SilentMentor,
)
from cotutelle.selection.models import Placement, PublicNotice, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.services.runs import RUN_KIND, TRIAL_KIND
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS, SUBMIT_LIST
from cotutelle.ui.dates import format_date
from cotutelle.web.todos import Todo, todo

MOST_DAYS = 31
STEPS = (
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
    RoundState.CONFIRMED,
)
WITH_RESULT = (RoundState.MATCHED, RoundState.PUBLISHED, RoundState.CONFIRMED)
_LIVE = (PlacementState.PROPOSED, PlacementState.PUBLISHED, PlacementState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Season:
    """A round on a member of staff's home; counts cover what the reader may see."""

    round: Round
    url: str
    steps: Sequence[Mapping[str, str]]
    lists: int
    students: int
    answered: int
    answers: int
    recent: int
    placed: int | None
    chart: Mapping[str, Any] | None
    run: Run | None
    run_url: str

    @property
    def unplaced(self) -> int:
        """Students of the round without a place."""
        return self.students - (self.placed or 0)

    @property
    def chart_id(self) -> str:
        """Where the chart stands on the page."""
        return f"returns-{self.round.public_id}"

    @property
    def run_says(self) -> str:
        """What the last run found, in one sentence."""
        if self.run is None:
            return ""
        places = self.run.result["offer_of"].values()
        numbers = {"placed": sum(bool(one) for one in places), "all": len(places)}
        if self.run.kind == TRIAL_KIND:
            return (
                _("With the lists of that time %(placed)d of %(all)d students have a place.")
                % numbers
            )
        return _("%(placed)d of %(all)d students have a place.") % numbers


def season_of(round_: Round, person: Person) -> Season:
    """Read one round for ``person``; eight queries whatever its size."""
    students = selection.participants_visible_to(person).filter(
        round=round_, state=ParticipantState.ACTIVE
    )
    answers = selection.answers_visible_to(person).filter(round=round_, places__gt=0)
    total, lists, list_days = _returned(students, Q(list_state=ListState.SUBMITTED))
    asked, answered, answer_days = _returned(answers, Q(state=AnswerState.SUBMITTED))
    placed = None
    if round_.state in WITH_RESULT:
        placed = Placement.objects.filter(
            participant__in=students.values("pk"), state__in=_LIVE
        ).count()
    closes = round_.calendars.order_by("-closes_at").values_list("closes_at", flat=True).first()
    can_review = why_not(person, "selection.view_review", round_) is None
    can_open = why_not(person, "selection.view_round", round_) is None
    address = "selection:round" if can_open else "selection:notice"
    return Season(
        round=round_,
        url=reverse(address, args=[round_.public_id]),
        steps=_steps(round_, closes, (lists, total), (answered, asked)),
        lists=lists,
        students=total,
        answered=answered,
        answers=asked,
        recent=_recent(students, answers),
        placed=placed,
        chart=_chart((list_days, total, lists), (answer_days, asked, answered)),
        run=_last_run(round_) if can_review else None,
        run_url=reverse("selection:decisions", args=[round_.public_id]) if can_review else "",
    )


def _returned(rows: Any, done: Q) -> tuple[int, int, dict[dt.date, int]]:
    """Return how many there are, how many came back, and how many on which day."""
    found = (
        rows.order_by()
        .annotate(day=TruncDate("submitted_at"))
        .values("day")
        .annotate(all=Count("id", distinct=True), back=Count("id", filter=done, distinct=True))
    )
    counted = list(found)
    days = {row["day"]: row["back"] for row in counted if row["day"] and row["back"]}
    return sum(row["all"] for row in counted), sum(row["back"] for row in counted), days


def _recent(students: Any, answers: Any) -> int:
    since = now() - dt.timedelta(hours=24)
    lists = students.filter(list_state=ListState.SUBMITTED, submitted_at__gte=since)
    returned = answers.filter(state=AnswerState.SUBMITTED, submitted_at__gte=since)
    return int(lists.count() + returned.count())


def _steps(
    round_: Round,
    closes: dt.datetime | None,
    lists: tuple[int, int],
    answers: tuple[int, int],
) -> list[dict[str, str]]:
    here = STEPS.index(RoundState(round_.state)) if round_.state in STEPS else -1
    counted = {RoundState.RANKING: lists, RoundState.ANSWERING: answers}
    until = {RoundState.RANKING: closes, RoundState.ANSWERING: round_.answers_close_at}
    steps = []
    for place, state in enumerate(STEPS):
        last = place == here and state == RoundState.CONFIRMED
        phase = "done" if place < here or last else "now" if place == here else "next"
        done, total = counted.get(state, (0, 0))
        ends = until.get(state)
        detail = f"{done} / {total}" if total and phase != "next" else format_date(ends)
        steps.append({"phase": phase, "label": str(state.label), "detail": detail})
    return steps


Returns = tuple[Mapping[dt.date, int], int, int]


def _chart(lists: Returns, answers: Returns) -> dict[str, Any] | None:
    """Return the share that came back by the end of each day, or nothing where nothing did."""
    shown = [
        (*one, name) for one, name in ((lists, _("Students")), (answers, _("Mentors"))) if one[1]
    ]
    days = [day for came, _n, _back, _name in shown for day in came]
    if not days:
        return None
    last = min(today(), max(days) + dt.timedelta(days=2))
    first = max(min(days), last - dt.timedelta(days=MOST_DAYS))
    span = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return {
        "categories": [_short(day) for day in span],
        "category_name": _("Day"),
        "max": 100,
        "unit": "%",
        "series": [
            {
                "name": _("%(who)s (n = %(n)d)") % {"who": name, "n": total},
                "values": list(_shares(came, span, total)),
                "end": f"{name} {back} / {total}",
            }
            for came, total, back, name in shown
        ],
    }


def _shares(came: Mapping[dt.date, int], span: Sequence[dt.date], total: int) -> Iterator[int]:
    for day in span:
        yield round(100 * sum(n for when, n in came.items() if when <= day) / total)


def _short(day: dt.date) -> str:
    return f"{day.month}/{day.day}" if is_chinese() else f"{day.day} {day:%b}"


def _last_run(round_: Round) -> Run | None:
    return (
        Run.objects.filter(
            kind__in=(RUN_KIND, TRIAL_KIND),
            subject_type=Round._meta.label_lower,
            subject_id=round_.pk,
        )
        .order_by("-created_at")
        .first()
    )


# ---------------------------------------------------------------- what the season asks for


def office_todos(season: Season, person: Person) -> list[Todo]:
    """Return what the round waits for and ``person`` may do; nothing for those who only read."""
    round_ = season.round
    if why_not(person, "selection.manage_round", round_) is not None:
        return []
    asked = {
        RoundState.RANKING: _while_ranking,
        RoundState.ANSWERING: _while_answering,
        RoundState.CLOSED: _when_closed,
        RoundState.MATCHED: _when_matched,
        RoundState.PUBLISHED: _when_published,
    }.get(RoundState(round_.state))
    return list(asked(season)) if asked else []


def _board(kind: str) -> str:
    return f"{reverse('workflow:board')}?kind={kind}"


def _while_ranking(season: Season) -> Iterator[Todo]:
    round_ = season.round
    closes = round_.calendars.order_by("-closes_at").values_list("closes_at", flat=True).first()
    if closes is not None and closes < now():
        yield todo(
            _("Let the mentors answer"),
            context=_("The students' time in %(round)s is over.") % {"round": round_.display_name},
            due=closes,
            url=season.url,
            action=_("Go to the round"),
            icon="arrow-right",
        )
    elif missing := season.students - season.lists:
        yield todo(
            ngettext(
                "%(n)d student has not submitted a list",
                "%(n)d students have not submitted a list",
                missing,
            )
            % {"n": missing},
            context=round_.display_name,
            due=closes,
            url=_board(SUBMIT_LIST),
            action=_("See whom to remind"),
            icon="user-question",
        )


def _while_answering(season: Season) -> Iterator[Todo]:
    round_ = season.round
    silent = season.answers - season.answered
    late = round_.answers_close_at is not None and round_.answers_close_at < now()
    if late or not silent:
        yield todo(
            _("Close the lists"),
            context=_("%(done)d of %(all)d mentors and teams have answered.")
            % {"done": season.answered, "all": season.answers},
            due=round_.answers_close_at,
            url=season.url,
            action=_("Go to the round"),
            icon="lock",
        )
        return
    rules = RoundRules.from_parameters(round_.policy.parameters)
    yield todo(
        ngettext(
            "%(n)d mentor or team has not answered",
            "%(n)d mentors and teams have not answered",
            silent,
        )
        % {"n": silent},
        context=_("Announced for whoever stays silent: %(rule)s")
        % {"rule": SilentMentor(rules.silent_mentor).label},
        due=round_.answers_close_at,
        url=_board(ANSWER_APPLICANTS),
        action=_("See whom to remind"),
        icon="user-question",
    )


def _when_closed(season: Season) -> Iterator[Todo]:
    yield todo(
        _("Run the matching"),
        context=_("All lists of %(round)s are closed.") % {"round": season.round.display_name},
        url=reverse("selection:decisions", args=[season.round.public_id]),
        action=_("Open the runs"),
        icon="player-play",
    )


def _when_matched(season: Season) -> Iterator[Todo]:
    yield todo(
        _("Review and publish the result"),
        context=_("%(placed)d of %(all)d students have a place in %(round)s.")
        % {
            "placed": season.placed,
            "all": season.students,
            "round": season.round.display_name,
        },
        url=reverse("selection:review", args=[season.round.public_id]),
        action=_("Review the result"),
        icon="checks",
    )


def _when_published(season: Season) -> Iterator[Todo]:
    notice = PublicNotice.objects.filter(round=season.round, state=NoticeState.RUNNING).first()
    if notice is not None and notice.ends_at < now():
        yield todo(
            _("Confirm the result"),
            context=_("The public notice of %(round)s is over.")
            % {"round": season.round.display_name},
            url=season.url,
            due=notice.ends_at,
            action=_("Go to the round"),
            icon="circle-check",
        )
