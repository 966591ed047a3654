"""`cotutelle plan`: rotations month by month on plain files, without a database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from cotutelle.cli._matching_runs import INFEASIBLE, REFUSED, say
from cotutelle.cli._plan_files import read_plan, read_problem, write_document

if TYPE_CHECKING:
    from cotutelle.engines.rotation import Infeasible, Plan

ProblemFile = Annotated[
    Path, typer.Argument(metavar="PROBLEM.json", help="A problem, see rotation-files.")
]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan for it.")]
TimeLimit = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.1, help="Wall time at the most.")
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, another search.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, not sentences.")]


class _PlanOrMore(TyperCommand):
    """`cotutelle plan PROBLEM.json`, which hands `cotutelle plan check …` and others over."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        others: dict[str, Callable[..., None]] = {
            "check": check,
            "explain": explain,
            "generate": generate,
        }
        if not args or args[0] not in others:
            return super().make_context(info_name, args, parent, **extra)
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(args[0])(others[args[0]])
        command = typer.main.get_command(app)
        return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "plan",
        cls=_PlanOrMore,
        epilog="cotutelle plan check PROBLEM.json PLAN.json checks a plan, cotutelle plan explain"
        " PROBLEM.json says why there is none, cotutelle plan generate --out PROBLEM.json draws a"
        " problem whose optimum is known; each has its own --help.",
    )(plan)


def plan(
    problem_file: ProblemFile,
    out: Annotated[Path, typer.Option("--out", help="File to write the plan to.")],
    *,
    time_limit: TimeLimit = 60.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """
    Plan rotations month by month, and prove how good the plan is.

    Ctrl-C ends the search and keeps the best plan so far. Exit status 2 when the problem has
    mistakes: all of them are listed, and nothing is written; 1 when no plan that keeps all rules
    was found: then either nothing is written, or the plan that comes closest.
    """
    started = time.process_time()
    problem = read_problem(problem_file, as_json=as_json)
    from cotutelle.cli._plan_progress import watched  # noqa: PLC0415
    from cotutelle.cli._plan_reports import report, summary  # noqa: PLC0415
    from cotutelle.engines.rotation import (  # noqa: PLC0415
        Infeasible,
        check_plan,
        plan_rotations,
        plan_to_json,
    )

    try:
        with watched() as progress:
            best = plan_rotations(problem, time_limit=time_limit, seed=seed, report=progress)
    except Infeasible as error:
        _refuse_infeasible(error, problem_file, as_json=as_json)
    violations = check_plan(problem, best.stays)
    write_document(out, plan_to_json(best), as_json=as_json)
    figures = report(best, len(violations), time.process_time() - started)
    typer.echo(json.dumps(figures) if as_json else summary(best, figures, out))
    _end_with(best, broken=bool(violations))


def _end_with(best: Plan, *, broken: bool) -> None:
    if broken or best.status == "elastic":
        raise typer.Exit(INFEASIBLE)


def _refuse_infeasible(error: Infeasible, path: Path, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"status": "infeasible", "trainees": error.trainees}))
    else:
        reasons = [f"{id_}: {reason}" for id_, reason in sorted(error.trainees.items())]
        hint = f"Nothing was written. More: cotutelle plan explain {path}"
        say(["These have no plan even alone:", *reasons, hint])
    raise typer.Exit(INFEASIBLE)


def check(problem_file: ProblemFile, plan_file: PlanFile, *, as_json: AsJson = False) -> None:
    """
    Check a plan with a program that shares no code with the solver.

    Every hard rule, the stated scores, and the bound, recomputed from the prices in the plan.
    Exit status 0 when everything holds; 1 when something fails, which is then named.
    """
    problem = read_problem(problem_file, as_json=as_json)
    best = read_plan(plan_file, as_json=as_json)
    from cotutelle.cli._plan_reports import audit, audit_words  # noqa: PLC0415

    figures = audit(problem, best)
    if as_json:
        typer.echo(json.dumps(figures))
    elif figures["status"] == "holds":
        typer.echo("\n".join(audit_words(plan_file, figures)))
    else:
        say(audit_words(plan_file, figures))
    if figures["status"] != "holds":
        raise typer.Exit(INFEASIBLE)


def explain(
    problem_file: ProblemFile, *, time_limit: TimeLimit = 10.0, as_json: AsJson = False
) -> None:
    """
    Say why a problem has no plan: what is missing, which rules clash, what would help.

    Exit status 0 when it has a plan, 1 when it has none.
    """
    problem = read_problem(problem_file, as_json=as_json)
    from cotutelle.cli._plan_words import diagnosis_json, diagnosis_lines  # noqa: PLC0415
    from cotutelle.engines.rotation import diagnose  # noqa: PLC0415

    diagnosis = diagnose(problem, time_limit=time_limit)
    if as_json:
        typer.echo(json.dumps(diagnosis_json(diagnosis)))
    else:
        typer.echo("\n".join(diagnosis_lines(problem, diagnosis)))
    if not diagnosis.is_feasible:
        raise typer.Exit(INFEASIBLE)


def generate(
    out: Annotated[Path, typer.Option("--out", help="File to write the problem to.")],
    *,
    trainees: Annotated[int, typer.Option(min=1, help="How many people.")] = 100,
    months: Annotated[int, typer.Option(help="Horizon, 12 to 60.")] = 36,
    wards: Annotated[int, typer.Option(help="How many wards, 8 or more.")] = 70,
    seed: Seed = 0,
    conflict: Annotated[
        str, typer.Option(help="Draw a small problem without a plan instead, with this cause.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Draw a problem whose greatest score is known, or one whose conflict is known."""
    from dataclasses import asdict  # noqa: PLC0415

    from cotutelle.engines.rotation import problem_to_json  # noqa: PLC0415
    from cotutelle.engines.rotation.generate import planted, planted_conflict  # noqa: PLC0415

    known: dict[str, Any]
    try:
        if conflict:
            problem, cause = planted_conflict(conflict, seed)
            known = {"status": "infeasible", "cause": asdict(cause)}
        else:
            problem, optimum, _ = planted(trainees, months, wards, seed)
            known = {"status": "feasible", "optimum": optimum}
    except ValueError as error:
        say([str(error)])
        raise typer.Exit(REFUSED) from None
    write_document(out, problem_to_json(problem), as_json=as_json)
    words = f"cause {known['cause']}" if conflict else f"greatest score {known['optimum']}"
    typer.echo(json.dumps(known) if as_json else f"Written: {out}, {words}")
