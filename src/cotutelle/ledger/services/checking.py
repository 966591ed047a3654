"""
Comparing the log with those who have seen it, before it signs anything.

A backup put back makes the log younger than it was. Signing from there on would make two
histories, and nobody inside could notice. So a process that wants to sign first asks the
witnesses and the anchors what they hold, and signs nothing while one of them holds more, or
something else, than the log itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.translog import NoteError, TiledTree, open_checkpoint
from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.models import Shard, Witness
from cotutelle.ledger.queries.log import (
    current_policy,
    newest_checkpoint,
    open_shard,
    verifiers_of,
)
from cotutelle.ledger.services import witness_client
from cotutelle.ledger.services.anchors import anchored_head
from cotutelle.ledger.services.history import record
from cotutelle.ledger.services.sealing import Forked, block, integrate
from cotutelle.ledger.services.witness_client import Unreachable
from cotutelle.ledger.services.witnessing import (
    CONFLICT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    active_witnesses,
    ask_again,
    keep_lines,
)
from cotutelle.people.models import Person

BEHIND, FORKED = "log.behind", "log.forked"
GOOD, SILENT, UNPROVEN = "good", "silent", "unproven"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one witness or anchor holds, compared with the log.

    ``state`` is ``good``, ``silent`` (no answer), ``unproven`` (it says something that our key
    never signed), ``log.behind`` or ``log.forked``.
    """

    who: str
    state: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    All findings, and whether so many answered that no published head can be unknown.

    ``disputed``: so many did only with those whose answer is unproven.
    """

    findings: tuple[Finding, ...]
    complete: bool
    disputed: bool = False

    @property
    def worst(self) -> Finding | None:
        """The finding that forbids signing, if there is one: a fork before being behind."""
        bad = [f for f in self.findings if f.state in (BEHIND, FORKED)]
        return max(bad, key=lambda f: f.state == FORKED, default=None)

    @property
    def good(self) -> bool:
        """Whether the log may sign."""
        return self.complete and self.worst is None


def check_log(shard: Shard | None = None) -> Comparison:
    """
    Compare the open tree with every active witness and with the newest anchor.

    Whoever holds a head that our own key signed is believed. If it is larger than the tree, or
    has another root at its size, the tree is blocked with what was found. A witness that says it
    has seen more, without showing our signature, blocks nothing by itself: anybody can say that.

    Complete is a comparison for which as many witnesses answered as the policy needs: every
    published head was cosigned by one of them. One that shows what our key never signed has not said
    what it holds.
    """
    shard = shard or open_shard()
    if shard is None:
        return Comparison((), complete=False)
    try:
        tree = integrate(shard)
    except Forked as fork:
        block(shard, fork.code, fork.facts)
        return Comparison((Finding("files", fork.code, fork.facts),), complete=True)
    findings = [_compare_witness(shard, tree, one) for one in active_witnesses()]
    if (anchored := _compare_anchor(shard, tree)) is not None:
        findings.append(anchored)
    complete = _is_complete(findings, SILENT, UNPROVEN)
    disputed = not complete and _is_complete(findings, SILENT)
    found = Comparison(tuple(findings), complete, disputed)
    if (worst := found.worst) is not None:
        block(shard, worst.state, {"who": worst.who, **worst.facts})
    return found


def _is_complete(findings: list[Finding], *no_answer: str) -> bool:
    policy = current_policy()
    if policy is None:
        return True
    names = set(policy.witnesses.values_list("name", flat=True))
    answered = sum(f.who in names and f.state not in no_answer for f in findings)
    return answered >= policy.needed


def _compare_witness(shard: Shard, tree: TiledTree, witness: Witness) -> Finding:
    try:
        answer = witness_client.cosigned_checkpoint(witness.url, shard.origin)
    except Unreachable:
        return Finding(witness.name, SILENT)
    if answer.status != OK:
        return _compare_by_asking(shard, witness)
    try:
        head = open_checkpoint(answer.text, verifiers_of(shard))
    except NoteError as error:
        return Finding(witness.name, UNPROVEN, {"code": error.code})
    if head.origin != shard.origin:
        return Finding(witness.name, UNPROVEN, {"origin": head.origin})
    return _compare(tree, witness.name, head.size, head.root, {"note": answer.text})


def _compare_by_asking(shard: Shard, witness: Witness) -> Finding:
    """
    Compare with a witness that shows no heads: C2SP tlog-witness has only ``add-checkpoint``.

    Sent is the newest head, which is signed already. What the witness says it has seen beyond or
    beside it, it cannot show: that is unproven.
    """
    head = newest_checkpoint(shard)
    if head is None:
        return Finding(witness.name, GOOD, {"size": 0})
    answer = ask_again(witness, head)
    if answer is None:
        return Finding(witness.name, SILENT)
    facts: dict[str, Any] = {"status": answer.status, "size": answer.size}
    if answer.status == NOT_FOUND:
        return Finding(witness.name, GOOD, {"size": 0})
    if answer.status not in (OK, CONFLICT, UNPROCESSABLE):
        return Finding(witness.name, SILENT, facts)
    try:
        if answer.status == OK:
            keep_lines(head, witness, answer.text)
            return Finding(witness.name, GOOD, {"size": head.size})
    except NoteError as error:
        facts["code"] = error.code
    return Finding(witness.name, UNPROVEN, facts)


def _compare_anchor(shard: Shard, tree: TiledTree) -> Finding | None:
    try:
        head = anchored_head(shard)
    except AnchorProblem as problem:
        return Finding("anchor", SILENT, {"code": problem.code})
    return _compare(tree, "anchor", head[0], head[1], {}) if head else None


def _compare(
    tree: TiledTree, who: str, size: int, root: bytes, facts: Mapping[str, Any]
) -> Finding:
    found = {"size": size, "root": root.hex(), "own_size": len(tree), **facts}
    if size > len(tree):
        return Finding(who, BEHIND, found)
    own = tree.root(size)
    if own != root:
        return Finding(who, FORKED, {**found, "own_root": own.hex()})
    return Finding(who, GOOD, found)


def require_good(found: Comparison) -> None:
    """
    Refuse unless nothing is known of the log that it does not know itself.

    Refuses: ``log.still_bad``, somebody holds more, or something else; ``log.unchecked``, too few
    witnesses answered to be sure.
    """
    if (worst := found.worst) is not None:
        raise RuleViolation(
            "log.still_bad",
            _("%(who)s still holds what this log does not.") % {"who": worst.who},
        )
    if not found.complete:
        raise RuleViolation("log.unchecked", _("Too few witnesses answer to be sure."))


def unblock_log(shard: Shard, *, reason: str, actor: Person | None) -> None:
    """
    Let a blocked tree sign again, after a comparison that found nothing bad.

    Refuses: ``log.not_blocked``, ``log.reason``, ``log.still_bad`` (somebody holds more, or
    something else), and ``log.unchecked`` when too few witnesses answer.
    """
    if actor is not None:
        check(actor, "ledger.manage_log")
    if not reason.strip():
        raise RuleViolation("log.reason", _("Give your reason."), field="reason")
    require_good(check_log(shard))
    with transaction.atomic():
        shard = Shard.objects.select_for_update().get(pk=shard.pk)
        if not shard.blocked:
            raise RuleViolation("log.not_blocked", _("The log is not blocked."))
        before = {"blocked": shard.blocked, "facts": shard.blocked_facts}
        shard.blocked, shard.blocked_facts = "", {}
        shard.save(update_fields=["blocked", "blocked_facts"])
        record(
            "ledger.log.unblocked", actor=actor, subject=shard, before=before,
            after={"reason": reason.strip()}, decision=True,
        )  # fmt: skip
