"""Tasks, authorisations and approvals for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cotutelle.core.clock import now, today
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.workflow import approvals, kinds
from cotutelle.workflow.models import ProxyAuthorisation, Task
from cotutelle.workflow.services import authorise, open_task
from tests.factories.files import upload

kinds.register("test.list", title="Submit the list of %(round)s", label="Submit the list")
kinds.register("test.answer", title="Answer", label="Answer")


def _may_decide(actor: Any, approval: Any) -> str | None:
    return None if actor.unit_id != approval.unit_id else "Only another unit decides this."


DECIDED: list[tuple[int, str, int]] = []


def _on_decided(approval: Any, actor: Any) -> None:
    DECIDED.append((approval.pk, approval.state, actor.pk))


approvals.register(
    "test.override",
    may_decide=_may_decide,
    on_decided=_on_decided,
    title="Assign %(student)s",
)


def make_task(
    person: Person, *, unit: Unit | None = None, due_in: dt.timedelta | None = None, **values: Any
) -> Task:
    """Return an open task of ``person`` about a unit."""
    subject = unit or person.unit
    assert subject is not None
    given: dict[str, Any] = {
        "kind": "test.list",
        "subject": subject,
        "unit": subject,
        "due_at": now() + due_in if due_in is not None else None,
        "params": {"round": {"zh": "2026 年双选", "en": "Selection 2026"}},
    }
    return open_task(assignee=person, **(given | values))


def make_proxy(principal: Person, agent: Person, **values: Any) -> ProxyAuthorisation:
    """Return an authorisation in force, recorded by the principal."""
    given: dict[str, Any] = {
        "starts_on": today() - dt.timedelta(days=1),
        "ends_on": today() + dt.timedelta(days=30),
        "document": upload(),
        "actor": principal,
    }
    return authorise(principal, agent, **(given | values))
