"""Who owes what, who stands in for whom, and who must agree."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from cotutelle.core.clock import now
from cotutelle.core.ids import new_public_id
from cotutelle.ledger.concerning import person_concerned
from cotutelle.people.models import Person
from cotutelle.workflow.enums import ApprovalState, ProxyState, TaskState


class Task(models.Model):
    """Something a person has to do by a time; open at most once for the same thing."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    assignee = models.ForeignKey("people.Person", models.CASCADE, related_name="tasks")
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="tasks")
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    due_soon_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignee", "kind", "subject_type", "subject_id"],
                condition=Q(state="open"),
                name="one_open_task_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state__in=["done", "cancelled"], closed_at__isnull=False),
                name="task_closed_has_an_end",
            ),
        ]
        indexes = [
            models.Index(
                fields=["assignee", "due_at"], condition=Q(state="open"), name="task_open_of"
            ),
            models.Index(fields=["unit", "due_at"], condition=Q(state="open"), name="task_open_in"),
            models.Index(fields=["subject_type", "subject_id", "kind"], name="task_subject"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What is to be done, in the active language."""
        from cotutelle.workflow.kinds import title_of  # noqa: PLC0415

        return title_of(self.kind, self.params)

    @property
    def is_overdue(self) -> bool:
        """Whether the time has passed."""
        return self.state == TaskState.OPEN and self.due_at is not None and self.due_at < now()


class ProxyAuthorisation(models.Model):
    """The right of ``agent`` to act for ``principal`` (代办), with the signed paper."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    principal = models.ForeignKey("people.Person", models.PROTECT, related_name="proxies_given")
    agent = models.ForeignKey("people.Person", models.PROTECT, related_name="proxies_held")
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="+")
    document = models.ForeignKey("files.StoredFile", models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=10, choices=ProxyState, default=ProxyState.ACTIVE)
    created_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="proxy_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=~Q(principal=F("agent")), name="proxy_needs_two_people"
            ),
            ExclusionConstraint(
                name="proxy_periods_do_not_overlap",
                expressions=[
                    ("principal", RangeOperators.EQUAL),
                    ("agent", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            F("ends_on"),
                            models.Value("[]"),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state="active"),
            ),
        ]
        indexes = [models.Index(fields=["agent", "principal"])]

    def __str__(self) -> str:
        return f"{self.agent} → {self.principal}"

    def holds_on(self, day: dt.date) -> bool:
        """Whether the agent may act on ``day``."""
        return self.state == ProxyState.ACTIVE and self.starts_on <= day <= self.ends_on


class ProxyAct(models.Model):
    """One act of an agent; the principal may object until ``objection_until``."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    authorisation = models.ForeignKey(ProxyAuthorisation, models.PROTECT, related_name="acts")
    action = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    at = models.DateTimeField()
    objection_until = models.DateTimeField()
    objected_at = models.DateTimeField(null=True, blank=True)
    objection = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(objected_at__isnull=True) | Q(objected_at__lte=F("objection_until")),
                name="objection_in_time",
            )
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="proxy_act_subject")]

    def __str__(self) -> str:
        return self.action

    @property
    def may_be_objected(self) -> bool:
        """Whether the principal can still object."""
        return self.objected_at is None and now() <= self.objection_until


class Approval(models.Model):
    """A second pair of eyes: never those of the person who asked."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="approvals")
    requested_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ApprovalState, default=ApprovalState.PENDING)
    decided_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    params = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                condition=Q(state="pending"),
                name="one_pending_approval_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="approval_needs_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | Q(decided_by__isnull=False),
                name="approval_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state"])]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What is asked, in the active language."""
        from cotutelle.workflow.approvals import title_of  # noqa: PLC0415

        return title_of(self.kind, self.params)

    @property
    def concerns(self) -> Person | None:
        """Whose trace tells of it: the one person whom its subject concerns, if there is one."""
        return person_concerned(self.subject_type, self.subject_id)
