"""
Problems and plans of a week as JSON documents.

Every field has its name in the dataclass; sets are sorted lists; absent fields have the default
of the dataclass and are not written. ``format`` is ``cotutelle.weekly/1`` for problems and
``cotutelle.weekly.plan/1`` for plans.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from cotutelle.engines.weekly.problem import WeeklyPlan, WeeklyProblem
from cotutelle.engines.weekly.validation import Fault, InvalidProblem, validate_problem

PROBLEM_FORMAT = "cotutelle.weekly/1"
PLAN_FORMAT = "cotutelle.weekly.plan/1"

_T = TypeVar("_T")


def problem_to_json(problem: WeeklyProblem) -> dict[str, Any]:
    """Return a document from which `problem_from_json` makes an equal problem."""
    return {"format": PROBLEM_FORMAT, **_write(problem)}


def problem_from_json(document: Any) -> WeeklyProblem:
    """
    Return the problem a document describes.

    Parameters
    ----------
    document
        As `json.loads` returns it.

    Raises
    ------
    InvalidProblem
        With everything that is not as the format says; when it is, with every mistake that
        `validate_problem` finds.
    """
    problem = _read_document(document, PROBLEM_FORMAT, WeeklyProblem)
    validate_problem(problem)
    return problem


def plan_to_json(plan: WeeklyPlan) -> dict[str, Any]:
    """Return a document from which `plan_from_json` makes an equal plan."""
    return {"format": PLAN_FORMAT, **_write(plan)}


def plan_from_json(document: Any) -> WeeklyPlan:
    """
    Return the plan a document describes; whether it is any good `check_week` knows.

    Raises
    ------
    InvalidProblem
        With everything that is not as the format says.
    """
    return _read_document(document, PLAN_FORMAT, WeeklyPlan)


def _write(value: Any) -> Any:
    if is_dataclass(value):
        return {
            field.name: _write(getattr(value, field.name))
            for field in fields(value)
            if not _is_default(field, getattr(value, field.name))
        }
    if isinstance(value, Mapping):
        return {str(key): _write(value[key]) for key in sorted(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_write(item) for item in value]
    return value


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return field.default is not MISSING and bool(value == field.default)


def _read_document(document: Any, name: str, kind: type[_T]) -> _T:
    found = document.get("format") if isinstance(document, dict) else None
    if found != name:
        message = f"format: expected {name!r}, found {found!r}"
        raise InvalidProblem([Fault("format", "malformed", message)])
    faults: list[Fault] = []
    content = {key: value for key, value in document.items() if key != "format"}
    value: _T = _read(content, kind, "", faults)
    if faults:
        raise InvalidProblem(faults)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(value: Any, hint: Any, path: str, faults: list[Fault]) -> Any:
    """Return ``value`` as the annotation ``hint`` wants it, and note what is not so."""
    if is_dataclass(hint) and isinstance(hint, type):
        return _read_fields(value, hint, path, faults)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        wanted = next(arm for arm in inner if arm is not type(None))
        return None if value is None else _read(value, wanted, path, faults)
    if origin is not None:
        return _read_collection(value, origin, inner, path, faults)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        _note(faults, path, f"{value!r} is not {_NAMES[hint]}")
    return value


def _read_collection(
    value: Any, origin: Any, inner: tuple[Any, ...], path: str, faults: list[Fault], /
) -> Any:
    if issubclass(origin, Mapping):
        return _read_mapping(value, inner, path, faults)
    fixed = origin is tuple and inner[-1] is not Ellipsis
    items = _read_items(value, list(inner) if fixed else [inner[0]], path, faults)
    if fixed and len(items) != len(inner):
        _note(faults, path, f"{len(inner)} values are expected")
    return origin(items) if not faults else None


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _read_fields(value: Any, kind: type, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        _note(faults, path, "an object is expected")
        return None
    hints = _hints(kind)
    for name in sorted(value.keys() - hints.keys()):
        _note(faults, f"{path}.{name}".lstrip("."), "this field is unknown")
    read = {}
    for field in fields(kind):
        here = f"{path}.{field.name}".lstrip(".")
        if field.name in value:
            read[field.name] = _read(value[field.name], hints[field.name], here, faults)
        elif field.default is MISSING and field.default_factory is MISSING:
            _note(faults, here, "this field is missing")
    return kind(**read) if not faults else None


def _read_items(value: Any, hints: list[Any], path: str, faults: list[Fault]) -> list[Any]:
    if not isinstance(value, list):
        _note(faults, path, "a list is expected")
        return []
    count = len(hints)
    return [_read(v, hints[i % count], f"{path}[{i}]", faults) for i, v in enumerate(value)]


def _read_mapping(
    value: Any, inner: tuple[Any, ...], path: str, faults: list[Fault]
) -> dict[Any, Any]:
    if not isinstance(value, dict):
        _note(faults, path, "an object is expected")
        return {}
    read = {}
    for key, item in value.items():
        here = f"{path}[{key!r}]"
        if inner[0] is int and not key.isdecimal():
            _note(faults, here, "the name is not a whole number")
            continue
        read[int(key) if inner[0] is int else key] = _read(item, inner[1], here, faults)
    return read


def _note(faults: list[Fault], path: str, message: str) -> None:
    faults.append(Fault(path, "malformed", f"{path or 'document'}: {message}"))
