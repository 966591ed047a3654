"""What a specialty demands: blocks in national-standard departments."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CurriculumState, DepartmentFamily


class Department(models.Model):
    """A department as the national standard names it; wards are accredited for it."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    family = models.CharField(
        max_length=12, choices=DepartmentFamily, default=DepartmentFamily.OTHER
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class Curriculum(models.Model):
    """One edition of the rotations of a specialty; ``months`` is the total, research included."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rotation_curricula")
    specialty_code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    edition = models.CharField(max_length=20)
    months = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=CurriculumState, default=CurriculumState.DRAFT)
    is_example = models.BooleanField(default=False)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "specialty_code", "edition"], name="curriculum_edition"
            ),
            models.CheckConstraint(condition=Q(months__gt=0), name="curriculum_lasts"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} {self.edition}"

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class ElectiveGroup(models.Model):
    """Exactly ``choose`` of the group's blocks are done."""

    curriculum = models.ForeignKey(Curriculum, models.CASCADE, related_name="groups")
    code = models.CharField(max_length=20)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    choose = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["curriculum", "code"], name="elective_group_once")
        ]

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en)


class CurriculumBlock(models.Model):
    """
    A stay the curriculum asks for.

    ``part_months`` cuts a divisible block into parts of at most so many months (0: contiguous);
    ``earliest`` and ``latest`` are months of training, counted from 0, it may first and last
    occupy. A block whose department's family is research is protected research.
    """

    curriculum = models.ForeignKey(Curriculum, models.CASCADE, related_name="blocks")
    code = models.CharField(max_length=40)
    department = models.ForeignKey(Department, models.PROTECT, related_name="blocks")
    months = models.PositiveSmallIntegerField()
    part_months = models.PositiveSmallIntegerField(default=0)
    earliest = models.PositiveSmallIntegerField(default=0)
    latest = models.PositiveSmallIntegerField(null=True, blank=True)
    group = models.ForeignKey(
        ElectiveGroup, models.PROTECT, null=True, blank=True, related_name="blocks"
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["curriculum", "code"], name="block_code_once"),
            models.CheckConstraint(condition=Q(months__gt=0), name="block_lasts"),
            models.CheckConstraint(
                condition=Q(latest__isnull=True) | Q(latest__gte=F("earliest")),
                name="block_window_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.department}"


class BlockOrder(models.Model):
    """``before`` ends before ``after`` begins; ``is_needed``: ``after`` only if it was done."""

    curriculum = models.ForeignKey(Curriculum, models.CASCADE, related_name="orders")
    before = models.ForeignKey(CurriculumBlock, models.CASCADE, related_name="followers")
    after = models.ForeignKey(CurriculumBlock, models.CASCADE, related_name="forerunners")
    is_needed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["before", "after"], name="block_order_once"),
            models.CheckConstraint(condition=~Q(before=F("after")), name="block_order_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
