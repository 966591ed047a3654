"""The end of a round: pairs are confirmed, seats are taken, and nothing moves any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.services import make_official
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record, record_many
from cotutelle.mentorship import hooks
from cotutelle.mentorship.enums import PairRole, PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.services import quota
from cotutelle.mentorship.services.first_mentors import require_first_mentors
from cotutelle.mentorship.services.pairs import Duties, end_pairs, form_pair
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    NoticeState,
    ObjectionState,
    PlacementState,
    RoundState,
    Stage,
)
from cotutelle.selection.models import Answer, Objection, Placement, PublicNotice, Round
from cotutelle.selection.queries.second_stage import agreements_of
from cotutelle.selection.services._common import (
    RESULT_URL,
    STUDENTS_URL,
    all_or_nothing,
    names,
    offer_names,
    officers_of,
    require_reason,
    round_url,
    rules_of,
    stale,
    transition,
    with_people,
)
from cotutelle.selection.services.holds import release_round, require_not_suspended
from cotutelle.selection.services.satisfaction import ask_satisfaction


def confirm_round(round_: Round, *, actor: Person) -> Round:
    """
    Confirm the published pairs: mentorships begin, seats are taken, other holds return.

    Refuses with ``round.transition``, ``round.stale``, ``round.notice_runs`` (the public notice
    has not ended), ``round.objections`` (one is unanswered, or upheld and not acted upon),
    ``round.suspended``, the refusals of `begin_pairs` and those of the quota account.
    """
    check(actor, "selection.publish_round", round_)
    with all_or_nothing(round_):
        return _confirm(round_, actor)


def _confirm(round_: Round, actor: Person) -> Round:
    seen = RoundState(round_.state)
    if (
        Round.objects.filter(pk=round_.pk, state=RoundState.PUBLISHED).update(
            state=RoundState.CONFIRMED
        )
        != 1
    ):
        if seen != RoundState.PUBLISHED:
            raise transition("round", seen, RoundState.CONFIRMED)
        raise stale("round")
    notice = PublicNotice.objects.select_for_update().get(round=round_, state=NoticeState.RUNNING)
    _require_over(notice)
    placements = _published(round_)
    require_not_suspended(round_, placements)
    seat_all(placements, round_, actor=actor)
    begin_pairs(placements, actor=actor)
    release_round(round_, reason="", actor=actor)
    Placement.objects.filter(pk__in=[p.pk for p in placements]).update(
        state=PlacementState.CONFIRMED, confirmed_at=now()
    )
    PublicNotice.objects.filter(pk=notice.pk).update(state=NoticeState.ENDED)
    round_.refresh_from_db()
    run = round_.official_run
    if run is not None and run.state == RunState.VERIFIED:
        make_official(run, actor=actor)
    record(
        "selection.round.confirmed",
        actor=actor,
        subject=round_,
        before={"state": RoundState.PUBLISHED},
        after={
            "state": RoundState.CONFIRMED,
            "count": len(placements),
            "digest": run.certificate_sha256 if run else None,
        },
        decision=True,
    )
    _record_placements(placements, actor)
    students = [p.participant.student.person for p in placements]
    mentors = [m.person for p in placements for m in p.offer.supervisors]
    for people, url in ((students, RESULT_URL), (mentors, STUDENTS_URL)):
        notify(
            people,
            "selection.confirmed",
            params={"round": names(round_)},
            url=url,
            unit=round_.unit,
        )
    ask_satisfaction(round_)
    return round_


def _record_placements(placements: Sequence[Placement], actor: Person) -> None:
    """Make the place of each student an event of their own trace."""
    record_many(
        "selection.placement.confirmed",
        actor=actor,
        items=[
            (
                placement,
                {"state": PlacementState.PUBLISHED},
                {"state": PlacementState.CONFIRMED, **facts_of(placement)},
            )
            for placement in placements
        ],
        decision=True,
    )


def facts_of(placement: Placement) -> dict[str, Any]:
    """Return where a student is placed and how; mentors by their identifiers, never by name."""
    offer = placement.offer
    return {
        "round": str(placement.round.public_id),
        "offer": offer.number,
        "mentors": [str(mentor.public_id) for mentor in offer.supervisors],
        "unit": offer.unit.code,
        "track": offer.track,
        "source": placement.source,
    }


def _require_over(notice: PublicNotice) -> None:
    if now() <= notice.ends_at:
        raise RuleViolation("round.notice_runs", _("The public notice has not ended yet."))
    states = set(Objection.objects.filter(notice=notice).values_list("state", flat=True))
    if ObjectionState.OPEN in states:
        raise RuleViolation("round.objections", _("An objection has not been answered."))
    if ObjectionState.UPHELD in states:
        raise RuleViolation(
            "round.objections",
            _("An objection was upheld: recall the notice and correct the result."),
        )


def _published(round_: Round) -> list[Placement]:
    return list(
        round_.placements.filter(state=PlacementState.PUBLISHED)
        .select_related(
            "participant__student__person",
            "participant__student__unit",
            "participant__student__cohort",
            "round",
            "offer__unit",
            "offer__mentor__person",
            "offer__mentor__unit",
            "offer__team__first__person",
            "offer__team__second__person",
            "offer__team__first__unit",
            "offer__team__second__unit",
        )
        .order_by("pk")
    )


def seat_all(placements: Sequence[Placement], round_: Round, *, actor: Person) -> None:
    """
    Turn held places into seats: one movement an account, however many students.

    A student takes as many seats as the offer weighs. Second mentors take none: the account
    counts students by their first mentor.
    """
    if round_.stage == Stage.SECOND:
        return
    counts: Counter[str] = Counter()
    for placement in placements:
        counts[placement.offer.node_id] += placement.offer.weight
    for answer in with_people(round_.answers.all()):
        if places := counts.get(answer.node_id, 0):
            for mentor in answer.supervisors:
                quota.seat(
                    mentor,
                    round_.quota_year,
                    reference=answer.reference,
                    places=places,
                    actor=actor,
                    unit=round_.unit,
                )


def require_allowed_first_mentors(round_: Round, placements: Sequence[Placement]) -> None:
    """
    Refuse more first mentors from outside than agreements and rules allow.

    Asked when a result is published and again when it is confirmed or a vacancy is filled, so
    that no road leads past it. Refuses with ``agreement.first_mentors``, ``mentor.off_campus``.
    """
    if round_.stage == Stage.FIRST:
        require_first_mentors(
            [(p.offer.supervisors[0], p.participant.student) for p in placements],
            off_campus_most=rules_of(round_).off_campus_most,
        )


def begin_pairs(placements: Sequence[Placement], *, actor: Person) -> None:
    """
    Begin the mentorships, and pairs where a student has two mentors now.

    Refuses with ``round.pair_exists``, ``round.no_first_mentor`` (a second stage whose student
    lost the first), ``pair.same``, ``agreement.first_mentors`` and ``mentor.off_campus``.
    """
    if not placements:
        return
    round_ = placements[0].round
    require_allowed_first_mentors(round_, placements)
    if round_.stage == Stage.SECOND:
        halves = _second_halves(round_, placements)
    else:
        halves = _begin(round_, placements, tuple(PairRole))
        halves = [pair for pair in halves if len(pair) > 1]
    _pair_up(round_, halves, actor)


def _begin(
    round_: Round, placements: Sequence[Placement], roles: Sequence[PairRole]
) -> list[list[Mentorship]]:
    """Begin a mentorship for each supervisor of each placement, in the order of ``roles``."""
    start = today(time_zone_of(round_.unit))
    fresh = [
        [
            Mentorship(
                student=p.participant.student,
                mentor=mentor,
                role=role,
                is_first_responsible=role == PairRole.FIRST,
                starts_on=start,
                places=p.offer.weight if round_.stage == Stage.FIRST else 0,
                reference=f"placement:{p.public_id}",
            )
            for mentor, role in zip(p.offer.supervisors, roles, strict=False)
        ]
        for p in placements
    ]
    begun = [mentorship for one in fresh for mentorship in one]
    try:
        with transaction.atomic():
            Mentorship.objects.bulk_create(begun, batch_size=1_000)
    except IntegrityError as error:
        raise RuleViolation(
            "round.pair_exists", _("One of the students has such a mentor already.")
        ) from error
    hooks.tell_supervision(begun)
    return fresh


def _second_halves(round_: Round, placements: Sequence[Placement]) -> list[list[Mentorship]]:
    """Begin the second mentorships beside the first ones, which are held meanwhile."""
    students = {p.participant.student_id: p for p in placements}
    rows = Mentorship.objects.select_for_update(of=("self",)).filter(
        student__in=students, role=PairRole.FIRST, state=PairState.ACTIVE
    )
    first = {one.student_id: one for one in rows.select_related("mentor__person", "student__unit")}
    if lost := [p for key, p in students.items() if key not in first]:
        raise RuleViolation(
            "round.no_first_mentor",
            _("Without a first mentor meanwhile: %(students)s. Recall the notice and run again.")
            % {"students": _(", ").join(p.participant.student.display_name for p in lost)},
        )
    fresh = _begin(round_, placements, (PairRole.SECOND,))
    return [[first[second.student_id], second] for one in fresh for second in one]


def _pair_up(round_: Round, halves: Sequence[Sequence[Mentorship]], actor: Person) -> None:
    """Form the pairs by the rules of the round, under the agreement that lends a mentor."""
    rules = rules_of(round_)
    duties = Duties(
        rules.first_responsible, rules.signs_leave, rules.signs_claims, rules.signs_thesis
    )
    lent = agreements_of(round_, {m.mentor_id for pair in halves for m in pair}) if halves else {}
    for first, second in halves:
        path = first.student.unit.path
        under = [
            agreement
            for half in (second, first)
            for agreement in lent.get(half.mentor_id, ())
            if path.startswith(agreement.unit.path)
        ]
        form_pair(first, second, duties, actor=actor, agreement=under[0] if under else None)


@transaction.atomic
def vacate_placement(
    placement: Placement, *, reason: str, actor: Person | None, checked: bool = False
) -> Placement:
    """
    Make a place vacant: no-show, deferred entry, withdrawal. The seat returns to the account.

    ``checked``: the caller's own service has asked who may. Refuses with ``placement.reason``
    and ``placement.stale``.
    """
    if not checked and actor is not None:
        check(actor, "selection.fill_vacancy", placement)
    reason = require_reason("placement", reason)
    seen = PlacementState(placement.state)
    rows = Placement.objects.filter(pk=placement.pk, state=seen).exclude(
        state=PlacementState.VACATED
    )
    if rows.update(state=PlacementState.VACATED, vacated_reason=reason[:200]) != 1:
        raise stale("placement")
    placement.state = PlacementState.VACATED
    offer, round_ = placement.offer, placement.round
    if seen == PlacementState.CONFIRMED:
        _unseat(placement, reason, actor)
    record(
        "selection.placement.vacated",
        actor=actor,
        subject=placement,
        before={"state": seen},
        after={"state": PlacementState.VACATED, "reason": reason},
        decision=True,
    )
    people = [*officers_of(round_)]
    if seen != PlacementState.PROPOSED:
        people += [m.person for m in offer.supervisors]
    notify(
        people,
        "selection.place_vacated",
        params={"round": names(round_), "offer": offer_names(offer), "reason": reason},
        url=round_url(round_),
        unit=round_.unit,
    )
    return placement


def _unseat(placement: Placement, reason: str, actor: Person | None) -> None:
    """
    Return the seats of a confirmed placement and end its mentorships and their pair.

    The seat of a mentor whom the student has left since moved with that change.
    """
    offer, round_ = placement.offer, placement.round
    begun = Mentorship.objects.filter(reference=f"placement:{placement.public_id}")
    moved = set(begun.filter(state=PairState.ENDED).values_list("mentor_id", flat=True))
    if round_.stage == Stage.FIRST:
        answer = Answer.objects.get(round=round_, **offer.node)
        for mentor in offer.supervisors:
            if mentor.pk in moved:
                continue
            quota.unseat(
                mentor,
                round_.quota_year,
                reference=answer.reference,
                actor=actor,
                places=offer.weight,
                unit=round_.unit,
                reason=reason,
            )
    rows = begun.filter(state=PairState.ACTIVE)
    gone = list(rows)
    rows.update(state=PairState.ENDED, ends_on=today(time_zone_of(round_.unit)))
    end_pairs(gone, actor=actor)
    hooks.tell_supervision(gone)
