"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cotutelle.core.clock import now
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import blank_in, words_of
from cotutelle.people.models import Person
from cotutelle.workflow.enums import ProxyState
from cotutelle.workflow.models import Approval, ProxyAct, ProxyAuthorisation, Task


def export_workflow(person: Person) -> dict[str, Any]:
    """Return the person's tasks, authorisations, what was done for them, and approvals."""
    proxies = ProxyAuthorisation.objects.filter(Q(principal=person) | Q(agent=person))
    acts = ProxyAct.objects.filter(authorisation__in=proxies).order_by("id")
    approvals = Approval.objects.filter(Q(requested_by=person) | Q(decided_by=person))
    return {
        "tasks": [
            {"title": task.title, "state": task.state, "due_at": task.due_at}
            for task in Task.objects.filter(assignee=person).order_by("id")
        ],
        "proxies": list(proxies.order_by("id").values("starts_on", "ends_on", "state")),
        "acts": list(acts.values("action", "at", "objected_at", "objection")),
        "approvals": list(approvals.order_by("id").values("kind", "state", "requested_at", "note")),
    }


def erase_workflow(person: Person) -> None:
    """Delete the person's tasks, end authorisations, destroy what they wrote."""
    words = words_of(person)
    Task.objects.filter(assignee=person).delete()
    proxies = ProxyAuthorisation.objects.filter(Q(principal=person) | Q(agent=person))
    proxies.filter(state=ProxyState.ACTIVE).update(state=ProxyState.REVOKED, revoked_at=now())
    for proxy in proxies:
        destroy_payloads(proxy)
    ProxyAct.objects.filter(authorisation__principal=person).update(objection="")
    Approval.objects.filter(decided_by=person).update(note="")
    blank_in(Task.objects.all(), "params", words)
    blank_in(Approval.objects.all(), "params", words)


register_exporter("workflow", export_workflow)
register_eraser("workflow", erase_workflow)
