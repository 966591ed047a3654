"""The keys with which an institution signs: added, retired, reported as compromised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import new_public_id
from cotutelle.credentials.enums import ISSUER_KEY_TRANSITIONS, Cryptosuite, IssuerKeyState
from cotutelle.credentials.models import IssuerKey, StatusList
from cotutelle.credentials.queries.credentials import active_key
from cotutelle.credentials.services.common import publish_soon, stale
from cotutelle.engines.credentials.integrity import secure, verify_proof
from cotutelle.engines.credentials.keys import multikey, public_key
from cotutelle.engines.credentials.times import write_time
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import KeySuite, LogKind
from cotutelle.ledger.models import Entry, Shard
from cotutelle.ledger.queries.log import issuer_of, log_size, open_shard
from cotutelle.ledger.services import new_key, record, sign_with
from cotutelle.people.models import Person


def ensure_key(unit: Unit, *, actor: Person | None) -> IssuerKey:
    """Return the key with which ``unit`` signs now; the first one is made here."""
    hold_keys(unit)
    return active_key(unit) or _add(unit, actor=actor)


def hold_keys(unit: Unit) -> None:
    """
    Let one transaction at a time sign for ``unit`` or change its keys; others write beside it.

    Taken before the certificates and status lists of the unit, never after: two who wait for each
    other would both be sent away.
    """
    Unit.objects.select_for_update(no_key=True).filter(pk=unit.pk).values("pk").get()


@transaction.atomic
def add_key(unit: Unit, *, actor: Person) -> IssuerKey:
    """
    Give an institution a key; its public half is stated in the log.

    Refuses with ``key.unit`` (no institution) and ``key.exists`` (one is in use: replace it).
    """
    key = IssuerKey(unit=unit)
    check(actor, "credentials.manage_key", key)
    if not unit.is_institution:
        raise RuleViolation("key.unit", _("Only an institution has keys."), field="unit")
    hold_keys(unit)
    if active_key(unit):
        raise RuleViolation("key.exists", _("This institution has a key in use. Replace it."))
    return _add(unit, actor=actor)


@transaction.atomic
def rotate_key(key: IssuerKey, *, actor: Person) -> IssuerKey:
    """
    Retire the key in use and add another; what was signed before keeps counting.

    Refuses with ``key.state`` and ``key.stale``.
    """
    check(actor, "credentials.manage_key", key)
    _lock(key)
    _end(key, IssuerKeyState.RETIRED)
    _state(key, "retired", actor=actor)
    return _add(key.unit, actor=actor)


@transaction.atomic
def report_compromise(key: IssuerKey, from_index: int, *, actor: Person) -> IssuerKey | None:
    """
    State that others may hold ``key``: only what was logged before ``from_index`` counts.

    The place is one of the tree that grows; what stands in trees frozen earlier keeps counting.
    The key that was in use is replaced at once, and the status lists are signed anew. Returns
    the new key, if one was made. Refuses with ``key.state``, ``key.index`` (beyond the log) and
    ``key.stale``.
    """
    check(actor, "credentials.manage_key", key)
    _lock(key)
    if not 0 <= from_index <= log_size():
        raise RuleViolation(
            "key.index",
            _("A place in the log is expected: from 0 to %(size)s.") % {"size": log_size()},
            field="from_index",
        )
    was_active = key.state == IssuerKeyState.ACTIVE
    _end(key, IssuerKeyState.COMPROMISED, from_index=from_index)
    shard = open_shard()
    place = {"origin": shard.origin} if shard else {}
    _state(key, "compromised", actor=actor, from_index=from_index, **place)
    made = _add(key.unit, actor=actor) if was_active else None
    StatusList.objects.filter(unit=key.unit).update(changed_at=Greatest(Value(now()), F("made_at")))
    publish_soon()
    return made


def announce_again(shard: Shard, actor: Person | None) -> list[Entry]:
    """
    State in a tree that was just opened whose keys sign: places are compared within one.

    Stated is every key in use, and every one whose end waits itself for a place there: what it
    signed before may wait too. Returned are the entries, which come first in that tree.
    """
    ending = Entry.objects.filter(
        subject_type=IssuerKey._meta.label_lower,
        action="credentials.key.retired",
        pending__isnull=False,
    )
    signing = Q(state=IssuerKeyState.ACTIVE) | Q(
        state=IssuerKeyState.RETIRED, pk__in=ending.values("subject_id")
    )
    rows = IssuerKey.objects.filter(signing).select_related("unit").order_by("pk")
    return [_state(key, "added", actor=actor) for key in rows]


def sign_document(
    document: Mapping[str, Any], key: IssuerKey, suite: str = Cryptosuite.JCS
) -> dict[str, Any]:
    """
    Return ``document`` signed with ``key``, its proof checked before anybody sees it.

    Raises
    ------
    VerifyError
        The key provider returned a signature that does not hold.
    """
    signed = secure(
        document,
        sign=lambda message: sign_with(key.secret, message),
        verification_method=f"{issuer_of(key.unit)}#{key.multikey}",
        created=document["validFrom"],
        cryptosuite=suite,
    )
    verify_proof(signed, public_key(key.multikey))
    return signed


def _add(unit: Unit, *, actor: Person | None) -> IssuerKey:
    public_id = new_public_id()
    secret = f"issuer-{public_id.hex}"
    key = IssuerKey.objects.create(
        public_id=public_id,
        unit=unit,
        multikey=multikey(new_key(secret, KeySuite.ED25519)),
        secret=secret,
        added_at=now(),
    )
    _state(key, "added", actor=actor)
    return key


def _lock(key: IssuerKey) -> None:
    """Wait for whoever signs with the key: nothing signed with it is logged after its end."""
    hold_keys(key.unit)
    seen = key.state
    key.refresh_from_db()
    if key.state != seen:
        raise stale("key")


def _end(key: IssuerKey, state: IssuerKeyState, *, from_index: int | None = None) -> None:
    seen = IssuerKeyState(key.state)
    if state not in ISSUER_KEY_TRANSITIONS[seen]:
        raise RuleViolation(
            "key.state",
            _("A key that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": state.label},
        )
    key.state, key.from_index = state, from_index
    key.ended_at = key.ended_at or now()
    key.save(update_fields=["state", "from_index", "ended_at"])


def _state(key: IssuerKey, event: str, *, actor: Person | None, **more: Any) -> Entry:
    """Write a key event: in the history, and for everybody in the log."""
    statement: dict[str, Any] = {
        "event": event,
        "controller": issuer_of(key.unit),
        "key": key.multikey,
        **({"suite": key.suite} if event == "added" else {}),
        **more,
        "at": write_time(now()),
    }
    entry = record(
        f"credentials.key.{event}",
        actor=actor,
        subject=key,
        unit=key.unit,
        after={"key": key.multikey, **more},
        decision=True,
        kind=LogKind.KEY,
        statement=statement,
    )
    publish_soon()
    return entry
