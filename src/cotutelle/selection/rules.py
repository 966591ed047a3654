"""Who may do what in a round of mutual selection."""

from __future__ import annotations

from typing import Any

import rules
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.enums import Role
from cotutelle.people.rules import OFFICE_ROLES, VIEWING_ROLES, has_role
from cotutelle.selection.enums import RoundState
from cotutelle.workflow.queries import authorisation_of, principals_of

# Whole rounds: everything about everybody in them.
REVIEWERS = (
    Role.SYSTEM_ADMINISTRATOR,
    Role.GRADUATE_OFFICER,
    Role.LEADER,
    Role.INSPECTOR,
    Role.DISCIPLINE_LEAD,
)
SCORE_READERS = (Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY, Role.INSPECTOR)


def round_of(obj: Any) -> Any:
    """Return the round that ``obj`` belongs to, or is."""
    for step in ("round", "notice", "participant", "answer"):
        if hasattr(obj, f"{step}_id"):
            below = getattr(obj, step)
            return below if step == "round" else round_of(below)
    return obj


def _role_in_round(*roles: Role) -> Any:
    @rules.predicate(f"role_in_round:{'|'.join(roles)}")
    def holds(actor: Any, obj: Any = None) -> bool:
        return bool(has_role(*roles)(actor, None if obj is None else round_of(obj)))

    return holds


manages_round = _role_in_round(Role.GRADUATE_OFFICER)
reviews_round = _role_in_round(*REVIEWERS)


@rules.predicate
def staff_in_round(actor: Any, obj: Any = None) -> bool:
    """Staff of the round's unit, of a unit above, or of one whose people take part."""
    from cotutelle.institutions.queries import below  # noqa: PLC0415

    grants = [g.unit for g in getattr(actor, "active_grants", ()) if g.role in VIEWING_ROLES]
    if obj is None or not grants:
        return bool(grants)
    round_ = round_of(obj)
    if any(round_.unit.path.startswith(unit.path) for unit in grants):
        return True
    if round_.state == RoundState.DRAFT:
        return bool(round_.offers.filter(below(grants)).exists())
    return bool(
        round_.offers.filter(below(grants)).exists()
        or round_.participants.filter(below(grants, "student__unit__path")).exists()
    )


@rules.predicate
def takes_part(actor: Any, obj: Any = None) -> bool:
    """The actor is a student of the round, once it has left preparation, or a mentor."""
    roles = getattr(actor, "roles", ())
    if obj is None:
        return Role.STUDENT in roles or Role.MENTOR in roles
    round_ = round_of(obj)
    if Role.MENTOR in roles and round_.state != RoundState.CANCELLED:
        return True
    return bool(
        round_.state != RoundState.DRAFT
        and round_.participants.filter(student__person_id=actor.pk).exists()
    )


@rules.predicate
def is_supervisor(actor: Any, obj: Any = None) -> bool:
    """The actor is the mentor of the offer or answer, or one of its team."""
    if obj is None:
        return Role.MENTOR in getattr(actor, "roles", ())
    return any(mentor.person_id == actor.pk for mentor in obj.supervisors)


@rules.predicate
def stands_in(actor: Any, obj: Any = None) -> bool:
    """The actor holds an authorisation to act for a supervisor (代办)."""
    if obj is None:
        return bool(getattr(actor, "pk", None)) and principals_of(actor).exists()
    return any(authorisation_of(actor, mentor.person) is not None for mentor in obj.supervisors)


@rules.predicate
def stands_in_for_somebody(actor: Any, obj: Any = None) -> bool:
    """The actor may act for somebody, and sees the rounds that mentors see."""
    may = bool(getattr(actor, "pk", None)) and principals_of(actor).exists()
    return may and (obj is None or bool(round_of(obj).state != RoundState.CANCELLED))


@rules.predicate
def is_own_participation(actor: Any, obj: Any = None) -> bool:
    """The participant is the actor."""
    if obj is None:
        return Role.STUDENT in getattr(actor, "roles", ())
    participant = getattr(obj, "participant", obj)
    return bool(participant.student.person_id == actor.pk)


@rules.predicate
def is_placed_mentor(actor: Any, obj: Any = None) -> bool:
    """The student is placed with the actor."""
    if obj is None:
        return Role.MENTOR in getattr(actor, "roles", ())
    return hasattr(obj, "offer") and is_supervisor(actor, obj.offer)


