"""Permissions: departments, curricula, wards and what the regional platform says."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role

PLANNERS = (Role.RESIDENCY_OFFICE, Role.GRADUATE_OFFICER)
WARD_OFFICES = (*PLANNERS, Role.PARTNER_OFFICER)
WARD_KEEPERS = (*WARD_OFFICES, Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY)
WARD_READERS = (
    *WARD_KEEPERS, Role.BEDSIDE_TEACHER, Role.DISCIPLINE_LEAD, Role.LEADER, Role.INSPECTOR,
)  # fmt: skip
CURRICULUM_READERS = (*WARD_READERS, Role.MENTOR, Role.STUDENT_ADVISER, Role.STUDENT)

is_planner = has_role(*PLANNERS)
runs_wards = has_role(*WARD_OFFICES)
keeps_wards = has_role(*WARD_KEEPERS)
reads_wards = has_role(*WARD_READERS)
reads_intake = has_role(*WARD_KEEPERS, Role.BEDSIDE_TEACHER)
reads_curricula = has_role(*CURRICULUM_READERS)


@rules.predicate
def plans_somewhere(actor: Any, obj: Any = None) -> bool:
    """The actor plans rotations on any unit: trainees go to the wards of every partner."""
    return bool(is_planner(actor))


@rules.predicate
def is_in_force(actor: Any, obj: Any = None) -> bool:
    """The curriculum is no draft, and the actor reads curricula somewhere."""
    return bool(reads_curricula(actor)) and (obj is None or obj.state != "draft")


grant(
    "rotations.view_departments",
    reads_curricula,
    reason=_("Only those who take part in training see the list of departments."),
)
grant(
    "rotations.manage_departments",
    is_planner,
    reason=_("Only the residency office and the graduate school keep the list of departments."),
)
grant(
    "rotations.view_curricula",
    reads_curricula,
    reason=_("Only those who take part in training see the curricula."),
)
grant(
    "rotations.view_curriculum",
    is_in_force | is_planner,
    reason=_("A draft is seen by the residency office and the graduate school that write it."),
)
grant(
    "rotations.manage_curricula",
    is_planner,
    reason=_("Only the residency office and the graduate school write curricula."),
)
grant(
    "rotations.view_wards",
    reads_wards,
    reason=_("Only the staff of the hospitals and the graduate school see the wards."),
)
grant(
    "rotations.view_ward",
    reads_wards | plans_somewhere,
    reason=_("Only the staff of this ward's unit and those who plan rotations see it."),
)
grant(
    "rotations.manage_wards",
    runs_wards,
    reason=_(
        "Only the residency office, the graduate school or the partner opens and closes wards."
    ),
)
grant(
    "rotations.keep_ward",
    keeps_wards,
    reason=_("Only the offices and secretaries of this ward's unit keep its places."),
)
grant(
    "rotations.view_intake",
    reads_intake,
    reason=_("Only the offices, secretaries and bedside teachers of this ward see who comes."),
)
grant(
    "rotations.keep_regional",
    is_planner,
    reason=_(
        "Only the residency office and the graduate school compare with the regional platform."
    ),
)
