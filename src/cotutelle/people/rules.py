"""Predicates on roles. A grant covers its unit and what lies below it."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role


def unit_of(obj: Any) -> Any:
    """Return the unit that owns ``obj``: ``obj.owning_unit``, ``obj.unit`` or a unit itself."""
    if hasattr(obj, "path") and hasattr(obj, "parent_id"):
        return obj
    return getattr(obj, "owning_unit", None) or getattr(obj, "unit", None)


def has_role(*roles: Role) -> Any:
    """
    Return a predicate: the actor holds one of ``roles`` on a unit at or above the object's.

    Without an object: on any unit. An object without a unit is nobody's by role.
    """

    @rules.predicate(f"has_role:{'|'.join(roles)}")
    def holds(actor: Any, obj: Any = None) -> bool:
        grants = [g for g in getattr(actor, "active_grants", ()) if g.role in roles]
        if obj is None or not grants:
            return bool(grants)
        unit = unit_of(obj)
        return unit is not None and any(unit.path.startswith(g.unit.path) for g in grants)

    return holds


@rules.predicate
def is_self(actor: Any, obj: Any = None) -> bool:
    """The object is the actor, or belongs to the actor (``obj.person``)."""
    if obj is None:
        return True
    return bool(actor == obj or getattr(obj, "person_id", None) == actor.pk)


OFFICE_ROLES = (
    Role.GRADUATE_OFFICER,
    Role.DEPARTMENT_SECRETARY,
    Role.PARTNER_OFFICER,
    Role.BASE_SECRETARY,
    Role.RESIDENCY_OFFICE,
)
LOOKING_ROLES = (Role.LEADER, Role.INSPECTOR, Role.DISCIPLINE_LEAD, Role.STUDENT_ADVISER)
GRANTING_ROLES = (Role.SYSTEM_ADMINISTRATOR, Role.GRADUATE_OFFICER)
KEEPING_ROLES = (Role.SYSTEM_ADMINISTRATOR, *OFFICE_ROLES)
VIEWING_ROLES = (Role.SYSTEM_ADMINISTRATOR, *OFFICE_ROLES, *LOOKING_ROLES)

is_administrator = has_role(Role.SYSTEM_ADMINISTRATOR)
is_officer = has_role(Role.GRADUATE_OFFICER)
is_office = has_role(*OFFICE_ROLES)
may_look = has_role(*LOOKING_ROLES)

grant(
    "people.view_people",
    is_administrator | is_office | may_look,
    reason=_("Only staff see the list of people of their unit."),
)
grant(
    "people.view_person",
    is_self | is_administrator | is_office | may_look,
    reason=_("Only the person and the staff of their unit see this page."),
)
grant(
    "people.change_person",
    is_administrator | is_office,
    reason=_("Only the offices of a person's unit change their record."),
)
grant(
    "people.grant_role",
    is_administrator | is_officer,
    reason=_("Only a system administrator or the graduate school gives roles."),
)
grant(
    "people.export_person",
    is_self | is_administrator,
    reason=_("Only the person and the system administrator take out all data of a person."),
)
grant(
    "people.manage_tokens",
    is_self,
    reason=_("Everybody keeps their own tokens."),
)
grant(
    "people.remove_second_factor",
    is_administrator,
    reason=_("Only a system administrator removes the second factor of somebody else."),
)
grant(
    "people.erase_person",
    is_administrator,
    reason=_("Only a system administrator erases a person's data."),
)
