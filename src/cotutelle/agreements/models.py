"""Joint-cultivation agreements: with whom, for how long, how many places, which mentors."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.agreements.enums import AgreementState
from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.models import Mentor
from cotutelle.people.models import Person


class Agreement(models.Model):
    """
    A university unit and a partner train students together.

    ``places`` and ``places_min`` bound how many students a year are trained under it, whoever
    the mentor; ``first_mentor_most`` is how many of them may have the partner's mentor as first
    mentor. ``None`` sets no bound.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="agreements")
    partner = models.ForeignKey(Unit, models.PROTECT, related_name="agreements_as_partner")
    number = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=150)
    name_en = models.CharField(max_length=200, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=10, choices=AgreementState, default=AgreementState.DRAFT)
    places = models.PositiveSmallIntegerField(null=True, blank=True)
    places_min = models.PositiveSmallIntegerField(default=0)
    first_mentor_most = models.PositiveSmallIntegerField(null=True, blank=True)
    notes = models.TextField(blank=True)
    document = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "number"], name="agreement_number_in_unit"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="agreement_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(places__isnull=True) | Q(places_min__lte=F("places")),
                name="agreement_least_within_most",
            ),
            models.CheckConstraint(
                condition=~Q(unit=F("partner")), name="agreement_has_two_parties"
            ),
            models.CheckConstraint(
                condition=Q(state__in=AgreementState.values), name="agreement_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class AgreementMentor(models.Model):
    """A mentor whom the partner lends under an agreement: the eligible set."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="mentors")
    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="agreement_lines")
    added_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "mentor"], name="agreement_mentor_once")
        ]

    def __str__(self) -> str:
        return f"{self.agreement}: {self.mentor}"
