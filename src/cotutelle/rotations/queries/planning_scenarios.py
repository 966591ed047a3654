"""Reading a scenario: its problem, its plan, what the plan is worth, what it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.rotation import (
    RotationProblem,
    Stay,
    Violation,
    check_plan,
    problem_from_json,
    score_of,
)
from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.models import Cycle, Scenario, Wish
from cotutelle.rotations.queries.planning_keys import planned, trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import period_of

Stays = Mapping[str, Sequence[Stay]]
FULL = 100


def stays_from_json(document: Mapping[str, Any]) -> dict[str, tuple[Stay, ...]]:
    """Return the stays that a scenario keeps, by trainee, in order of time."""
    return {
        trainee: tuple(
            sorted((Stay(b, w, s) for b, w, s in own), key=lambda stay: (stay.start, stay.block))
        )
        for trainee, own in document.items()
    }


def stays_to_json(stays: Stays) -> dict[str, list[list[Any]]]:
    """Return stays as a scenario keeps them."""
    return {
        trainee: [[stay.block, stay.ward, stay.start] for stay in own]
        for trainee, own in sorted(stays.items())
    }


@dataclass(frozen=True, slots=True)
class Opened:
    """A scenario with its problem and plan in the engine's words."""

    scenario: Scenario
    problem: RotationProblem
    stays: dict[str, tuple[Stay, ...]]

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every hard rule that the plan breaks."""
        return check_plan(self.problem, self.stays)


def newly_broken(
    problem: RotationProblem, stays: Stays, known: Iterable[Violation]
) -> list[Violation]:
    """Return the rules that ``stays`` break, without those ``known`` for who, where and when."""
    before = {_signature(violation) for violation in known}
    return [v for v in check_plan(problem, stays) if _signature(v) not in before]


def _signature(violation: Violation) -> tuple[object, ...]:
    return (violation.code, violation.trainee, violation.ward, violation.period)


def open_scenario(scenario: Scenario) -> Opened:
    """Read the stored problem and plan of a scenario that has them."""
    return Opened(scenario, problem_from_json(scenario.problem), stays_from_json(scenario.stays))


def figures(
    problem: RotationProblem, stays: Stays, best_alone: Mapping[str, int]
) -> dict[str, Any]:
    """
    Return what a plan is worth as plain values.

    ``satisfaction`` maps a trainee to (own points, points if nobody else were there); ``worst``
    is the least share of those that anybody reaches, ``mean`` the mean, both in per cent.
    """
    score = score_of(problem, stays)
    shares = [share_of(own, best_alone.get(id_, own)) for id_, own in score.trainees.items()]
    return {
        "score": score.total,
        "violations": len(check_plan(problem, stays)),
        "above_target": score.above_target,
        "satisfaction": {
            id_: [own, best_alone.get(id_, own)] for id_, own in sorted(score.trainees.items())
        },
        "worst": min(shares, default=FULL),
        "mean": round(sum(shares) / len(shares)) if shares else FULL,
    }


def share_of(own: int, best: int) -> int:
    """Return own points in per cent of the best, between 0 and 100."""
    if best <= 0:
        return FULL
    return max(0, min(FULL, round(FULL * own / best)))


def gap_percent(score: int, bound: float | None) -> float | None:
    """Return how far a score may be from the best possible one, in per cent."""
    if bound is None:
        return None
    return round(FULL * max(0.0, bound - score) / max(1, abs(score)), 1)


def wishes_granted(cycle: Cycle, stays: Stays) -> tuple[int, int]:
    """Return how many wishes for wards and hospitals a plan grants, and of how many."""
    kinds = [WishKind.PREFER_WARD, WishKind.PREFER_HOSPITAL]
    rows = Wish.objects.filter(participant__cycle=cycle, kind__in=kinds).select_related(
        "participant", "ward__hospital", "hospital"
    )
    granted = total = 0
    for wish in rows:
        total += 1
        own = stays.get(trainee_key(wish.participant), ())
        granted += is_granted(wish, own)
    return granted, total


def is_granted(wish: Wish, own: Sequence[Stay]) -> bool:
    """Tell whether a plan gives what somebody prefers."""
    if wish.kind == WishKind.PREFER_WARD and wish.ward is not None:
        return any(stay.ward == ward_key(wish.ward) for stay in own)
    if wish.hospital is None:
        return False
    return any(stay.ward.partition("/")[0] == wish.hospital.code for stay in own)


def stays_in_force(cycle: Cycle) -> dict[str, tuple[Stay, ...]]:
    """Return the published plan of a cycle as the engine knows it."""
    from cotutelle.rotations.models import Stay as Row  # noqa: PLC0415  one name, two worlds

    found: dict[str, list[Stay]] = {}
    rows = Row.objects.filter(participant__cycle=cycle, block__isnull=False)
    for row in rows.select_related("participant", "ward__hospital", "block").order_by("starts_on"):
        found.setdefault(trainee_key(row.participant), []).append(
            planned(row, period_of(cycle, row.starts_on))
        )
    return {trainee: tuple(own) for trainee, own in found.items()}


def edits_of(scenario: Scenario) -> tuple[int | None, int | None]:
    """Return the numbers of the edits that undo and redo would touch."""
    done = scenario.edits.filter(undone_at__isnull=True).order_by("-number").first()
    undone = scenario.edits.filter(undone_at__isnull=False).order_by("number").first()
    return (done.number if done else None), (undone.number if undone else None)
