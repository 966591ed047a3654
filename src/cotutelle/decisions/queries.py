"""Reading policies and runs."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Model, Q, QuerySet

from cotutelle.decisions.access import known_kinds
from cotutelle.decisions.enums import PolicyState, RunState
from cotutelle.decisions.models import Policy, Run, Snapshot
from cotutelle.decisions.rules import LOOKING_ROLES
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person


def visible_to(actor: Person) -> QuerySet[Run]:
    """Return the runs ``actor`` supervises, and those their rooms let them see."""
    units = [g.unit for g in actor.active_grants if g.role in LOOKING_ROLES]
    found = below(units)
    for name, kind in known_kinds().items():
        if kind.visible is not None:
            found |= Q(kind=name) & kind.visible(actor)
    return _runs().filter(found)


def policies_visible_to(actor: Person) -> QuerySet[Policy]:
    """Return the policies of the institutions ``actor`` has a role in: at, above or below."""
    grants = actor.active_grants
    found = below([g.unit for g in grants])
    above = {int(key) for g in grants for key in g.unit.path.split("/") if key}
    return Policy.objects.filter(found | Q(unit__in=above)).select_related("unit", "created_by")


def active_policies(unit: Unit, kind: str) -> QuerySet[Policy]:
    """Return the policies of ``kind`` in force at ``unit`` or above it."""
    keys = [int(key) for key in unit.path.split("/") if key]
    return Policy.objects.filter(kind=kind, unit__in=keys, state=PolicyState.ACTIVE)


def runs_of(subject: Model, kind: str = "") -> QuerySet[Run]:
    """Return the runs about ``subject``, newest first."""
    found = _runs().filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return (found.filter(kind=kind) if kind else found).order_by("-number", "-id")


def official_run(subject: Model, kind: str) -> Run | None:
    """Return the run of ``kind`` that counts for ``subject``."""
    return runs_of(subject, kind).filter(state=RunState.OFFICIAL).first()


def snapshot_data(snapshot: Snapshot) -> Any:
    """Return the inputs a snapshot keeps."""
    return json.loads(snapshot.body)


def _runs() -> QuerySet[Run]:
    return Run.objects.select_related("policy", "snapshot", "unit", "started_by").defer(
        "snapshot__body", "certificate", "result"
    )
