"""One choice at a time: sent to the mentor, answered or expired, then the next one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record, record_many
from cotutelle.notices.services import notify
from cotutelle.notices.wording import moment
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ApplicationState,
    ListState,
    OfferState,
    ParticipantState,
    PlacementSource,
    PlacementState,
    Regime,
    RoundState,
    SilentMentor,
)
from cotutelle.selection.models import (
    Answer,
    Application,
    Offer,
    Participant,
    Placement,
    Preference,
    Round,
)
from cotutelle.selection.queries.market import (
    OfferFacts,
    clashes,
    conflicts_in,
    forbidden,
    has_conflict,
)
from cotutelle.selection.queries.second_stage import second_stage
from cotutelle.selection.queries.vacancies import free_places, unplaced
from cotutelle.selection.services._common import (
    FIND_URL,
    answer_url,
    at_node,
    label,
    lock_round,
    names,
    offer_names,
    require_authority,
    require_state,
    rules_of,
    stale,
    supervisors_of,
    transition,
    with_people,
)
from cotutelle.selection.services.holds import answer_of, require_free_place
from cotutelle.selection.task_kinds import ANSWER_APPLICATION
from cotutelle.workflow.services import close_tasks, open_tasks

_MET = (ApplicationState.ACCEPTED, ApplicationState.WAITING)


@transaction.atomic
def start_step(round_: Round, *, actor: Person) -> int:
    """
    Send the next choice of every student who holds nothing and waits nowhere; return how many.

    Further choices then go out by themselves as mentors answer. Refuses with ``round.state``
    and ``step.regime``.
    """
    check(actor, "selection.manage_round", round_)
    if rules_of(round_).regime != Regime.SEQUENTIAL:
        raise RuleViolation("step.regime", _("This round matches ranked lists in one run."))
    lock_round(round_, RoundState.ANSWERING)
    sent = send_next(round_, list(unplaced(round_)), actor=actor)
    if sent:
        record("selection.round.steps_started", actor=actor, subject=round_, after={"count": sent})
    return sent


@transaction.atomic
def accept_application(
    application: Application, *, actor: Person, on_behalf_of: Person | None = None
) -> Placement:
    """
    Accept: the student holds the place, and whoever else waits at a full door moves on.

    Refuses with ``round.state``, ``application.expired`` (by the clock), ``application.stale``,
    ``answer.conflict`` and ``offer.full``.
    """
    answer = _authorised(application, actor, on_behalf_of, "selection.application.accepted")
    require_free_place(application.offer)
    if has_conflict([m.pk for m in answer.supervisors], application.participant.student):
        raise RuleViolation(
            "answer.conflict", _("A conflict of interest is declared with this student.")
        )
    placement = _accept(application, actor, on_behalf_of)
    moved = _turn_away(application.offer)
    send_next(application.participant.round, moved, actor=actor)
    _settle_tasks(answer)
    return placement


@transaction.atomic
def decline_application(
    application: Application, *, actor: Person, on_behalf_of: Person | None = None
) -> Application:
    """Decline: the student's next choice goes out. Refuses as `accept_application`, places aside."""
    answer = _authorised(application, actor, on_behalf_of, "selection.application.declined")
    _answer(application, ApplicationState.DECLINED, actor)
    record(
        "selection.application.declined",
        actor=actor,
        subject=application,
        unit=application.offer.unit,
        on_behalf_of=on_behalf_of,
    )
    _tell(application)
    send_next(application.participant.round, [application.participant], actor=actor)
    _settle_tasks(answer)
    return application


def _authorised(
    application: Application, actor: Person, on_behalf_of: Person | None, action: str
) -> Answer:
    answer = answer_of(application.offer)
    check(on_behalf_of or actor, "selection.write_answer", answer)
    require_authority(actor, on_behalf_of, action=action, subject=application)
    require_state(application.participant.round, RoundState.ANSWERING)
    if now() > application.answer_due_at:
        raise RuleViolation("application.expired", _("The time to answer this choice is over."))
    return answer


