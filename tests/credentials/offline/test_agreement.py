"""The browser and the server, which share no code, say the same of every file."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from playwright.sync_api import Page

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.reading import read_json
from cotutelle.engines.credentials.verifying import verify_bundle
from tests.credentials.offline.cases import CASES, Case
from tests.engines.credentials.world import World

pytestmark = pytest.mark.e2e

FLIPS = 200
FILES = {
    "no JSON": '{"format":',
    "a name twice": '{"format": "cotutelle-bundle/1", "format": "x"}',
    "not a number": '{"@context": NaN}',
    "a number too large": '{"@context": 9007199254740993}',
    "a number without end": '{"@context": 1e999}',
    "half a letter": '{"@context": "\\ud800"}',
    "too deep": "[" * 65 + "]" * 65,
    "as deep as can be": "[" * 64 + "1" + "]" * 64,
    "just deep enough": '{"@context":' + "[" * 62 + "]" * 62 + "}",
    "a line break in a text": '{"@context": "a\nb"}',
    "a leading zero": '{"@context": 01}',
    "something behind": '{"@context": 1} 2',
    "a mark of the byte order": '\ufeff{"@context": 1}',
    "empty": "",
}  # fmt: skip


def in_python(case: Case) -> Any:
    try:
        found = verify_bundle(read_json(case.text), policy=case.policy, now=case.now).as_json()
    except FileProblem as problem:
        return {"error": problem.code}
    rows = {c["name"]: [c["state"], c["code"], c["params"].get("code")] for c in found["checks"]}
    params = {
        c["name"]: {k: v if isinstance(v, list) else str(v) for k, v in c["params"].items()}
        for c in found["checks"]
    }
    return {"verdict": found["verdict"], "checks": rows, "params": params}


def in_browser(units: Page, case: Case) -> Any:
    given = [case.text, case.policy, case.now.isoformat()]
    return units.evaluate("([text, policy, now]) => report(text, policy, now)", given)


def test_this_browser_can_check_ed25519(units: Page):
    assert units.evaluate("units.browserFit()") is True


@pytest.mark.parametrize("name", CASES)
def test_both_say_the_same_of(units: Page, name: str):
    case = CASES[name]()

    assert in_browser(units, case) == in_python(case)


def test_the_good_ones_are_valid(units: Page):
    verdicts = {name: in_browser(units, CASES[name]())["verdict"] for name in (
        "valid", "five of seven witnesses", "key retired afterwards", "transcript", "partial transcript",
        "anchored on a chain", "revoked", "wrong index", "backdated with a retired key", "bare credential",
    )}  # fmt: skip

    assert list(verdicts.values()) == ["valid"] * 6 + ["refused"] * 3 + ["unknown"]


@pytest.mark.parametrize("name", FILES)
def test_both_refuse_to_read(units: Page, name: str):
    world = World()
    case = Case(FILES[name], world.policy, world.now)

    assert in_browser(units, case) == in_python(case)


def test_the_suite_that_a_browser_cannot_check_is_never_called_good_nor_bad(units: Page):
    world = World(suite="eddsa-rdfc-2022")
    case = Case(json.dumps(world.bundle()), world.policy, world.now)

    found = in_browser(units, case)

    assert in_python(case)["verdict"] == "valid"
    assert found["verdict"] == "unknown"
    assert found["checks"]["signature"] == ["unknown", "browser.suite", None]
    assert {state for state, _, _ in found["checks"].values()} == {"good", "unknown", "absent"}


def test_a_flipped_bit_is_valid_only_where_the_server_says_so(units: Page):
    world = World()
    data = json.dumps(world.bundle(), ensure_ascii=False).encode()
    draw = random.Random(2026)  # noqa: S311 - a fixed draw
    seen = {"valid": 0, "refused": 0}
    for _ in range(FLIPS):
        flipped = bytearray(data)
        flipped[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        try:
            text = flipped.decode()
        except UnicodeDecodeError:
            continue
        case = Case(text, world.policy, world.now)
        found, expected = in_browser(units, case), in_python(case)
        assert found == expected
        if "verdict" in found:
            seen[found["verdict"]] = seen.get(found["verdict"], 0) + 1

    assert (
        seen["refused"] > 100
    )  # the rest is no longer JSON, or changes what is neither signed nor needed
    assert seen["valid"] < 20


def test_both_compare_every_pair_of_sizes(units: Page):
    """Proofs between all sizes up to 18, and each of them with a root or a hash exchanged."""
    world = World(start=17)
    roots = {n: base64.b64encode(world.tree.root(n)).decode() for n in range(1, 19)}
    none = base64.b64encode(bytes(32)).decode()
    pairs = [(small, large) for large in roots for small in roots if small < large]
    asked = []
    for small, large in pairs:
        proof = world.consistency(small, large)["proof"]
        asked.append([small, large, roots[small], roots[large], proof])
        asked.append([small, large, none, roots[large], proof])
        asked.append([small, large, roots[small], none, proof])
        asked.append([small, large, roots[small], roots[large], [*proof, none]])
        asked.append([small, large, roots[small], roots[large], proof[:-1]])
        asked.append([small, large, roots[small], roots[large], [none, *proof[1:]]])

    found = units.evaluate(
        """async asked => Promise.all(asked.map(async ([small, large, one, other, proof]) => {
          const bytes = proof.map(units.unbase64);
          const done = await outcome(() => units.verifyConsistency(
            BigInt(small), BigInt(large), units.unbase64(one), units.unbase64(other), bytes));
          return done === undefined;
        }))""",
        asked,
    )

    assert found == [True, False, False, False, False, False] * len(pairs)
