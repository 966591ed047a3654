"""Opening the log, changing its key, and closing one tree for the next."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.translog import Algorithm, Verifier
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import KeySuite, LogKind, ShardState
from cotutelle.ledger.models import Entry, LogKey, Pending, Shard, Witness
from cotutelle.ledger.queries.log import newest_checkpoint, store_of
from cotutelle.ledger.services.checking import BEHIND, UNPROVEN, check_log, require_good
from cotutelle.ledger.services.committing import moment
from cotutelle.ledger.services.history import record
from cotutelle.ledger.services.keys import new_key
from cotutelle.ledger.services.policies import renew_policy
from cotutelle.ledger.services.sealing import Forked, block, integrate, sign_head
from cotutelle.ledger.services.sequencing import place_entries
from cotutelle.people.models import Person

_AUTHORITY = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ORIGIN = re.compile(r"[^\s+]{1,200}")
_LONGEST_AUTHORITY = 180  # an origin is longer, and has 200 at most

OnOpened = Callable[[Shard, Person | None], Sequence[Entry]]
_on_opened: list[OnOpened] = []


def on_shard_opened(told: OnOpened) -> None:
    """
    Call ``told(shard, actor)`` in the transaction in which the next tree opens.

    What must stand in the same tree as what it is compared with is said there again: places are
    compared within one tree only. The decisions that it returns get the first places, before all
    that still waited for one. They concern nobody in particular. Not called for the first tree.
    """
    if told not in _on_opened:
        _on_opened.append(told)


def _allow(actor: Person | None) -> None:
    if actor is not None:
        check(actor, "ledger.manage_log")


@transaction.atomic
def open_log(*, authority: str, origin: str = "", actor: Person | None) -> Shard:
    """
    Set up the log: its first tree, its key, and an entry that says so.

    Parameters
    ----------
    authority
        Host name under which institutions issue for ever: ``https://<authority>/issuers/<code>``.
    origin
        Name of the tree, ``<authority>/log/1`` without one.

    Refuses: ``log.exists``, ``log.authority``, ``log.origin``.
    """
    _allow(actor)
    if Shard.objects.exists():
        raise RuleViolation("log.exists", _("The log is set up already."))
    if not _AUTHORITY.fullmatch(authority) or len(authority) > _LONGEST_AUTHORITY:
        raise RuleViolation(
            "log.authority", _("Give a host name, such as log.example.org."), field="authority"
        )
    if origin and not _ORIGIN.fullmatch(origin):
        raise RuleViolation(
            "log.origin", _("An origin has neither spaces nor plus signs."), field="origin"
        )
    _refuse_other_issuers(authority)
    return _open(authority, origin, previous=None, actor=actor)


def _refuse_other_issuers(authority: str) -> None:
    """Refuse an authority under which the keys that wait for the log would be nobody's."""
    waiting = Pending.objects.filter(kind=LogKind.KEY).values_list("statement__controller")
    used = {urlsplit(str(controller)).netloc for (controller,) in waiting} - {authority}
    if used:
        raise RuleViolation(
            "log.authority",
            _("Certificates were issued under %(name)s before. The log takes this name.")
            % {"name": ", ".join(sorted(used))},
            field="authority",
        )


