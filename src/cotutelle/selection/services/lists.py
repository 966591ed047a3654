"""A student's ranked list: written, submitted, taken back, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, moment
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    LIST_TRANSITIONS,
    ListState,
    OfferState,
    ParticipantState,
    RoundState,
)
from cotutelle.selection.models import Offer, Participant, Preference
from cotutelle.selection.queries.market import CONFLICT, OfferFacts, conflicts_of, forbidden
from cotutelle.selection.queries.second_stage import in_words, second_stage
from cotutelle.selection.services._common import (
    FIND_URL,
    names,
    require_state,
    rules_of,
    stale,
    transition,
    with_people,
)
from cotutelle.selection.task_kinds import SUBMIT_LIST
from cotutelle.workflow.services import close_tasks, open_task

_NOT_ALLOWED = {
    "route": gettext_noop("“%(offer)s” is not for your admission route."),
    "degree_type": gettext_noop("“%(offer)s” is not for your type of degree."),
    "discipline": gettext_noop(
        "“%(offer)s” is in another discipline, which this round does not allow."
    ),
}


@transaction.atomic
def save_list(
    participant: Participant,
    offer_ids: Sequence[UUID],
    *,
    expected_version: int | None,
    actor: Person,
    accepts_adjustment: bool | None = None,
) -> Participant:
    """
    Replace the choices, best first.

    ``expected_version`` is the ``list_version`` the writer saw (``None``: an import, which
    overrides); ``accepts_adjustment`` ``None`` leaves the word on 统筹 as it is. A withdrawn list
    becomes a draft; a submitted one is first taken back. Refuses with ``list.closed``,
    ``list.left``, ``list.submitted``, ``list.stale``, ``list.too_long``, ``list.twice``,
    ``list.unknown``, ``list.offer_closed``, ``list.not_allowed`` and ``list.conflict``.
    """
    check(actor, "selection.write_list", participant)
    _require_open(participant)
    if participant.list_state == ListState.SUBMITTED and expected_version is not None:
        raise RuleViolation(
            "list.submitted", _("The list is submitted. Take it back before you change it.")
        )
    offers = _chosen(participant, offer_ids)
    before = list(participant.preferences.values_list("offer__number", flat=True))
    word = {} if accepts_adjustment is None else {"accepts_adjustment": accepts_adjustment}
    _advance(participant, expected_version, list_state=ListState.DRAFT, **word)
    participant.preferences.all().delete()
    Preference.objects.bulk_create(
        Preference(participant=participant, offer=offer, position=place)
        for place, offer in enumerate(offers, 1)
    )
    after = [offer.number for offer in offers]
    if before != after or word:
        record(
            "selection.list.saved",
            actor=actor,
            subject=participant,
            before={"choices": before},
            after={"choices": after, **word},
        )
    return participant


def add_choice(
    participant: Participant, offer: Offer, *, expected_version: int, actor: Person
) -> Participant:
    """Put ``offer`` last. Refuses as `save_list`."""
    chosen = [*_ids(participant), offer.public_id]
    return save_list(participant, chosen, expected_version=expected_version, actor=actor)


def remove_choice(
    participant: Participant, offer: Offer, *, expected_version: int, actor: Person
) -> Participant:
    """Take ``offer`` off the list. Refuses as `save_list`."""
    chosen = [one for one in _ids(participant) if one != offer.public_id]
    return save_list(participant, chosen, expected_version=expected_version, actor=actor)


def move_choice(
    participant: Participant,
    offer: Offer,
    position: int,
    *,
    expected_version: int,
    actor: Person,
) -> Participant:
    """Put ``offer`` at ``position`` (1 is first; beyond the ends is the end). Refuses as `save_list`."""
    chosen = [one for one in _ids(participant) if one != offer.public_id]
    chosen.insert(min(max(position, 1), len(chosen) + 1) - 1, offer.public_id)
    return save_list(participant, chosen, expected_version=expected_version, actor=actor)


@transaction.atomic
def set_adjustment(participant: Participant, accepts: bool, *, actor: Person) -> Participant:
    """Say whether the student may be placed by the school (统筹). Refuses with ``list.closed``."""
    check(actor, "selection.write_list", participant)
    _require_open(participant)
    participant.accepts_adjustment = accepts
    participant.save(update_fields=["accepts_adjustment"])
    record(
        "selection.list.adjustment",
        actor=actor,
        subject=participant,
        after={"accepts_adjustment": accepts},
    )
    return participant


@transaction.atomic
def submit_list(
    participant: Participant, *, expected_version: int | None, actor: Person
) -> Participant:
    """
    Let the list count. Every choice is checked again.

    Refuses with ``list.too_short`` and as `save_list`; what the office enters is told to the
    student.
    """
    check(actor, "selection.write_list", participant)
    _require_open(participant)
    _chosen(participant, _ids(participant))
    count = participant.preferences.count()
    if count < rules_of(participant.round).min_choices:
        raise RuleViolation(
            "list.too_short",
            _("Choose at least %(n)s offers.") % {"n": rules_of(participant.round).min_choices},
        )
    _advance(participant, expected_version, list_state=ListState.SUBMITTED, submitted_at=now())
    student = participant.student.person
    close_tasks(participant.round, SUBMIT_LIST, assignee=student)
    record(
        "selection.list.submitted",
        actor=actor,
        subject=participant,
        after={"count": count, "version": participant.list_version},
        on_behalf_of=None if actor == student else student,
    )
    _tell(participant, count, actor)
    return participant


@transaction.atomic
def reopen_list(
    participant: Participant, *, expected_version: int | None, actor: Person
) -> Participant:
    """Take a submitted list back to change it; until it is submitted again it does not count."""
    check(actor, "selection.write_list", participant)
    _require_open(participant)
    _advance(participant, expected_version, list_state=ListState.DRAFT)
    record("selection.list.reopened", actor=actor, subject=participant)
    _owe_again(participant)
    return participant


@transaction.atomic
def withdraw_list(
    participant: Participant, *, expected_version: int | None, actor: Person
) -> Participant:
    """Withdraw a submitted list: the student then takes no part unless they submit again."""
    check(actor, "selection.write_list", participant)
    _require_open(participant)
    _advance(participant, expected_version, list_state=ListState.WITHDRAWN)
    record("selection.list.withdrawn", actor=actor, subject=participant)
    _owe_again(participant)
    return participant


def _ids(participant: Participant) -> list[UUID]:
    return list(
        participant.preferences.order_by("position").values_list("offer__public_id", flat=True)
    )


def _require_open(participant: Participant) -> None:
    """Keep the deadline by the clock, whatever state the round was left in."""
    round_ = participant.round
    participant.refresh_from_db(fields=["state", "list_state", "list_version"])
    if participant.state != ParticipantState.ACTIVE:
        raise RuleViolation("list.left", _("This student has left the round."))
    calendar = round_.calendars.filter(route=participant.student.route).first()
    require_state(round_, *RoundState)
    moment_ = now()
    if (
        round_.state != RoundState.RANKING
        or calendar is None
        or not calendar.opens_at <= moment_ < calendar.closes_at
    ):
        raise RuleViolation(
            "list.closed", _("Lists can be changed only while the calendar is open.")
        )


def _advance(participant: Participant, expected_version: int | None, **values: object) -> None:
    """Compare and set on the version; the state may only go where `LIST_TRANSITIONS` lead."""
    seen, to = ListState(participant.list_state), ListState(str(values["list_state"]))
    if seen == to == ListState.SUBMITTED or (seen != to and to not in LIST_TRANSITIONS[seen]):
        raise transition("list", seen, to)
    version = participant.list_version if expected_version is None else expected_version
    rows = Participant.objects.filter(pk=participant.pk, list_version=version, list_state=seen)
    if rows.update(list_version=F("list_version") + 1, **values) != 1:
        raise stale("list")
    participant.list_version = version + 1
    for name, value in values.items():
        setattr(participant, name, value)


def _chosen(participant: Participant, offer_ids: Sequence[UUID]) -> list[Offer]:
    rules = rules_of(participant.round)
    if len(set(offer_ids)) != len(offer_ids):
        raise RuleViolation("list.twice", _("An offer stands on the list twice."))
    if len(offer_ids) > rules.max_choices:
        raise RuleViolation("list.too_long", _("At most %(n)s choices.") % {"n": rules.max_choices})
    rows = with_people(Offer.objects.filter(round=participant.round, public_id__in=offer_ids))
    found = {offer.public_id: offer for offer in rows}
    student = participant.student
    conflicts = conflicts_of(student) if offer_ids else frozenset()
    stage = second_stage(participant.round, [student.pk]) if offer_ids else None
    for public_id in offer_ids:
        offer = found.get(public_id)
        if offer is None:
            raise RuleViolation("list.unknown", _("This offer is not part of the round."))
        words = {"offer": offer.title}
        if offer.state != OfferState.OPEN:
            raise RuleViolation(
                "list.offer_closed", _("“%(offer)s” is not open any more. Remove it.") % words
            )
        facts = OfferFacts.of(offer)
        if conflicts.intersection(facts.supervisors):
            raise RuleViolation(
                f"list.{CONFLICT}",
                _("A conflict of interest is declared with the mentor of “%(offer)s”.") % words,
            )
        rule = forbidden(
            rules,
            facts,
            route=student.route,
            degree_type=student.degree_type,
            discipline=student.discipline,
            student=student.pk,
            stage=stage,
        )
        if rule:
            raise RuleViolation("list.not_allowed", _not_allowed(rule, words))
    return [found[public_id] for public_id in offer_ids]


def _not_allowed(rule: str, words: dict[str, str]) -> str:
    if rule in _NOT_ALLOWED:
        return _(_NOT_ALLOWED[rule]) % words
    return _("“%(offer)s” cannot be chosen. %(reason)s") % (words | {"reason": in_words(rule)})


def _owe_again(participant: Participant) -> None:
    round_ = participant.round
    calendar = round_.calendars.get(route=participant.student.route)
    open_task(
        assignee=participant.student.person,
        kind=SUBMIT_LIST,
        subject=round_,
        unit=round_.unit,
        due_at=calendar.closes_at,
        params={"round": names(round_)},
        url=FIND_URL,
    )


def _tell(participant: Participant, count: int, actor: Person) -> None:
    student, round_ = participant.student.person, participant.round
    if actor != student:
        notify(
            [student],
            "selection.list_entered",
            params={"round": names(round_), "office": bilingual(actor)},
            url=FIND_URL,
            unit=round_.unit,
        )
        return
    calendar = round_.calendars.get(route=participant.student.route)
    notify(
        [student],
        "selection.list_submitted",
        params={"round": names(round_), "count": count, "until": moment(calendar.closes_at)},
        url=FIND_URL,
        unit=round_.unit,
    )
