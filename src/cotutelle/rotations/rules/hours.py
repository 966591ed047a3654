"""
Who reads and keeps hours.

Reporting is without blame: only those who can help read one person's hours, and nothing here
leads to a mark.
"""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.core.clock import today
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay, Ward

HOURS_ROLES = (Role.RESIDENCY_OFFICE, Role.GRADUATE_OFFICER)
WARD_ROLES = (Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY, Role.RESIDENCY_OFFICE)

FIGURE_ROLES = (*HOURS_ROLES, *WARD_ROLES, Role.LEADER, Role.INSPECTOR)

is_hours_office = has_role(*HOURS_ROLES)
is_ward_office = has_role(*WARD_ROLES)
may_read_aggregates = has_role(*FIGURE_ROLES)


def _student(obj: Any) -> Student | None:
    return obj if isinstance(obj, Student) else getattr(obj, "student", None)


@rules.predicate
def is_the_student(actor: Any, obj: Any = None) -> bool:
    """The hours are the actor's own."""
    if obj is None:
        return any(g.role == Role.STUDENT for g in getattr(actor, "active_grants", ()))
    student = _student(obj)
    return student is not None and student.person_id == actor.pk


@rules.predicate
def is_mentor_of(actor: Any, obj: Any = None) -> bool:
    """The actor supervises the student."""
    if obj is None:
        return any(g.role == Role.MENTOR for g in getattr(actor, "active_grants", ()))
    student = _student(obj)
    return (
        student is not None
        and Mentorship.objects.filter(
            student=student, mentor__person=actor, state="active"
        ).exists()
    )


@rules.predicate
def keeps_the_ward(actor: Any, obj: Any = None) -> bool:
    """The actor keeps the ward the thing is about, or the one where the student is today."""
    if obj is None:
        return bool(is_ward_office(actor, None))
    ward = obj if isinstance(obj, Ward) else getattr(obj, "ward", None)
    if ward is None and (student := _student(obj)) is not None:
        day = today()
        stay = Stay.objects.filter(
            participant__student=student, starts_on__lte=day, ends_on__gte=day
        ).select_related("ward__unit")
        ward = next((s.ward for s in stay), None)
    return ward is not None and bool(is_ward_office(actor, ward.unit))


grant(
    "rotations.log_hours",
    is_the_student,
    reason=_("Everybody logs only their own hours."),
)
grant(
    "rotations.view_hours",
    is_the_student | is_mentor_of | is_hours_office | keeps_the_ward,
    reason=_("Only the student, the mentors, the ward and the residency office read these hours."),
)
grant(
    "rotations.list_hours",
    is_mentor_of | is_hours_office | keeps_the_ward,
    reason=_("Only the mentors, the wards and the residency office list the hours of students."),
)
grant(
    "rotations.view_hours_figures",
    may_read_aggregates,
    reason=_("Only staff read figures about hours."),
)
grant(
    "rotations.repay_research_time",
    is_mentor_of | is_hours_office | keeps_the_ward,
    reason=_("Only the mentors, the ward and the residency office give research time back."),
)
grant(
    "rotations.follow_up_alert",
    is_mentor_of | is_hours_office | keeps_the_ward,
    reason=_("Only the mentors, the ward and the residency office follow up an alert."),
)
grant(
    "rotations.view_alerts",
    is_the_student | is_mentor_of | is_hours_office | keeps_the_ward,
    reason=_("Only those who can help read alerts about hours."),
)
grant(
    "rotations.import_roster",
    is_ward_office | is_hours_office,
    reason=_("Only the ward and the residency office import rosters."),
)
grant(
    "rotations.manage_hours_policy",
    is_hours_office,
    reason=_("Only the residency office and the graduate school set ceilings and floors."),
)
