"""One log at several sizes in one file: compared by proofs, refused as a fork, or said to be open."""

from __future__ import annotations

import json

import pytest

from cotutelle.engines.credentials.comparing import compare_heads
from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.credentials.words import sentence
from tests.engines.credentials.histories import HISTORIES, proven, seen_early
from tests.engines.credentials.world import ORIGIN, World


def check(world, bundle):
    return verify_bundle(json.loads(json.dumps(bundle)), policy=world.policy, now=world.now)


@pytest.mark.parametrize("name", HISTORIES)
def test_the_row_of_witnesses_says_what_the_proofs_show(name):
    make, code = HISTORIES[name]
    world = World()

    report = check(world, make(world))

    finding = report.findings["witnesses"]
    assert finding.code == code
    wrong = code in {"witnesses.inconsistent", "witnesses.malformed"}
    assert finding.state == ("bad" if wrong else "good")
    assert report.verdict == ("refused" if wrong else "valid")
    for language in ("en", "zh"):
        assert "{" not in sentence(finding.code, finding.params, language)


def test_what_was_not_compared_is_named():
    world = World()
    report = check(world, seen_early(world, 5))

    said = report.findings["witnesses"].params

    assert (said["origin"], said["sizes"]) == (ORIGIN, ["4", "5", str(len(world.entries))])
    text = sentence("witnesses.apart", said, "en")
    assert f"(4, 5, {len(world.entries)})" in text
    assert "witness1.example" in text


def test_a_fork_says_which_sizes_contradict_each_other():
    world = World()
    bundle = HISTORIES["a fork between two sizes"][0](world)

    finding = check(world, bundle).findings["witnesses"]

    assert finding.params == {"origin": ORIGIN, "small": 5, "large": len(world.entries)}


def test_one_size_needs_no_proof_and_an_earlier_fork_counts_first():
    world = World()
    whole = world.bundle()
    assert check(world, whole).findings["witnesses"].code == "witnesses.good"
    twin = World()
    while len(twin.entries) < len(world.entries):
        twin.decide("another history")
    bundle = {**whole, "keys": [twin.evidence(3)], "consistency": "x"}

    assert check(world, bundle).findings["witnesses"].code == "witnesses.fork"


@pytest.mark.parametrize("small", range(1, 18))
def test_every_pair_of_sizes_is_compared(small):
    world = World(start=17)
    for large in range(small + 1, 19):
        roots = {size: world.tree.root(size) for size in (small, large)}
        heads, told = {ORIGIN: roots}, [world.consistency(small, large)]
        assert compare_heads(told, heads) is None
        wrong = {ORIGIN: {**roots, small: bytes(32)}}
        with pytest.raises(VerifyError, match=r"witnesses\.inconsistent"):
            compare_heads(told, wrong)


def test_the_inputs_stay_as_they_are():
    world = World()
    bundle = proven((4, 0))(world)
    before = json.dumps(bundle)

    verify_bundle(bundle, policy=world.policy, now=world.now)

    assert json.dumps(bundle) == before
