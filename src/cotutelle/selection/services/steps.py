"""The steps of a round: forward, back, and out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.services import supersede_run
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.selection.enums import (
    ROUND_TRANSITIONS,
    AnswerState,
    ApplicationState,
    ListState,
    OfferState,
    PlacementState,
    Regime,
    RoundState,
)
from cotutelle.selection.models import Application, Round
from cotutelle.selection.services._common import (
    FIND_URL,
    active_participants,
    all_or_nothing,
    answer_url,
    label,
    names,
    require_reason,
    rules_of,
    silence,
    stale,
    supervisors_of,
    transition,
    windows_fault,
    with_people,
)
from cotutelle.selection.services.affinity import start_affinity
from cotutelle.selection.services.holds import release_round
from cotutelle.selection.task_kinds import ANSWER_APPLICANTS, SUBMIT_LIST
from cotutelle.workflow.services import close_tasks, open_tasks


def move_round(
    round_: Round,
    to: RoundState,
    *,
    actor: Person,
    reason: str = "",
    seen: RoundState | None = None,
) -> Round:
    """
    Take the next step, go back one, or cancel; see ``ROUND_TRANSITIONS``.

    ``seen`` is the state the actor looked at, when that is older than ``round_``.
    Results are made, published and confirmed by services of their own, which this one refuses
    to stand in for. Going back and cancelling need a reason and tell everybody.
    Refuses with ``round.transition``, ``round.stale``, ``round.reason``, ``round.no_offers``,
    ``round.no_students``, ``round.windows``, ``round.too_early`` and ``round.waiting``.
    """
    check(actor, "selection.manage_round", round_)
    seen = RoundState(seen or round_.state)
    step = _STEPS.get((seen, to)) or (_cancel if to == RoundState.CANCELLED else None)
    if to not in ROUND_TRANSITIONS[seen] or step is None:
        raise transition("round", seen, to)
    with all_or_nothing(round_):
        if Round.objects.filter(pk=round_.pk, state=seen).update(state=to) != 1:
            raise stale("round")
        round_.state = to
        round_.refresh_from_db(fields=["seed", "seed_commitment", "answers_close_at"])
        action = step(round_, actor, reason)
        record(
            action,
            actor=actor,
            subject=round_,
            before={"state": seen},
            after={"state": to, **({"reason": reason.strip()} if reason.strip() else {})},
            decision=True,
        )
    return round_


def _open(round_: Round, actor: Person, _reason: str) -> str:
    """Draft to ranking: offers, students and calendars are there; the seed is fixed."""
    if not round_.offers.filter(state=OfferState.OPEN).exists():
        raise RuleViolation("round.no_offers", _("Open at least one offer first."))
    routes = set(active_participants(round_).values_list("student__route", flat=True))
    if not routes:
        raise RuleViolation("round.no_students", _("Add students first."))
    with_calendar = set(round_.calendars.values_list("route", flat=True))
    if missing := routes - with_calendar:
        words = _(", ").join(str(Route(route).label) for route in sorted(missing))
        raise windows_fault(
            _("Say when students of these routes choose: %(routes)s.") % {"routes": words}
        )
    if round_.answers_close_at is None:
        raise windows_fault(_("Say until when mentors answer."))
    _commit_seed(round_, actor)
    start_affinity(round_, actor=actor)
    open_list_tasks(round_)
    for participant_route in sorted(routes):
        calendar = round_.calendars.get(route=participant_route)
        people = active_participants(round_).filter(student__route=participant_route)
        notify(
            [p.student.person for p in people],
            "selection.round_opened",
            params={"round": names(round_), "until": moment(calendar.closes_at)},
            url=FIND_URL,
            unit=round_.unit,
        )
    return "selection.round.moved"


def _start_answers(round_: Round, _actor: Person, _reason: str) -> str:
    """Ranking to answering: every list is closed by its calendar."""
    routes = active_participants(round_).values("student__route")
    if late := round_.calendars.filter(route__in=routes, closes_at__gt=now()).first():
        raise RuleViolation(
            "round.too_early",
            _("Students of the route “%(route)s” may still choose.")
            % {"route": Route(late.route).label},
        )
    close_tasks(round_, SUBMIT_LIST, cancelled=True)
    if rules_of(round_).regime == Regime.DEFERRED_ACCEPTANCE:
        open_answer_tasks(round_)
        notify(
            supervisors_of(with_people(round_.answers.filter(places__gt=0))),
            "selection.answers_open",
            params={
                "round": names(round_),
                "until": moment(round_.answers_close_at or now()),
                "silence": silence(round_),
            },
            url="/selection/applicants/",
            unit=round_.unit,
        )
    return "selection.round.moved"


def _close(round_: Round, actor: Person, _reason: str) -> str:
    """Answering to closed: everybody answered, or the time is over; the seed is shown."""
    if rules_of(round_).regime == Regime.SEQUENTIAL:
        waiting = Application.objects.filter(
            participant__round=round_, state=ApplicationState.WAITING
        )
        if waiting.exists():
            raise RuleViolation("round.waiting", _("Mentors have yet to answer some choices."))
    else:
        owing = round_.answers.filter(places__gt=0, state=AnswerState.OPEN)
        if round_.answers_close_at and round_.answers_close_at > now() and owing.exists():
            raise RuleViolation("round.too_early", _("Mentors may still answer."))
    close_tasks(round_, ANSWER_APPLICANTS, cancelled=True)
    _close_answer_tasks(round_)
    round_.seed_published_at = now()
    round_.save(update_fields=["seed_published_at"])
    record(
        "selection.round.seed_revealed",
        actor=actor,
        subject=round_,
        after={"seed": round_.seed, "digest": round_.seed_commitment},
        decision=True,
    )
    people = [p.student.person for p in active_participants(round_)]
    notify(
        [*people, *supervisors_of(with_people(round_.answers.filter(places__gt=0)))],
        "selection.round_closed",
        params={"round": names(round_), "seed": round_.seed},
        url="/",
        unit=round_.unit,
    )
    return "selection.round.moved"


def _back_to_lists(round_: Round, _actor: Person, reason: str) -> str:
    if Application.objects.filter(participant__round=round_).exists():
        raise RuleViolation("round.waiting", _("Choices have been sent to mentors already."))
    _close_answer_tasks(round_)
    open_list_tasks(round_)
    return _told_again(round_, reason)


def _back_to_answers(round_: Round, actor: Person, reason: str) -> str:
    """The published seed is worn out once answers may change: another one is fixed."""
    _commit_seed(round_, actor)
    if rules_of(round_).regime == Regime.DEFERRED_ACCEPTANCE:
        open_answer_tasks(round_)
    return _told_again(round_, reason)


def _discard(round_: Round, actor: Person, reason: str) -> str:
    """Matched to closed: the result nobody has seen is dropped."""
    require_reason("round", reason)
    if rules_of(round_).regime == Regime.DEFERRED_ACCEPTANCE:
        round_.placements.filter(state=PlacementState.PROPOSED).delete()
    run = round_.official_run
    if run is not None and run.state == RunState.VERIFIED:
        supersede_run(run, actor=actor)
    round_.official_run = None
    round_.save(update_fields=["official_run"])
    return "selection.round.discarded"


def _cancel(round_: Round, actor: Person, reason: str) -> str:
    reason = require_reason("round", reason)
    close_tasks(round_, SUBMIT_LIST, cancelled=True)
    _close_answer_tasks(round_)
    release_round(round_, reason=reason, actor=actor)
    round_.placements.filter(state=PlacementState.PROPOSED).delete()
    notify(
        [
            *[p.student.person for p in active_participants(round_)],
            *supervisors_of(with_people(round_.answers.filter(places__gt=0))),
        ],
        "selection.round_cancelled",
        params={"round": names(round_), "reason": reason},
        url="/",
        unit=round_.unit,
    )
    return "selection.round.cancelled"


def _told_again(round_: Round, reason: str) -> str:
    reason = require_reason("round", reason)
    notify(
        [
            *[p.student.person for p in active_participants(round_)],
            *supervisors_of(with_people(round_.answers.filter(places__gt=0))),
        ],
        "selection.round_reopened",
        params={
            "round": names(round_),
            "reason": reason,
            "state": label(RoundState(round_.state)),
        },
        url="/",
        unit=round_.unit,
    )
    return "selection.round.reopened"


_Step = Callable[[Round, Person, str], str]
_STEPS: Mapping[tuple[RoundState, RoundState], _Step] = {
    (RoundState.DRAFT, RoundState.RANKING): _open,
    (RoundState.RANKING, RoundState.ANSWERING): _start_answers,
    (RoundState.ANSWERING, RoundState.RANKING): _back_to_lists,
    (RoundState.ANSWERING, RoundState.CLOSED): _close,
    (RoundState.CLOSED, RoundState.ANSWERING): _back_to_answers,
    (RoundState.MATCHED, RoundState.CLOSED): _discard,
}


def _commit_seed(round_: Round, actor: Person) -> None:
    """Draw a seed nobody chose and publish its digest; the seed itself waits for the lists."""
    round_.seed = secrets.token_hex(32)
    round_.seed_commitment = sha256_hex(round_.seed.encode())
    round_.seed_published_at = None
    round_.save(update_fields=["seed", "seed_commitment", "seed_published_at"])
    record(
        "selection.round.seed_committed",
        actor=actor,
        subject=round_,
        after={"digest": round_.seed_commitment},
        decision=True,
    )


def open_list_tasks(round_: Round) -> None:
    for calendar in round_.calendars.all():
        owing = (
            active_participants(round_)
            .filter(student__route=calendar.route)
            .exclude(list_state=ListState.SUBMITTED)
        )
        open_tasks(
            [p.student.person for p in owing],
            kind=SUBMIT_LIST,
            subject=round_,
            unit=round_.unit,
            due_at=calendar.closes_at,
            params={"round": names(round_)},
            url=FIND_URL,
        )


def open_answer_tasks(round_: Round) -> None:
    for answer in with_people(round_.answers.filter(places__gt=0, state=AnswerState.OPEN)):
        open_tasks(
            supervisors_of([answer]),
            kind=ANSWER_APPLICANTS,
            subject=answer,
            unit=answer.owning_unit,
            due_at=round_.answers_close_at,
            params={"round": names(round_)},
            url=answer_url(answer),
        )


def _close_answer_tasks(round_: Round) -> None:
    for answer in round_.answers.all():
        close_tasks(answer, ANSWER_APPLICANTS, cancelled=True)
