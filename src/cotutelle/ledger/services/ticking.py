"""One turn of the log: everything that is due, in order, by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.models import Shard
from cotutelle.ledger.queries.log import newest_checkpoint, open_shard, published_checkpoint
from cotutelle.ledger.services.asking import queue_check, seal_soon
from cotutelle.ledger.services.checking import check_log
from cotutelle.ledger.services.history import record
from cotutelle.ledger.services.sealing import (
    Forked,
    block,
    integrate,
    rewrite_lost_files,
    sign_head,
)
from cotutelle.ledger.services.sequencing import sequence
from cotutelle.ledger.services.witnessing import cosign_head, heads_to_witness, publish_head
from cotutelle.people.models import Person

LOCK = 0x636F7475  # of this database: one turn at a time

_checked: dict[int, int] = {}
"""Trees that this process has compared, with the size of the head it saw last."""


@dataclass(frozen=True, slots=True)
class Turn:
    """
    What a turn did.

    ``problem`` is empty when all is well: else ``log.none``, ``log.busy``, ``log.unchecked``, a
    reason for which the tree is blocked, or the code of a refusal.
    """

    sequenced: int = 0
    signed: int = 0
    published: int = 0
    problem: str = ""


def tick() -> Turn:
    """
    Give places to what waits, sign the head, have it cosigned, publish it.

    The first turn of a process compares the log with its witnesses before anything is signed, and
    so does every turn after a witness gave an answer that should not be, or after which the last
    head is smaller than it was: a backup was put back under a running process.
    """
    with _alone() as mine:
        return _turn() if mine else Turn(problem="log.busy")


def _turn() -> Turn:
    shard = open_shard()
    if shard is None:
        return Turn(problem="log.none")
    rewrite_lost_files()
    if (problem := _may_not_sign(shard)) == "log.unchecked":
        return Turn(problem=problem)
    sequenced, signed = 0, 0
    if not problem:
        sequenced = sequence()
        try:
            signed, problem = _seal(shard), ""
        except RuleViolation as refusal:
            problem = refusal.code
    _witness(shard)
    head = published_checkpoint(shard)
    shard.refresh_from_db(fields=["blocked"])
    return Turn(sequenced, signed, head.size if head else 0, problem or shard.blocked)


def _may_not_sign(shard: Shard) -> str:
    """Return why nothing is signed in this turn; empty when it may be."""
    head = newest_checkpoint(shard)
    size = head.size if head else 0
    if not shard.blocked and size < _checked.get(shard.pk, size + 1):
        found = check_log(shard)
        if not found.complete:
            return "log.unchecked"
        if found.good:
            _checked[shard.pk] = size
        shard.refresh_from_db(fields=["blocked"])
    return shard.blocked


def _seal(shard: Shard) -> int:
    """Sign the head of all leaves; return its size, 0 when nothing is new."""
    try:
        head = sign_head(shard, integrate(shard))
    except Forked as found:
        block(shard, found.code, found.facts)
        return 0
    if head is None:
        return 0
    _checked[shard.pk] = head.size
    return head.size


def _witness(shard: Shard) -> None:
    odd = False
    for head in heads_to_witness():
        odd = bool(cosign_head(head)) or odd
        publish_head(head)
    if odd:
        _checked.pop(shard.pk, None)
        check_log(shard)


@contextmanager
def _alone() -> Iterator[bool]:
    """Yield whether no other process is at it; the lock goes with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@transaction.atomic
def ask_to_seal(*, actor: Person) -> None:
    """Have a turn taken soon."""
    check(actor, "ledger.manage_log")
    seal_soon()


@transaction.atomic
def ask_to_check(*, actor: Person) -> None:
    """Have the log compared with its witnesses soon. Refuses: ``log.none``."""
    check(actor, "ledger.manage_log")
    shard = open_shard()
    if shard is None:
        raise RuleViolation("log.none", _("Set up the log first."))
    record("ledger.log.checked", actor=actor, subject=shard)
    queue_check()
