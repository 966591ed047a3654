"""Problems and plans on disk for `cotutelle plan`, and what it says when they cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from cotutelle.cli._matching_runs import REFUSED, say

if TYPE_CHECKING:
    from cotutelle.engines.rotation import Fault, Plan, RotationProblem


def read_problem(path: Path, *, as_json: bool) -> RotationProblem:
    """Return the problem in ``path``; what is wrong with it ends the command with status 2."""
    from cotutelle.engines.rotation import InvalidProblem, problem_from_json  # noqa: PLC0415

    document = _read(path, as_json=as_json)
    try:
        return problem_from_json(document)
    except InvalidProblem as error:
        _refuse(path, error.faults, as_json=as_json)


def read_plan(path: Path, *, as_json: bool) -> Plan:
    """Return the plan in ``path``; what is wrong with it ends the command with status 2."""
    from cotutelle.engines.rotation import InvalidProblem, plan_from_json  # noqa: PLC0415

    document = _read(path, as_json=as_json)
    try:
        return plan_from_json(document)
    except InvalidProblem as error:
        _refuse(path, error.faults, as_json=as_json)


def write_document(path: Path, document: dict[str, Any], *, as_json: bool) -> None:
    """Write a JSON file in one go; where that cannot be done, end with status 2."""
    from cotutelle.cli._machine_csv import write_files  # noqa: PLC0415

    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        write_files(path.parent, {path.name: f"{text}\n".encode()})
    except OSError as error:
        _refuse_file(path, f"cannot be written: {error.strerror or error}", as_json=as_json)


def _read(path: Path, *, as_json: bool) -> Any:
    try:
        return json.loads(path.read_bytes(), object_pairs_hook=object_without_repeats)
    except OSError as error:
        _refuse_file(path, f"cannot be read: {error.strerror}", as_json=as_json)
    except (ValueError, RecursionError) as error:
        _refuse_file(path, f"not JSON: {error}", as_json=as_json)


def object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; raises ``ValueError`` where a name stands twice in it."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _refuse_file(path: Path, message: str, *, as_json: bool) -> NoReturn:
    from cotutelle.engines.rotation import Fault  # noqa: PLC0415

    _refuse(path, [Fault("", "file", message)], as_json=as_json)


def _refuse(path: Path, faults: Iterable[Fault], *, as_json: bool) -> NoReturn:
    faults = list(faults)
    if as_json:
        rows = [{"path": f.path, "code": f.code, "message": f.message} for f in faults]
        typer.echo(json.dumps({"status": "refused", "file": str(path), "faults": rows}))
    else:
        count = "1 mistake" if len(faults) == 1 else f"{len(faults)} mistakes"
        say([*(f"{path}: {fault.message}" for fault in faults), f"{count}; nothing was written."])
    raise typer.Exit(REFUSED)
