"""Lives of tasks, proxies and approvals."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskState(models.TextChoices):
    """Where a task is."""

    OPEN = "open", _("To do")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("No longer needed")


TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.CANCELLED}),
    TaskState.DONE: frozenset(),
    TaskState.CANCELLED: frozenset(),
}


class ProxyState(models.TextChoices):
    """Whether an authorisation holds."""

    ACTIVE = "active", _("In force")
    REVOKED = "revoked", _("Revoked")


PROXY_TRANSITIONS: dict[ProxyState, frozenset[ProxyState]] = {
    ProxyState.ACTIVE: frozenset({ProxyState.REVOKED}),
    ProxyState.REVOKED: frozenset(),
}


class ApprovalState(models.TextChoices):
    """Where a request for approval is."""

    PENDING = "pending", _("Waiting for a decision")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


APPROVAL_TRANSITIONS: dict[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.PENDING: frozenset(
        {ApprovalState.APPROVED, ApprovalState.REFUSED, ApprovalState.WITHDRAWN}
    ),
    ApprovalState.APPROVED: frozenset(),
    ApprovalState.REFUSED: frozenset(),
    ApprovalState.WITHDRAWN: frozenset(),
}
