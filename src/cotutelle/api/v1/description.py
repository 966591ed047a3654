"""The OpenAPI 3.1 description: ninja's, with the problems each operation may answer."""

from __future__ import annotations

from functools import cache
from typing import Any

from cotutelle.api.v1.problems import MEDIA_TYPE, Problem

PREFIX = "/api/v1"
_SAID = {
    400: "The request could not be read.",
    401: "No valid token and no session.",
    403: "A rule does not allow this; `detail` names it.",
    404: "Nothing here, or nothing for you.",
    409: "A rule of the programme does not allow this now.",
    412: "It has changed since you read it.",
    413: "Too large.",
    422: "Values that cannot be used.",
    428: "`If-Match` is missing.",
    429: "Too many requests; see `Retry-After`.",
}
_ALWAYS = (400, 401, 403, 404, 422, 429)
_WRITING = (409, 413)
_VERSIONED = (412, 428)


@cache
def description() -> dict[str, Any]:
    """Return the whole description."""
    from cotutelle.api.v1.interface import api  # noqa: PLC0415  it imports this room's operations

    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    components = found["components"]
    components["schemas"].update(_problem_schemas())
    components["responses"] = {str(status): _response(status) for status in _SAID}
    paths = {}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            _complete(method, operation)
        paths[f"{PREFIX}/{path.lstrip('/')}"] = methods
    found["paths"] = paths
    return found


def _complete(method: str, operation: dict[str, Any]) -> None:
    needed = list(_ALWAYS)
    if method != "get":
        needed += _WRITING
    if any(p["name"] == "If-Match" for p in operation["parameters"]):
        needed += _VERSIONED
    responses = {str(status): found for status, found in operation["responses"].items()}
    for status in sorted(needed):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"] = responses


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": schema}}}


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}
