"""Publishing a scenario: it becomes the plan in force."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.services import make_official
from cotutelle.engines.rotation import Plan, RotationProblem, score_of
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.enums import CycleState, ScenarioState
from cotutelle.rotations.models import Cycle, Scenario, Stay
from cotutelle.rotations.queries.planning_keys import trainee_key
from cotutelle.rotations.queries.planning_review import Review, in_force_digest, review_of
from cotutelle.rotations.queries.planning_scenarios import Opened
from cotutelle.rotations.services.planning_computing import record_plan, require_ready
from cotutelle.rotations.services.planning_stays import (
    lock_plan,
    record_plans,
    tell_about,
    write_stays,
)
from cotutelle.rotations.task_kinds.planning import REPLAN
from cotutelle.workflow.services import close_tasks


@transaction.atomic
def publish_scenario(
    scenario: Scenario,
    *,
    revision: int,
    seen: str | None = None,
    actor: Person,
    tells: bool = True,
) -> int:
    """
    Put the plan of a scenario in force and tell whom it concerns; return whose plan changed.

    Checked once more against today's wards, leave and wishes before anything is written. Stays
    that move keep their calendar entries; what has begun is never rewritten. Events it answers
    are settled; exchanges under way whose stays move are ended.

    ``seen`` is the digest of the plan in force (`in_force_digest`) beside which the scenario was
    reviewed; without it nobody reviewed it beside a plan.

    Refuses: ``scenario.state``, ``scenario.stale`` (the scenario, or the plan in force, is not
    the one that was reviewed), ``plan.broken`` (rules of today that the plan breaks),
    ``plan.elsewhere``, ``cycle.state``, ``run.refuted``.
    """
    cycle = lock_plan(scenario.cycle_id)
    check(actor, "rotations.publish_plan", cycle)
    scenario.refresh_from_db()
    scenario.cycle = cycle
    require_ready(scenario)
    if cycle.state == CycleState.ARCHIVED:
        raise RuleViolation("cycle.state", _("This plan is archived."))
    if scenario.revision != revision:
        raise RuleViolation(
            "scenario.stale", _("Somebody changed this scenario meanwhile. Look at it again.")
        )
    if seen is not None and seen != in_force_digest(cycle):
        raise RuleViolation(
            "scenario.stale",
            _("The plan in force has changed since you looked. See again what changes for whom."),
        )
    found = review_of(scenario)
    _require_sound(found)
    is_first = cycle.state != CycleState.PUBLISHED
    _seal(scenario, found, actor)
    everybody = (
        dict.fromkeys((trainee_key(row) for row in cycle.participants.all()), ())
        | found.opened.stays
    )
    written = write_stays(cycle, scenario, everybody)
    _require_once(cycle)
    cycle.state = CycleState.PUBLISHED
    cycle.save(update_fields=["state"])
    scenario.state, scenario.published_at, scenario.published_by = (
        ScenarioState.PUBLISHED,
        now(),
        actor,
    )
    scenario.save(update_fields=["state", "published_at", "published_by", "run"])
    cycle.events.filter(settled_at__isnull=True).update(settled_at=now())
    close_tasks(cycle, REPLAN)
    concerned = len(written.participants)
    digest = scenario.run.certificate_sha256 if scenario.run else ""
    record(
        "rotations.scenario.published",
        actor=actor,
        subject=scenario,
        after={"count": concerned, "digest": digest},
        decision=True,
    )
    record_plans(written, actor=actor, digest=digest)
    if tells:
        tell_about(cycle, written, is_first=is_first)
    return concerned


def _require_sound(found: Review) -> None:
    if found.present is None:
        raise RuleViolation(
            "plan.broken", _("Pins, curricula and wards contradict each other today.")
        )
    if found.broken:
        count = len(found.broken)
        raise RuleViolation(
            "plan.broken",
            ngettext(
                "%(n)d rule of today is broken by this plan; nothing was published.",
                "%(n)d rules of today are broken by this plan; nothing was published.",
                count,
            )
            % {"n": count},
        )


def _require_once(cycle: Cycle) -> None:
    """Refuse with ``plan.elsewhere`` that somebody is in two wards at once, by two plans."""
    elsewhere = Stay.objects.filter(
        participant__student=OuterRef("participant__student"),
        participant__cycle__state=CycleState.PUBLISHED,
        starts_on__lte=OuterRef("ends_on"),
        ends_on__gte=OuterRef("starts_on"),
    ).exclude(participant__cycle=cycle)
    twice = (
        Stay.objects.filter(Exists(elsewhere), participant__cycle=cycle, ends_on__gte=today())
        .select_related("participant__student__person")
        .first()
    )
    if twice is not None:
        raise RuleViolation(
            "plan.elsewhere",
            _("%(name)s is in a ward by another plan in some of these months; archive that plan"
              " first, or take them out of one.")
            % {"name": twice.participant.student.display_name},
        )  # fmt: skip


def _seal(scenario: Scenario, found: Review, actor: Person) -> None:
    """Make the run that proves this plan the one that counts; a changed plan gets a new one."""
    if scenario.run is None or found.is_changed:
        problem = found.present if found.present is not None else found.opened.problem
        scenario.run = record_plan(scenario, problem, _plan(found.opened, problem), actor=actor)
    make_official(scenario.run, actor=actor)


def _plan(opened: Opened, problem: RotationProblem) -> Plan:
    """Return the plan as it stands, without a bound: it was proven for other inputs."""
    score = score_of(problem, opened.stays)
    best = {id_: pair[1] for id_, pair in opened.scenario.outcome.get("satisfaction", {}).items()}
    return Plan(
        stays=opened.stays,
        score=score.total,
        bound=None,
        status="feasible",
        trainee_scores=score.trainees,
        best_alone=best,
    )
