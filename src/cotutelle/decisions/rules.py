"""Who makes policies, and who sees runs."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.decisions.access import kind_of
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role, is_administrator, is_officer

LOOKING_ROLES = (
    Role.SYSTEM_ADMINISTRATOR,
    Role.GRADUATE_OFFICER,
    Role.INSPECTOR,
    Role.LEADER,
)
looks_at_runs = has_role(*LOOKING_ROLES)


@rules.predicate
def its_room_allows(actor: Any, run: Any = None) -> bool:
    """The room of the decision lets the actor see it."""
    if run is None:
        return True
    kind = kind_of(run.kind)
    return kind is not None and kind.why_not(actor, run) is None


grant(
    "decisions.view_run",
    looks_at_runs | its_room_allows,
    reason=_(
        "Only those whom a decision concerns, and those who supervise it, see how it was made."
    ),
)
grant(
    "decisions.check_run",
    looks_at_runs,
    reason=_("Only the graduate school and those who supervise it check a decision again here."),
)
grant(
    "decisions.view_policy",
    has_role(*Role),
    reason=_("Only people with a role in the consortium read its policies."),
)
grant(
    "decisions.change_policy",
    is_officer | is_administrator,
    reason=_("Only the graduate school makes and retires policies."),
)
