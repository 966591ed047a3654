"""Permissions: terms, weekly times, joint rounds and what is raised there."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role, is_self
from cotutelle.rotations.enums import MemberRole
from cotutelle.rotations.models import Meeting, Series

WEEK_PLANNERS = (Role.RESIDENCY_OFFICE, Role.GRADUATE_OFFICER)
WEEK_KEEPERS = (
    *WEEK_PLANNERS,
    Role.BASE_SECRETARY,
    Role.DEPARTMENT_SECRETARY,
    Role.PARTNER_OFFICER,
)
WEEK_READERS = (*WEEK_KEEPERS, Role.DISCIPLINE_LEAD, Role.LEADER, Role.INSPECTOR)
MEETING_READERS = (*WEEK_KEEPERS, Role.DISCIPLINE_LEAD)
MENTOR_ROLES = (MemberRole.CLINICAL_MENTOR, MemberRole.RESEARCH_MENTOR)
_TAKE_PART = (Role.MENTOR, Role.STUDENT)

plans_weeks = has_role(*WEEK_PLANNERS)
keeps_weeks = has_role(*WEEK_KEEPERS)
reads_weeks = has_role(*WEEK_READERS)
reads_meetings = has_role(*MEETING_READERS)


def _series(obj: Any) -> Series | None:
    if isinstance(obj, Series):
        return obj
    if isinstance(obj, Meeting):
        return obj.series
    meeting = getattr(obj, "meeting", None)
    return meeting.series if isinstance(meeting, Meeting) else None


@rules.predicate
def takes_part(actor: Any, obj: Any = None) -> bool:
    """The actor is a member of the series."""
    if obj is None:
        return bool(set(_TAKE_PART) & set(getattr(actor, "roles", ())))
    series = _series(obj)
    return series is not None and series.members.filter(person=actor.pk).exists()


@rules.predicate
def leads_it(actor: Any, obj: Any = None) -> bool:
    """The actor is one of the mentors of the series."""
    if obj is None:
        return Role.MENTOR in getattr(actor, "roles", ())
    series = _series(obj)
    return (
        series is not None
        and series.members.filter(person=actor.pk, role__in=MENTOR_ROLES).exists()
    )


@rules.predicate
def has_a_week(actor: Any, obj: Any = None) -> bool:
    """The actor is a mentor or a student."""
    return bool(set(_TAKE_PART) & set(getattr(actor, "roles", ())))


grant(
    "rotations.view_terms",
    reads_weeks,
    reason=_("Only the offices and those who supervise them see how weeks are planned."),
)
grant(
    "rotations.plan_week",
    plans_weeks,
    reason=_("Only the residency office or the graduate school of the unit plans weeks."),
)
grant(
    "rotations.keep_week_times",
    is_self | keeps_weeks,
    reason=_("Only the person and the offices of their unit say when they are taken."),
)
grant(
    "rotations.keep_own_week",
    has_a_week,
    reason=_("Only mentors and students have a week here."),
)
grant(
    "rotations.keep_meeting_rooms",
    keeps_weeks,
    reason=_("Only the offices and secretaries of the unit keep its rooms."),
)
grant(
    "rotations.view_meetings",
    takes_part | reads_meetings,
    reason=_("Only those who take part and their offices see joint rounds."),
)
grant(
    "rotations.change_meeting",
    leads_it | plans_weeks,
    reason=_("Only the mentors of the team and the residency office move or cancel it."),
)
grant(
    "rotations.place_series",
    leads_it | plans_weeks,
    reason=_("Only the mentors of the team and the residency office choose its time."),
)
grant(
    "rotations.record_meeting",
    leads_it | plans_weeks,
    reason=_("Only the mentors of the team and the residency office record who came."),
)
grant(
    "rotations.raise_problem",
    takes_part,
    reason=_("Only those who take part raise clinical problems."),
)
grant(
    "rotations.view_problems",
    takes_part | reads_meetings,
    reason=_("Only those who take part and their offices read clinical problems."),
)
grant(
    "rotations.view_round_figures",
    reads_weeks,
    reason=_("Only the offices and those who supervise them see how many rounds were held."),
)
grant(
    "rotations.import_week_times",
    keeps_weeks,
    reason=_("Only the offices and secretaries import weekly times."),
)
