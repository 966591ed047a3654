"""The life of an agreement and the mentors it lends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cotutelle.agreements import queries
from cotutelle.agreements.actions import DOCUMENT
from cotutelle.agreements.enums import AGREEMENT_TRANSITIONS, AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.files.services import store_file
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant


@dataclass(frozen=True, slots=True)
class AgreementData:
    """
    What a draft says.

    ``places`` and ``places_min`` are students a year; ``first_mentor_most`` how many of them may
    have a mentor of the partner as first mentor; ``None`` sets no bound.
    """

    number: str
    name_zh: str
    starts_on: dt.date
    ends_on: dt.date
    name_en: str = ""
    places: int | None = None
    places_min: int = 0
    first_mentor_most: int | None = None
    notes: str = ""


@transaction.atomic
def create_agreement(unit: Unit, partner: Unit, data: AgreementData, *, actor: Person) -> Agreement:
    """
    Draft an agreement of ``unit`` with ``partner``; it binds nobody yet.

    Refuses with ``agreement.partner``, ``agreement.number``, ``agreement.name``,
    ``agreement.period``, ``agreement.places`` and ``agreement.number_taken``.
    """
    check(actor, "agreements.manage_agreement", unit)
    if unit.covers(partner) or partner.covers(unit):
        raise RuleViolation(
            "agreement.partner",
            _("The two parties are two units of which none lies in the other."),
            field="partner",
        )
    _require_sound(data)
    agreement = Agreement(
        unit=unit, partner=partner, created_by=actor, created_at=now(), **asdict(data)
    )
    _save(agreement)
    record("agreements.agreement.created", actor=actor, subject=agreement, after=_values(agreement))
    return agreement


@transaction.atomic
def edit_agreement(agreement: Agreement, data: AgreementData, *, actor: Person) -> Agreement:
    """Change a draft. Refuses with ``agreement.state`` and as `create_agreement`."""
    check(actor, "agreements.manage_agreement", agreement)
    _lock(agreement, AgreementState.DRAFT)
    _require_sound(data)
    before = _values(agreement)
    for name, value in asdict(data).items():
        setattr(agreement, name, value)
    _save(agreement)
    after = _values(agreement)
    if before != after:
        record(
            "agreements.agreement.edited", actor=actor, subject=agreement,
            before=before, after=after,
        )  # fmt: skip
    return agreement


@transaction.atomic
def put_in_force(agreement: Agreement, *, actor: Person) -> Agreement:
    """
    Let the agreement bind; the partner's office and the mentors in it are told.

    Refuses with ``agreement.over`` (its last day has passed) and ``agreement.transition``.
    """
    check(actor, "agreements.manage_agreement", agreement)
    if agreement.ends_on < today():
        raise RuleViolation("agreement.over", _("The last day of this agreement has passed."))
    _move(agreement, AgreementState.IN_FORCE, actor=actor)
    notify(
        partner_office(agreement), "agreements.in_force", url=_url(agreement), unit=agreement.unit,
        params={
            "agreement": bilingual(agreement), "start": day(agreement.starts_on),
            "end": day(agreement.ends_on),
        },
    )  # fmt: skip
    _tell_added(agreement, [line.mentor.person for line in queries.lines_of(agreement)])
    return agreement


@transaction.atomic
def end_agreement(agreement: Agreement, *, reason: str, actor: Person) -> Agreement:
    """
    End an agreement early, or drop a draft; who is placed already keeps their mentors.

    The partner's office and the lent mentors are told of one that bound. Refuses with
    ``agreement.reason`` and ``agreement.transition``.
    """
    check(actor, "agreements.manage_agreement", agreement)
    if not reason.strip():
        raise RuleViolation(
            "agreement.reason", _("Say why, so that it can be read later."), field="note"
        )
    bound = _move(agreement, AgreementState.ENDED, actor=actor, reason=reason.strip())
    if bound == AgreementState.IN_FORCE:
        people = [line.mentor.person for line in queries.lines_of(agreement)]
        params = {"agreement": bilingual(agreement), "reason": reason.strip()}
        office = partner_office(agreement)
        notify(office, "agreements.ended", params=params, url=_url(agreement), unit=agreement.unit)
        notify(people, "agreements.ended", params=params, url=_PROFILE, unit=agreement.unit)
    return agreement


@transaction.atomic
def set_document(agreement: Agreement, upload: Any, *, actor: Person) -> Agreement:
    """
    File the signed agreement; an earlier file stays in the store.

    Refuses with ``agreement.state`` (it has ended) and the refusals of the file.
    """
    check(actor, "agreements.manage_agreement", agreement)
    _lock(agreement, AgreementState.DRAFT, AgreementState.IN_FORCE)
    file = store_file(upload, actor=actor, unit=agreement.unit, purpose=DOCUMENT)
    agreement.document = file
    agreement.save(update_fields=["document"])
    record(
        "agreements.agreement.document_set", actor=actor, subject=agreement,
        after={"sha256": file.sha256},
    )  # fmt: skip
    return agreement


@transaction.atomic
def add_mentors(agreement: Agreement, mentors: Iterable[Mentor], *, actor: Person) -> int:
    """
    Let mentors of the partner take part; return how many are new. Who does is passed over.

    Where the agreement is in force they are told. Refuses with ``agreement.state`` and
    ``agreement.mentor`` (not the partner's, archived, or not of the officer's own units).
    """
    check(actor, "agreements.lend_mentors", agreement)
    _lock(agreement, AgreementState.DRAFT, AgreementState.IN_FORCE)
    wanted = {mentor.pk for mentor in mentors}
    wanted -= set(agreement.mentors.filter(mentor__in=wanted).values_list("mentor", flat=True))
    found = {m.pk: m for m in queries.lendable_mentors(agreement, actor).filter(pk__in=wanted)}
    if wanted - found.keys():
        raise _not_lendable()
    moment = now()
    AgreementMentor.objects.bulk_create(
        [
            AgreementMentor(agreement=agreement, mentor=m, added_by=actor, added_at=moment)
            for m in found.values()
        ],
        ignore_conflicts=True,
    )
    if found:
        record(
            "agreements.mentors.added", actor=actor, subject=agreement,
            after={"mentors": sorted(str(m.public_id) for m in found.values())},
        )  # fmt: skip
        if agreement.state == AgreementState.IN_FORCE:
            _tell_added(agreement, [m.person for m in found.values()])
    return len(found)


@transaction.atomic
def remove_mentors(
    agreement: Agreement, lines: Iterable[AgreementMentor], *, actor: Person
) -> None:
    """
    Take mentors out; students placed already stay. Where it is in force they are told.

    Refuses with ``agreement.state`` and ``agreement.mentor`` (not of the officer's own units).
    """
    check(actor, "agreements.lend_mentors", agreement)
    _lock(agreement, AgreementState.DRAFT, AgreementState.IN_FORCE)
    gone = [line.mentor for line in lines]
    if not all(queries.may_lend(agreement, mentor, actor) for mentor in gone):
        raise _not_lendable()
    if not agreement.mentors.filter(mentor__in=gone).delete()[0]:
        return
    record(
        "agreements.mentors.removed", actor=actor, subject=agreement,
        before={"mentors": sorted(str(m.public_id) for m in gone)},
    )  # fmt: skip
    if agreement.state == AgreementState.IN_FORCE:
        notify(
            [m.person for m in gone], "agreements.mentor_removed", url=_PROFILE,
            unit=agreement.unit, params={"agreement": bilingual(agreement)},
        )  # fmt: skip


def _not_lendable() -> RuleViolation:
    return RuleViolation(
        "agreement.mentor", _("Only mentors of the partner, of your own units, can be lent.")
    )


_PROFILE = "/mentors/me/"


def partner_office(agreement: Agreement) -> list[Person]:
    """Return the partner officers at the partner or above it."""
    keys = [int(key) for key in agreement.partner.path.split("/") if key]
    held = RoleGrant.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today()),
        role=Role.PARTNER_OFFICER, unit_id__in=keys, starts_on__lte=today(),
    )  # fmt: skip
    return list(Person.objects.filter(pk__in=held.values("person"), is_active=True))


def _tell_added(agreement: Agreement, people: list[Person]) -> None:
    params = {
        "agreement": bilingual(agreement),
        "end": day(agreement.ends_on),
        "unit": bilingual(agreement.unit),
    }
    notify(people, "agreements.mentor_added", params=params, url=_PROFILE, unit=agreement.unit)


def _url(agreement: Agreement) -> str:
    return f"/agreements/{agreement.public_id}/"


def _move(agreement: Agreement, to: AgreementState, *, actor: Person, reason: str = "") -> str:
    """Take a step by compare-and-set; return the state before."""
    seen = AgreementState(agreement.state)
    if to not in AGREEMENT_TRANSITIONS[seen]:
        raise RuleViolation(
            "agreement.transition",
            _("What is “%(seen)s” cannot become “%(to)s”.") % {"seen": seen.label, "to": to.label},
        )
    if Agreement.objects.filter(pk=agreement.pk, state=seen).update(state=to) != 1:
        raise RuleViolation(
            "agreement.stale", _("Somebody has just changed this. Look again, then decide.")
        )
    agreement.state = to
    after = {"state": to, "reason": reason} if reason else {"state": to}
    record(
        f"agreements.agreement.{to}", actor=actor, subject=agreement,
        before={"state": seen}, after=after, decision=True,
    )  # fmt: skip
    return seen


def _lock(agreement: Agreement, *states: AgreementState) -> None:
    Agreement.objects.select_for_update().filter(pk=agreement.pk).values("pk").get()
    agreement.refresh_from_db(fields=["state"])
    if agreement.state not in states:
        raise RuleViolation(
            "agreement.state",
            _("This cannot be done while the agreement is at “%(state)s”.")
            % {"state": AgreementState(agreement.state).label},
        )


def _require_sound(data: AgreementData) -> None:
    faults = (
        (not data.number.strip(), "number", _("Give the agreement its number.")),
        (not data.name_zh.strip(), "name_zh", _("Give the agreement a name.")),
        (data.ends_on < data.starts_on, "ends_on", _("An agreement ends after it starts.")),
        (
            data.places is not None and data.places_min > data.places,
            "places_min",
            _("The fewest students are more than the most."),
        ),
    )
    codes = {"name_zh": "name", "ends_on": "period", "places_min": "places"}
    for broken, field, message in faults:
        if broken:
            raise RuleViolation(f"agreement.{codes.get(field, field)}", message, field=field)


def _save(agreement: Agreement) -> None:
    try:
        with transaction.atomic():
            agreement.save()
    except IntegrityError as error:
        raise RuleViolation(
            "agreement.number_taken",
            _("This unit has an agreement of that number."),
            field="number",
        ) from error


_FIELDS = tuple(AgreementData.__dataclass_fields__)


def _values(agreement: Agreement) -> dict[str, Any]:
    values = {name: getattr(agreement, name) for name in _FIELDS}
    return values | {"partner": agreement.partner.name_zh}
