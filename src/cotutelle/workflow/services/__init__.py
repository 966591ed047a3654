"""Writing tasks, authorisations and approvals."""

from cotutelle.workflow.services.approving import (
    decide_approval,
    request_approval,
    withdraw_approval,
)
from cotutelle.workflow.services.proxying import (
    OBJECTION_WINDOW,
    act_for,
    authorise,
    object_to_act,
    revoke_authorisation,
)
from cotutelle.workflow.services.tasking import (
    Reminded,
    close_tasks,
    open_task,
    open_tasks,
    remind,
    tell_due_soon,
)

__all__ = [
    "OBJECTION_WINDOW",
    "Reminded",
    "act_for",
    "authorise",
    "close_tasks",
    "decide_approval",
    "object_to_act",
    "open_task",
    "open_tasks",
    "remind",
    "request_approval",
    "revoke_authorisation",
    "tell_due_soon",
    "withdraw_approval",
]
