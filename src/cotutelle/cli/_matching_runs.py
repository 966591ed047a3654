"""Options that `cotutelle match` and `cotutelle match why` share, and the run they ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from cotutelle.engines.matching import Infeasible, Matching, MatchingProblem

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Folder with students.csv, offers.csv, mentors.csv."),
]
Seed = Annotated[str, typer.Option(help="Published seed of the tie lottery.")]
StudentTies = Annotated[
    bool, typer.Option("--student-ties", help="Students may rank offers as equals.")
]
Algorithm = Annotated[
    Literal["deferred-acceptance", "promotion", "exact"],
    typer.Option(help="How to match; the last two place more students where lists have ties."),
]
Objective = Annotated[
    Literal["size", "generous", "regret"],
    typer.Option(help="What decides among the largest results (exact)."),
]
Order = Annotated[
    Literal["blocking,size", "size,blocking"],
    typer.Option(help="What comes first under minimum quotas (exact)."),
]
TimeLimit = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.1, help="Time for the proof (exact).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, not sentences.")]

REFUSED = 2
INFEASIBLE = 1


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    seed: str
    student_ties: bool
    algorithm: Literal["deferred-acceptance", "promotion", "exact"]
    objective: Literal["size", "generous", "regret"]
    order: Literal["blocking,size", "size,blocking"]
    time_limit: float
    as_json: bool


def run(folder: Path, options: Options) -> tuple[MatchingProblem, Matching]:
    """Read the market and match it; what cannot be done ends the command with its sentences."""
    from cotutelle.cli._machine_csv import BadInput  # noqa: PLC0415
    from cotutelle.cli._market_files import read_market  # noqa: PLC0415
    from cotutelle.engines.matching import Infeasible, LowerQuotaMissed, match  # noqa: PLC0415

    try:
        problem = read_market(folder, seed=options.seed, student_ties=options.student_ties)
    except BadInput as error:
        lines = [str(complaint) for complaint in error.complaints]
        refuse(lines, f"{len(lines)} mistakes" if len(lines) != 1 else "1 mistake")
    try:
        matching = match(
            problem,
            algorithm=options.algorithm,
            objective=options.objective,
            time_limit=options.time_limit,
            order=("size", "blocking")
            if options.order == "size,blocking"
            else ("blocking", "size"),
        )
    except Infeasible as error:
        _refuse_infeasible(error, options)
    except LowerQuotaMissed as error:
        refuse([str(missed) for missed in error.missed], "Minimums need --algorithm exact")
    except (ValueError, TimeoutError) as error:
        refuse([str(error)], "This cannot be matched so")
    return problem, matching


def _refuse_infeasible(error: Infeasible, options: Options) -> NoReturn:
    from cotutelle.cli._matching_words import infeasibility, infeasibility_json  # noqa: PLC0415

    if options.as_json:
        report = {
            "status": "infeasible",
            "algorithm": options.algorithm,
            "objective": options.objective,
            "bound": None,
            **infeasibility_json(error.diagnosis),
        }
        typer.echo(json.dumps(report))
    else:
        say(infeasibility(error.diagnosis))
    raise typer.Exit(INFEASIBLE)


def refuse(lines: list[str], conclusion: str) -> NoReturn:
    """Say what is wrong on standard error and end with status 2."""
    say([*lines, f"{conclusion}; nothing was written."])
    raise typer.Exit(REFUSED)


def say(lines: list[str]) -> None:
    """Print lines to standard error."""
    for line in lines:
        typer.echo(line, err=True)