def _accept(
    application: Application, actor: Person | None, on_behalf_of: Person | None = None
) -> Placement:
    _answer(application, ApplicationState.ACCEPTED, actor)
    rank = Preference.objects.filter(
        participant=application.participant, offer=application.offer
    ).values_list("position", flat=True)
    placement = Placement.objects.create(
        round=application.participant.round,
        participant=application.participant,
        offer=application.offer,
        source=PlacementSource.SEQUENTIAL,
        state=PlacementState.PROPOSED,
        student_rank=rank.first(),
    )
    record(
        "selection.application.accepted",
        actor=actor,
        subject=application,
        unit=application.offer.unit,
        on_behalf_of=on_behalf_of,
    )
    _tell(application)
    return placement


def _answer(application: Application, to: ApplicationState, actor: Person | None) -> None:
    rows = Application.objects.filter(pk=application.pk, state=ApplicationState.WAITING)
    if rows.update(state=to, answered_at=now(), answered_by=actor) != 1:
        raise stale("application")
    application.state = to


def _turn_away(offer: Offer) -> list[Participant]:
    """Decline, by nobody, those who wait where no place is left; return them."""
    free = free_places(offer.round)
    waiting = Application.objects.filter(
        offer__round_id=offer.round_id,
        **at_node(offer),
        state=ApplicationState.WAITING,
    ).select_related("participant__student__person", "participant__round", "offer")
    gone = []
    for application in waiting:
        if free.get(application.offer_id, 0) == 0:
            _answer(application, ApplicationState.DECLINED, None)
            _tell(application)
            gone.append(application.participant)
    return gone


def expire_applications(round_: Round | None = None) -> int:
    """
    Apply the announced rule of silence to what was not answered in time; return how many.

    Run by the clock. Each mentor's door is one transaction.
    """
    late = Application.objects.filter(
        state=ApplicationState.WAITING,
        answer_due_at__lt=now(),
        participant__round__state=RoundState.ANSWERING,
    )
    if round_ is not None:
        late = late.filter(participant__round=round_)
    doors: dict[tuple[int, str], list[int]] = defaultdict(list)
    for one in late.select_related("offer").order_by("pk"):
        doors[one.offer.round_id, one.offer.node_id].append(one.pk)
    return sum(_expire_door(keys) for keys in doors.values())


@transaction.atomic
def _expire_door(keys: Sequence[int]) -> int:
    rows = list(
        Application.objects.filter(pk__in=keys, state=ApplicationState.WAITING)
        .select_for_update(of=("self",))
        .select_related(
            "participant__student__person",
            "participant__round__policy",
            "offer__round",
            "offer__unit",
        )
    )
    if not rows:
        return 0
    round_ = rows[0].participant.round
    rules = rules_of(round_)
    accepts = rules.silent_mentor == SilentMentor.ACCEPT_BY_SCORE
    if rules.uses_scores:
        rows.sort(key=lambda a: (-(a.participant.student.admission_score or -1), a.pk))
    moving = []
    for application in rows:
        if accepts and _has_place(application):
            _accept(application, None)
            continue
        _answer(application, ApplicationState.EXPIRED, None)
        record(
            "selection.application.expired",
            actor=None,
            subject=application,
            unit=application.offer.unit,
        )
        _tell(application)
        moving.append(application.participant)
    moving += _turn_away(rows[0].offer)
    send_next(round_, moving, actor=None)
    _settle_tasks(answer_of(rows[0].offer))
    return len(rows)


def _has_place(application: Application) -> bool:
    supervisors = answer_of(application.offer).supervisors
    if has_conflict([m.pk for m in supervisors], application.participant.student):
        return False
    try:
        require_free_place(application.offer)
    except RuleViolation:
        return False
    return True


@transaction.atomic
def finish_steps(round_: Round, *, actor: Person) -> Round:
    """
    Put the accepted choices up for review: closed to matched.

    Refuses with ``step.regime``, ``round.transition`` and ``round.stale``.
    """
    check(actor, "selection.run_round", round_)
    if rules_of(round_).regime != Regime.SEQUENTIAL:
        raise RuleViolation("step.regime", _("This round matches ranked lists in one run."))
    seen = RoundState(round_.state)
    if seen != RoundState.CLOSED:
        raise transition("round", seen, RoundState.MATCHED)
    if Round.objects.filter(pk=round_.pk, state=seen).update(state=RoundState.MATCHED) != 1:
        raise stale("round")
    round_.state = RoundState.MATCHED
    count = round_.placements.filter(state=PlacementState.PROPOSED).count()
    record(
        "selection.round.steps_finished",
        actor=actor,
        subject=round_,
        before={"state": seen},
        after={"state": RoundState.MATCHED, "count": count},
        decision=True,
    )
    return round_


