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
    "programmes.view_record",
    is_officer | supervises,
    reason=_("Only the student's mentors and the graduate school follow the record."),
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

# ---------------------------------------------------------------- programmes and enrolments

# Offices that read the rows; leaders and inspectors read counts.
CERTIFICATE_READERS = READERS - {
    Role.SYSTEM_ADMINISTRATOR,
    Role.LEADER,
    Role.INSPECTOR,
    Role.PARTNER_OFFICER,
}
CERTIFICATE_KEEPERS = frozenset(
    {Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY, Role.RESIDENCY_OFFICE}
)
WARD_ROLES = frozenset({Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY, Role.RESIDENCY_OFFICE})


def _student(obj: Any) -> Any:
    """Return the student of an enrolment, of what hangs on one, or the student itself."""
    obj = getattr(obj, "enrolment", obj) if not hasattr(obj, "person_id") else obj
    return getattr(obj, "student", obj)


@rules.predicate
def is_own(actor: Any, obj: Any = None) -> bool:
    """The actor is the student of the enrolment (or of what hangs on it)."""
    if obj is None:
        return Role.STUDENT in getattr(actor, "roles", ())
    return bool(getattr(_student(obj), "person_id", None) == actor.pk)


@rules.predicate
def supervises_the_student(actor: Any, obj: Any = None) -> bool:
    """The actor supervises the student of the enrolment now."""
    return supervises(actor, obj if obj is None else _student(obj))


@rules.predicate
def keeps_their_rotations(actor: Any, obj: Any = None) -> bool:
    """The actor is residency office of a hospital in which the student rotates."""
    if Role.RESIDENCY_OFFICE not in getattr(actor, "roles", ()):
        return False
    if obj is None:
        return True
    enrolment = getattr(obj, "enrolment", obj)
    shown = hooks.enrolments_shown_to(actor)
    rows = type(enrolment)._default_manager.filter(pk=enrolment.pk)  # noqa: SLF001
    return any(rows.filter(one).exists() for one in shown)


@rules.predicate
def looks_after_ward(actor: Any, obj: Any = None) -> bool:
    """The actor keeps the unit whose ward a leave concerns."""
    units = [g.unit for g in actor.active_grants if g.role in WARD_ROLES]
    if obj is None or not units:
        return bool(units)
    ward = getattr(obj, "ward", None)
    return ward is not None and any(bool(ward.path.startswith(unit.path)) for unit in units)


LEAVE_OFFICES = frozenset({Role.GRADUATE_OFFICER, *WARD_ROLES})
keeps_certificates = has_role(*sorted(CERTIFICATE_KEEPERS))
keeps_leave = has_role(*sorted(LEAVE_OFFICES))

grant(
    "programmes.view_templates",
    has_role(*sorted(READERS)),
    reason=_("Only staff see the programmes; students see their own on “My programme”."),
)
grant(
    "programmes.manage_template",
    is_officer,
    reason=_("Only the graduate school keeps programmes."),
)
grant(
    "programmes.manage_enrolment",
    is_officer,
    reason=_("Only the graduate school assigns programmes and enrols."),
)
grant(
    "programmes.view_enrolments",
    has_role(*sorted(CERTIFICATE_READERS)),
    reason=_("Only the offices of a unit list the enrolments of its students."),
)
grant(
    "programmes.view_enrolment",
    is_own
    | has_role(*sorted(CERTIFICATE_READERS))
    | supervises_the_student
    | keeps_their_rotations,
    reason=_("Only the student, their mentors and the offices of their unit see this page."),
)
grant(
    "programmes.view_own_programme",
    is_own,
    reason=_("Only students have a programme of their own."),
)
grant(
    "programmes.view_certificates",
    has_role(*sorted(CERTIFICATE_READERS | {Role.LEADER, Role.INSPECTOR})),
    reason=_("Only staff see how the four certificates stand."),
)
grant(
    "programmes.change_attainment",
    keeps_certificates | keeps_their_rotations,
    reason=_("Only the offices that receive the results enter them."),
)
grant(
    "programmes.ask_track_choice",
    has_role(Role.GRADUATE_OFFICER, Role.RESIDENCY_OFFICE) | keeps_their_rotations,
    reason=_("Only the graduate school or the residency office asks for a choice of track."),
)
grant(
    "programmes.choose_track",
    is_own,
    reason=_("Only the student chooses, once and for all."),
)

# ---------------------------------------------------------------- leave

grant(
    "programmes.view_leaves",
    is_own | keeps_leave | supervises_the_student | has_role(Role.STUDENT_ADVISER),
    reason=_("Only students, mentors and the offices see leave."),
)
grant(
    "programmes.view_leave",
    is_own
    | keeps_leave
    | supervises_the_student
    | looks_after_ward
    | has_role(Role.STUDENT_ADVISER),
    reason=_("Only the student, the mentors and the offices concerned see this leave."),
)
grant(
    "programmes.ask_leave",
    is_own,
    reason=_("Only the student asks for leave."),
)
grant(
    "programmes.confirm_return",
    keeps_leave | looks_after_ward,
    reason=_("Only the offices concerned confirm a return."),
)
grant(
    "programmes.manage_leave_rules",
    has_role(Role.GRADUATE_OFFICER, Role.RESIDENCY_OFFICE),
    reason=_("Only the graduate school and the residency office keep the rules on leave."),
)
