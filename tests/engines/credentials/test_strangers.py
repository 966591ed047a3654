"""Files of every wrong shape: a report or a refusal to read, never a crash and never a yes."""

from __future__ import annotations

import copy
import random

import pytest

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.integrity import RDFC
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.credentials.words import sentence
from tests.engines.credentials.world import World

JUNK = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, 10**15, [[]], {"id": 5}]
HARMLESS = {("made_at",), ("anchors",)}
MAKERS = {
    "certificate": lambda: World(needed=3),
    "transcript": lambda: World(needed=3),
    "part": lambda: World(needed=3),
    "rdfc": lambda: World(needed=3, suite=RDFC),
}


def made(name):
    world = MAKERS[name]()
    if name == "transcript":
        return world, world.transcript_bundle()
    return world, world.transcript_bundle([1, 3]) if name == "part" else world.bundle()


def paths(value, path=()):
    yield path
    steps = {**value} if isinstance(value, dict) else {}
    steps = dict(enumerate(value)) if isinstance(value, list) else steps
    for key, item in steps.items():
        yield from paths(item, (*path, key))


@pytest.mark.parametrize("name", MAKERS)
def test_no_member_can_be_replaced_or_removed_unnoticed(name):
    world, bundle = made(name)
    places = [path for path in paths(bundle) if path]
    draw = random.Random(name)  # noqa: S311
    for _ in range(150):
        path = draw.choice(places)
        spoilt = copy.deepcopy(bundle)
        inner = spoilt
        for step in path[:-1]:
            inner = inner[step]
        before = inner.pop(path[-1])
        if draw.random() > 0.2:
            junk = copy.deepcopy(draw.choice(JUNK))
            if junk == before and type(junk) is type(before):
                continue
            if isinstance(inner, list):
                inner.insert(path[-1], junk)
            else:
                inner[path[-1]] = junk

        try:
            report = verify_bundle(spoilt, policy=world.policy, now=world.now)
        except FileProblem:
            continue

        assert report.verdict != "valid" or path in HARMLESS, path
        for finding in report.findings.values():
            for language in ("en", "zh"):
                assert "{" not in sentence(finding.code, finding.params, language)


@pytest.mark.parametrize("value", [None, [], [1], "x", 5, {"format": None}])
def test_values_that_are_no_documents_are_not_read(value):
    world = World()

    with pytest.raises(FileProblem):
        verify_bundle(value, policy=world.policy, now=world.now)
