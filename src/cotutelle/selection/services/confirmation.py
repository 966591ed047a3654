"""The end of a round: pairs are confirmed, seats are taken, and nothing moves any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.services import make_official
from cotutelle.institutions.queries import time_zone_of
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import PairRole, PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.services import quota
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    NoticeState,
    ObjectionState,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Answer, Objection, Placement, PublicNotice, Round
from cotutelle.selection.services._common import (
    RESULT_URL,
    STUDENTS_URL,
    all_or_nothing,
    names,
    offer_names,
    officers_of,
    require_reason,
    round_url,
    stale,
    transition,
    with_people,
)
from cotutelle.selection.services.holds import release_round


def confirm_round(round_: Round, *, actor: Person) -> Round:
    """
    Confirm the published pairs: mentorships begin, seats are taken, other holds return.

    Refuses with ``round.transition``, ``round.stale``, ``round.notice_runs`` (the public notice
    has not ended), ``round.objections`` (one is unanswered, or upheld and not acted upon),
    ``round.pair_exists`` and the refusals of the quota account.
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
    seat_all(placements, round_, actor=actor)
    begin_pairs(placements)
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
    return round_


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
    """Turn held places into seats: one movement an account, however many students."""
    counts = Counter(p.offer.node_id for p in placements)
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


def begin_pairs(placements: Sequence[Placement]) -> None:
    """Begin the mentorships; of a team the first mentor is the first responsible."""
    if not placements:
        return
    start = today(time_zone_of(placements[0].round.unit))
    pairs = [
        Mentorship(
            student_id=p.participant.student_id,
            mentor=mentor,
            role=role,
            is_first_responsible=role == PairRole.FIRST,
            starts_on=start,
            reference=f"placement:{p.public_id}",
        )
        for p in placements
        for mentor, role in zip(p.offer.supervisors, PairRole, strict=False)
    ]
    try:
        with transaction.atomic():
            Mentorship.objects.bulk_create(pairs, batch_size=1_000)
    except IntegrityError as error:
        raise RuleViolation(
            "round.pair_exists", _("One of the students has a mentor already.")
        ) from error


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
        answer = Answer.objects.get(round=round_, **offer.node)
        for mentor in offer.supervisors:
            quota.unseat(
                mentor,
                round_.quota_year,
                reference=answer.reference,
                actor=actor,
                unit=round_.unit,
                reason=reason,
            )
        Mentorship.objects.filter(
            reference=f"placement:{placement.public_id}", state=PairState.ACTIVE
        ).update(state=PairState.ENDED, ends_on=today(time_zone_of(round_.unit)))
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
