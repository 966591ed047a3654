"""Who watches the log from outside, how many must agree, and where roots are anchored."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5

from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import AnchorKind, AnchorState, WitnessState
from cotutelle.ledger.models.log import Checkpoint, Shard


class Witness(models.Model):
    """
    A partner's witness. ``key`` is the public key itself: one key cannot stand under two names.

    A witness of the operator's own institution may cosign, but never counts.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="witnesses")
    name = models.CharField(max_length=200, unique=True)
    vkey = models.CharField(max_length=500)
    key = models.CharField(max_length=64, unique=True)
    extra_vkey = models.CharField(max_length=3000, blank=True)
    url = models.URLField(max_length=300)
    is_operator = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=WitnessState, default=WitnessState.ACTIVE)
    added_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    known_size = models.BigIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=WitnessState.values), name="witness_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WitnessPolicy(models.Model):
    """How many witnesses must have cosigned: k of n, against how many that might collude."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.PositiveIntegerField(unique=True)
    needed = models.PositiveSmallIntegerField()
    colluders = models.PositiveSmallIntegerField()
    witnesses = models.ManyToManyField(Witness, related_name="policies")
    text = models.TextField()
    made_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(needed__gte=1), name="policy_needs_a_witness")
        ]

    def __str__(self) -> str:
        return f"{self.needed} / {self.number}"


class Cosignature(models.Model):
    """One witness's signature line under a checkpoint."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="cosignatures")
    witness = models.ForeignKey(Witness, models.PROTECT, related_name="cosignatures")
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            # By digest: a line of ML-DSA-44 is longer than an index row may be.
            models.UniqueConstraint("checkpoint", "witness", MD5("line"), name="cosignature_once")
        ]

    def __str__(self) -> str:
        return f"{self.witness} {self.checkpoint}"


class Anchor(models.Model):
    """A root written down outside the consortium; ``reference`` is what finds it again."""

    shard = models.ForeignKey(Shard, models.PROTECT, related_name="anchors")
    kind = models.CharField(max_length=10, choices=AnchorKind)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    state = models.CharField(max_length=10, choices=AnchorState, default=AnchorState.SENT)
    reference = models.JSONField(default=dict)
    problem = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shard", "kind", "size"],
                condition=~Q(state=AnchorState.FAILED),
                name="anchored_once",
            )
        ]
        indexes = [models.Index(fields=["shard", "kind", "-size"], name="anchor_newest")]

    def __str__(self) -> str:
        return f"{AnchorKind(self.kind).label} {self.size}"
