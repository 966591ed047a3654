"""What a plan is worth, as `RotationProblem` defines it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cotutelle.engines.rotation.problem import RotationProblem, Stay, Trainee, Ward


@dataclass(frozen=True, slots=True)
class Score:
    """
    The score of a plan and what it is made of.

    Parameters
    ----------
    total
        ``sum(trainees.values()) + fairness × worst − smooth × above_target − keep × changed``.
    trainees
        Trainee id → own score.
    worst
        Lowest own score; 0 without trainees.
    above_target
        Trainee-periods above the targets of the wards.
    changed
        Trainee-periods that differ from the previous plan.
    """

    total: int
    trainees: Mapping[str, int]
    worst: int
    above_target: int
    changed: int


def score_of(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]) -> Score:
    """
    Return the score of a plan; hard rules are not looked at, nor who reaches beyond the horizon.

    Parameters
    ----------
    problem
        A valid problem.
    stays
        Trainee id → stays; who is missing has none.

    Raises
    ------
    ValueError
        ``stays`` names a trainee, block or ward that does not exist, or a ward that the block
        is not done in.

    Notes
    -----
    O(occupied periods + wards × horizon) time.
    """
    strangers = stays.keys() - {trainee.id for trainee in problem.trainees}
    if strangers:
        raise ValueError(f"stays: unknown trainees {sorted(strangers)}")
    wards = {ward.id: ward for ward in problem.wards}
    own = {t.id: own_score(t, wards, stays.get(t.id, ())) for t in problem.trainees}
    worst = min(own.values(), default=0)
    above = _above_target(problem, stays) if problem.smooth else 0
    changed = changed_periods(problem, stays) if problem.keep else 0
    total = sum(own.values()) + problem.fairness * worst
    total -= problem.smooth * above + problem.keep * changed
    return Score(total, own, worst, above, changed)


def own_score(trainee: Trainee, wards: Mapping[str, Ward], stays: Iterable[Stay]) -> int:
    """
    Return one trainee's score, less idle periods and changes of hospital.

    Parameters
    ----------
    trainee
        Whose blocks the stays name.
    wards
        Ward id → ward.
    stays
        In any order; they must not overlap.

    Raises
    ------
    ValueError
        A stay names an unknown block, or a ward that the block is not done in.
    """
    blocks = {block.id: block for block in trainee.blocks}
    score = occupied = end = 0
    hospital = None
    for stay in sorted(stays, key=lambda stay: stay.start):
        block = blocks.get(stay.block)
        if block is None or stay.ward not in block.wards or stay.ward not in wards:
            raise ValueError(f"stays: {trainee.id!r} cannot do {stay.block!r} in {stay.ward!r}")
        score += block.score + block.wards[stay.ward]
        occupied += block.months
        end = max(end, stay.start + block.months)
        if hospital not in {None, wards[stay.ward].hospital}:
            score -= trainee.change_cost
        hospital = wards[stay.ward].hospital
    return score - trainee.idle_cost * (end - occupied)


def ward_by_period(trainee: Trainee, stays: Iterable[Stay]) -> dict[int, str]:
    """Return period → ward id for every occupied period of one trainee."""
    months = {block.id: block.months for block in trainee.blocks}
    return {
        period: stay.ward
        for stay in stays
        for period in range(stay.start, stay.start + months[stay.block])
    }


def loads_of(
    problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]
) -> Counter[tuple[str, int]]:
    """Return ``(ward id, period)`` → trainees present; cells without anybody are left out."""
    return Counter(
        (ward, period)
        for trainee in problem.trainees
        for period, ward in ward_by_period(trainee, stays.get(trainee.id, ())).items()
    )


def _above_target(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]) -> int:
    targets = {ward.id: ward.target for ward in problem.wards if ward.target}
    return sum(
        max(0, load - targets[ward][period])
        for (ward, period), load in loads_of(problem, stays).items()
        if ward in targets and period < problem.horizon
    )


def changed_periods(problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]) -> int:
    """Return the trainee-periods that differ from ``problem.previous``."""
    changed = 0
    for trainee in problem.trainees:
        if trainee.id in problem.previous:
            before = ward_by_period(trainee, problem.previous[trainee.id])
            after = ward_by_period(trainee, stays.get(trainee.id, ()))
            changed += sum(before.get(p) != after.get(p) for p in before.keys() | after.keys())
    return changed
