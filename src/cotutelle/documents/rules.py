"""Who sees, archives and voids papers."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.documents.kinds import known_kinds, private_kinds
from cotutelle.documents.models import Document
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role, is_office

LOOKING_ROLES = (
    Role.GRADUATE_OFFICER,
    Role.DEPARTMENT_SECRETARY,
    Role.PARTNER_OFFICER,
    Role.BASE_SECRETARY,
    Role.RESIDENCY_OFFICE,
    Role.SYSTEM_ADMINISTRATOR,
    Role.LEADER,
    Role.INSPECTOR,
)
looks_at_papers = has_role(*LOOKING_ROLES)


@rules.predicate
def issued_it(actor: Any, document: Any = None) -> bool:
    """The actor issued the paper; anybody may have issued one."""
    return document is None or document.issued_by_id == actor.pk


@rules.predicate
def its_room_shows_it(actor: Any, document: Any = None) -> bool:
    """The room that issues such papers shows this one to the actor."""
    if document is None:
        return True
    kind = known_kinds().get(document.kind)
    if kind is None or kind.visible is None:
        return False
    return Document.objects.filter(kind.visible(actor), pk=document.pk).exists()


@rules.predicate
def is_for_offices(actor: Any, document: Any = None) -> bool:
    """Papers of this kind are for the offices of their unit to see."""
    return document is None or document.kind not in private_kinds()


grant(
    "documents.view_document",
    issued_it | (is_for_offices & looks_at_papers) | its_room_shows_it,
    reason=_("Only those whom a paper concerns, and the offices of its unit, open it."),
)
grant(
    "documents.archive_document",
    is_office,
    reason=_("Only the offices of the unit archive a sealed paper."),
)
grant(
    "documents.void_document",
    is_office,
    reason=_("Only the offices of the unit declare a paper void."),
)
