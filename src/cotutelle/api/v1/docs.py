"""The reference of the interface as a page of ours: made from the description, no scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cotutelle.api.v1.description import description
from cotutelle.core.access import SIGNED_IN, requires


@dataclass(frozen=True, slots=True)
class Value:
    """One parameter or one name of a body or an answer."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    says: str
    permission: str
    parameters: tuple[Value, ...]
    body: tuple[Value, ...]
    answer: tuple[Value, ...]
    statuses: tuple[str, ...]


@require_safe
def _reference(request: HttpRequest) -> HttpResponse:
    rooms: dict[str, list[Shown]] = {}
    for tag, shown in _operations():
        rooms.setdefault(tag, []).append(shown)
    return render(request, "api/reference.html", {"rooms": rooms.items()})


reference = requires(SIGNED_IN)(_reference)


def _operations() -> Iterator[tuple[str, Shown]]:
    whole = description()
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            yield operation["tags"][0], _shown(whole, path, method, operation)


def _shown(whole: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Shown:
    contents = operation.get("requestBody", {}).get("content", {})
    answers = [
        found["content"]["application/json"]["schema"]
        for status, found in operation["responses"].items()
        if status.startswith("2")
    ]
    return Shown(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        says=operation.get("description", ""),
        permission=operation["x-permission"],
        parameters=tuple(
            Value(
                p["name"],
                _kind(p["schema"]),
                bool(p.get("required")),
                p.get("description", p["in"]),
            )
            for p in operation["parameters"]
        ),
        body=tuple(v for found in contents.values() for v in _values(whole, found["schema"])),
        answer=tuple(v for schema in answers for v in _values(whole, schema)),
        statuses=tuple(sorted(operation["responses"])),
    )


def _values(whole: dict[str, Any], schema: dict[str, Any]) -> Iterator[Value]:
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    required = schema.get("required", ())
    for name, found in schema.get("properties", {}).items():
        yield Value(name, _kind(found), name in required, found.get("description", ""))


def _kind(schema: dict[str, Any]) -> str:
    """Return a type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type") or "any")
