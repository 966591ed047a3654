"""Who sees students, and which part of what is known about them."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import (
    has_role,
    is_administrator,
    is_office,
    is_officer,
    is_self,
    may_look,
)
from cotutelle.programmes import hooks

# Who reads every row of a unit's list of students.
READERS = frozenset(
    {
        Role.SYSTEM_ADMINISTRATOR,
        Role.GRADUATE_OFFICER,
        Role.DEPARTMENT_SECRETARY,
        Role.PARTNER_OFFICER,
        Role.BASE_SECRETARY,
        Role.RESIDENCY_OFFICE,
        Role.LEADER,
        Role.INSPECTOR,
        Role.DISCIPLINE_LEAD,
        Role.STUDENT_ADVISER,
    }
)
SCORE_READERS = frozenset({Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY, Role.INSPECTOR})
PROFILE_READERS = READERS - {Role.SYSTEM_ADMINISTRATOR}


@rules.predicate
def supervises(actor: Any, obj: Any = None) -> bool:
    """The actor is a mentor of the student now."""
    if obj is None:
        return Role.MENTOR in getattr(actor, "roles", ())
    return bool(obj.mentorships.filter(mentor__person_id=actor.pk, state="active").exists())


@rules.predicate
def reads_by_hook(actor: Any, obj: Any = None) -> bool:
    """Another room lets the actor read this profile: mentors whose applicant the student is."""
    return obj is not None and hooks.is_profile_reader(actor, obj)


is_keeper = has_role(Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY)

grant(
    "programmes.view_students",
    is_administrator | is_office | may_look,
    reason=_("Only staff see the students of their unit."),
)
grant(
    "programmes.view_student",
    is_self | is_administrator | is_office | may_look | supervises,
    reason=_("Only the student, their mentors and the staff of their unit see this page."),
)
grant(
    "programmes.view_scores",
    is_self | has_role(*sorted(SCORE_READERS)),
    reason=_("Only the student and the offices that admit them see scores."),
)
grant(
    "programmes.view_profile",
    is_self | has_role(*sorted(PROFILE_READERS)) | supervises | reads_by_hook,
    reason=_("Only the student, their mentors and the staff of their unit read the statement."),
)
grant(
    "programmes.change_student",
    is_keeper,
    reason=_(
        "Only the graduate school or the secretary of the student's unit changes this record."
    ),
)
grant(
    "programmes.change_admission",
    is_officer,
    reason=_("Only the graduate school changes an admission."),
)
grant(
    "programmes.manage_cohort",
    is_officer,
    reason=_("Only the graduate school keeps cohorts."),
)
grant(
    "programmes.import_students",
    is_keeper,
    reason=_("Only the graduate school or the secretary of the unit imports students."),
)
grant(
    "programmes.write_profile",
    is_self,
    reason=_("Only the student writes this profile."),
)
