"""Issued certificates, the lists of their status, the keys behind them, and who may see them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.credentials.enums import (
    CredentialKind,
    CredentialState,
    IssuerKeyState,
    StatusPurpose,
)
from cotutelle.credentials.models.achievements import Award
from cotutelle.documents.models import Document
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import KeySuite
from cotutelle.ledger.models import Entry
from cotutelle.people.models import Person


class IssuerKey(models.Model):
    """
    A key of an institution. ``secret`` is its name at the key provider.

    ``from_index``: after a compromise, only what was logged before that place counts.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="issuer_keys")
    suite = models.CharField(max_length=20, choices=KeySuite, default=KeySuite.ED25519)
    multikey = models.CharField(max_length=200, unique=True)
    secret = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=12, choices=IssuerKeyState, default=IssuerKeyState.ACTIVE)
    from_index = models.BigIntegerField(null=True, blank=True)
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(state=IssuerKeyState.ACTIVE),
                name="one_active_issuer_key",
            ),
            models.CheckConstraint(
                condition=~Q(state=IssuerKeyState.COMPROMISED) | Q(from_index__isnull=False),
                name="compromise_names_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.multikey[:12]}"


class StatusList(models.Model):
    """
    One bit per certificate of an institution. ``body`` is the signed list as last published.

    ``changed_at`` later than ``made_at``: a new list has to be published.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="status_lists")
    purpose = models.CharField(max_length=12, choices=StatusPurpose)
    number = models.PositiveSmallIntegerField()
    bits = models.BinaryField()
    used = models.PositiveIntegerField(default=0)
    body = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "purpose", "number"], name="status_list_number")
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.purpose} {self.number}"


class Credential(models.Model):
    """A signed certificate. ``body`` is the exact JSON; an erased one keeps only its bits."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(
        max_length=12, choices=CredentialKind, default=CredentialKind.ACHIEVEMENT
    )
    person = models.ForeignKey(Person, models.PROTECT, related_name="credentials")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="credentials")
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, blank=True, related_name="credential"
    )
    key = models.ForeignKey(IssuerKey, models.PROTECT, related_name="credentials")
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=CredentialState, default=CredentialState.VALID)
    reason = models.CharField(max_length=500, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="credential")
    document = models.OneToOneField(
        Document, models.PROTECT, null=True, blank=True, related_name="credential"
    )
    issued_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CredentialState.values), name="credential_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=CredentialState.VALID) | ~Q(reason=""),
                name="ended_credential_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["person", "-id"], name="credential_of_person")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)

    @property
    def ward_name(self) -> str:
        """The ward of the stay that it certifies; empty where it certifies none."""
        stay = self.award.stay if self.award else None
        return stay.ward.display_name if stay else ""

    @property
    def owning_unit(self) -> Unit:
        """The issuing institution."""
        return self.unit

    @property
    def concerns(self) -> Person | None:
        """Whose trace tells of it; a transcript is told of in none, it would count itself."""
        return self.person if self.kind == CredentialKind.ACHIEVEMENT else None


class StatusSlot(models.Model):
    """The bit of a certificate in a list, drawn at random so that it tells nothing."""

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="slots")
    status_list = models.ForeignKey(StatusList, models.PROTECT, related_name="slots")
    index = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["status_list", "index"], name="status_bit_once"),
            models.UniqueConstraint(fields=["credential", "status_list"], name="one_bit_in_a_list"),
        ]

    def __str__(self) -> str:
        return f"{self.status_list} {self.index}"


class Share(models.Model):
    """
    A link by which anybody may see what the holder chose, until it ends.

    The link printed on a paper has no day on which it expires, as paper has none; it can be ended
    all the same.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    token = models.CharField(max_length=43, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="shares")
    credential = models.ForeignKey(Credential, models.CASCADE, related_name="shares")
    title = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField()
    is_paper = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_paper=True) | Q(expires_at__isnull=False),
                name="link_expires_unless_printed",
            ),
            models.UniqueConstraint(
                fields=["credential"],
                condition=Q(is_paper=True, ended_at__isnull=True),
                name="one_printed_link",
            ),
        ]
        indexes = [models.Index(fields=["person", "-id"], name="share_of_person")]

    def __str__(self) -> str:
        return self.title or str(self.credential)
