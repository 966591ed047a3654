"""
Problems and plans as JSON documents; docs/reference/rotation-files.md describes both.

What a field is when it is absent is what the dataclass says; such fields are not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from cotutelle.engines.rotation.plan import Evidence, Plan, Status
from cotutelle.engines.rotation.problem import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
)
from cotutelle.engines.rotation.validation import (
    MAX_HORIZON,
    Fault,
    InvalidProblem,
    validate_problem,
)

PROBLEM_FORMAT = "cotutelle.rotation/1"
PLAN_FORMAT = "cotutelle.rotation.plan/1"

_STATUSES = ("optimal", "feasible", "elastic")
_INFINITE = 1e300
_SHOWN = 40
_T = TypeVar("_T")


def problem_to_json(problem: RotationProblem) -> dict[str, Any]:
    """Return a document from which `problem_from_json` makes an equal problem."""
    document = {
        "format": PROBLEM_FORMAT,
        "horizon": problem.horizon,
        "wards": [_ward_to_json(ward) for ward in problem.wards],
        "trainees": [_trainee_to_json(trainee) for trainee in problem.trainees],
        "fairness": problem.fairness,
        "smooth": problem.smooth,
        "previous": _stays_to_json(problem.previous),
        "keep": problem.keep,
    }
    return _without_empty(document)


def problem_from_json(document: Any) -> RotationProblem:
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
    _require_format(document, PROBLEM_FORMAT)
    reader = _Reader()
    problem = reader.problem(document)
    if reader.faults:
        raise InvalidProblem(reader.faults)
    validate_problem(problem)
    return problem


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return a document from which `plan_from_json` makes an equal plan."""
    document: dict[str, Any] = {
        "format": PLAN_FORMAT,
        "status": plan.status,
        "score": plan.score,
        "bound": plan.bound,
        "stays": _stays_to_json(plan.stays),
        "trainee_scores": dict(plan.trainee_scores),
        "best_alone": dict(plan.best_alone),
        "over": _cells_to_json(plan.over),
        "under": _cells_to_json(plan.under),
        "cpu_seconds": plan.cpu_seconds,
    }
    if plan.evidence is not None:
        document["evidence"] = {
            "cells": _cells_to_json(plan.evidence.cells),
            "fairness": dict(plan.evidence.fairness),
        }
    return document


def plan_from_json(document: Any) -> Plan:
    """
    Return the plan a document describes; whether it is any good `check_plan` knows.

    Raises
    ------
    InvalidProblem
        With everything that is not as the format says.
    """
    _require_format(document, PLAN_FORMAT)
    reader = _Reader()
    plan = reader.plan(document)
    if reader.faults:
        raise InvalidProblem(reader.faults)
    return plan


def _require_format(document: Any, name: str) -> None:
    found = document.get("format") if isinstance(document, dict) else None
    if found != name:
        message = f"format: expected {name!r}, found {found!r}"
        raise InvalidProblem([Fault("format", "malformed", message)])


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value not in (0, "", None, {}, [])}


def _ward_to_json(ward: Ward) -> dict[str, Any]:
    places = {name: _places(getattr(ward, name)) for name in ("lower", "target")}
    document: dict[str, Any] = {"id": ward.id, "hospital": ward.hospital}
    if ward.upper is not None:
        document["upper"] = _places(ward.upper)
    document.update({name: value for name, value in places.items() if value != []})
    return {**document, "department": ward.department} if ward.department else document


def _places(numbers: tuple[int, ...]) -> int | list[int]:
    return numbers[0] if len(set(numbers)) == 1 else list(numbers)


def _trainee_to_json(trainee: Trainee) -> dict[str, Any]:
    document = _without_empty(
        {
            "id": trainee.id,
            "groups": dict(trainee.groups),
            "orders": [
                {"before": o.before, "after": o.after, **({"needed": True} if o.needed else {})}
                for o in trainee.orders
            ],
            "away": sorted(trainee.away),
            "forbidden": sorted(trainee.forbidden),
            "pins": [_stay_to_json(pin) for pin in trainee.pins],
            "idle_cost": trainee.idle_cost,
            "change_cost": trainee.change_cost,
        }
    )
    document["blocks"] = [_block_to_json(block) for block in trainee.blocks]
    if trainee.most_in_hospital is not None:
        document["most_in_hospital"] = trainee.most_in_hospital
    return document


def _block_to_json(block: Block) -> dict[str, Any]:
    document = _without_empty(
        {
            "id": block.id,
            "months": block.months,
            "score": block.score,
            "group": block.group,
            "earliest": block.earliest,
        }
    )
    document["wards"] = dict(block.wards)
    return document if block.latest is None else {**document, "latest": block.latest}


