"""How far the log is: what waits, what is in it, who watched it grow, where it is anchored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import AnchorKind, AnchorState, WitnessState
from cotutelle.ledger.models import (
    Anchor,
    Checkpoint,
    Cosignature,
    Leaf,
    Pending,
    Shard,
    Witness,
    WitnessPolicy,
)
from cotutelle.ledger.queries.log import (
    current_policy,
    newest_checkpoint,
    open_shard,
    published_checkpoint,
)
from cotutelle.ledger.queries.tolerance import Tolerance


@dataclass(frozen=True, slots=True)
class Head:
    """How far one shard is, and how many of the witnesses that count have cosigned that."""

    published: int
    cosigners: int
    witnesses: int
    anchored: int


@dataclass(frozen=True, slots=True)
class Place:
    """How well an entry is kept, in a word for a badge."""

    key: str
    kind: str
    icon: str
    label: str

    @property
    def is_provable(self) -> bool:
        """Whether a published checkpoint covers it."""
        return self.key in {"witnessed", "anchored"}


@dataclass(frozen=True, slots=True)
class Watcher:
    """A witness and what it last said."""

    witness: Witness
    size: int | None
    at: dt.datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """The newest confirmed anchor of one kind, how many entries it lags, and what waits or failed."""

    kind: AnchorKind
    newest: Anchor | None
    lag: int
    last: Anchor


@dataclass(frozen=True, slots=True)
class Standing:
    """The open shard at one glance."""

    shard: Shard
    waiting: int
    waiting_since: dt.datetime | None
    sealed: Checkpoint | None
    published: Checkpoint | None
    watchers: Sequence[Watcher]
    anchors: Sequence[AnchorLine]
    policy: WitnessPolicy | None
    policy_size: int

    @property
    def tolerance(self) -> Tolerance | None:
        """What the policy in force tolerates; nothing without a policy."""
        return Tolerance(self.policy.needed, self.policy_size) if self.policy else None

    @property
    def unpublished(self) -> int:
        """How many entries have a place, but no published checkpoint covers them."""
        return self.shard.size - (self.published.size if self.published else 0)


def standing() -> Standing | None:
    """Read how the open shard stands; nine queries whatever its size."""
    shard = open_shard()
    if shard is None:
        return None
    oldest = Pending.objects.order_by("id").values_list("entry__at", flat=True).first()
    policy = current_policy()
    return Standing(
        shard=shard,
        waiting=Pending.objects.count(),
        waiting_since=oldest,
        sealed=newest_checkpoint(shard),
        published=published_checkpoint(shard),
        watchers=watchers_of(shard, policy),
        anchors=anchors_of(shard),
        policy=policy,
        policy_size=policy.witnesses.count() if policy else 0,
    )


def watching(shard: Shard | None) -> QuerySet[Any]:
    """Return all witnesses with the size up to which each ``cosigned`` ``shard``, and when last."""
    its = Q(cosignatures__checkpoint__shard=shard)
    return Witness.objects.select_related("unit").annotate(
        cosigned=Max("cosignatures__checkpoint__size", filter=its),
        cosigned_at=Max("cosignatures__at", filter=its),
    )


def watchers_of(shard: Shard, policy: WitnessPolicy | None) -> list[Watcher]:
    """Return the active witnesses, each with the newest checkpoint of ``shard`` it cosigned."""
    rows = watching(shard).filter(state=WitnessState.ACTIVE).order_by("is_operator", "name")
    counted = set(policy.witnesses.values_list("pk", flat=True)) if policy else set()
    return [
        Watcher(row, row.cosigned, row.cosigned_at, row.pk in counted and not row.is_operator)
        for row in rows
    ]


def anchors_of(shard: Shard) -> list[AnchorLine]:
    """Return one line for each kind of anchor that was ever tried."""
    lines = []
    for kind in AnchorKind:
        rows = shard.anchors.filter(kind=kind)
        last = rows.order_by("-sent_at", "-id").first()
        if last is None:
            continue
        newest = rows.filter(state=AnchorState.CONFIRMED).order_by("-size").first()
        lines.append(AnchorLine(kind, newest, shard.size - (newest.size if newest else 0), last))
    return lines


def heads() -> Mapping[int, Head]:
    """Return how far each shard is, by its key; four queries however many leaves are asked for."""
    published = {
        row["shard"]: row["size"]
        for row in Checkpoint.objects.exclude(published_at=None)
        .order_by()
        .values("shard")
        .annotate(size=Max("size"))
    }
    anchored = {
        row["shard"]: row["size"]
        for row in Anchor.objects.filter(state=AnchorState.CONFIRMED)
        .order_by()
        .values("shard")
        .annotate(size=Max("size"))
    }
    newest = Q(pk__in=())
    for shard, size in published.items():
        newest |= Q(checkpoint__shard=shard, checkpoint__size=size)
    policy = WitnessPolicy.objects.annotate(n=Count("witnesses")).order_by("-number").first()
    cosigners = {
        row["checkpoint__shard"]: row["n"]
        for row in Cosignature.objects.filter(newest, witness__policies=policy)
        .order_by()
        .values("checkpoint__shard")
        .annotate(n=Count("witness", distinct=True))
    }
    total = policy.n if policy else 0
    return {
        shard: Head(size, cosigners.get(shard, 0), total, anchored.get(shard, 0))
        for shard, size in published.items()
    }


def place_of(leaf: Leaf | None, reached: Mapping[int, Head]) -> Place:
    """Return how well an entry is kept: waiting, in the log, witnessed, or anchored as well."""
    if leaf is None:
        return Place("waiting", "wait", "hourglass", _("waiting for its place"))
    head = reached.get(leaf.shard_id)
    if head is None or leaf.index >= head.published:
        return Place("logged", "run", "", _("in the log: no. %(index)d") % {"index": leaf.index})
    if leaf.index >= head.anchored:
        text = _("witnessed by %(k)d of %(n)d") % {"k": head.cosigners, "n": head.witnesses}
        return Place("witnessed", "ok", "eye-check", text)
    text = _("witnessed by %(k)d of %(n)d, anchored") % {
        "k": head.cosigners,
        "n": head.witnesses,
    }
    return Place("anchored", "ok", "anchor", text)


class Institutions:
    """The institution at or above any unit; one query for as many units as are asked for."""

    def __init__(self) -> None:
        self._found = Unit.objects.filter(kind__in=INSTITUTION_KINDS).in_bulk()

    def of(self, unit: Unit | None) -> Unit | None:
        """Return the nearest institution at or above ``unit``; the consortium for nobody's."""
        keys = [int(key) for key in unit.path.split("/") if key] if unit else []
        nearest = next((self._found[key] for key in reversed(keys) if key in self._found), None)
        return nearest or next((one for one in self._found.values() if one.parent_id is None), None)

    def of_issuer(self, issuer: str) -> Unit | None:
        """Return the institution whose code ends ``issuer``, an identifier of the log."""
        code = unquote(issuer.rsplit("/", 1)[-1])
        return next((one for one in self._found.values() if one.code == code), None)

    def among(self, paths: Iterable[str]) -> list[Unit]:
        """Return the institutions at or below the units with these paths, by path."""
        starts = tuple(paths)
        found = [one for one in self._found.values() if starts and one.path.startswith(starts)]
        return sorted(found, key=lambda one: one.path)
