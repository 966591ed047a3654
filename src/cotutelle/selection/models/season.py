"""A season of mutual selection: the round, what is offered, what people want."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.decisions.models import Policy
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.selection.enums import (
    AnswerState,
    InterviewState,
    ListState,
    OfferKind,
    OfferState,
    ParticipantState,
    RoundState,
    Stage,
    Verdict,
)


class Round(models.Model):
    """One season, from preparation to confirmation. Its policy holds the rules."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rounds")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="rounds")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="rounds")
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=150, blank=True)
    quota_year = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=RoundState, default=RoundState.DRAFT)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.FIRST)
    # Whose confirmed pairs look for second mentors here.
    first_round = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="second_rounds"
    )
    supplements = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="supplements_of"
    )
    # Drawn when students start; only its SHA-256 is shown until the lists are closed.
    seed = models.CharField(max_length=64, blank=True)
    seed_commitment = models.CharField(max_length=64, blank=True)
    seed_published_at = models.DateTimeField(null=True, blank=True)
    answers_close_at = models.DateTimeField(null=True, blank=True)
    official_run = models.ForeignKey(
        "decisions.Run", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RoundState.values), name="round_state_is_known"
            ),
            models.UniqueConstraint(fields=["unit", "name_zh"], name="round_name_in_unit"),
            models.CheckConstraint(
                condition=Q(stage=Stage.FIRST, first_round__isnull=True)
                | Q(stage=Stage.SECOND, first_round__isnull=False),
                name="second_stage_follows_a_round",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localized(self.name_zh, self.name_en)


class RouteCalendar(models.Model):
    """When students of one admission route choose, and mentors answer them."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="calendars")
    route = models.CharField(max_length=20, choices=Route)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "route"], name="one_calendar_a_route"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="route_closes_after_it_opens"
            ),
        ]

    def __str__(self) -> str:
        return f"{Route(self.route).label} {self.opens_at:%Y-%m-%d} – {self.closes_at:%Y-%m-%d}"


class Offer(models.Model):
    """What a student ranks: places of a mentor or of a fixed team."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="offers")
    mentor = models.ForeignKey(Mentor, models.PROTECT, null=True, blank=True, related_name="offers")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="offers")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="offers")
    number = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=OfferKind, default=OfferKind.DIRECTION)
    track = models.CharField(max_length=10, choices=Track)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    requirements_zh = models.TextField(blank=True)
    requirements_en = models.TextField(blank=True)
    places = models.PositiveSmallIntegerField()
    places_min = models.PositiveSmallIntegerField(default=0)
    # How many places of the mentor's and the units' limits one student here takes.
    weight = models.PositiveSmallIntegerField(default=1)
    routes = ArrayField(models.CharField(max_length=20, choices=Route), default=list, blank=True)
    degree_types = ArrayField(
        models.CharField(max_length=20, choices=DegreeType), default=list, blank=True
    )
    discipline = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=OfferState, default=OfferState.DRAFT)
    search = SearchVectorField(null=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="offer_number_in_round"),
            models.CheckConstraint(
                condition=Q(mentor__isnull=False, team__isnull=True)
                | Q(mentor__isnull=True, team__isnull=False),
                name="offer_of_a_mentor_or_a_team",
            ),
            models.CheckConstraint(
                condition=Q(places_min__lte=F("places")), name="offer_least_within_most"
            ),
            models.CheckConstraint(condition=Q(weight__gte=1), name="offer_weighs_something"),
        ]
        indexes = [
            GinIndex(fields=["search"], name="offer_search"),
            GinIndex(fields=["search_text"], name="offer_substring", opclasses=["gin_trgm_ops"]),
            models.Index(fields=["round", "state"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return localized(self.title_zh, self.title_en)

    @property
    def node(self) -> dict[str, Any]:
        """The mentor or the team, as columns to filter by."""
        return {"mentor_id": self.mentor_id, "team_id": self.team_id}

    @property
    def node_id(self) -> str:
        """Who ranks applicants: ``m<key>`` of a mentor or ``t<key>`` of a team."""
        return f"m{self.mentor_id}" if self.mentor_id else f"t{self.team_id}"

    @property
    def supervisors(self) -> tuple[Mentor, ...]:
        """The mentor, or both mentors of the team."""
        return (self.team.first, self.team.second) if self.team else (self.mentor,)  # type: ignore[return-value]


class Participant(models.Model):
    """A student in a round, with the list being written."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="participants")
    student = models.ForeignKey(Student, models.PROTECT, related_name="participations")
    state = models.CharField(
        max_length=10, choices=ParticipantState, default=ParticipantState.ACTIVE
    )
    list_state = models.CharField(max_length=10, choices=ListState, default=ListState.DRAFT)
    list_version = models.PositiveIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True, blank=True)
    accepts_adjustment = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "student"], name="student_once_in_a_round")
        ]

    def __str__(self) -> str:
        return str(self.student)

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class Preference(models.Model):
    """One choice. Positions count from 1 and are strict."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="preferences")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="preferences")
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "offer"], name="choice_once"),
            models.UniqueConstraint(
                fields=["participant", "position"],
                name="one_choice_at_each_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="positions_count_from_one"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}. {self.offer}"


class Answer(models.Model):
    """What a mentor or a team answers in a round: one list over all their offers."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    round = models.ForeignKey(Round, models.CASCADE, related_name="answers")
    mentor = models.ForeignKey(
        Mentor, models.PROTECT, null=True, blank=True, related_name="answers"
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="answers")
    # Held on the quota account; ``places_limit`` is the most the mentor wants in this round.
    places = models.PositiveSmallIntegerField(default=0)
    places_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    places_min = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=AnswerState, default=AnswerState.OPEN)
    version = models.PositiveIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    by_proxy = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "mentor"],
                name="one_answer_a_mentor",
                condition=Q(mentor__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["round", "team"], name="one_answer_a_team", condition=Q(team__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(mentor__isnull=False, team__isnull=True)
                | Q(mentor__isnull=True, team__isnull=False),
                name="answer_of_a_mentor_or_a_team",
            ),
        ]

    def __str__(self) -> str:
        return str(self.mentor or self.team)

    @property
    def node(self) -> dict[str, Any]:
        """The mentor or the team, as columns to filter by."""
        return {"mentor_id": self.mentor_id, "team_id": self.team_id}

    @property
    def node_id(self) -> str:
        """``m<key>`` of a mentor or ``t<key>`` of a team, as in `Offer.node_id`."""
        return f"m{self.mentor_id}" if self.mentor_id else f"t{self.team_id}"

    @property
    def supervisors(self) -> tuple[Mentor, ...]:
        """The mentor, or both mentors of the team."""
        return (self.team.first, self.team.second) if self.team else (self.mentor,)  # type: ignore[return-value]

    @property
    def reference(self) -> str:
        """What its places are held for on the quota accounts."""
        return f"answer:{self.public_id}"

    @property
    def owning_unit(self) -> Unit:
        """The mentor's or the team's unit."""
        return self.mentor.unit if self.mentor else self.team.unit  # type: ignore[union-attr]


class AnswerLine(models.Model):
    """A mentor's word on one applicant. Equal ``tier`` is a tie; 1 is best."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="lines")
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="answer_lines")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.UNDECIDED)
    tier = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "participant"], name="one_word_each"),
            models.CheckConstraint(
                condition=Q(tier__isnull=True) | Q(tier__gte=1), name="tiers_count_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant}: {Verdict(self.verdict).label}"


class Interview(models.Model):
    """A conversation before the answer, where the policy has interviews."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    answer = models.ForeignKey(Answer, models.CASCADE, related_name="interviews")
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="interviews")
    starts_at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=InterviewState, default=InterviewState.INVITED)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "participant"], name="one_interview_each")
        ]

    def __str__(self) -> str:
        return f"{self.answer} / {self.participant}"
