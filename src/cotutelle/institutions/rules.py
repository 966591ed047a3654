"""Who sees and changes units and their calendars."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import STAFF_ROLES, Role
from cotutelle.people.rules import has_role, is_administrator, is_officer

is_keeper = is_administrator | is_officer | has_role(Role.PARTNER_OFFICER)

grant(
    "institutions.view_units",
    # Partners know each other: the tree of names is open to all staff.
    has_role(*sorted(STAFF_ROLES)),
    reason=_("Only staff see the units of all partners."),
)
grant(
    "institutions.change_unit",
    is_keeper,
    reason=_(
        "Only a system administrator, the graduate school or the partner's officer above this unit changes it."
    ),
)
grant(
    "institutions.change_calendar",
    is_keeper,
    reason=_(
        "Only a system administrator, the graduate school or the partner's officer changes this calendar."
    ),
)
