"""What-ifs on a copy of a round: written and thrown away without touching the round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.models import Run
from cotutelle.engines import matching
from cotutelle.jobs.models import Job
from cotutelle.jobs.queries import jobs_about
from cotutelle.jobs.services import start_job
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.selection.enums import ScenarioState
from cotutelle.selection.models import Round, Scenario
from cotutelle.selection.queries.scenario_edits import (
    KINDS,
    Edit,
    UnknownEdit,
    add_edit,
    edits_of_repair,
)
from cotutelle.selection.queries.scenarios import (
    RULE_NAMES,
    Base,
    base_of,
    base_rules_of,
    bases_for,
    edited,
)

JOB = "selection.scenario"


@transaction.atomic
def create_scenario(
    round_: Round, *, name: str, note: str = "", base: Run | None, actor: Person
) -> Scenario:
    """
    Begin a what-if of ``round_`` as it stands, or of a run of it or of another round.

    Refuses with ``scenario.name`` (none, or taken) and ``scenario.base`` (not one to start from).
    """
    check(actor, "selection.run_round", round_)
    offered = {run.pk if run else None for run, _round in bases_for(round_, actor)}
    if (base.pk if base else None) not in offered:
        raise RuleViolation(
            "scenario.base",
            _("A what-if starts from lists that are in, or from a run."),
            field="base",
        )
    scenario = Scenario(
        round=round_,
        base=base,
        name=_free_name(round_, name),
        note=note.strip(),
        created_by=actor,
        created_at=now(),
    )
    scenario.save()
    record("selection.scenario.created", actor=actor, subject=scenario)
    return scenario


@transaction.atomic
def copy_scenario(scenario: Scenario, *, name: str, actor: Person) -> Scenario:
    """Write down the same edits and rules under another name; nothing is computed yet."""
    check(actor, "selection.run_round", scenario)
    made = Scenario.objects.create(
        round=scenario.round,
        base=scenario.base,
        name=_free_name(scenario.round, name),
        note=scenario.note,
        edits=scenario.edits,
        rules=scenario.rules,
        created_by=actor,
        created_at=now(),
    )
    record("selection.scenario.created", actor=actor, subject=made)
    return made


@transaction.atomic
def remove_scenario(scenario: Scenario, *, actor: Person) -> None:
    """Throw the what-if away. Refuses with ``scenario.running``."""
    _lock(scenario, actor)
    record("selection.scenario.removed", actor=actor, subject=scenario)
    scenario.delete()


def _free_name(round_: Round, name: str) -> str:
    name = name.strip()[:100]
    if not name:
        raise RuleViolation("scenario.name", _("Give the what-if a name."), field="name")
    if round_.scenarios.filter(name=name).exists():
        raise RuleViolation("scenario.name", _("Another what-if has this name."), field="name")
    return name


# ---------------------------------------------------------------- edits and rules


def change_scenario(scenario: Scenario, edit: Edit, *, actor: Person) -> Scenario:
    """
    Add an edit; what it replaces or takes back is gone, and a result that was there too.

    Refuses with ``scenario.running`` and ``scenario.edit`` (about somebody not in this market, or
    nothing that could be a market comes out).
    """
    names = ("kind", *KINDS.get(str(edit.get("kind")), ()))
    plain = {name: edit[name] for name in names if name in edit}
    return _write_edits(scenario, lambda base: add_edit(scenario.edits, plain), actor)


def undo_edit(scenario: Scenario, index: int, *, actor: Person) -> Scenario:
    """Take one edit back. Refuses as `change_scenario`."""
    return _write_edits(
        scenario,
        lambda base: [one for at, one in enumerate(scenario.edits) if at != index],
        actor,
    )


def apply_repair(scenario: Scenario, index: int, *, actor: Person) -> Scenario:
    """
    Make the edits of a repair that the diagnosis proposed.

    Refuses with ``scenario.repair`` where there is none of this number, and as `change_scenario`.
    """
    repairs = ((scenario.result or {}).get("infeasible") or {}).get("repairs", ())
    if not 0 <= index < len(repairs):
        raise RuleViolation("scenario.repair", _("There is no such repair; compute again."))

    def edits(base: Base) -> list[Edit]:
        problem, _kept = edited(scenario, base)
        found: list[Edit] = list(scenario.edits)
        for edit in edits_of_repair(problem, repairs[index]["changes"]):
            found = add_edit(found, edit)
        return found

    return _write_edits(scenario, edits, actor)


def set_rules(scenario: Scenario, rules: Mapping[str, Any], *, actor: Person) -> Scenario:
    """
    Keep the rules that differ from those of the base.

    Refuses with ``scenario.running`` and ``scenario.rules``.
    """
    with transaction.atomic():
        _lock(scenario, actor)
        base = base_rules_of(scenario)
        wanted = replace(base, **{name: rules[name] for name in RULE_NAMES if name in rules})
        if fault := wanted.fault():
            raise RuleViolation("scenario.rules", fault[1], field=fault[0])
        scenario.rules = {
            name: getattr(wanted, name)
            for name in RULE_NAMES
            if getattr(wanted, name) != getattr(base, name)
        }
        _save_changed(scenario, actor)
    return scenario


def _write_edits(
    scenario: Scenario, edits: Callable[[Base], list[Edit]], actor: Person
) -> Scenario:
    with transaction.atomic():
        _lock(scenario, actor)
        try:
            base = base_of(scenario)
            scenario.edits = edits(base)
            edited(scenario, base)
        except (UnknownEdit, matching.InvalidProblem) as error:
            raise RuleViolation("scenario.edit", fault_words(error)) from error
        _save_changed(scenario, actor)
    return scenario


def _save_changed(scenario: Scenario, actor: Person) -> None:
    scenario.state = ScenarioState.DRAFT
    scenario.result = scenario.computed_at = None
    scenario.save()
    record(
        "selection.scenario.changed",
        actor=actor,
        subject=scenario,
        after={"count": len(scenario.edits), "rules": scenario.rules},
    )


def _lock(scenario: Scenario, actor: Person) -> None:
    """Hold the row and refuse while it is being computed; a job that died gives it back."""
    check(actor, "selection.run_round", scenario)
    Scenario.objects.select_for_update().filter(pk=scenario.pk).values("pk").get()
    scenario.refresh_from_db(fields=["state", "edits", "rules", "result", "computed_at"])
    if scenario.state == ScenarioState.RUNNING:
        last = jobs_about(scenario).first()
        if last is not None and not last.is_over:
            raise RuleViolation(
                "scenario.running", _("This what-if is being computed; wait or stop the job.")
            )
        scenario.state = ScenarioState.DRAFT


def fault_words(error: Exception) -> str:
    """Say why the edits give no market."""
    if isinstance(error, UnknownEdit):
        return _("This change is about somebody or something that is not in this market.")
    codes = {fault.code for fault in getattr(error, "problems", ())}
    return _("With this change the rules contradict each other: %(faults)s.") % {
        "faults": "; ".join(sorted(codes))
    }


@transaction.atomic
def start_computing(scenario: Scenario, *, actor: Person) -> Job:
    """Queue the computation as a job with progress. Refuses with ``scenario.running``."""
    _lock(scenario, actor)
    scenario.state, scenario.result = ScenarioState.RUNNING, None
    scenario.save(update_fields=["state", "result"])
    return start_job(
        JOB,
        actor=actor,
        unit=scenario.round.unit,
        subject=scenario,
        args={"scenario_id": scenario.pk},
    )
