"""What can be certified, who was proposed for it, and who signed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.credentials.enums import (
    AchievementKind,
    AchievementState,
    AwardState,
    Cryptosuite,
    SignerRole,
)
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student


class Achievement(models.Model):
    """What an institution certifies, by which criteria, and whose signatures it takes."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="achievements")
    kind = models.CharField(max_length=30, choices=AchievementKind)
    name_zh = models.CharField(max_length=150)
    name_en = models.CharField(max_length=200)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    criteria_zh = models.TextField()
    criteria_en = models.TextField()
    signers = ArrayField(models.CharField(max_length=20, choices=SignerRole), default=list)
    valid_months = models.PositiveSmallIntegerField(null=True, blank=True)
    cryptosuite = models.CharField(max_length=20, choices=Cryptosuite, default=Cryptosuite.JCS)
    state = models.CharField(
        max_length=10, choices=AchievementState, default=AchievementState.DRAFT
    )
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "name_zh"], name="achievement_name"),
            models.CheckConstraint(
                condition=Q(state__in=AchievementState.values), name="achievement_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)

    @property
    def description(self) -> str:
        """The description in the reader's language."""
        return localized(self.description_zh, self.description_en)

    @property
    def criteria(self) -> str:
        """The criteria in the reader's language."""
        return localized(self.criteria_zh, self.criteria_en)


class Award(models.Model):
    """
    One student proposed for an achievement.

    ``facts`` are what the schema of the kind asks for: weeks, credits, value and standard error.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    achievement = models.ForeignKey(Achievement, models.PROTECT, related_name="awards")
    student = models.ForeignKey(Student, models.PROTECT, related_name="awards")
    stay = models.ForeignKey(
        "rotations.Stay", models.PROTECT, null=True, blank=True, related_name="awards"
    )
    facts = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=AwardState, default=AwardState.PROPOSED)
    reason = models.CharField(max_length=500, blank=True)
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AwardState.values), name="award_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["achievement", "student", "stay"],
                condition=Q(state__in=[AwardState.PROPOSED, AwardState.SIGNED]),
                nulls_distinct=False,
                name="one_open_award",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="award_by_state")]

    def __str__(self) -> str:
        return f"{self.achievement}: {self.student}"

    @property
    def owning_unit(self) -> Unit:
        """The institution that would issue it."""
        return self.achievement.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class SignOff(models.Model):
    """One signature: that the criteria are met, or that they are not."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="sign_offs")
    role = models.CharField(max_length=20, choices=SignerRole)
    signer = models.ForeignKey(Person, models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["award", "role"], name="signed_once")]

    def __str__(self) -> str:
        return f"{self.award}: {SignerRole(self.role).label}"
