"""Witnesses, and how many of them must have cosigned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.translog import (
    Algorithm,
    NoteError,
    Policy,
    PolicyError,
    Verifier,
    threshold_policy,
    tolerances,
)
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import WitnessState
from cotutelle.ledger.models import LogKey, Witness, WitnessPolicy
from cotutelle.ledger.queries.log import current_policy
from cotutelle.ledger.services.history import record
from cotutelle.people.models import Person

_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
_LONGEST_NAME = 200


@transaction.atomic
def add_witness(
    *,
    unit: Unit,
    name: str,
    vkey: str,
    url: str,
    actor: Person | None,
    is_operator: bool = False,
    extra_vkey: str = "",
) -> Witness:
    """
    Add the witness of a partner; heads are sent to it from now on.

    Whether it counts is said by a policy. Refuses: ``witness.name``, ``witness.key``,
    ``witness.same_key`` (one key under two names would be one witness counted twice),
    ``witness.url``.
    """
    _allow(actor)
    name, vkey, url = name.strip(), vkey.strip(), url.strip()
    key = _key(name, vkey, Algorithm.COSIGNATURE, "vkey")
    if extra_vkey := extra_vkey.strip():
        _key(name, extra_vkey, Algorithm.COSIGNATURE_MLDSA44, "extra_vkey")
    if len(name) > _LONGEST_NAME:
        raise RuleViolation(
            "witness.name", _("At most %(n)s characters.") % {"n": _LONGEST_NAME}, field="name"
        )
    if not _ADDRESS.fullmatch(url):
        raise RuleViolation("witness.url", _("Give the web address of the witness."), field="url")
    if Witness.objects.filter(key=key.public_key.hex()).exists():
        raise RuleViolation(
            "witness.same_key", _("A witness with this very key is here already."), field="vkey"
        )
    try:
        with transaction.atomic():
            witness = Witness.objects.create(
                unit=unit, name=name, vkey=vkey, key=key.public_key.hex(), extra_vkey=extra_vkey,
                url=url, is_operator=is_operator, added_at=now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation(
            "witness.name", _("A witness of this name is here already."), field="name"
        ) from error
    after = {"name": name, "vkey": vkey, "url": url, "is_operator": is_operator}
    record("ledger.witness.added", actor=actor, subject=witness, after=after, decision=True)
    return witness


def _key(name: str, vkey: str, algorithm: Algorithm, field: str) -> Verifier:
    try:
        key = Verifier.parse(vkey)
    except NoteError as error:
        raise RuleViolation(
            "witness.key", _("This is not the key of a witness."), field=field
        ) from error
    if key.algorithm is not algorithm:
        raise RuleViolation("witness.key", _("This is not the key of a witness."), field=field)
    if key.name != name:
        raise RuleViolation(
            "witness.name", _("The key says another name: %(name)s.") % {"name": key.name},
            field="name",
        )  # fmt: skip
    return key


@transaction.atomic
def retire_witness(witness: Witness, *, actor: Person | None) -> None:
    """
    Send a witness nothing any more; what it cosigned stays.

    Refuses: ``witness.needed`` (it stands in the policy in force), ``witness.retired``.
    """
    _allow(actor)
    witness = Witness.objects.select_for_update().get(pk=witness.pk)
    if witness.state == WitnessState.RETIRED:
        raise RuleViolation("witness.retired", _("This witness was retired before."))
    policy = current_policy()
    if policy is not None and policy.witnesses.filter(pk=witness.pk).exists():
        raise RuleViolation("witness.needed", _("Take it out of the policy first."))
    witness.state = WitnessState.RETIRED
    witness.save(update_fields=["state"])
    record(
        "ledger.witness.retired", actor=actor, subject=witness,
        after={"name": witness.name}, decision=True,
    )  # fmt: skip


@transaction.atomic
def set_policy(
    *, needed: int, colluders: int, witnesses: Sequence[Witness], actor: Person | None
) -> WitnessPolicy:
    """
    Say which witnesses count and how many of them must have cosigned a head.

    Two quorums of ``needed`` out of n share at least ``2 needed - n`` witnesses. As long as those
    who would sign two histories are fewer, no two histories find a quorum: so ``2 needed - n``
    must exceed ``colluders``.

    Parameters
    ----------
    needed, colluders
        k, and how many witnesses may collude with a fraudulent operator.
    witnesses
        Those that count; n of them, all active, none of the operator's own.

    Refuses: ``policy.none``, ``policy.needed``, ``policy.unknown_witness``,
    ``policy.operator_counts``, ``policy.same_key``, ``policy.disjoint``, ``policy.too_few``.
    """
    _allow(actor)
    chosen = list(Witness.objects.select_for_update().filter(pk__in=[w.pk for w in witnesses]))
    _refuse_unfit(chosen, needed, colluders)
    policy = _policy_of(chosen, needed)
    found = tolerances(policy)
    if found.disjoint:
        raise RuleViolation(
            "policy.disjoint",
            _("Two groups of %(needed)s out of %(count)s need have nobody in common: each could witness another history.")
            % {"needed": needed, "count": len(chosen)},
            field="needed",
        )  # fmt: skip
    if found.colluders < colluders:
        raise RuleViolation(
            "policy.too_few",
            _("With %(needed)s of %(count)s, at most %(found)s may collude, not %(wanted)s: 2 × %(needed)s − %(count)s must be larger.")
            % {"needed": needed, "count": len(chosen), "found": found.colluders, "wanted": colluders},
            field="needed",
        )  # fmt: skip
    return _keep(policy.text, needed, colluders, chosen, actor)


def _refuse_unfit(chosen: Sequence[Witness], needed: int, colluders: int) -> None:
    if not chosen:
        raise RuleViolation("policy.none", _("Choose at least one witness."), field="witnesses")
    if not 1 <= needed <= len(chosen) or colluders < 0:
        raise RuleViolation(
            "policy.needed",
            _("Between 1 and %(count)s witnesses can be needed.") % {"count": len(chosen)},
            field="needed",
        )
    if any(w.state != WitnessState.ACTIVE for w in chosen):
        raise RuleViolation(
            "policy.unknown_witness", _("A retired witness cannot count."), field="witnesses"
        )
    if any(w.is_operator for w in chosen):
        raise RuleViolation(
            "policy.operator_counts",
            _("The witness of the institution that runs the log does not count."),
            field="witnesses",
        )
    if len({Verifier.parse(w.vkey).public_key for w in chosen}) < len(chosen):
        raise RuleViolation(
            "policy.same_key", _("Two of these witnesses have the same key."), field="witnesses"
        )


def _policy_of(chosen: Sequence[Witness], needed: int) -> Policy:
    """
    Return the policy of the log's keys and ``chosen``.

    Keys that no longer sign stay in it: proofs made with them are older than their end, and the
    witnesses, who know the new keys, are what keeps a stolen old one from being of use.
    """
    logs = LogKey.objects.order_by("id").values_list("vkey", flat=True)
    if not logs:
        raise RuleViolation("log.none", _("Set up the log first."))
    try:
        return threshold_policy(list(logs), {w.name: w.vkey for w in chosen}, needed)
    except PolicyError as error:
        raise RuleViolation("policy.same_key", str(error), field="witnesses") from error


def _keep(
    text: str, needed: int, colluders: int, chosen: Sequence[Witness], actor: Person | None
) -> WitnessPolicy:
    number = (WitnessPolicy.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    policy = WitnessPolicy.objects.create(
        number=number, needed=needed, colluders=colluders, text=text, made_by=actor, made_at=now()
    )
    policy.witnesses.set(chosen)
    after = {"number": number, "needed": needed, "colluders": colluders,
             "witnesses": sorted(w.name for w in chosen), "text": text}  # fmt: skip
    record("ledger.policy.set", actor=actor, subject=policy, after=after, decision=True)
    return policy


def renew_policy(*, actor: Person | None) -> None:
    """Write the policy in force anew, with the keys that the log has now; none stays none."""
    policy = current_policy()
    if policy is None:
        return
    chosen = list(policy.witnesses.order_by("id"))
    text = _policy_of(chosen, policy.needed).text
    if text != policy.text:
        _keep(text, policy.needed, policy.colluders, chosen, actor)


def _allow(actor: Person | None) -> None:
    """Nobody is asked about at the terminal: whoever sits there has the keys anyway."""
    if actor is not None:
        check(actor, "ledger.manage_log")