def send_next(round_: Round, participants: Iterable[Participant], *, actor: Person | None) -> int:
    """Send each student's next possible choice; doors that are full or forbidden are passed."""
    people = {
        p.pk: p
        for p in participants
        if p.state == ParticipantState.ACTIVE and p.list_state == ListState.SUBMITTED
    }
    past = Application.objects.filter(participant__in=people)
    busy = set(past.filter(state__in=_MET).values_list("participant_id", flat=True))
    people = {key: p for key, p in people.items() if key not in busy}
    if not people:
        return 0
    tried: dict[int, set[int]] = defaultdict(set)
    for participant, offer in past.values_list("participant_id", "offer_id"):
        tried[participant].add(offer)
    offers = {
        o.pk: o
        for o in with_people(round_.offers.filter(state=OfferState.OPEN)).select_related(
            "unit", "round__unit"
        )
    }
    due = deadline(round_.unit, now(), rules_of(round_).answer_days)
    fresh = [
        Application(
            participant=people[key],
            offer=offers[offer],
            step=len(tried[key]) + 1,
            answer_due_at=due,
        )
        for key, offer in _next_choices(round_, people, offers, tried).items()
    ]
    Application.objects.bulk_create(fresh)
    record_many(
        "selection.application.sent",
        actor=actor,
        items=[(a.participant, None, {"offer": a.offer.number}) for a in fresh],
    )
    _tell_mentors(round_, fresh, due)
    return len(fresh)


def _next_choices(
    round_: Round,
    people: Mapping[int, Participant],
    offers: Mapping[int, Offer],
    tried: Mapping[int, set[int]],
) -> dict[int, int]:
    """Participant → the first choice not tried that is open, allowed and not full."""
    rules = rules_of(round_)
    facts = {key: OfferFacts.of(offer) for key, offer in offers.items()}
    conflicts = conflicts_in(p.student_id for p in people.values())
    stage = second_stage(round_, [p.student_id for p in people.values()])
    free = free_places(round_)
    rows = Preference.objects.filter(participant__in=people).order_by("participant", "position")
    found: dict[int, int] = {}
    for key, offer in rows.values_list("participant_id", "offer_id"):
        if key in found or offer in tried.get(key, ()) or free.get(offer, 0) == 0:
            continue
        student = people[key].student
        if clashes(conflicts, student.pk, facts[offer].supervisors):
            continue
        if not forbidden(
            rules,
            facts[offer],
            route=student.route,
            degree_type=student.degree_type,
            discipline=student.discipline,
            student=student.pk,
            stage=stage,
        ):
            found[key] = offer
    return found


def _tell_mentors(round_: Round, sent: Sequence[Application], due: dt.datetime) -> None:
    nodes = {a.offer.node_id for a in sent}
    params = {"round": names(round_)}
    for answer in with_people(round_.answers.all()):
        if answer.node_id not in nodes:
            continue
        people = supervisors_of([answer])
        open_tasks(
            people,
            kind=ANSWER_APPLICATION,
            subject=answer,
            unit=answer.owning_unit,
            due_at=due,
            params=params,
            url=answer_url(answer),
        )
        notify(
            people,
            "selection.application_arrived",
            params={**params, "until": moment(due)},
            url=answer_url(answer),
            unit=round_.unit,
        )


def _settle_tasks(answer: Answer) -> None:
    waiting = Application.objects.filter(
        offer__round_id=answer.round_id,
        **at_node(answer),
        state=ApplicationState.WAITING,
    )
    if not waiting.exists():
        close_tasks(answer, ANSWER_APPLICATION)


def _tell(application: Application) -> None:
    round_ = application.participant.round
    notify(
        [application.participant.student.person],
        "selection.application_answered",
        params={
            "round": names(round_),
            "offer": offer_names(application.offer),
            "answer": label(ApplicationState(application.state)),
        },
        url=FIND_URL,
        unit=round_.unit,
    )
