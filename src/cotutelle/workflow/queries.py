"""Reading tasks, authorisations and approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Model, Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.core.clock import now, today
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.people.queries import active
from cotutelle.workflow.approvals import kind_of
from cotutelle.workflow.enums import ApprovalState, ProxyState, TaskState
from cotutelle.workflow.models import Approval, ProxyAct, ProxyAuthorisation, Task
from cotutelle.workflow.rules import BOARD_ROLES, OFFICE_ROLES

EARLIEST_FIRST = (F("due_at").asc(nulls_last=True), "id")


# ---------------------------------------------------------------- tasks


def open_for(person: Person) -> QuerySet[Task]:
    """Return what ``person`` has to do, most urgent first."""
    return (
        Task.objects.filter(assignee=person, state=TaskState.OPEN)
        .select_related("unit")
        .order_by(*EARLIEST_FIRST)
    )


def tasks_of(person: Person) -> QuerySet[Task]:
    """Return everything ``person`` had or has to do."""
    return Task.objects.filter(assignee=person).select_related("unit")


def open_count(person: Person) -> tuple[int, int]:
    """Return how many tasks ``person`` has, and how many of them are overdue."""
    found = Task.objects.filter(assignee=person, state=TaskState.OPEN).aggregate(
        all=Count("id"), late=Count("id", filter=Q(due_at__lt=now()))
    )
    return found["all"], found["late"]


def board(actor: Person) -> QuerySet[Task]:
    """Return open tasks in the units ``actor`` looks after: overdue first."""
    units = [g.unit for g in actor.active_grants if g.role in BOARD_ROLES]
    return (
        Task.objects.filter(below(units), state=TaskState.OPEN)
        .select_related("assignee", "unit")
        .order_by(*EARLIEST_FIRST)
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """How much is owed of a kind, in a unit or by a person."""

    key: str
    total: int
    late: int


def owed_by_kind(tasks: QuerySet[Task]) -> list[Owed]:
    """Count ``tasks`` by kind, most overdue first."""
    return _counted(tasks, "kind")


def owed_by_unit(tasks: QuerySet[Task]) -> list[tuple[Unit, Owed]]:
    """Count ``tasks`` by unit, most overdue first."""
    rows = _counted(tasks, "unit_id")
    units = Unit.objects.in_bulk([int(row.key) for row in rows])
    return [(units[int(row.key)], row) for row in rows]


def _counted(tasks: QuerySet[Task], field: str) -> list[Owed]:
    rows = (
        tasks.order_by()
        .values_list(field)
        .annotate(total=Count("id"), late=Count("id", filter=Q(due_at__lt=now())))
        .order_by("-late", "-total", field)
    )
    return [Owed(str(key), total, late) for key, total, late in rows]


def tasks_due_soon(before: dt.datetime) -> QuerySet[Task]:
    """Return open tasks due before ``before`` whose people were not told of that yet."""
    return Task.objects.filter(
        state=TaskState.OPEN,
        due_at__gt=now(),
        due_at__lte=before,
        due_soon_told_at__isnull=True,
    ).select_related("assignee", "unit")


# ---------------------------------------------------------------- proxies


def principals_of(agent: Person, day: dt.date | None = None) -> QuerySet[Person]:
    """Return the people ``agent`` may act for on ``day`` (today without one)."""
    found = _in_force(day or today()).filter(agent=agent)
    return Person.objects.filter(pk__in=found.values("principal"), is_active=True).order_by(
        "name_sort", "id"
    )


def authorisation_of(
    agent: Person, principal: Person, day: dt.date | None = None
) -> ProxyAuthorisation | None:
    """Return the authorisation by which ``agent`` may act for ``principal`` on ``day``."""
    return _in_force(day or today()).filter(agent=agent, principal=principal).first()


def principals_now(agent: Person) -> tuple[Person, ...]:
    """Return whom ``agent`` may act for today; read once per request, as roles are."""
    known: tuple[Person, ...] | None = agent.__dict__.get("_principals_now")
    if known is None:
        known = agent.__dict__["_principals_now"] = tuple(principals_of(agent))
    return known


def _in_force(day: dt.date) -> QuerySet[ProxyAuthorisation]:
    return ProxyAuthorisation.objects.filter(
        state=ProxyState.ACTIVE, starts_on__lte=day, ends_on__gte=day
    )


def proxies_visible_to(actor: Person) -> QuerySet[ProxyAuthorisation]:
    """Return authorisations by or for the actor, and those of units whose office they hold."""
    units = [g.unit for g in actor.active_grants if g.role in OFFICE_ROLES]
    return (
        ProxyAuthorisation.objects.filter(Q(principal=actor) | Q(agent=actor) | below(units))
        .select_related("principal", "agent", "unit", "document")
        .annotate(acts_count=Count("acts"))
    )


def acts_for(principal: Person) -> QuerySet[ProxyAct]:
    """Return what was done in the name of ``principal``, newest first."""
    return (
        ProxyAct.objects.filter(authorisation__principal=principal)
        .select_related("authorisation__agent", "authorisation__principal")
        .order_by("-id")
    )


def acts_visible_to(actor: Person) -> QuerySet[ProxyAct]:
    """Return acts under authorisations the actor may see, newest first."""
    return (
        ProxyAct.objects.filter(authorisation__in=proxies_visible_to(actor).values("pk"))
        .select_related("authorisation__agent", "authorisation__principal")
        .order_by("-id")
    )


def principals_by_approval(approvals: Iterable[Approval]) -> dict[int, Person]:
    """Return in whose name approvals were decided by proxy, by their key; one query."""
    acts = ProxyAct.objects.filter(
        subject_type=Approval._meta.label_lower, subject_id__in=[one.pk for one in approvals]
    )
    rows = acts.select_related("authorisation__principal").order_by("id")
    return {act.subject_id: act.authorisation.principal for act in rows}


def act_on(subject: Model) -> ProxyAct | None:
    """Return the last act by proxy on ``subject``: for the mark 代办 beside it."""
    return (
        ProxyAct.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
        .select_related("authorisation__agent", "authorisation__principal")
        .order_by("-id")
        .first()
    )


# ---------------------------------------------------------------- approvals


def why_not_decide(actor: Person, approval: Approval) -> str | None:
    """Return why ``actor`` may not decide; ``None`` when they may."""
    if approval.requested_by_id == actor.pk:
        return _("Whoever asks for an approval does not decide it.")
    kind = kind_of(approval.kind)
    if kind is None:
        return _("No rule says who decides this.")
    return kind.may_decide(actor, approval)


def principal_of(actor: Person, approval: Approval) -> Person | None:
    """Return in whose name ``actor`` would decide; ``None`` for their own."""
    kind = kind_of(approval.kind)
    if kind is None or kind.stands_for is None:
        return None
    found: Person | None = kind.stands_for(actor, approval)
    return found


def waiting_for(actor: Person) -> list[Approval]:
    """Return the approvals that wait for a decision ``actor`` may take."""
    pending = _approvals().filter(state=ApprovalState.PENDING).exclude(requested_by=actor)
    return [a for a in pending.order_by("id") if why_not_decide(actor, a) is None]


def approvals_visible_to(actor: Person, waiting: Sequence[int] | None = None) -> QuerySet[Approval]:
    """
    Return approvals the actor asked for, took, may take, or whose unit's office they hold.

    ``waiting`` spares asking again which ones wait for the actor.
    """
    units = [g.unit for g in actor.active_grants if g.role in OFFICE_ROLES]
    mine = [a.pk for a in waiting_for(actor)] if waiting is None else waiting
    return _approvals().filter(
        Q(requested_by=actor) | Q(decided_by=actor) | Q(pk__in=mine) | below(units)
    )


def approvals_of(subject: Model, kind: str = "") -> QuerySet[Approval]:
    """Return the approvals about ``subject``, newest first."""
    found = _approvals().filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return (found.filter(kind=kind) if kind else found).order_by("-id")


def _approvals() -> QuerySet[Approval]:
    return Approval.objects.select_related("unit", "requested_by", "decided_by")


# ---------------------------------------------------------------- whom a form offers


def possible_principals(actor: Person) -> QuerySet[Person]:
    """Return whom ``actor`` may record an authorisation for: themselves, mentors of their units."""
    units = [g.unit for g in actor.active_grants if g.role in OFFICE_ROLES]
    mentors = active(RoleGrant.objects.filter(below(units), role=Role.MENTOR))
    return Person.objects.filter(
        Q(pk=actor.pk) | (Q(pk__in=mentors.values("person")) & below(units)),
        is_active=True,
        unit__isnull=False,
    ).order_by("name_sort", "id")


def possible_agents() -> QuerySet[Person]:
    """Return who may stand in for others: people of the offices."""
    offices = active(RoleGrant.objects.filter(role__in=OFFICE_ROLES))
    return Person.objects.filter(pk__in=offices.values("person"), is_active=True).order_by(
        "name_sort", "id"
    )
