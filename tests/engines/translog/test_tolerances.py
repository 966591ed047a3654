"""What a policy withstands, against every pair of quorums and every set of silent witnesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random

import pytest

from cotutelle.engines.translog import (
    Algorithm,
    Policy,
    Tolerances,
    Verifier,
    threshold_policy,
    tolerances,
)

KEYS = [Verifier(f"w.example/{n}", Algorithm.COSIGNATURE, bytes([n]) * 32).vkey for n in range(9)]
WITNESSES = [f"witness w{n} {key}" for n, key in enumerate(KEYS)]


def _subsets(names: Sequence[str]) -> Iterator[set[str]]:
    for count in range(len(names) + 1):
        yield from map(set, combinations(names, count))


def _by_force(policy: Policy) -> Tolerances:
    names = [witness.name for witness in policy.witnesses]
    quorums = [subset for subset in _subsets(names) if policy.is_met_by(subset)]
    common = min(len(a & b) for a in quorums for b in quorums)
    blocking = (len(s) for s in _subsets(names) if not policy.is_met_by(set(names) - s))
    return Tolerances(max(0, common - 1), min(blocking, default=len(names) + 1) - 1, common == 0)


def _random_policy(seed: int) -> Policy:
    """Groups over groups, each name a member at most once, the last one the quorum."""
    random = Random(seed)  # noqa: S311
    count = random.randint(1, 7)
    free = [f"w{n}" for n in range(count)]
    lines = WITNESSES[:count]
    number = 0
    while len(free) > 1 or random.random() < 0.3:
        members = random.sample(free, random.randint(1, len(free)))
        free = [name for name in free if name not in members]
        threshold = random.choice(["any", "all", str(random.randint(1, len(members)))])
        lines = [*lines, f"group g{number} {threshold} {' '.join(members)}"]
        free.append(f"g{number}")
        number += 1
    return Policy.parse("\n".join([*lines, f"quorum {free[0]}", ""]))


@pytest.mark.parametrize("seed", range(120))
def test_trees_of_groups_withstand_what_exhaustion_finds(seed: int) -> None:
    policy = _random_policy(seed)
    assert tolerances(policy) == _by_force(policy)


@pytest.mark.parametrize(
    ("needed", "count", "colluders", "outages", "disjoint"),
    [
        (1, 1, 0, 0, False),
        (1, 2, 0, 1, True),
        (2, 2, 1, 0, False),
        (1, 3, 0, 2, True),
        (2, 3, 0, 1, False),
        (3, 3, 2, 0, False),
        (2, 4, 0, 2, True),
        (3, 4, 1, 1, False),
        (3, 5, 0, 2, False),
        (4, 5, 2, 1, False),
        (4, 7, 0, 3, False),
        (5, 7, 2, 2, False),
    ],
)
def test_thresholds(needed: int, count: int, colluders: int, outages: int, disjoint: bool) -> None:
    """2k - n > f: two of three withstand no colluder and one outage, five of seven two and two."""
    keys = {f"w{n}": KEYS[n] for n in range(count)}
    policy = threshold_policy([], keys, needed)
    assert tolerances(policy) == Tolerances(colluders, outages, disjoint) == _by_force(policy)


@pytest.mark.parametrize("members", ["w0 any w3", "any w0 w3", "w0 w3 any"])
def test_the_weakest_members_decide_wherever_they_stand(members: str) -> None:
    """Two quorums may share just the group that two quorums of its own need not share."""
    lines = [*WITNESSES[:4], "group any any w1 w2", f"group top 2 {members}", "quorum top"]
    policy = Policy.parse("\n".join(lines))
    assert tolerances(policy) == Tolerances(0, 1, True) == _by_force(policy)


def test_policies_without_witnesses_withstand_every_outage_and_no_fork() -> None:
    for text in ("quorum none\n", "\n".join([*WITNESSES[:3], "quorum none"])):
        policy = Policy.parse(text)
        assert tolerances(policy) == Tolerances(0, len(policy.witnesses), True)
        assert tolerances(policy) == _by_force(policy)


def test_a_single_witness_is_all_there_is() -> None:
    policy = Policy.parse("\n".join([*WITNESSES[:3], "quorum w1"]))
    assert tolerances(policy) == Tolerances(0, 0, False) == _by_force(policy)
