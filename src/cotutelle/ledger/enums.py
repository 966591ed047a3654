"""States of the log, its keys, witnesses and anchors."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LogKind(models.TextChoices):
    """What an entry of the log is about: coarse, because anybody reads it."""

    DECISION = "decision", _("Decision")
    CREDENTIAL = "credential", _("Certificate")
    STATUS = "status", _("Status list")
    KEY = "key", _("Key")
    AGREEMENT = "agreement", _("Agreement")
    PUBLICATION = "publication", _("Publication")


class ShardState(models.TextChoices):
    """Whether a tree still grows."""

    OPEN = "open", _("Open")
    FROZEN = "frozen", _("Frozen")


class KeySuite(models.TextChoices):
    """Signature schemes; the last is reserved until a provider offers it."""

    ED25519 = "ed25519", "Ed25519"
    ML_DSA_44 = "ml-dsa-44", "ML-DSA-44"
    SM2 = "sm2", "SM2"


class WitnessState(models.TextChoices):
    """Whether checkpoints are sent to a witness."""

    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class AnchorKind(models.TextChoices):
    """Where a root is written down outside the consortium."""

    EVM = "evm", _("Chain contract")
    RFC3161 = "rfc3161", _("Time-stamp")


class AnchorState(models.TextChoices):
    """How far an anchor is."""

    SENT = "sent", _("Sent")
    CONFIRMED = "confirmed", _("Confirmed")
    FAILED = "failed", _("Failed")
