"""Files people gave us. The row says what it is; the bytes lie under their SHA-256."""

from __future__ import annotations

from django.db import models

from cotutelle.core.ids import new_public_id


class StoredFile(models.Model):
    """
    A file with its name, kept for one purpose.

    ``purpose`` decides who may read it besides the owner (see ``cotutelle.files.access``).
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    purpose = models.CharField(max_length=60)
    unit = models.ForeignKey(
        "institutions.Unit", models.PROTECT, null=True, blank=True, related_name="files"
    )
    owner = models.ForeignKey("people.Person", models.PROTECT, related_name="files")
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["owner", "-id"])]

    def __str__(self) -> str:
        return self.name
