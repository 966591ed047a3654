"""Cycles, who is planned in them, what they wish, the scenarios, and the plan in force."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.decisions.models import Run
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import (
    CycleState,
    EventKind,
    ScenarioKind,
    ScenarioState,
    SwapState,
    WishKind,
)
from cotutelle.rotations.models.curricula import Curriculum, CurriculumBlock
from cotutelle.rotations.models.wards import Ward


class Cycle(models.Model):
    """
    A cohort planned together: ``months`` periods from ``starts_on`` (first day of a month).

    ``rules`` holds the weights (see `rotations.policy.PlanRules`).
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rotation_cycles")
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    starts_on = models.DateField()
    months = models.PositiveSmallIntegerField(default=36)
    rules: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=CycleState, default=CycleState.DRAFT)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "name_zh"], name="cycle_name"),
            models.CheckConstraint(
                condition=Q(starts_on__day=1, months__range=(1, 60)), name="cycle_is_of_months"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class Participant(models.Model):
    """
    A student planned in a cycle: from period ``first`` on; ``last`` where they leave earlier or
    stay longer than their curriculum (leave extends it).
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="participants")
    student = models.ForeignKey(Student, models.PROTECT, related_name="rotation_places")
    curriculum = models.ForeignKey(Curriculum, models.PROTECT, related_name="participants")
    first = models.PositiveSmallIntegerField(default=0)
    last = models.PositiveSmallIntegerField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "student"], name="participant_once"),
            models.CheckConstraint(
                condition=Q(last__isnull=True) | Q(last__gte=F("first")),
                name="participant_is_there",
            ),
        ]

    def __str__(self) -> str:
        return str(self.student)

    @property
    def owning_unit(self) -> Unit:
        """The cycle's unit."""
        return self.cycle.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class Wish(models.Model):
    """
    A wish or a constraint of one participant. ``first`` and ``last`` are periods of the cycle
    (for time away and protected research); ``weight`` counts for wishes.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="wishes")
    kind = models.CharField(max_length=16, choices=WishKind)
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="+")
    hospital = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    first = models.PositiveSmallIntegerField(null=True, blank=True)
    last = models.PositiveSmallIntegerField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(WishKind(self.kind).label)

    @property
    def owning_unit(self) -> Unit:
        """The cycle's unit."""
        return self.participant.owning_unit


class StayPin(models.Model):
    """A stay fixed by an officer: this part of this block, here, from this period."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="pins")
    block = models.ForeignKey(CurriculumBlock, models.PROTECT, related_name="+")
    part = models.PositiveSmallIntegerField(default=0)
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="+")
    start = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "block", "part"], name="pin_once")
        ]

    def __str__(self) -> str:
        return f"{self.participant}: {self.block}"


class PlanEvent(models.Model):
    """Something that happened to a published plan; scenarios are re-planned for it."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=EventKind)
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="+")
    participant = models.ForeignKey(
        Participant, models.CASCADE, null=True, blank=True, related_name="events"
    )
    agreement = models.ForeignKey(
        "agreements.Agreement", models.PROTECT, null=True, blank=True, related_name="+"
    )
    first = models.PositiveSmallIntegerField()
    last = models.PositiveSmallIntegerField(null=True, blank=True)
    upper = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(EventKind(self.kind).label)


class Scenario(models.Model):
    """
    One computed or hand-edited plan of a cycle.

    ``stays`` maps a participant's public id to ``[block key, ward code, start]`` triples as the
    engine knows them; ``outcome`` holds score, bound, gap, satisfaction and, where no plan is
    possible, the diagnosis. ``run`` is the verified decision a publication seals.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="scenarios")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=ScenarioKind, default=ScenarioKind.PLAN)
    state = models.CharField(max_length=10, choices=ScenarioState, default=ScenarioState.WAITING)
    base = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    rules: models.JSONField[Any, Any] = models.JSONField(default=dict)
    problem: models.JSONField[Any, Any] = models.JSONField(default=dict)
    stays: models.JSONField[Any, Any] = models.JSONField(default=dict)
    outcome: models.JSONField[Any, Any] = models.JSONField(default=dict)
    progress: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_stopping = models.BooleanField(default=False)
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    computed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="rotation_scenario_number")
        ]

    def __str__(self) -> str:
        return self.name or f"{self.cycle} {self.number}"

    @property
    def owning_unit(self) -> Unit:
        """The cycle's unit."""
        return self.cycle.unit


class ScenarioEdit(models.Model):
    """One change by hand on the board: what stood before and after, so that it can be undone."""

    scenario = models.ForeignKey(Scenario, models.CASCADE, related_name="edits")
    number = models.PositiveIntegerField()
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="+")
    before: models.JSONField[Any, Any] = models.JSONField()
    after: models.JSONField[Any, Any] = models.JSONField()
    actor = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["scenario", "number"], name="scenario_edit_number")
        ]

    def __str__(self) -> str:
        return f"{self.scenario} #{self.number}"


class Stay(models.Model):
    """A stay of the plan in force. A student is never in two places in one month."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="stays")
    block = models.ForeignKey(
        CurriculumBlock, models.PROTECT, null=True, blank=True, related_name="stays"
    )
    part = models.PositiveSmallIntegerField(default=0)
    ward = models.ForeignKey(Ward, models.PROTECT, related_name="stays")
    starts_on = models.DateField()
    ends_on = models.DateField()
    scenario = models.ForeignKey(Scenario, models.PROTECT, related_name="published_stays")

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="stay_ends_after_it_starts"
            ),
            ExclusionConstraint(
                name="stays_do_not_overlap",
                expressions=[
                    ("participant", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"), F("ends_on"), models.Value("[]"), function="daterange"
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [models.Index(fields=["ward", "starts_on"], name="stay_in_ward")]

    def __str__(self) -> str:
        return f"{self.participant}: {self.ward} {self.starts_on:%Y-%m}"

    @property
    def owning_unit(self) -> Unit:
        """The cycle's unit."""
        return self.participant.owning_unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.participant.student.person


class Swap(models.Model):
    """Two trainees ask to exchange stays of the same length."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    asker_stay = models.ForeignKey(Stay, models.CASCADE, related_name="swaps_asked")
    other_stay = models.ForeignKey(Stay, models.CASCADE, related_name="swaps_received")
    state = models.CharField(max_length=10, choices=SwapState, default=SwapState.ASKED)
    note = models.CharField(max_length=300, blank=True)
    refusal = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(asker_stay=F("other_stay")), name="swap_is_of_two_stays"
            ),
            models.UniqueConstraint(
                fields=["asker_stay"],
                condition=Q(state__in=["asked", "agreed"]),
                name="one_open_swap_a_stay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asker_stay} ↔ {self.other_stay}"

    @property
    def owning_unit(self) -> Unit:
        """The cycle's unit."""
        return self.asker_stay.owning_unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.asker_stay.participant.student.person


class RegionalLine(models.Model):
    """A stay as the regional residency platform (the system of record) has it."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="regional_lines")
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="regional_lines")
    department_name = models.CharField(max_length=80)
    ward = models.ForeignKey(Ward, models.PROTECT, null=True, blank=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_on"]

    def __str__(self) -> str:
        return f"{self.participant}: {self.department_name} {self.starts_on:%Y-%m}"
