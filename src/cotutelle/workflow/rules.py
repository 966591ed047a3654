"""Who reminds whom, who stands in for whom, who sees approvals."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role, is_administrator, is_office

OFFICE_ROLES = (
    Role.GRADUATE_OFFICER,
    Role.DEPARTMENT_SECRETARY,
    Role.PARTNER_OFFICER,
    Role.BASE_SECRETARY,
    Role.RESIDENCY_OFFICE,
)
BOARD_ROLES = (*OFFICE_ROLES, Role.SYSTEM_ADMINISTRATOR, Role.LEADER)
looks_at_board = has_role(*BOARD_ROLES)


@rules.predicate
def is_principal(actor: Any, proxy: Any = None) -> bool:
    """The actor is the one who is stood in for; anybody may be."""
    return proxy is None or proxy.principal_id == actor.pk


@rules.predicate
def is_agent(actor: Any, proxy: Any = None) -> bool:
    """The actor is the one who stands in."""
    return proxy is None or proxy.agent_id == actor.pk


@rules.predicate
def asked_for_it(actor: Any, approval: Any = None) -> bool:
    """The actor asked for the approval."""
    return approval is None or approval.requested_by_id == actor.pk


grant(
    "workflow.view_board",
    looks_at_board,
    reason=_("Only the offices of a unit see who owes what there."),
)
grant(
    "workflow.remind_task",
    is_office | is_administrator,
    reason=_("Only the offices of a unit remind its people."),
)
grant(
    "workflow.create_proxy",
    is_principal | is_office,
    reason=_("Only the person who is stood in for, or the office of their unit, records this."),
)
grant(
    "workflow.view_proxy",
    is_principal | is_agent | is_office | is_administrator,
    reason=_("Only the two people concerned and the office of the unit see this authorisation."),
)
grant(
    "workflow.revoke_proxy",
    is_principal | is_agent | is_office,
    reason=_("Only the two people concerned and the office of the unit revoke this."),
)
grant(
    "workflow.object_to_act",
    is_principal,
    reason=_("Only the person who was stood in for may object."),
)
grant(
    "workflow.withdraw_approval",
    asked_for_it,
    reason=_("Only the person who asked for an approval withdraws it."),
)
