"""The transparency log: what waits for it, what is in it, and what it signed."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from cotutelle.core.ids import new_public_id
from cotutelle.ledger.enums import KeySuite, LogKind, ShardState
from cotutelle.ledger.models.history import Entry


class Shard(models.Model):
    """
    One tree under one origin. Exactly one is open; frozen ones stay readable for ever.

    ``size`` counts the leaves that have a place. ``blocked`` says why nothing is signed: a
    restored backup, a fork; empty when all is well.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.PositiveSmallIntegerField(unique=True)
    origin = models.CharField(max_length=200, unique=True)
    authority = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ShardState, default=ShardState.OPEN)
    size = models.BigIntegerField(default=0)
    blocked = models.CharField(max_length=60, blank=True)
    blocked_facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=ShardState.OPEN), name="one_open_shard"
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="shard_size_is_a_count"),
        ]

    def __str__(self) -> str:
        return self.origin


class LogKey(models.Model):
    """A key that signs checkpoints of a shard; ``secret`` is its name at the key provider."""

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="keys")
    suite = models.CharField(max_length=20, choices=KeySuite, default=KeySuite.ED25519)
    vkey = models.CharField(max_length=3000, unique=True)
    secret = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.vkey.rsplit("+", 1)[0]


class Trace(models.Model):
    """The chain of decisions about one person: how many, and the commitment of the last."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.OneToOneField("people.Person", models.PROTECT, related_name="trace")
    count = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return str(self.public_id)


class Pending(models.Model):
    """A decision that waits for its place in the log; written with the decision itself."""

    entry = models.OneToOneField(Entry, models.CASCADE, related_name="pending")
    kind = models.CharField(max_length=20, choices=LogKind)
    statement = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} of entry {self.entry_id}"


class Leaf(models.Model):
    """
    An entry of the log: everything that is public of it, and its place.

    ``trace``, ``seq`` and ``prev`` are inside the committed payload, never in the log itself.
    """

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="leaves")
    index = models.BigIntegerField()
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="leaf")
    issuer = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, choices=LogKind)
    day = models.DateField()
    commitment = models.CharField(max_length=64, db_index=True)
    statement = models.JSONField(null=True, blank=True)
    hash = models.BinaryField(max_length=32)
    trace = models.ForeignKey(Trace, models.PROTECT, null=True, blank=True, related_name="leaves")
    seq = models.PositiveIntegerField(null=True, blank=True)
    prev = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shard", "index"], name="leaf_place"),
            models.UniqueConstraint(fields=["trace", "seq"], name="leaf_of_a_trace_once"),
            models.CheckConstraint(
                condition=Q(trace__isnull=True, seq__isnull=True)
                | Q(trace__isnull=False, seq__gte=1),
                name="leaf_has_both_trace_and_seq",
            ),
        ]
        indexes = [models.Index(fields=["issuer", "-id"], name="leaf_by_issuer")]

    def __str__(self) -> str:
        return f"{self.shard} {self.index}"


class Checkpoint(models.Model):
    """
    A signed head of a tree. ``published_at`` is set when enough witnesses have cosigned it.

    ``note`` carries the log's signature only; cosignatures are rows of their own.
    """

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="checkpoints")
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shard", "size"], name="one_checkpoint_of_a_size")
        ]

    def __str__(self) -> str:
        return f"{self.shard} {self.size}"
