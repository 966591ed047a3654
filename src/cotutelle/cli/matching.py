"""`cotutelle match`: the main job on plain files, without a database."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from cotutelle.cli._matching_runs import (
    REFUSED,
    Algorithm,
    AsJson,
    Folder,
    Objective,
    Options,
    Order,
    Seed,
    StudentTies,
    TimeLimit,
    run,
    say,
)

if TYPE_CHECKING:
    from cotutelle.engines.matching import Matching, MatchingProblem, Reason, Sufficient


class _MatchOrWhy(TyperCommand):
    """`cotutelle match DIR`, which hands `cotutelle match why …` over."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        if args[:1] != ["why"]:
            return super().make_context(info_name, args, parent, **extra)
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command("why")(why)
        command = typer.main.get_command(app)
        return command.make_context(f"{info_name} why", args[1:], parent, **extra)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "match",
        cls=_MatchOrWhy,
        epilog="cotutelle match why DIR STUDENT OFFER says why a student has or has not an offer;"
        " cotutelle match why --help. A folder of the name why is ./why.",
    )(match)


def match(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Folder to write the result to.")],
    *,
    seed: Seed = "0",
    student_ties: StudentTies = False,
    algorithm: Algorithm = "deferred-acceptance",
    objective: Objective = "size",
    order: Order = "blocking,size",
    time_limit: TimeLimit = 60.0,
    as_json: AsJson = False,
) -> None:
    """
    Match students and mentors by their preference lists.

    Writes assignment.csv, unmatched.csv and certificate.json. Exit status 2 when the input has
    mistakes: all of them are listed; 1 when no result keeps the minimum quotas: what is in the
    way and what would help is listed. Nothing is written then.
    """
    from cotutelle.cli._matching_words import summary  # noqa: PLC0415

    started = time.process_time()
    options = Options(seed, student_ties, algorithm, objective, order, time_limit, as_json)
    problem, matching = run(folder, options)
    certificate = _write(problem, matching, out)
    report = _report(certificate, matching, time.process_time() - started)
    typer.echo(json.dumps(report) if as_json else summary(certificate, report, out))


def _write(problem: MatchingProblem, matching: Matching, out: Path) -> dict[str, Any]:
    from cotutelle.cli._machine_csv import write_files  # noqa: PLC0415
    from cotutelle.cli._market_files import result_tables  # noqa: PLC0415
    from cotutelle.engines.matching import build_certificate, canonical_json  # noqa: PLC0415

    certificate = build_certificate(problem, matching)
    files = result_tables(problem, matching)
    files["certificate.json"] = canonical_json(certificate) + b"\n"
    try:
        write_files(out, files)
    except OSError as error:
        say([f"{error.filename or out}: cannot be written: {error.strerror}"])
        raise typer.Exit(REFUSED) from None
    return certificate


def _report(certificate: dict[str, Any], matching: Matching, cpu_seconds: float) -> dict[str, Any]:
    evidence = certificate["evidence"]
    return {
        "status": matching.status,
        "size": evidence["size"],
        "bound": matching.bound,
        "algorithm": matching.algorithm,
        "objective": matching.objective,
        "blocking_pairs": evidence["blocking_pairs"],
        "tolerated": len(evidence["tolerated"]),
        "rank_profile": evidence["rank_profile"],
        "cpu_seconds": round(cpu_seconds, 3),
        "input_sha256": certificate["input_sha256"],
    }


def why(
    folder: Folder,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="Id of the student.")],
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="Id of an offer on the list.")],
    *,
    seed: Seed = "0",
    student_ties: StudentTies = False,
    algorithm: Algorithm = "deferred-acceptance",
    objective: Objective = "size",
    order: Order = "blocking,size",
    time_limit: TimeLimit = 60.0,
    as_json: AsJson = False,
) -> None:
    """
    Say why a student has or has not an offer, and which place would have been enough.

    Matches the folder again, with the same options as the run that is asked about, and writes
    nothing.
    """
    from cotutelle.cli._matching_words import reason_sentence, sufficient_sentence  # noqa: PLC0415
    from cotutelle.engines.matching import Explainer  # noqa: PLC0415

    options = Options(seed, student_ties, algorithm, objective, order, time_limit, as_json)
    problem, matching = run(folder, options)
    explainer = Explainer(problem, matching.offer_of, algorithm=matching.algorithm)
    try:
        reason = explainer.explain(student, offer)
        sufficient = explainer.sufficient_place(student, offer)
    except ValueError as error:
        say([str(error)])
        raise typer.Exit(REFUSED) from None
    if as_json:
        typer.echo(json.dumps(_answer(problem, matching, (student, offer), reason, sufficient)))
        return
    typer.echo(reason_sentence(problem, student, offer, reason))
    if sufficient is not None:
        typer.echo(sufficient_sentence(sufficient))


def _answer(
    problem: MatchingProblem,
    matching: Matching,
    pair: tuple[str, str],
    reason: Reason,
    sufficient: Sufficient | None,
) -> dict[str, Any]:
    from cotutelle.engines.matching import student_rank  # noqa: PLC0415

    student, offer = pair
    return {
        "student": student,
        "offer": offer,
        "mentor": problem.offers[offer].mentor_id,
        "holds": matching.offer_of.get(student),
        "student_rank": student_rank(problem, student, offer),
        "status": matching.status,
        "algorithm": matching.algorithm,
        "objective": matching.objective,
        "reason": asdict(reason),
        "sufficient": None if sufficient is None else asdict(sufficient),
    }
