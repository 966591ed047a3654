"""What bounds a round above the mentors, what staff try out, and how content people were."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.agreements.models import Agreement
from cotutelle.core.ids import new_public_id
from cotutelle.decisions.models import Run
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.selection.enums import ScenarioState, Side
from cotutelle.selection.models.season import Round


class PlaceCap(models.Model):
    """
    Places of a unit or an agreement in a round, over all mentors below it.

    A mentor counts in the agreement that lends them where it is capped, otherwise in the nearest
    capped unit; an agreement lies in the nearest capped unit of its partner. ``None`` sets no
    upper bound.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="caps")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="round_caps")
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="round_caps"
    )
    places = models.PositiveSmallIntegerField(null=True, blank=True)
    places_min = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "unit"], condition=Q(unit__isnull=False), name="one_cap_a_unit"
            ),
            models.UniqueConstraint(
                fields=["round", "agreement"],
                condition=Q(agreement__isnull=False),
                name="one_cap_an_agreement",
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, agreement__isnull=True)
                | Q(unit__isnull=True, agreement__isnull=False),
                name="cap_of_a_unit_or_an_agreement",
            ),
            models.CheckConstraint(
                condition=Q(places__isnull=True) | Q(places_min__lte=F("places")),
                name="cap_least_within_most",
            ),
        ]

    def __str__(self) -> str:
        return str(self.unit or self.agreement)

    @property
    def owning_unit(self) -> Unit:
        """The unit of the round."""
        return self.round.unit


class Scenario(models.Model):
    """
    A what-if on a copy of a round; the official run never knows of it.

    ``edits`` is a list of changes to the copied market, ``rules`` the parameters that differ from
    the round's policy; ``base`` is the run whose market is copied (the round as it stands without
    one). ``result`` compares the computed copy with the base.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="scenarios")
    base = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="scenarios")
    name = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    edits = models.JSONField(default=list)
    rules = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ScenarioState, default=ScenarioState.DRAFT)
    result = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    computed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "name"], name="scenario_name_in_round"),
            models.CheckConstraint(
                condition=Q(state__in=ScenarioState.values), name="scenario_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_unit(self) -> Unit:
        """The unit of the round."""
        return self.round.unit


class Satisfaction(models.Model):
    """How content one person was with a round, 1 (not at all) to 5 (very); only sums are shown."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="satisfaction")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    side = models.CharField(max_length=10, choices=Side)
    score = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "person", "side"], name="one_satisfaction_each"
            ),
            models.CheckConstraint(
                condition=Q(score__gte=1, score__lte=5), name="satisfaction_on_five_steps"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.score}"
