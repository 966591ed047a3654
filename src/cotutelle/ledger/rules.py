"""Who reads histories, and who keeps the log of them."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.ledger import access
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role, is_self

READERS = (Role.SYSTEM_ADMINISTRATOR, Role.INSPECTOR)
ISSUING = (Role.GRADUATE_OFFICER, Role.PARTNER_OFFICER, *READERS)


@rules.predicate
def keeps_the_log(actor: Any, obj: Any = None) -> bool:
    """The actor administers the whole consortium: there is one log for all of it."""
    return any(
        grant.role == Role.SYSTEM_ADMINISTRATOR and grant.unit.parent_id is None
        for grant in getattr(actor, "active_grants", ())
    )


@rules.predicate
def reads_by_room(actor: Any, obj: Any = None) -> bool:
    """Another room lets the actor read this person's record: mentors and the graduate school."""
    return obj is not None and access.may_read_trace(actor, obj)


grant(
    "ledger.view_history",
    has_role(*READERS),
    reason=_("Only system administrators and inspectors read the whole history."),
)
grant(
    "ledger.manage_log",
    keeps_the_log,
    reason=_("Only the system administrator of the consortium keeps the log."),
)
grant(
    "ledger.view_log",
    has_role(*READERS, Role.GRADUATE_OFFICER),
    reason=_("Only administrators, inspectors and the graduate school see how the log is."),
)
grant(
    "ledger.view_issued",
    has_role(*ISSUING),
    reason=_("Only the offices of an institution see what was logged in its name."),
)
grant(
    "ledger.view_trace",
    is_self | reads_by_room,
    reason=_("Only the person, their mentors and the graduate school read this record."),
)
