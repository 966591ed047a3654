"""Numbered papers in two languages."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.documents.enums import DocumentState
from cotutelle.ledger.concerning import person_concerned
from cotutelle.people.models import Person


class NumberSeries(models.Model):
    """The last number given in a year to papers with a code; locked while one is issued."""

    year = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=12)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["year", "code"], name="one_series_a_code")]

    def __str__(self) -> str:
        return f"{self.year}-{self.code}-{self.last:04}"


class Document(models.Model):
    """An issued paper: its number, its two files, and the scan of the sealed sheet."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="documents")
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    file_zh = models.ForeignKey("files.StoredFile", models.PROTECT, related_name="+")
    file_en = models.ForeignKey("files.StoredFile", models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    scan = models.ForeignKey(
        "files.StoredFile", models.PROTECT, null=True, blank=True, related_name="+"
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=DocumentState, default=DocumentState.ISSUED)
    void_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DocumentState.values), name="document_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="archived") | Q(scan__isnull=False),
                name="archived_document_has_a_scan",
            ),
            models.CheckConstraint(
                condition=~Q(state="void") | ~Q(void_reason=""), name="void_document_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="document_subject"),
            models.Index(fields=["unit", "-issued_at"], name="document_unit"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The title in the reader's language."""
        return localized(self.title_zh, self.title_en)

    @property
    def concerns(self) -> Person | None:
        """Whose trace tells of it: the one person whom its subject concerns, if there is one."""
        return person_concerned(self.subject_type, self.subject_id)
