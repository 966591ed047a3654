"""`cotutelle match` and `cotutelle verify`: the main job on plain files, without a database."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

_RANKS_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the two commands to ``app``."""
    app.command("match")(match)
    app.command("verify")(verify)


def match(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder with students.csv, offers.csv, mentors.csv."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the result to.")],
    seed: Annotated[str, typer.Option(help="Published seed of the tie lottery.")] = "0",
    student_ties: Annotated[
        bool, typer.Option("--student-ties", help="Students may rank offers as equals.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of sentences.")
    ] = False,
) -> None:
    """
    Match students and mentors by their preference lists.

    Writes assignment.csv, unmatched.csv and certificate.json. Exit status 2 when the input has
    mistakes: all of them are listed and nothing is written.
    """
    started = time.process_time()
    certificate = _match_files(folder, out, seed=seed, student_ties=student_ties)
    report = _report(certificate, time.process_time() - started)
    typer.echo(json.dumps(report) if as_json else _summary(certificate, report, out))


def _match_files(folder: Path, out: Path, *, seed: str, student_ties: bool) -> dict[str, Any]:
    from cotutelle.cli._machine_csv import BadInput, write_files  # noqa: PLC0415
    from cotutelle.cli._market_files import read_market, result_tables  # noqa: PLC0415
    from cotutelle.engines.matching import (  # noqa: PLC0415
        build_certificate,
        canonical_json,
        match_students,
    )

    try:
        problem = read_market(folder, seed=seed, student_ties=student_ties)
    except BadInput as error:
        _refuse([str(complaint) for complaint in error.complaints])
    matching = match_students(problem)
    certificate = build_certificate(problem, matching)
    files = result_tables(problem, matching.offer_of)
    files["certificate.json"] = canonical_json(certificate) + b"\n"
    try:
        write_files(out, files)
    except OSError as error:
        _say([f"{error.filename or out}: cannot be written: {error.strerror}"])
        raise typer.Exit(2) from None
    return certificate


def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate.json.")],
) -> None:
    """
    Check a certificate again, with a program that shares no code with the solver.

    Exit status 0 when everything holds; 1 when something fails, which is then named.
    """
    from cotutelle.engines.matching import verify_certificate  # noqa: PLC0415

    try:
        certificate = json.loads(path.read_bytes(), object_pairs_hook=_object_without_repeats)
    except OSError as error:
        _fail([f"{path}: cannot be read: {error.strerror}"])
    except (ValueError, RecursionError) as error:
        _fail([f"{path}: not a certificate: {error}"])
    verdict = verify_certificate(certificate)
    if not verdict.ok:
        _fail([f"{path}: {problem}" for problem in verdict.problems])
    size, students = len(certificate["result"]), len(certificate["inputs"]["students"])
    typer.echo(f"{path}: every check holds. {size} of {students} students have a place.")
    typer.echo(f"input_sha256 {certificate['input_sha256']}")
    typer.echo(f"result_sha256 {certificate['result_sha256']}")


def _report(certificate: dict[str, Any], cpu_seconds: float) -> dict[str, Any]:
    evidence = certificate["evidence"]
    return {
        "status": "stable",
        "size": evidence["size"],
        "blocking_pairs": evidence["blocking_pairs"],
        "tolerated": len(evidence["tolerated"]),
        "rank_profile": evidence["rank_profile"],
        "cpu_seconds": round(cpu_seconds, 3),
        "input_sha256": certificate["input_sha256"],
    }


def _summary(certificate: dict[str, Any], report: dict[str, Any], out: Path) -> str:
    unmatched, size, profile = (
        certificate["evidence"]["unmatched"],
        report["size"],
        report["rank_profile"],
    )
    ranks = [(rank, count) for rank, count in enumerate(profile, start=1) if count]
    choices = [f"{count} at rank {rank}" for rank, count in ranks[:_RANKS_SHOWN]]
    if len(ranks) > _RANKS_SHOWN:
        choices.append(f"{sum(count for _, count in ranks[_RANKS_SHOWN:])} further down")
    lines = [
        f"Stable. {size} of {size + unmatched} students have a place, {unmatched} have none.",
        f"Their choices: {', '.join(choices) or 'none'}.",
        f"Pairs kept apart only by a pin or a ban: {report['tolerated']}.",
        f"Inputs: SHA-256 {report['input_sha256']}",
        f"Written: {out}/assignment.csv, unmatched.csv, certificate.json",
    ]
    return "\n".join(lines)


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _refuse(lines: list[str]) -> NoReturn:
    _say(lines)
    count = f"{len(lines)} mistakes" if len(lines) != 1 else "1 mistake"
    typer.echo(f"{count}; nothing was written.", err=True)
    raise typer.Exit(2)


def _fail(lines: list[str]) -> NoReturn:
    _say(lines)
    raise typer.Exit(1)


def _say(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)
