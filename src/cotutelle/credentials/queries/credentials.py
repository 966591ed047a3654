"""Reading certificates: who sees them, what they say, the lists and keys behind them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet, Subquery

from cotutelle.core.clock import now
from cotutelle.credentials.enums import CredentialKind, CredentialState, IssuerKeyState
from cotutelle.credentials.models import Credential, IssuerKey, StatusList
from cotutelle.credentials.rules import (
    ISSUERS,
    KEY_KEEPERS,
    PROPOSERS,
    supervised_by,
    units_with,
)
from cotutelle.institutions.enums import INSTITUTION_KINDS, UnitState
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.jobs.models import Job
from cotutelle.jobs.queries import jobs_about
from cotutelle.ledger.models import Entry, Leaf, Shard
from cotutelle.ledger.queries.log import open_shard
from cotutelle.people.models import Person
from cotutelle.people.queries import search

REISSUE_JOB = "credentials.reissue"
_JOINED = (
    "person", "unit", "award__achievement", "award__student__person", "award__stay__ward",
    "key", "entry",
)  # fmt: skip


def credentials_visible_to(actor: Person) -> QuerySet[Credential]:
    """
    Return the certificates ``actor`` may see.

    Their own; those of students they supervise, of the units whose office they are, and those
    that their institution issued. Transcripts are their holder's alone.
    """
    others = (
        Q(supervised_by([actor.pk], "person__student"))
        | below(units_with(actor, *PROPOSERS), "person__student__unit__path")
        | below(units_with(actor, *ISSUERS))
    )
    found = Q(person=actor) | (Q(kind=CredentialKind.ACHIEVEMENT) & others)
    return Credential.objects.filter(found).select_related(*_JOINED)


visible_to = credentials_visible_to


def staff_list(actor: Person) -> QuerySet[Credential]:
    """Return the certificates of other people that ``actor`` may see: the list page."""
    rows = credentials_visible_to(actor).filter(kind=CredentialKind.ACHIEVEMENT)
    return rows.exclude(person=actor)


def search_credentials(rows: QuerySet[Credential], text: str) -> QuerySet[Credential]:
    """Narrow to certificates of people who are called so, or that are called so."""
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(person__in=people) | Q(name_zh__icontains=text) | Q(name_en__icontains=text)
    )


def document_of(credential: Credential) -> dict[str, Any] | None:
    """Return the signed certificate; ``None`` where it was erased."""
    return json.loads(credential.body) if credential.body else None


def leaf_of(credential: Credential) -> Leaf | None:
    """Return the place of a certificate in the log, once it has one."""
    return Leaf.objects.filter(entry=credential.entry_id).select_related("shard").first()


# ---------------------------------------------------------------- keys and lists


def keys_visible_to(actor: Person) -> QuerySet[IssuerKey]:
    """Return the keys of the institutions ``actor`` administers or acts for."""
    found = below(units_with(actor, *KEY_KEEPERS))
    return IssuerKey.objects.filter(found).select_related("unit").order_by("unit__path", "-id")


def institutions_kept_by(actor: Person) -> QuerySet[Unit]:
    """Return the active institutions whose keys ``actor`` keeps."""
    rows = at_or_below(units_with(actor, *KEY_KEEPERS))
    return rows.filter(kind__in=INSTITUTION_KINDS, state=UnitState.ACTIVE).order_by("path")


def active_key(unit: Unit) -> IssuerKey | None:
    """Return the key with which ``unit`` signs now."""
    return IssuerKey.objects.filter(unit=unit, state=IssuerKeyState.ACTIVE).first()


def lists_kept_by(actor: Person) -> QuerySet[StatusList]:
    """Return the status lists of the institutions whose keys ``actor`` keeps."""
    rows = StatusList.objects.filter(below(units_with(actor, *KEY_KEEPERS)))
    return rows.select_related("unit").order_by("unit__path", "purpose", "number")


def lists_to_publish() -> QuerySet[StatusList]:
    """Return the status lists that changed since they were last signed, or never were."""
    changed = Q(made_at__isnull=True) | Q(changed_at__gte=F("made_at"))
    return StatusList.objects.filter(changed).select_related("unit")


def lists_of(credentials: Iterable[Credential]) -> list[StatusList]:
    """Return the status lists in which ``credentials`` have a bit, by purpose and number."""
    keys = [one.pk for one in credentials]
    rows = StatusList.objects.filter(slots__credential__in=keys).distinct()
    return list(rows.select_related("unit", "entry").order_by("unit", "purpose", "number"))


def invalidated_by(key: IssuerKey, from_index: int) -> list[Credential]:
    """
    Return the certificates that stop counting when ``key`` was not safe from a place on.

    The place is one of the tree that the statement names, or of the one that grows now; what
    stands in trees frozen before keeps counting.
    """
    origin = _origin_of(key)
    logged = Leaf.objects.filter(entry__credential__key=key)
    safe = logged.filter(shard__origin=origin, index__lt=from_index)
    earlier = logged.filter(shard__number__lt=Subquery(_number_of(origin)))
    rows = Credential.objects.filter(key=key).exclude(
        Q(entry__in=safe.values("entry")) | Q(entry__in=earlier.values("entry"))
    )
    return list(rows.select_related("person", "award__achievement", "unit", "key").order_by("pk"))


def is_to_be_reissued(credential: Credential) -> bool:
    """Return whether a certificate would still hold, had its key not been compromised."""
    until = credential.valid_until
    return (
        credential.key.state == IssuerKeyState.COMPROMISED
        and credential.state == CredentialState.VALID
        and credential.award_id is not None
        and bool(credential.body)
        and (until is None or until > now())
    )


def to_reissue(key: IssuerKey) -> list[Credential]:
    """Return the certificates that would still hold, had ``key`` not been compromised."""
    if key.state != IssuerKeyState.COMPROMISED:
        return []
    return [one for one in invalidated_by(key, key.from_index or 0) if is_to_be_reissued(one)]


def reissuing_of(key: IssuerKey) -> Job | None:
    """Return the last work, done or under way, that issues anew what ``key`` took down."""
    return jobs_about(key).filter(kind=REISSUE_JOB).first()


def _origin_of(key: IssuerKey) -> str:
    """Return the tree in which the compromise of ``key`` was stated, or would be."""
    stated = Entry.objects.filter(
        subject_type="credentials.issuerkey",
        subject_id=key.pk,
        action="credentials.key.compromised",
    ).values_list("payload__after", flat=True)
    if (after := stated.first()) is not None:
        return str(after.get("origin", ""))
    shard = open_shard()
    return shard.origin if shard else ""


def _number_of(origin: str) -> QuerySet[Any]:
    return Shard.objects.filter(origin=origin).values("number")[:1]
