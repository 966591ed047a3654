"""Who sees mentors, their quota and their pairs, and who changes them."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.mentorship.enums import ChangeState
from cotutelle.people.enums import Role
from cotutelle.people.rules import (
    has_role,
    is_office,
    is_officer,
    is_self,
    may_look,
)

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
    }
)
COLLEGE = frozenset({Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY})


@rules.predicate
def is_signed_in(actor: Any, obj: Any = None) -> bool:
    """Mentors are known to everybody in the consortium."""
    return bool(actor.is_authenticated)


@rules.predicate
def owns_account(actor: Any, obj: Any = None) -> bool:
    """The quota account is the actor's own."""
    if obj is None:
        return Role.MENTOR in actor.roles
    mentor = getattr(obj, "mentor", None)
    return mentor is not None and mentor.person_id == actor.pk


@rules.predicate
def is_asking_student(actor: Any, obj: Any = None) -> bool:
    """The actor is the student of the pair (or of the request)."""
    if obj is None:
        return Role.STUDENT in actor.roles
    pair = getattr(obj, "mentorship", obj)
    return bool(pair.student.person_id == actor.pk)


@rules.predicate
def is_receiving_mentor(actor: Any, obj: Any = None) -> bool:
    """The actor is the mentor whom the student asks."""
    if obj is None:
        return Role.MENTOR in actor.roles
    return bool(obj.to_mentor.person_id == actor.pk)


@rules.predicate
def is_present_mentor(actor: Any, obj: Any = None) -> bool:
    """The actor is the student's mentor, and the request may be known to them."""
    if obj is None:
        return Role.MENTOR in actor.roles
    return obj.mentorship.mentor.person_id == actor.pk and is_known_to_present_mentor(obj)


def is_known_to_present_mentor(change: Any) -> bool:
    """Tell whether the present mentor may know: never before a confidential one is approved."""
    if change.is_confidential:
        return bool(change.state == ChangeState.APPROVED)
    return change.state not in {ChangeState.DRAFT, ChangeState.ASKED_NEW, ChangeState.WITHDRAWN}


@rules.predicate
def is_pair_party(actor: Any, obj: Any = None) -> bool:
    """The actor is the student or one of the two mentors of the pair (or of its record)."""
    if obj is None:
        return Role.STUDENT in actor.roles or Role.MENTOR in actor.roles
    pair = getattr(obj, "pair", obj)
    people = (pair.first.mentor.person_id, pair.second.mentor.person_id, pair.student.person_id)
    return actor.pk in people


@rules.predicate
def lends_to_pair(actor: Any, obj: Any = None) -> bool:
    """The actor is partner officer of the institution of one of the two mentors."""
    units = [g.unit for g in actor.active_grants if g.role == Role.PARTNER_OFFICER]
    if obj is None or not units:
        return bool(units)
    paths = (obj.first.mentor.unit.path, obj.second.mentor.unit.path)
    return any(path.startswith(unit.path) for path in paths for unit in units)


is_college = has_role(*sorted(COLLEGE))
is_staff_reader = has_role(*sorted(READERS))

grant(
    "mentorship.view_mentors",
    is_signed_in,
    reason=_("Sign in to see the mentors."),
)
grant(
    "mentorship.change_mentor",
    is_self | is_office,
    reason=_("Only the mentor and the offices of their unit change this profile."),
)
grant(
    "mentorship.write_own_profile",
    has_role(Role.MENTOR),
    reason=_("Only mentors have a mentor profile."),
)
grant(
    "mentorship.appoint_mentor",
    is_college,
    reason=_("Only the graduate school or the secretary of the unit appoints mentors."),
)
grant(
    "mentorship.import_mentors",
    is_college | has_role(Role.PARTNER_OFFICER),
    reason=_("Only the offices of the unit import mentors."),
)
grant(
    "mentorship.view_accounts",
    is_staff_reader,
    reason=_("Only staff see the quota accounts of their unit."),
)
grant(
    "mentorship.view_account",
    owns_account | is_staff_reader,
    reason=_("Only the mentor and the staff of their unit see this account."),
)
grant(
    "mentorship.change_quota",
    is_officer,
    reason=_("Only the graduate school grants places."),
)
grant(
    "mentorship.manage_caps",
    is_officer,
    reason=_("Only the graduate school sets the most places of a title."),
)
grant(
    "mentorship.review_eligibility",
    is_officer,
    reason=_("Only the graduate school decides the yearly review."),
)
grant(
    "mentorship.view_eligibility",
    is_staff_reader,
    reason=_("Only staff see the yearly review of their unit."),
)
grant(
    "mentorship.manage_teams",
    is_college,
    reason=_("Only the graduate school or the secretary of the unit forms teams."),
)
grant(
    "mentorship.declare_conflict",
    is_self | is_college,
    reason=_("Only the mentor and the offices of their unit declare a conflict of interest."),
)
grant(
    "mentorship.view_changes",
    has_role(Role.STUDENT, Role.MENTOR) | is_college | may_look,
    reason=_("Only students, mentors and the college see requests for another mentor."),
)
grant(
    "mentorship.view_change",
    is_asking_student | is_receiving_mentor | is_present_mentor | is_college,
    reason=_("Only those who take part in this request see it."),
)
grant(
    "mentorship.ask_change",
    is_asking_student,
    reason=_("Only the student of a pair asks for another mentor."),
)
grant(
    "mentorship.answer_as_receiving",
    is_receiving_mentor,
    reason=_("Only the mentor who is asked answers here."),
)
grant(
    "mentorship.answer_as_present",
    is_present_mentor,
    reason=_("Only the present mentor answers here."),
)
grant(
    "mentorship.decide_change",
    is_college,
    reason=_("Only the college of the student decides."),
)
grant(
    "mentorship.manage_windows",
    is_officer,
    reason=_("Only the graduate school opens days for changes of mentor."),
)
grant(
    "mentorship.lift_conflict",
    is_college,
    reason=_("Only the college of the student lifts a conflict of interest."),
)
grant(
    "mentorship.view_pair",
    is_pair_party | is_college | lends_to_pair,
    reason=_("Only the two mentors, the student and their offices see this pair."),
)
grant(
    "mentorship.write_pair",
    is_pair_party,
    reason=_("Only the two mentors and the student write on this page."),
)
grant(
    "mentorship.change_duties",
    is_college,
    reason=_("Only the college of the student changes who answers for what."),
)