def _stay_to_json(stay: Stay) -> dict[str, Any]:
    return {"block": stay.block, "ward": stay.ward, "start": stay.start}


def _stays_to_json(stays: Mapping[str, Iterable[Stay]]) -> dict[str, Any]:
    return {trainee: [_stay_to_json(stay) for stay in own] for trainee, own in stays.items()}


def _cells_to_json(cells: Mapping[tuple[str, int], float]) -> list[list[Any]]:
    return [[ward, period, value] for (ward, period), value in sorted(cells.items())]


class _Reader:
    """Makes objects of a document and notes everything that is not as it should be."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.horizon = 0

    def problem(self, document: Any) -> RotationProblem:
        fields = self._object(
            "problem",
            document,
            needed=("format", "horizon", "wards", "trainees"),
            allowed=("fairness", "smooth", "keep", "previous"),
        )
        self.horizon = self._whole("horizon", fields.get("horizon", 0))
        if not 1 <= self.horizon <= MAX_HORIZON:
            self._wrong("horizon", f"a number from 1 to {MAX_HORIZON}", self.horizon)
            self.horizon = 0
        return RotationProblem(
            horizon=self.horizon,
            wards=self._list("wards", fields.get("wards", []), self._ward),
            trainees=self._list("trainees", fields.get("trainees", []), self._trainee),
            fairness=self._whole("fairness", fields.get("fairness", 0)),
            smooth=self._whole("smooth", fields.get("smooth", 0)),
            previous=self._by_id("previous", fields.get("previous", {}), self._stays),
            keep=self._whole("keep", fields.get("keep", 0)),
        )

    def plan(self, document: Any) -> Plan:
        fields = self._object(
            "plan",
            document,
            needed=("format", "status", "score", "stays"),
            allowed=(
                *("bound", "trainee_scores", "best_alone", "evidence", "over", "under"),
                "cpu_seconds",
            ),
        )
        status = fields.get("status", "feasible")
        if status not in _STATUSES:
            self._wrong("status", " or ".join(_STATUSES), status)
        bound, evidence = fields.get("bound"), fields.get("evidence")
        return Plan(
            stays=self._by_id("stays", fields.get("stays", {}), self._stays),
            score=self._whole("score", fields.get("score", 0)),
            bound=None if bound is None else self._real("bound", bound),
            status=cast(Status, status),
            trainee_scores=self._whole_by_id("trainee_scores", fields.get("trainee_scores", {})),
            best_alone=self._whole_by_id("best_alone", fields.get("best_alone", {})),
            evidence=None if evidence is None else self._evidence("evidence", evidence),
            over=self._cells("over", fields.get("over", []), self._whole),
            under=self._cells("under", fields.get("under", []), self._whole),
            cpu_seconds=self._real("cpu_seconds", fields.get("cpu_seconds", 0.0)),
        )

    def _wrong(self, path: str, expected: str, value: Any) -> None:
        found = repr(value)
        found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}…"
        self.faults.append(Fault(path, "malformed", f"{path}: expected {expected}, found {found}"))

    def _object(
        self, path: str, value: Any, *, needed: Iterable[str], allowed: Iterable[str] = ()
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(path, "an object", value)
            return {}
        for name in needed:
            if name not in value:
                message = f"{path}: {name} is missing"
                self.faults.append(Fault(path, "missing_field", message))
        for name in sorted(value.keys() - {*needed, *allowed}):
            message = f"{path}: there is no field {name!r}"
            self.faults.append(Fault(path, "unknown_field", message))
        return value

    def _list(self, path: str, value: Any, read: Callable[[str, Any], _T]) -> tuple[_T, ...]:
        if not isinstance(value, list):
            self._wrong(path, "a list", value)
            return ()
        return tuple(read(f"{path}[{number}]", item) for number, item in enumerate(value))

    def _by_id(self, path: str, value: Any, read: Callable[[str, Any], _T]) -> dict[str, _T]:
        if not isinstance(value, dict):
            self._wrong(path, "an object", value)
            return {}
        return {key: read(f"{path}[{key!r}]", item) for key, item in value.items()}

    def _whole_by_id(self, path: str, value: Any) -> dict[str, int]:
        return self._by_id(path, value, self._whole)

    def _whole(self, path: str, value: Any) -> int:
        if type(value) is int:
            return value
        self._wrong(path, "a whole number", value)
        return 0

    def _real(self, path: str, value: Any) -> float:
        if type(value) in {int, float} and abs(value) < _INFINITE:
            return float(value)
        self._wrong(path, "a number", value)
        return 0.0

    def _text(self, path: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        self._wrong(path, "a text", value)
        return ""

    def _numbers(self, path: str, value: Any) -> tuple[int, ...]:
        """One number for all periods, or a list with one for each."""
        if type(value) is int:
            return (value,) * self.horizon
        return self._list(path, value, self._whole)

    def _ward(self, path: str, value: Any) -> Ward:
        fields = self._object(
            path,
            value,
            needed=("id", "hospital"),
            allowed=("upper", "lower", "target", "department"),
        )
        upper = fields.get("upper")
        return Ward(
            id=self._text(f"{path}.id", fields.get("id", "")),
            hospital=self._text(f"{path}.hospital", fields.get("hospital", "")),
            upper=None if upper is None else self._numbers(f"{path}.upper", upper),
            lower=self._numbers(f"{path}.lower", fields.get("lower", [])),
            target=self._numbers(f"{path}.target", fields.get("target", [])),
            department=self._text(f"{path}.department", fields.get("department", "")),
        )

    def _trainee(self, path: str, value: Any) -> Trainee:
        fields = self._object(
            path,
            value,
            needed=("id", "blocks"),
            allowed=(
                *("groups", "orders", "away", "forbidden", "pins", "most_in_hospital"),
                *("idle_cost", "change_cost"),
            ),
        )
        most, away = fields.get("most_in_hospital"), fields.get("away", [])
        forbidden = fields.get("forbidden", [])
        return Trainee(
            id=self._text(f"{path}.id", fields.get("id", "")),
            blocks=self._list(f"{path}.blocks", fields.get("blocks", []), self._block),
            groups=self._whole_by_id(f"{path}.groups", fields.get("groups", {})),
            orders=self._list(f"{path}.orders", fields.get("orders", []), self._order),
            away=frozenset(self._list(f"{path}.away", away, self._whole)),
            forbidden=frozenset(self._list(f"{path}.forbidden", forbidden, self._text)),
            pins=self._stays(f"{path}.pins", fields.get("pins", [])),
            most_in_hospital=None
            if most is None
            else self._whole(f"{path}.most_in_hospital", most),
            idle_cost=self._whole(f"{path}.idle_cost", fields.get("idle_cost", 0)),
            change_cost=self._whole(f"{path}.change_cost", fields.get("change_cost", 0)),
        )

    def _block(self, path: str, value: Any) -> Block:
        fields = self._object(
            path,
            value,
            needed=("id", "months", "wards"),
            allowed=("score", "group", "earliest", "latest"),
        )
        latest = fields.get("latest")
        return Block(
            id=self._text(f"{path}.id", fields.get("id", "")),
            months=self._whole(f"{path}.months", fields.get("months", 1)),
            wards=self._whole_by_id(f"{path}.wards", fields.get("wards", {})),
            score=self._whole(f"{path}.score", fields.get("score", 0)),
            group=self._text(f"{path}.group", fields.get("group", "")),
            earliest=self._whole(f"{path}.earliest", fields.get("earliest", 0)),
            latest=None if latest is None else self._whole(f"{path}.latest", latest),
        )

    def _order(self, path: str, value: Any) -> Order:
        fields = self._object(path, value, needed=("before", "after"), allowed=("needed",))
        needed = fields.get("needed", False)
        if not isinstance(needed, bool):
            self._wrong(f"{path}.needed", "true or false", needed)
        return Order(
            before=self._text(f"{path}.before", fields.get("before", "")),
            after=self._text(f"{path}.after", fields.get("after", "")),
            needed=needed is True,
        )

    def _stays(self, path: str, value: Any) -> tuple[Stay, ...]:
        return self._list(path, value, self._stay)

    def _stay(self, path: str, value: Any) -> Stay:
        fields = self._object(path, value, needed=("block", "ward", "start"))
        return Stay(
            block=self._text(f"{path}.block", fields.get("block", "")),
            ward=self._text(f"{path}.ward", fields.get("ward", "")),
            start=self._whole(f"{path}.start", fields.get("start", 0)),
        )

    def _evidence(self, path: str, value: Any) -> Evidence:
        fields = self._object(path, value, needed=("cells", "fairness"))
        fairness = fields.get("fairness", {})
        return Evidence(
            cells=self._cells(f"{path}.cells", fields.get("cells", []), self._real),
            fairness=self._by_id(f"{path}.fairness", fairness, self._real),
        )

    def _cells(
        self, path: str, value: Any, read: Callable[[str, Any], _T]
    ) -> dict[tuple[str, int], _T]:
        def cell(path: str, item: Any) -> tuple[tuple[str, int], _T]:
            match item:
                case [ward, period, number]:
                    where = (self._text(path, ward), self._whole(path, period))
                    return where, read(path, number)
            self._wrong(path, "[ward, period, number]", item)
            return ("", 0), read(path, 0)

        return dict(self._list(path, value, cell))
