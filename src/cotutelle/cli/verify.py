"""`cotutelle verify`: certificates of computed decisions, checked again without a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cotutelle.cli._language import language_of
from cotutelle.cli._matching_runs import INFEASIBLE, REFUSED, say
from cotutelle.cli._plan_files import object_without_repeats


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("verify")(verify)


def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate.json.")],
    documents: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[CREDENTIAL]...",
            help="For a batch of issued certificates: the certificates themselves, to compare.",
        ),
    ] = None,
    *,
    language: Annotated[
        str,
        typer.Option("--language", help="zh or en for such a batch; otherwise as LANG says."),
    ] = "",
) -> None:
    """
    Check a certificate again, with a check written apart from the program that decided.

    Matchings, rotation plans, planned weeks, and batches of issued certificates. Exit status 0
    when everything holds; 1 when something fails, which is then named.
    """
    certificate = _read(path)
    named = str(certificate.get("format")) if isinstance(certificate, dict) else ""
    if named == "cotutelle-issue/1":
        _issue(path, certificate, documents or [], language_of(language))
        return
    if documents:
        say([f"{documents[0]}: only a batch of issued certificates is compared with others."])
        raise typer.Exit(REFUSED)
    checks: dict[str, Callable[[Path, Any], None]] = {
        "cotutelle.rotation.certificate/1": _plan,
        "cotutelle.weekly.certificate/1": _week,
    }
    checks.get(named, _matching)(path, certificate)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes(), object_pairs_hook=object_without_repeats)
    except OSError as error:
        _fail([f"{path}: cannot be read: {error.strerror}"])
    except (ValueError, RecursionError) as error:
        _fail([f"{path}: not a certificate: {error}"])


def _matching(path: Path, certificate: Any) -> None:
    from cotutelle.cli._matching_words import proof_words  # noqa: PLC0415
    from cotutelle.engines.matching import verify_certificate  # noqa: PLC0415

    verdict = verify_certificate(certificate)
    if not verdict.ok:
        _fail([f"{path}: {problem}" for problem in verdict.problems])
    size, students = len(certificate["result"]), len(certificate["inputs"]["students"])
    typer.echo(f"{path}: every check holds. {size} of {students} students have a place.")
    if verdict.admits is not None:
        typer.echo(proof_words(certificate["evidence"], verdict.admits))
    typer.echo(f"input_sha256 {certificate['input_sha256']}")
    typer.echo(f"result_sha256 {certificate['result_sha256']}")


def _plan(path: Path, certificate: Any) -> None:
    from cotutelle.cli._plan_reports import audit, audit_words  # noqa: PLC0415
    from cotutelle.engines.rotation import (  # noqa: PLC0415
        InvalidProblem,
        plan_from_json,
        problem_from_json,
    )

    try:
        problem = problem_from_json(certificate.get("problem"))
        plan = plan_from_json(certificate.get("plan"))
    except InvalidProblem as error:
        _fail([f"{path}: {fault.message}" for fault in error.faults])
    figures = audit(problem, plan)
    lines = audit_words(path, figures)
    if figures["status"] != "holds":
        _fail(lines)
    typer.echo("\n".join(lines))


def _week(path: Path, certificate: Any) -> None:
    from cotutelle.engines.weekly import (  # noqa: PLC0415
        InvalidProblem,
        check_week,
        plan_from_json,
        problem_from_json,
    )

    try:
        problem = problem_from_json(certificate.get("problem"))
        plan = plan_from_json(certificate.get("plan"))
    except InvalidProblem as error:
        _fail([f"{path}: {fault.message}" for fault in error.faults])
    if violations := check_week(problem, plan):
        _fail([f"{path}: {violation.message}" for violation in violations])
    placed, wanted = len(plan.placements), len(problem.activities)
    typer.echo(f"{path}: every check holds. {placed} of {wanted} appointments have a slot.")
    if plan.bound_placed < wanted:
        typer.echo(f"That no more than {plan.bound_placed} can have one is the solver's word.")


def _issue(path: Path, certificate: Any, documents: Sequence[Path], language: str) -> None:
    from cotutelle.cli._issue_words import fault_words, holds_words  # noqa: PLC0415
    from cotutelle.engines.credentials.batches import check_batch  # noqa: PLC0415

    texts = [_credential(one, language) for one in documents]
    verdict = check_batch(certificate, texts)
    if not verdict.ok:
        _fail([f"{path}: {fault_words(fault, language)}" for fault in verdict.faults])
    typer.echo(f"{path}: {holds_words(verdict, certificate['issuer'], language)}")
    typer.echo(f"input_sha256 {certificate['input_sha256']}")


def _credential(path: Path, language: str) -> Any:
    """Return the certificate in a bundle, a PDF, a badge or a file of its own."""
    from cotutelle.engines.credentials.errors import FileProblem  # noqa: PLC0415
    from cotutelle.engines.credentials.files import read_file  # noqa: PLC0415
    from cotutelle.engines.credentials.words import sentence  # noqa: PLC0415

    try:
        found = read_file(path.read_bytes())
    except OSError as error:
        _fail([f"{path}: cannot be read: {error.strerror}"])
    except FileProblem as problem:
        _fail([f"{path}: {sentence(problem.code, problem.params, language)}"])
    return found["credential"] if isinstance(found, dict) and "credential" in found else found


def _fail(lines: list[str]) -> NoReturn:
    say(lines)
    raise typer.Exit(INFEASIBLE)
