"""Permissions: planning."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import has_role

# Whoever plans; the boards with their names; and how a plan came out, without names.
PLANNERS = (Role.RESIDENCY_OFFICE, Role.GRADUATE_OFFICER)
BOARD_READERS = (*PLANNERS, Role.BASE_SECRETARY, Role.DEPARTMENT_SECRETARY)
CYCLE_READERS = (
    *BOARD_READERS,
    Role.LEADER,
    Role.INSPECTOR,
    Role.DISCIPLINE_LEAD,
    Role.SYSTEM_ADMINISTRATOR,
)

plans = has_role(*PLANNERS)
reads_boards = has_role(*BOARD_READERS)
reads_cycles = has_role(*CYCLE_READERS)


def _student_of(obj: Any) -> Any:
    """Return the student of a participant, or the student itself."""
    return getattr(obj, "student", obj)


@rules.predicate
def is_trainee(actor: Any, obj: Any = None) -> bool:
    """The plan is the actor's own."""
    if obj is None:
        return Role.STUDENT in getattr(actor, "roles", ())
    return bool(_student_of(obj).person_id == actor.pk)


@rules.predicate
def mentors_trainee(actor: Any, obj: Any = None) -> bool:
    """The actor mentors the trainee now."""
    if obj is None:
        return Role.MENTOR in getattr(actor, "roles", ())
    mentorships = _student_of(obj).mentorships
    return bool(mentorships.filter(mentor__person_id=actor.pk, state="active").exists())


@rules.predicate
def is_in_swap(actor: Any, obj: Any = None) -> bool:
    """The actor is one of the two trainees of a swap."""
    if obj is None:
        return Role.STUDENT in getattr(actor, "roles", ())
    pair = (obj.asker_stay, obj.other_stay)
    return any(stay.participant.student.person_id == actor.pk for stay in pair)


grant(
    "rotations.view_cycles",
    reads_cycles,
    reason=_("Only the offices that plan rotations, and those who supervise them, see plans."),
)
grant(
    "rotations.view_cycle",
    reads_cycles,
    reason=_("Only the offices of the plan's unit see it."),
)
grant(
    "rotations.view_board",
    reads_boards,
    reason=_("Only the offices of the plan's unit see who is where."),
)
grant(
    "rotations.plan_cycle",
    plans,
    reason=_("Only the residency office or the graduate school of the unit plans rotations."),
)
grant(
    "rotations.publish_plan",
    plans,
    reason=_("Only the residency office or the graduate school of the unit publishes plans."),
)
grant(
    "rotations.view_own_plan",
    is_trainee,
    reason=_("Only students have a plan of their own."),
)
grant(
    "rotations.view_trainee_plan",
    is_trainee | mentors_trainee | reads_boards,
    reason=_("Only the trainee, their mentors and the offices of the unit see this plan."),
)
grant(
    "rotations.view_students_plans",
    mentors_trainee,
    reason=_("Only mentors see the plans of their students."),
)
grant(
    "rotations.view_swap",
    is_in_swap | plans,
    reason=_("Only the two trainees and the residency office see this exchange."),
)
grant(
    "rotations.ask_swap",
    is_trainee,
    reason=_("Only trainees ask to exchange stays of their own."),
)
grant(
    "rotations.decide_swap",
    plans,
    reason=_("Only the residency office or the graduate school of the unit decides exchanges."),
)
grant(
    "rotations.import_wishes",
    plans,
    reason=_("Only the residency office or the graduate school imports wishes."),
)