@rules.predicate
def may_decide_override(actor: Any, obj: Any = None) -> bool:
    """Somebody else, of an office of another unit that the assignment concerns."""
    grants = [g.unit for g in getattr(actor, "active_grants", ()) if g.role in OFFICE_ROLES]
    if obj is None or not grants:
        return bool(grants)
    if actor.pk == obj.requested_by_id or any(u.pk == obj.requested_unit_id for u in grants):
        return False
    concerned = (obj.round.unit, obj.offer.unit, obj.participant.student.unit)
    return any(c.path.startswith(u.path) for c in concerned for u in grants)


@rules.predicate
def was_in_round(actor: Any, obj: Any = None) -> bool:
    """The actor is a student of the round, or a mentor who was asked in it."""
    if obj is None:
        roles = getattr(actor, "roles", ())
        return Role.STUDENT in roles or Role.MENTOR in roles
    round_ = round_of(obj)
    mine = Q(mentor__person_id=actor.pk)
    mine |= Q(team__first__person_id=actor.pk) | Q(team__second__person_id=actor.pk)
    return bool(
        round_.participants.filter(student__person_id=actor.pk, state="active").exists()
        or round_.answers.filter(mine).exists()
    )


is_office_of = has_role(Role.GRADUATE_OFFICER, Role.DEPARTMENT_SECRETARY)
is_staff_of = has_role(*VIEWING_ROLES)

grant(
    "selection.view_rounds",
    staff_in_round | takes_part | stands_in_for_somebody,
    reason=_("Only people who take part and the staff of their units see rounds."),
)
grant(
    "selection.view_round",
    staff_in_round | takes_part | stands_in_for_somebody,
    reason=_("Only people who take part and the staff of their units see this round."),
)
grant(
    "selection.view_participants",
    staff_in_round,
    reason=_("Only staff see who takes part."),
)
grant(
    "selection.view_review",
    reviews_round,
    reason=_("Only the graduate school, leaders and inspectors review a result."),
)
grant(
    "selection.manage_round",
    manages_round,
    reason=_("Only the graduate school that holds the round changes it."),
)
grant(
    "selection.run_round",
    manages_round,
    reason=_("Only the graduate school that holds the round runs it."),
)
grant(
    "selection.publish_round",
    manages_round,
    reason=_("Only the graduate school that holds the round publishes its result."),
)
grant(
    "selection.fill_vacancy",
    manages_round,
    reason=_("Only the graduate school that holds the round fills vacancies."),
)
grant(
    "selection.view_overrides",
    reviews_round | may_decide_override | is_office_of,
    reason=_("Only the offices concerned see assignments by the school."),
)
grant(
    "selection.request_override",
    is_office_of,
    reason=_("Only the office of the student's unit asks for an assignment by the school."),
)
grant(
    "selection.decide_override",
    may_decide_override,
    reason=_("Somebody else, from the office of another unit concerned, must decide this."),
)
grant(
    "selection.write_offer",
    is_supervisor | is_office_of | manages_round,
    reason=_("Only the mentor and the offices of their unit write this offer."),
)
grant(
    "selection.write_list",
    is_own_participation | is_office_of,
    reason=_(
        "Only the student, and the office of their unit from a signed form, writes this list."
    ),
)
grant(
    "selection.choose_offers",
    is_own_participation,
    reason=_("Only students choose offers; this page is theirs."),
)
grant(
    "selection.view_list",
    is_own_participation | reviews_round | is_office_of,
    reason=_("Only the student and the office of their unit see this list."),
)
grant(
    "selection.write_answer",
    is_supervisor,
    reason=_("Only the mentor, or somebody with their signed authorisation, answers."),
)
grant(
    "selection.view_applicants",
    is_supervisor | stands_in | manages_round,
    reason=_("A mentor sees only students who chose one of their own offers."),
)
grant(
    "selection.view_answers",
    staff_in_round,
    reason=_("Only staff see who has answered."),
)
grant(
    "selection.view_scores",
    has_role(*SCORE_READERS),
    reason=_("Only the offices that admit students see scores."),
)
grant(
    "selection.view_result",
    is_own_participation | is_placed_mentor | reviews_round | is_staff_of,
    reason=_("Only the student, the mentor and the staff of their units see this result."),
)
grant(
    "selection.view_notice",
    staff_in_round | takes_part | has_role(*Role),
    reason=_("Only people of the consortium see the public notice."),
)
grant(
    "selection.raise_objection",
    has_role(*Role),
    reason=_("Only people of the consortium object."),
)
grant(
    "selection.answer_objection",
    manages_round,
    reason=_("Only the graduate school that holds the round answers objections."),
)
grant(
    "selection.answer_satisfaction",
    was_in_round,
    reason=_("Only the students and mentors of a round say how content they are with it."),
)
grant(
    "selection.import_offers",
    is_office_of,
    reason=_("Only the offices of a unit import offers and lists."),
)
