"""Mentors, what they may take, what they published, and whom they supervise."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import (
    ChangeState,
    EligibilityState,
    MentorCategory,
    MentorTitle,
    PairRecordKind,
    PairRole,
    PairState,
    QuotaLineKind,
    Signer,
    Track,
)
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student


class Mentor(models.Model):
    """A person appointed to supervise. One row per person, however many institutions."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="mentor")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="mentors")
    other_units = models.ManyToManyField(Unit, related_name="visiting_mentors", blank=True)
    category = models.CharField(max_length=20, choices=MentorCategory)
    title = models.CharField(max_length=20, choices=MentorTitle)
    track = models.CharField(max_length=20, choices=Track)
    discipline = models.CharField(max_length=100, blank=True)
    interests_zh = models.TextField(blank=True)
    interests_en = models.TextField(blank=True)
    bio_zh = models.TextField(blank=True)
    bio_en = models.TextField(blank=True)
    homepage = models.URLField(blank=True)
    retires_on = models.DateField(null=True, blank=True)
    is_archived = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.person)

    @property
    def display_name(self) -> str:
        """The person's name in the reader's language."""
        return self.person.display_name

    @property
    def interests(self) -> str:
        """Interests in the reader's language, or the other one."""
        return localized(self.interests_zh, self.interests_en)

    @property
    def bio(self) -> str:
        """What the mentor says about themselves, in the reader's language or the other one."""
        return localized(self.bio_zh, self.bio_en)

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.person


class Team(models.Model):
    """A fixed team of two mentors; in a round it is a mentor of its own, with its own list."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    first = models.ForeignKey(Mentor, models.PROTECT, related_name="teams_led")
    second = models.ForeignKey(Mentor, models.PROTECT, related_name="teams_joined")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="mentor_teams")
    name_zh = models.CharField(max_length=100, blank=True)
    name_en = models.CharField(max_length=100, blank=True)
    is_archived = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(first=F("second")), name="team_has_two_mentors"),
            models.UniqueConstraint(fields=["first", "second"], name="team_pair"),
        ]

    def __str__(self) -> str:
        return localized(self.name_zh, self.name_en) or f"{self.first}, {self.second}"


class Eligibility(models.Model):
    """Whether a mentor may take students in a year (招生资格年审)."""

    mentor = models.ForeignKey(Mentor, models.CASCADE, related_name="eligibilities")
    year = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, choices=EligibilityState, default=EligibilityState.PENDING
    )
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mentor", "year"], name="one_review_a_year")]

    def __str__(self) -> str:
        return f"{self.mentor} {self.year}: {EligibilityState(self.state).label}"

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.mentor.person


class Publication(models.Model):
    """A paper or project of a mentor: material for affinity."""

    mentor = models.ForeignKey(Mentor, models.CASCADE, related_name="publications")
    title = models.CharField(max_length=500)
    abstract = models.TextField(blank=True)
    authors = models.CharField(max_length=1000, blank=True)
    venue = models.CharField(max_length=300, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    doi = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=20, default="paste")
    fingerprint = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mentor", "fingerprint"], name="publication_once")
        ]
        ordering = [F("year").desc(nulls_last=True), "id"]

    def __str__(self) -> str:
        return self.title


class QuotaCap(models.Model):
    """Most students a mentor of this title and category may take in a year, under a unit."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="quota_caps")
    year = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=20, choices=MentorTitle)
    category = models.CharField(max_length=20, choices=MentorCategory)
    places = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "year", "title", "category"], name="one_cap_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {MentorTitle(self.title).label}: {self.places}"


class QuotaAccount(models.Model):
    """
    Places of a mentor *person* in a year, over all categories, rounds and institutions.

    ``granted`` places; of these ``held`` are offered in open rounds and ``seated`` are taken.
    The database keeps held + seated within granted, so no hand or race overspends.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    mentor = models.ForeignKey(Mentor, models.CASCADE, related_name="quota_accounts")
    year = models.PositiveSmallIntegerField()
    granted = models.PositiveSmallIntegerField(default=0)
    held = models.PositiveSmallIntegerField(default=0)
    seated = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mentor", "year"], name="one_account_a_year"),
            models.CheckConstraint(
                condition=Q(granted__gte=F("held") + F("seated")), name="quota_is_not_overspent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor} {self.year}"

    @property
    def owning_unit(self) -> Unit:
        """The mentor's own unit."""
        return self.mentor.unit

    @property
    def free(self) -> int:
        """Places neither offered nor taken."""
        return self.granted - self.held - self.seated


class QuotaLine(models.Model):
    """One signed movement of an account. Rows are only ever added."""

    account = models.ForeignKey(QuotaAccount, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10, choices=QuotaLineKind)
    places = models.PositiveSmallIntegerField()
    reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    actor = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(places__gt=0), name="quota_line_moves_places")
        ]
        indexes = [models.Index(fields=["account", "reference"])]

    def __str__(self) -> str:
        return f"{QuotaLineKind(self.kind).label} {self.places}"