def _open(
    authority: str, origin: str, *, previous: dict[str, Any] | None, actor: Person | None
) -> Shard:
    """Make the next tree with a key of its own; its first entry says what came before it."""
    number = (Shard.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    while store_of(Shard(number=number)).folder.exists():
        number += 1  # of a state that a restored backup has forgotten
    try:
        with transaction.atomic():
            shard = Shard.objects.create(
                number=number, origin=origin or f"{authority}/log/{number}", authority=authority,
                opened_at=now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation("log.exists", _("Another tree is open.")) from error
    key = _add_key(shard)
    facts = {"origin": shard.origin, "key": key.vkey}
    statement = {"event": "opened", **facts, "at": moment(shard.opened_at)}
    entry = record(
        "ledger.log.opened", actor=actor, subject=shard, unit=Unit.objects.get(parent=None),
        after=facts, decision=True, kind=LogKind.PUBLICATION,
        statement={**statement, "previous": previous} if previous else statement,
    )  # fmt: skip
    place_entries(shard, [entry.pending])
    Witness.objects.update(known_size=None)
    return shard


def _add_key(shard: Shard) -> LogKey:
    secret = f"log-{shard.number}-{secrets.token_hex(4)}"
    verifier = Verifier(shard.origin, Algorithm.ED25519, new_key(secret, KeySuite.ED25519))
    return LogKey.objects.create(shard=shard, vkey=verifier.vkey, secret=secret, created_at=now())


def freeze_shard(shard: Shard, *, actor: Person | None) -> Shard:
    """
    Sign the last head of the open tree and open the next one, whose first entry names it.

    Witnesses and anchors are asked before: a tree that is behind them is blocked, not signed, and
    while too few answer nothing is signed either, as in every turn: a restored backup would become
    final. Where enough answer, but say what they cannot show, as witnesses of C2SP's protocol
    alone do of a log that has lost its state, it is blocked as behind them.

    A blocked tree signs no last head: the next one names the head that others hold of it.
    Decisions that wait go into the next tree. Refuses: ``log.frozen``, ``log.forked``,
    ``log.still_bad``, ``log.unchecked``.
    """
    _allow(actor)
    if Shard.objects.filter(pk=shard.pk, state=ShardState.OPEN, blocked="").exists():
        found = check_log(shard)
        if found.disputed and found.worst is None:
            who = next(f.who for f in found.findings if f.state == UNPROVEN)
            block(shard, BEHIND, {"who": who})
        else:
            require_good(found)
    return _freeze(shard, actor)


@transaction.atomic
def _freeze(shard: Shard, actor: Person | None) -> Shard:
    shard = Shard.objects.select_for_update().get(pk=shard.pk)
    if shard.state != ShardState.OPEN:
        raise RuleViolation("log.frozen", _("This tree was frozen before."))
    last = _last_head(shard)
    shard.state, shard.frozen_at = ShardState.FROZEN, now()
    shard.save(update_fields=["state", "frozen_at"])
    record(
        "ledger.log.frozen", actor=actor, subject=shard, unit=Unit.objects.get(parent=None),
        after={"origin": shard.origin, **last}, decision=True,
    )  # fmt: skip
    opened = _open(shard.authority, "", previous={"origin": shard.origin, **last}, actor=actor)
    renew_policy(actor=actor)
    first = [entry.pending for told in _on_opened for entry in told(opened, actor)]
    place_entries(opened, first)
    return opened


def _last_head(shard: Shard) -> dict[str, Any]:
    """Return size and root of the last head; those that others hold of a blocked tree."""
    if shard.blocked:
        head = newest_checkpoint(shard)
        own = {"size": head.size, "root": bytes(head.root).hex()} if head else {"size": 0}
        held = {key: shard.blocked_facts[key] for key in ("size", "root")
                if key in shard.blocked_facts}  # fmt: skip
        return {**(held or own), "reason": shard.blocked}
    try:
        sign_head(shard, integrate(shard))
    except Forked as found:
        raise RuleViolation(
            "log.forked", _("The files of this tree hold something else.")
        ) from found
    head = newest_checkpoint(shard)
    assert head is not None  # noqa: S101 - a tree has its opening entry
    return {"size": head.size, "root": bytes(head.root).hex()}


@transaction.atomic
def rotate_log_key(shard: Shard, *, actor: Person | None) -> LogKey:
    """
    Give the open tree another key; the old one signs beside it until it is retired.

    So witnesses that know only the old key cosign on, until all have the new policy. Refuses:
    ``log.frozen``.
    """
    _allow(actor)
    shard = Shard.objects.select_for_update().get(pk=shard.pk)
    if shard.state != ShardState.OPEN:
        raise RuleViolation("log.frozen", _("This tree was frozen before."))
    key = _add_key(shard)
    _record_key("ledger.key.added", "log_key_added", key, actor)
    renew_policy(actor=actor)
    return key


@transaction.atomic
def retire_log_key(key: LogKey, *, actor: Person | None) -> None:
    """
    Sign with ``key`` no more; what it signed stays good.

    Refuses: ``log.last_key``, ``log.key_retired``.
    """
    _allow(actor)
    Shard.objects.select_for_update().get(pk=key.shard_id)
    key.refresh_from_db()
    if key.retired_at is not None:
        raise RuleViolation("log.key_retired", _("This key was retired before."))
    if not key.shard.keys.filter(retired_at=None).exclude(pk=key.pk).exists():
        raise RuleViolation("log.last_key", _("Add another key first: this one signs alone."))
    key.retired_at = now()
    key.save(update_fields=["retired_at"])
    _record_key("ledger.key.retired", "log_key_retired", key, actor)


def _record_key(action: str, event: str, key: LogKey, actor: Person | None) -> None:
    at = key.retired_at or key.created_at
    record(
        action, actor=actor, subject=key.shard, unit=Unit.objects.get(parent=None),
        after={"key": key.vkey}, decision=True, kind=LogKind.PUBLICATION,
        statement={"event": event, "origin": key.shard.origin, "key": key.vkey, "at": moment(at)},
    )  # fmt: skip
