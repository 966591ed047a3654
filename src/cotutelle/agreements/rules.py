"""Who sees, keeps and fills an agreement: its two parties and nobody else."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import is_officer


@rules.predicate
def is_partner_office(actor: Any, obj: Any = None) -> bool:
    """The actor is a partner officer of the partner, above or below it; or of a unit itself."""
    units = [g.unit for g in getattr(actor, "active_grants", ()) if g.role == Role.PARTNER_OFFICER]
    if obj is None or not units:
        return bool(units)
    if (partner := getattr(obj, "partner", None)) is None:
        return any(u.covers(obj) for u in units)
    return any(u.covers(partner) or partner.covers(u) for u in units)


grant(
    "agreements.view_agreements",
    is_officer | is_partner_office,
    reason=_("Only the graduate school and the partner's office see agreements."),
)
grant(
    "agreements.view_agreement",
    is_officer | is_partner_office,
    reason=_("Only the graduate school and the partner's office see this agreement."),
)
grant(
    "agreements.manage_agreement",
    is_officer,
    reason=_("Only the graduate school that holds the agreement changes it."),
)
grant(
    "agreements.lend_mentors",
    is_officer | is_partner_office,
    reason=_("Only the graduate school and the partner's office say which mentors take part."),
)
grant(
    "agreements.import_mentors",
    is_officer | is_partner_office,
    reason=_("Only the graduate school and the partner's office say which mentors take part."),
)
