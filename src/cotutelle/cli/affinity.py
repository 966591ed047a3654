"""``cotutelle affinity``: score two files of texts, without a database."""

from __future__ import annotations

import csv
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cotutelle.cli._affinity_way import choose_way
from cotutelle.cli._text import UnreadableText, read_text

if TYPE_CHECKING:
    from cotutelle.engines.affinity import AffinityRow

COLUMNS = ("student_id", "mentor_id", "score", "terms")
_BAD_INPUT = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="affinity")(affinity)


def affinity(  # noqa: PLR0917 - one parameter an option
    mentors: Annotated[Path, typer.Argument(help='One {"id", "texts": […]} a line.')],
    students: Annotated[Path, typer.Argument(help="The same, for the students.")],
    out: Annotated[Path, typer.Option("--out", help="CSV file to write.")],
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Mentors per student; all without it.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", help="auto: the text models, if installed; tfidf: words; or a hub name."
        ),
    ] = "auto",
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Folder for vectors of texts seen before.")
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            help="A number of processes, or tcp://HOST:PORT of Dask; for large problems as many "
            "processes as there are cores without it.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Score how near each mentor's work is to each student's interests."""
    started = time.process_time()
    problems: list[str] = []
    mentor_texts = _read_people(mentors, problems)
    student_texts = _read_people(students, problems)
    if problems:
        _refuse(problems)
    try:
        pairs = _count(mentor_texts) * _count(student_texts)
        way = choose_way(model, cache, workers, pairs=pairs)
        count = _write_rows(out, way.rows(mentor_texts, student_texts, top))
    except OSError as error:
        _refuse([f"{out}: {error.strerror or error}"])
    except ValueError as error:
        _refuse([str(error)])
    if as_json:
        summary = {
            "status": "scored",
            "students": len(student_texts),
            "mentors": len(mentor_texts),
            "rows": count,
            **way.summary(),
            "cpu_seconds": round(time.process_time() - started, 3),
        }
        typer.echo(json.dumps(summary))
    else:
        typer.echo(
            f"{len(student_texts)} students, {len(mentor_texts)} mentors: {count} rows in {out}"
        )


def _count(people: dict[str, list[str]]) -> int:
    return sum(map(len, people.values()))


def _refuse(problems: Iterable[str]) -> NoReturn:
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(_BAD_INPUT)


def _read_people(path: Path, problems: list[str]) -> dict[str, list[str]]:
    """Read one file, adding a ``file:line: message`` for every line that cannot be used."""
    try:
        lines = read_text(path).split("\n")
    except UnreadableText as error:
        problems.append(str(error))
        return {}
    people: dict[str, list[str]] = {}
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            person, texts = _parse_person(line)
            if person in seen:
                raise ValueError(f"duplicate id {person!r}, first on line {seen[person]}")
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
            continue
        seen[person] = number
        people[person] = texts
    return people


def _parse_person(line: str) -> tuple[str, list[str]]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError('expected an object {"id": …, "texts": […]}')
    missing = [name for name in ("id", "texts") if name not in record]
    if missing:
        raise ValueError(f"missing {' and '.join(missing)}")
    person, texts = record["id"], record["texts"]
    if not isinstance(person, str):
        raise ValueError("id is not a string")
    if not person.strip():
        raise ValueError("id is empty")
    if any("\ud800" <= character <= "\udfff" for character in person):
        raise ValueError("id holds half a character (an unpaired surrogate)")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts is not a list of strings")
    return person.strip(), texts


def _write_rows(out: Path, rows: Iterable[AffinityRow]) -> int:
    """Write beside the target and rename, so that a broken run leaves nothing half-written."""
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    count = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in rows:
                score = f"{row.score:.6f}"
                writer.writerow((row.student_id, row.mentor_id, score, ";".join(row.terms)))
                count += 1
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return count
