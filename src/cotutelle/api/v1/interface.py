"""The interface, put together from its rooms."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.operation import Operation

from cotutelle.api.v1.gate import gate
from cotutelle.api.v1.operations import Room
from cotutelle.api.v1.problems import KNOWN, answer_known
from cotutelle.api.v1.rooms.agreements import room as agreements
from cotutelle.api.v1.rooms.answers import room as answers
from cotutelle.api.v1.rooms.credentials import room as credentials
from cotutelle.api.v1.rooms.hours import room as hours
from cotutelle.api.v1.rooms.imports import room as imports
from cotutelle.api.v1.rooms.lists import room as lists
from cotutelle.api.v1.rooms.log import room as log
from cotutelle.api.v1.rooms.mentors import room as mentors
from cotutelle.api.v1.rooms.offers import room as offers
from cotutelle.api.v1.rooms.own import room as own
from cotutelle.api.v1.rooms.pairs import room as pairs
from cotutelle.api.v1.rooms.people import room as people
from cotutelle.api.v1.rooms.planner import room as planner
from cotutelle.api.v1.rooms.planner_inputs import room as planner_inputs
from cotutelle.api.v1.rooms.planner_moves import room as planner_moves
from cotutelle.api.v1.rooms.programmes import room as programmes
from cotutelle.api.v1.rooms.publication import room as publication
from cotutelle.api.v1.rooms.records import room as records
from cotutelle.api.v1.rooms.results import room as results
from cotutelle.api.v1.rooms.rotations import room as rotations
from cotutelle.api.v1.rooms.rounds import room as rounds
from cotutelle.api.v1.rooms.scenarios import room as scenarios
from cotutelle.api.v1.rooms.students import room as students
from cotutelle.api.v1.rooms.terms import room as terms
from cotutelle.api.v1.rooms.units import room as units
from cotutelle.api.v1.rooms.wallet import room as wallet
from cotutelle.api.v1.rooms.wards import room as wards
from cotutelle.api.v1.rooms.weekly import room as weekly

ROOMS: tuple[Room, ...] = (
    own,
    units,
    people,
    students,
    mentors,
    rounds,
    offers,
    lists,
    answers,
    results,
    publication,
    scenarios,
    pairs,
    agreements,
    programmes,
    imports,
    hours,
    records,
    wards,
    weekly,
    terms,
    rotations,
    planner,
    planner_inputs,
    planner_moves,
    log,
    credentials,
    wallet,
)


def _build() -> NinjaAPI:
    built = NinjaAPI(
        title="Cotutelle",
        version="1",
        description="Joint training of postgraduates, for programs.",
        docs_url=None,
        openapi_url=None,
        urls_namespace="api-v1",
    )
    for kind in KNOWN:
        built.add_exception_handler(kind, answer_known)
    for room in ROOMS:
        built.add_router("", room.router)
    return built


api = _build()
_patterns: list[URLPattern] = []


def patterns() -> list[URLPattern]:
    """Return the addresses of all operations, each behind the gate; ninja gives them once."""
    if not _patterns:
        for found in api.urls[0]:
            if isinstance(found, URLPattern) and found.name != "api-root":
                found.callback = gate(found.callback)
                _patterns.append(found)
    return _patterns


def operations() -> list[tuple[str, Operation]]:
    """Return every operation with its address."""
    found: list[tuple[str, Operation]] = []
    for prefix, router in api._routers:  # noqa: SLF001  ninja lists its routes nowhere else
        views: dict[str, Any] = router.path_operations
        for path, view in views.items():
            found += [(f"{prefix}{path}", operation) for operation in view.operations]
    return found
