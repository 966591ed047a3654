"""What this room tells people."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cotutelle.ledger.actions import label
from cotutelle.notices.kinds import register
from cotutelle.notices.wording import Params, readable
from cotutelle.workflow.approvals import title_of as approval_title
from cotutelle.workflow.enums import ApprovalState
from cotutelle.workflow.kinds import title_of


def _line(task: dict[str, Any]) -> str:
    title = title_of(task["kind"], task["params"])
    if not task["due"]:
        return title
    return _("%(task)s, due %(time)s") % {"task": title, "time": readable(task["due"])}


def _reminder_title(params: Params) -> str:
    tasks = params["tasks"]
    if len(tasks) == 1:
        return _("Reminder: %(task)s") % {"task": title_of(tasks[0]["kind"], tasks[0]["params"])}
    return ngettext(
        "Reminder: %(count)d open task", "Reminder: %(count)d open tasks", len(tasks)
    ) % {"count": len(tasks)}


def _due_title(params: Params) -> str:
    tasks = params["tasks"]
    if len(tasks) == 1:
        return _("Due soon: %(task)s") % {"task": title_of(tasks[0]["kind"], tasks[0]["params"])}
    return ngettext("%(count)d task is due soon", "%(count)d tasks are due soon", len(tasks)) % {
        "count": len(tasks)
    }


def _lines(params: Params) -> str:
    return "\n".join(_line(task) for task in params["tasks"])


def _acted_title(params: Params) -> str:
    return _("%(agent)s acted for you: %(action)s") % {
        "agent": readable(params["agent"]),
        "action": label(params["action"]),
    }


def _objected_title(params: Params) -> str:
    return _("%(principal)s objects to what %(agent)s did: %(action)s") % {
        "principal": readable(params["principal"]),
        "agent": readable(params["agent"]),
        "action": label(params["action"]),
    }


def _decided_title(params: Params) -> str:
    asked = params["approval"]
    title = approval_title(asked["kind"], asked["params"])
    if params["state"] == ApprovalState.APPROVED:
        return _("Approved: %(title)s") % {"title": title}
    return _("Refused: %(title)s") % {"title": title}


register("workflow.reminder", title=_reminder_title, body=_lines, urgent=True)
register("workflow.due_soon", title=_due_title, body=_lines)
register(
    "workflow.proxy_authorised",
    title=gettext_lazy("%(agent)s may act for %(principal)s"),
    body=gettext_lazy("From %(from)s until %(until)s. Each act is marked and can be objected to."),
)
register(
    "workflow.proxy_revoked",
    title=gettext_lazy("%(agent)s may no longer act for %(principal)s"),
)
register(
    "workflow.acted_for_you",
    title=_acted_title,
    body=gettext_lazy("If this is not what you wanted, object until %(until)s."),
    urgent=True,
)
register("workflow.objected", title=_objected_title, body="%(objection)s")
register("workflow.approval_decided", title=_decided_title, body="%(note)s")