class ConflictOfInterest(models.Model):
    """A mentor and a student who must not be matched (回避), with the ground."""

    mentor = models.ForeignKey(Mentor, models.CASCADE, related_name="conflicts")
    student = models.ForeignKey(Student, models.CASCADE, related_name="conflicts")
    ground = models.CharField(max_length=300)
    declared_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mentor", "student"], name="conflict_once")]

    def __str__(self) -> str:
        return f"{self.mentor} / {self.student}"


class Mentorship(models.Model):
    """
    A confirmed pair. ``is_first_responsible`` (第一责任人) need not be the first mentor.

    ``places`` is how many seats of the mentor's quota account it takes: none for a mentor found
    in a second stage, several where the offer weighed so much.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey(Student, models.PROTECT, related_name="mentorships")
    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="mentorships")
    role = models.CharField(max_length=10, choices=PairRole, default=PairRole.FIRST)
    is_first_responsible = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=PairState, default=PairState.ACTIVE)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    places = models.PositiveSmallIntegerField(default=1)
    reference = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "role"],
                condition=Q(state=PairState.ACTIVE),
                name="one_active_mentor_in_each_role",
            ),
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(state=PairState.ACTIVE, is_first_responsible=True),
                name="one_first_responsible_mentor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} – {self.mentor}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit answers for the pair."""
        return self.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class Pair(models.Model):
    """
    Two mentors of one student, and who answers for what.

    The first responsible mentor is marked on the `Mentorship`; who signs leave, claims and the
    thesis is settled here, apart from it.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    student = models.ForeignKey(Student, models.PROTECT, related_name="pairs")
    first = models.ForeignKey(Mentorship, models.PROTECT, related_name="pairs_led")
    second = models.ForeignKey(Mentorship, models.PROTECT, related_name="pairs_joined")
    agreement = models.ForeignKey(
        "agreements.Agreement", models.PROTECT, null=True, blank=True, related_name="pairs"
    )
    signs_leave = models.CharField(max_length=10, choices=Signer, default=Signer.FIRST)
    signs_claims = models.CharField(max_length=10, choices=Signer, default=Signer.FIRST)
    signs_thesis = models.CharField(max_length=10, choices=Signer, default=Signer.BOTH)
    state = models.CharField(max_length=10, choices=PairState, default=PairState.ACTIVE)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(state=PairState.ACTIVE),
                name="one_active_pair_a_student",
            ),
            models.CheckConstraint(
                condition=~Q(first=F("second")), name="pair_has_two_mentorships"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student}: {self.first.mentor}, {self.second.mentor}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit answers for the pair."""
        return self.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.student.person


class PairRecord(models.Model):
    """One entry of the pair's shared page; an arrangement holds once everybody has agreed."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    pair = models.ForeignKey(Pair, models.CASCADE, related_name="records")
    kind = models.CharField(max_length=12, choices=PairRecordKind)
    title = models.CharField(max_length=150)
    text = models.TextField(blank=True)
    due_on = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    attachment = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    author = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def owning_unit(self) -> Unit:
        """The student's unit."""
        return self.pair.owning_unit


class PairConsent(models.Model):
    """One party's agreement to an arrangement; asked of both mentors and the student."""

    record = models.ForeignKey(PairRecord, models.CASCADE, related_name="consents")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "person"], name="consent_once")]

    def __str__(self) -> str:
        return f"{self.record}: {self.person}"


class MentorChange(models.Model):
    """A student's request for another mentor."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    mentorship = models.ForeignKey(Mentorship, models.PROTECT, related_name="changes")
    to_mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="changes_in")
    state = models.CharField(max_length=15, choices=ChangeState, default=ChangeState.DRAFT)
    reason = models.TextField()
    is_confidential = models.BooleanField(default=False)
    evidence = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+"
    )
    old_mentor_agrees = models.BooleanField(null=True)
    old_mentor_note = models.TextField(blank=True)
    new_mentor_note = models.TextField(blank=True)
    college_note = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentorship"],
                condition=Q(state__in=["draft", "asked_new", "asked_old", "asked_college"]),
                name="one_open_change_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mentorship} → {self.to_mentor}"

    @property
    def owning_unit(self) -> Unit:
        """The student's unit decides."""
        return self.mentorship.student.unit

    @property
    def concerns(self) -> Person:
        """Whose trace tells of it."""
        return self.mentorship.student.person


class ChangeWindow(models.Model):
    """Days in which students under a unit may ask for another mentor."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="change_windows")
    opens_on = models.DateField()
    closes_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_on__gte=F("opens_on")), name="window_closes_after_it_opens"
            )
        ]

    def __str__(self) -> str:
        return f"{self.opens_on} – {self.closes_on}"
