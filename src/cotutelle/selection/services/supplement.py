"""After confirmation: vacancies, the supplementary round, and admissions that fall through."""

from __future__ import annotations

from collections import Counter

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.services import quota
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import (
    AdjustmentRefusal,
    OfferState,
    ParticipantState,
    PlacementSource,
    PlacementState,
    RoundState,
    Stage,
)
from cotutelle.selection.models import Offer, Participant, Placement, Round
from cotutelle.selection.queries.market import CONFLICT, hindrance
from cotutelle.selection.queries.second_stage import JOINS, may_join
from cotutelle.selection.queries.vacancies import free_places, unplaced
from cotutelle.selection.services._common import (
    RESULT_URL,
    STUDENTS_URL,
    label,
    names,
    offer_names,
    require_state,
    rules_of,
)
from cotutelle.selection.services.caps import copy_caps, require_room_above
from cotutelle.selection.services.confirmation import begin_pairs, facts_of, vacate_placement
from cotutelle.selection.services.holds import require_free_place
from cotutelle.selection.services.rounds import leave_round
from cotutelle.selection.services.search_index import index_offers

_GONE = (AdmissionState.DEFERRED, AdmissionState.NO_SHOW, AdmissionState.WITHDRAWN)


@transaction.atomic
def fill_vacancy(participant: Participant, offer: Offer, *, actor: Person) -> Placement:
    """
    Place an unplaced student on a free place after confirmation (统筹). Nobody else moves.

    The pair is confirmed at once and sits on a free place of the account. Refuses with
    ``round.state``, ``vacancy.refused`` (the student does not accept adjustment),
    ``vacancy.conflict``, ``vacancy.not_allowed``, ``vacancy.placed``, ``vacancy.left``,
    ``offer.full``, ``cap.full``, the refusals of `begin_pairs` and those of the quota account.
    """
    round_ = participant.round
    check(actor, "selection.fill_vacancy", round_)
    require_state(round_, RoundState.CONFIRMED)
    _require_fit(participant, offer)
    answer = require_free_place(offer)
    require_room_above(offer)
    for mentor in offer.supervisors:
        if round_.stage == Stage.SECOND:
            quota.require_eligible(mentor, round_.quota_year)
            continue
        quota.seat(
            mentor,
            round_.quota_year,
            places=offer.weight,
            reference=answer.reference,
            from_hold=False,
            actor=actor,
            unit=round_.unit,
        )
    try:
        with transaction.atomic():
            placement = Placement.objects.create(
                round=round_,
                participant=participant,
                offer=offer,
                source=PlacementSource.ADJUSTMENT,
                state=PlacementState.CONFIRMED,
                confirmed_at=now(),
            )
    except IntegrityError as error:
        raise RuleViolation("vacancy.placed", _("This student holds a place already.")) from error
    begin_pairs([placement], actor=actor)
    record(
        "selection.placement.filled",
        actor=actor,
        subject=placement,
        after={"state": PlacementState.CONFIRMED, **facts_of(placement)},
        decision=True,
    )
    student = participant.student.person
    mentors = [mentor.person for mentor in offer.supervisors]
    for people, url in (([student], RESULT_URL), (mentors, STUDENTS_URL)):
        notify(
            people,
            "selection.vacancy_filled",
            params={
                "round": names(round_),
                "student": bilingual(student),
                "offer": offer_names(offer),
                "source": label(PlacementSource.ADJUSTMENT),
            },
            url=url,
            unit=round_.unit,
        )
    return placement


def _require_fit(participant: Participant, offer: Offer) -> None:
    if offer.round_id != participant.round_id or offer.state != OfferState.OPEN:
        raise RuleViolation("vacancy.offer", _("This offer is not open in the round."))
    left = participant.state != ParticipantState.ACTIVE
    if left or participant.student.state not in JOINS:
        raise RuleViolation("vacancy.left", _("This student has left the round."))
    if participant.accepts_adjustment is False:
        raise RuleViolation(
            "vacancy.refused", _("This student does not accept to be placed by the school.")
        )
    rule = hindrance(rules_of(participant.round), offer, participant.student)
    if rule == CONFLICT:
        raise RuleViolation(
            "vacancy.conflict", _("A conflict of interest is declared between the two.")
        )
    if rule:
        raise RuleViolation(
            "vacancy.not_allowed", _("The rules of the round do not allow this pair.")
        )


