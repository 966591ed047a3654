"""``cotutelle credential``: check a certificate on plain files, without a database or a network."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotutelle.cli import credential_page
from cotutelle.cli._language import language_of
from cotutelle.cli._text import printable

if TYPE_CHECKING:
    from cotutelle.engines.credentials.report import Report

commands = typer.Typer(no_args_is_help=True, help="Check certificates without a database.")

VALID, REFUSED, USAGE, UNKNOWN = 0, 1, 2, 3
EXIT = {"valid": VALID, "refused": REFUSED, "unknown": UNKNOWN}
MARKS = {
    "good": ("✓", "green"),
    "bad": ("✗", "red"),
    "unknown": ("?", "yellow"),
    "absent": ("–", "dim"),
}


def register(app: typer.Typer) -> None:
    """Add ``credential`` to the ``cotutelle`` command."""
    app.add_typer(commands, name="credential")


@commands.command()
def verify(
    file: Annotated[
        Path, typer.Argument(help="Share bundle, credential, PNG badge or PDF certificate.")
    ],
    policy: Annotated[
        Path, typer.Option("--policy", help="Whom to believe: a C2SP trust policy file.")
    ],
    *,
    now: Annotated[
        str, typer.Option("--now", help="Check as of this time, such as 2026-11-21T08:30:00Z.")
    ] = "",
    tsa_root: Annotated[
        list[Path] | None,
        typer.Option("--tsa-root", help="PEM certificate of a trusted time-stamping authority."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
    language: Annotated[
        str, typer.Option("--language", help="zh or en; otherwise as LANG says.")
    ] = "",
) -> None:
    """
    Check a certificate offline.

    Exit status 0: valid; 1: refused; 3: nothing is wrong, but not everything could be checked;
    2: wrong usage or a file that cannot be read.
    """
    tongue = language_of(language)
    report = _check(file, policy, now, tsa_root or [], tongue)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(report, tongue)
    raise typer.Exit(EXIT[report.verdict])


credential_page.register(commands)


def _check(file: Path, policy: Path, now: str, roots: list[Path], language: str) -> Report:
    from cotutelle.engines.credentials.errors import FileProblem  # noqa: PLC0415
    from cotutelle.engines.credentials.files import read_file  # noqa: PLC0415
    from cotutelle.engines.credentials.times import read_time  # noqa: PLC0415
    from cotutelle.engines.credentials.verifying import verify_bundle  # noqa: PLC0415
    from cotutelle.engines.credentials.words import sentence  # noqa: PLC0415
    from cotutelle.engines.translog import Policy, PolicyError  # noqa: PLC0415

    try:
        moment = read_time(now) if now else datetime.now(UTC)
    except ValueError as error:
        raise _stop(f"--now: {error}") from None
    try:
        trusted = Policy.parse(_read(policy))
    except PolicyError as error:
        raise _stop(f"{policy}: {error}") from None
    certificates = [_read(path) for path in roots]
    try:
        return verify_bundle(
            read_file(_read(file)), policy=trusted, now=moment, tsa_roots=certificates
        )
    except FileProblem as problem:
        raise _stop(f"{file}: {sentence(problem.code, problem.params, language)}") from None
    except ValueError as error:
        raise _stop(f"--tsa-root: {error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _stop(f"{path}: {error.strerror}") from None


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(USAGE)


def _show(report: Report, language: str) -> None:
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from cotutelle.engines.credentials.report import ROWS  # noqa: PLC0415
    from cotutelle.engines.credentials.words import sentence  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())
    for line in _about(report.credential, language):
        console.print(Text(line))
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    for name in ROWS:
        finding = report.findings[name]
        mark, style = MARKS[finding.state]
        table.add_row(
            Text(mark, style),
            Text(sentence(f"row.{name}", {}, language), no_wrap=True),
            Text(sentence(f"state.{finding.state}", {}, language), style, no_wrap=True),
            Text(printable(sentence(finding.code, finding.params, language)), overflow="fold"),
        )
    console.print(table)
    mark, style = MARKS["good" if report.verdict == "valid" else "bad" if report.verdict == "refused" else "unknown"]  # fmt: skip
    console.print(Text(f"{mark} {sentence(f'verdict.{report.verdict}', {}, language)}", style))


def _about(told: Any, language: str) -> list[str]:
    """Return title, holder and issuer; only if the report is good are they more than a claim."""
    lines = [_name(told, language), _name(told["subject"], language)]
    lines.append(_name(told["issuer"], language) or told["issuer"]["id"])
    return [printable(line) for line in lines if line]


def _name(part: Any, language: str) -> str:
    chinese = part.get("zh", {}).get("name", "") if language == "zh" else ""
    return str(chinese or part.get("name", ""))
