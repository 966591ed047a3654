"""Transcripts: what the holder chose of certificates and events, signed by the home institution."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from cotutelle.core.access import check
from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import new_public_id
from cotutelle.credentials.enums import CredentialKind, CredentialState
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries.credentials import document_of
from cotutelle.credentials.services.drafting import credential_url
from cotutelle.credentials.services.issuer_keys import ensure_key, sign_document
from cotutelle.credentials.services.shares import DAYS, make_share
from cotutelle.credentials.services.status_lists import (
    draw_slots,
    entry_of,
    profile_of,
    save_slots,
)
from cotutelle.engines.credentials.times import write_time
from cotutelle.engines.credentials.transcripts import build_transcript
from cotutelle.engines.translog import canonical_json
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import institution_of
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Leaf, Trace
from cotutelle.ledger.queries.record import events, record_of
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

MOST = 200


@transaction.atomic
def make_transcript(
    person: Person,
    *,
    credentials: Sequence[Credential],
    shown: Sequence[int],
    actor: Person,
    days: int = DAYS,
    title: str = "",
) -> Share:
    """
    Sign a transcript of what ``person`` chose and make a link to it.

    It states how many events the person's trace has and the commitment of the last one, so that
    the reader sees whether, and how much, was left out. It is logged, but no event of the trace:
    it would count itself.

    Parameters
    ----------
    credentials
        Own certificates that are not revoked, at most 200; that they were issued has to be in the
        log, among the events that are counted.
    shown
        Places in the trace to disclose, from 1 to its count, at most 200.

    Refuses with ``transcript.empty``, ``transcript.other``, ``transcript.revoked``,
    ``transcript.event``, ``transcript.erased``, ``transcript.too_many``, ``transcript.no_institution`` and what
    `make_share` refuses.
    """
    trace, _made = Trace.objects.select_for_update().get_or_create(person=person)
    places = sorted(set(shown))
    _refuse_choice(person, credentials, places)
    unit = _home(person)
    at = write_time(now())
    found = Credential(
        public_id=new_public_id(),
        kind=CredentialKind.TRANSCRIPT,
        person=person,
        unit=unit,
        **_names(),
        valid_from=now(),
        issued_by=actor,
        issued_at=now(),
    )
    check(actor, "credentials.share_credential", found)
    key = ensure_key(unit, actor=actor)
    slots = draw_slots(unit)
    document = build_transcript(
        credential_id=credential_url(found.public_id),
        issuer=profile_of(unit),
        valid_from=at,
        name={"en": found.name_en, "zh": found.name_zh},
        credentials=[document for one in credentials if (document := document_of(one))],
        subject_id=f"urn:uuid:{uuid.uuid4()}",
        subject_name={"en": person.name_en or person.name_zh, "zh": person.name_zh},
        trace_id=str(trace.public_id),
        count=trace.count,
        head=trace.head or None,
        as_of=at,
        shown=places,
        status=[entry_of(slot) for slot in slots],
    )
    body = canonical_json(sign_document(document, key))
    found.key, found.body, found.digest = key, body.decode(), sha256_hex(body)
    found.entry = record(
        "credentials.credential.issued",
        actor=actor,
        subject=trace,
        unit=unit,
        after={
            "credential": document["id"],
            "digest": found.digest,
            "certificates": len(credentials),
            "events": len(places),
            "count": trace.count,
        },
        decision=True,
        kind=LogKind.CREDENTIAL,
    )
    found.save()
    save_slots(slots, found)
    return make_share(found, actor=actor, days=days, title=title)


def _refuse_choice(
    person: Person, credentials: Sequence[Credential], places: Sequence[int]
) -> None:
    if not credentials and not places:
        raise RuleViolation("transcript.empty", _("Choose at least one certificate or one event."))
    if len(credentials) > MOST or len(places) > MOST:
        raise RuleViolation(
            "transcript.too_many",
            _("At most %(most)s certificates and %(most)s events, please.") % {"most": MOST},
        )
    if any(one.person_id != person.pk or not one.body for one in credentials) or any(
        one.kind != CredentialKind.ACHIEVEMENT for one in credentials
    ):
        raise RuleViolation(
            "transcript.other", _("Only your own certificates go into your transcript.")
        )
    if any(one.state == CredentialState.REVOKED for one in credentials):
        raise RuleViolation(
            "transcript.revoked", _("A revoked certificate cannot go into a transcript.")
        )
    told = events(record_of(person, reader=person).filter(leaf__seq__in=places))
    issued = {one.entry_id for one in credentials}
    if len(told) < len(places) or Leaf.objects.filter(entry__in=issued).count() < len(issued):
        raise RuleViolation(
            "transcript.event",
            _("One of the events is not in the log yet. Wait a minute, then try again."),
        )
    if any(one.is_erased for one in told):
        raise RuleViolation(
            "transcript.erased", _("One of the events was erased: nothing of it can be shown.")
        )


def _home(person: Person) -> Unit:
    """Return the institution that holds the person's enrolment, else that of their unit."""
    student = getattr(person, "student", None)
    unit = student.unit if student is not None else person.unit
    home = institution_of(unit) if unit is not None else None
    if home is None:
        raise RuleViolation(
            "transcript.no_institution", _("You belong to no institution that could sign it.")
        )
    return home


def _names() -> dict[str, str]:
    names = {}
    for field, language in (("name_zh", "zh-hans"), ("name_en", "en")):
        with override(language):
            names[field] = _("Transcript of the training record")
    return names
