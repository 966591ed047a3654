"""Who reads the whole history of a unit."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role

READERS = (Role.SYSTEM_ADMINISTRATOR, Role.INSPECTOR)

grant(
    "ledger.view_history",
    has_role(*READERS),
    reason=_("Only system administrators and inspectors read the whole history."),
)