@transaction.atomic
def create_supplement(round_: Round, *, name_zh: str, name_en: str = "", actor: Person) -> Round:
    """
    Prepare a supplementary round: unplaced and late students, offers with free places.

    Who refused adjustment takes part only where the rules let them. Offers are drafts that
    mentors open again, on places their accounts still have. Refuses with ``round.state``,
    ``round.name``, ``round.name_taken`` and ``round.no_students``.
    """
    check(actor, "selection.manage_round", round_)
    require_state(round_, RoundState.CONFIRMED)
    if not name_zh.strip():
        raise RuleViolation("round.name", _("Give the round a name."), field="name_zh")
    students = _supplement_students(round_)
    if not students:
        raise RuleViolation("round.no_students", _("Every student holds a place."))
    try:
        with transaction.atomic():
            fresh = Round.objects.create(
                unit=round_.unit,
                cohort=round_.cohort,
                policy=round_.policy,
                name_zh=name_zh.strip(),
                name_en=name_en.strip(),
                quota_year=round_.quota_year,
                supplements=round_,
                stage=round_.stage,
                first_round=round_.first_round,
            )
    except IntegrityError as error:
        raise RuleViolation(
            "round.name_taken", _("This unit has a round of that name."), field="name_zh"
        ) from error
    Participant.objects.bulk_create(Participant(round=fresh, student_id=key) for key in students)
    offers = _copy_offers(round_, fresh)
    copy_caps(round_, fresh)
    record(
        "selection.round.supplemented",
        actor=actor,
        subject=fresh,
        after={"students": len(students), "offers": offers, "of": str(round_.public_id)},
        decision=True,
    )
    return fresh


def _supplement_students(round_: Round) -> list[int]:
    rows = unplaced(round_).filter(student__state__in=JOINS)
    if rules_of(round_).adjustment_refusal == AdjustmentRefusal.GIVES_UP:
        rows = rows.exclude(accepts_adjustment=False)
    taking_part = round_.participants.values("student")
    late = may_join(round_).exclude(pk__in=taking_part)
    if round_.stage == Stage.FIRST:
        late = late.filter(cohort=round_.cohort)
    here = may_join(round_).filter(pk__in=rows.order_by().values("student"))
    found = {*late.values_list("pk", flat=True), *here.values_list("pk", flat=True)}
    return sorted(found)


def _copy_offers(round_: Round, fresh: Round) -> int:
    free = free_places(round_)
    live = round_.placements.exclude(state=PlacementState.VACATED)
    taken = Counter(live.values_list("offer_id", flat=True))
    copies = []
    for offer in round_.offers.filter(state=OfferState.OPEN):
        if places := free.get(offer.pk, 0):
            offer.places_min = min(places, max(0, offer.places_min - taken[offer.pk]))
            offer.pk = None
            offer.public_id = Offer._meta.get_field("public_id").get_default()
            offer.round, offer.places, offer.state = fresh, places, OfferState.DRAFT
            copies.append(offer)
    made = Offer.objects.bulk_create(copies, batch_size=500)
    index_offers(made)
    return len(made)


@transaction.atomic
def follow_admission(student: Student, previous: AdmissionState, actor: Person | None) -> None:
    """Let a student whose admission fell through leave every round, and free what was held."""
    if student.state not in _GONE:
        return
    reason = str(AdmissionState(student.state).label)
    live = Placement.objects.filter(participant__student=student).exclude(
        state=PlacementState.VACATED
    )
    for placement in live.select_related("offer", "round__unit", "participant__student"):
        vacate_placement(placement, reason=reason, actor=actor, checked=True)
    parts = Participant.objects.filter(student=student, state=ParticipantState.ACTIVE)
    over = (RoundState.CONFIRMED, RoundState.CANCELLED)
    for participant in parts.exclude(round__state__in=over).select_related(
        "round__unit", "student__person", "student__unit"
    ):
        leave_round(participant, reason=reason, actor=actor)
