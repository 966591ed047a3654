"""What other people have published, put to the functions of the browser."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("COTUTELLE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "translog"
POLICY = (
    "log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\n"
    "quorum none\n"
)
external = [
    pytest.mark.external,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared data at {DATA}"),
]


def _marked(test: Any) -> Any:
    for mark in external:
        test = mark(test)
    return test


@_marked
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_canonical_json(units: Page, name: str):
    text = (DATA / "rfc8785" / "input" / f"{name}.json").read_text(encoding="utf-8")
    expected = (DATA / "rfc8785" / "output" / f"{name}.json").read_text(encoding="utf-8")

    found = units.evaluate("t => units.textOf(units.canonicalJson(units.parseJson(t)))", text)

    assert found == expected.rstrip("\n")


@_marked
def test_a_signed_document_of_the_w3c(units: Page):
    document = json.loads((DATA / "vc" / "eddsa-jcs-2022" / "signedJCS.json").read_bytes())
    check = (
        "t => outcome(async () => (await units.checkProofs(units.parseJson(t))).map(m => m.key))"
    )

    assert units.evaluate(check, json.dumps(document)) == [
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    ]
    for change in ({"name": "Another"}, {"description": ""}, {"validFrom": "2023-01-02T00:00:00Z"}):
        assert units.evaluate(check, json.dumps(document | change)) == {
            "error": "signature.altered"
        }


@_marked
@pytest.mark.parametrize("size", range(8))
def test_checkpoints_of_a_real_log(units: Page, size: int):
    note = (DATA / "tiles" / f"checkpoint.{size}").read_text(encoding="utf-8")
    check = """([policy, note]) => outcome(async () => {
      const { checkpoint } = await units.checkCheckpoint(await units.parsePolicy(policy), note);
      return String(checkpoint.size);
    })"""
    signed = note.rindex(" ") + 10
    altered = note[:signed] + ("A" if note[signed] != "A" else "B") + note[signed + 1 :]

    assert units.evaluate(check, [POLICY, note]) == str(size)
    assert units.evaluate(check, [POLICY, altered]) == {"error": "logged.signature"}


# RFC 6962, naively: the definition itself, in another language than what is tested.


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*_path(leaves[:split], index), _root(leaves[split:])]
    return [*_path(leaves[split:], index - split), _root(leaves[:split])]


def test_every_place_in_small_trees_and_no_other(units: Page):
    leaves = [hashlib.sha256(b"\0" + bytes([n])).digest() for n in range(20)]
    cases = []
    for size in range(1, 21):
        root = _root(leaves[:size])
        for index in range(size):
            path = _path(leaves[:size], index)
            cases.append(_case(index, size, leaves[index], path, root, holds=True))
            cases.append(
                _case((index + 1) % (size + 1), size, leaves[index], path, root, holds=False)
            )
            cases.append(_case(index, size, leaves[index], [*path, root], root, holds=False))
            cases.append(_case(index, size, leaves[index], path[:-1], root, holds=size == 1))
            cases.append(_case(index, 2 * size, leaves[index], path, root, holds=False))
            cases.append(_case(index, size, leaves[index], path, leaves[index - 1], holds=False))

    wrong = units.evaluate(
        """async cases => {
          const wrong = [];
          for (const { index, size, leaf, path, root, holds } of cases) {
            const found = await outcome(() => units.verifyInclusion(
              BigInt(index), BigInt(size), units.unbase64(leaf), path.map(units.unbase64), units.unbase64(root)));
            if ((found === undefined) !== holds) wrong.push([index, size, holds]);
          }
          return wrong;
        }""",
        cases,
    )

    assert wrong == []


def _case(
    index: int, size: int, leaf: bytes, path: list[bytes], root: bytes, *, holds: bool
) -> dict[str, Any]:
    coded = [base64.b64encode(one).decode() for one in (leaf, root, *path)]
    return {
        "index": index, "size": size, "leaf": coded[0], "root": coded[1], "path": coded[2:], "holds": holds,
    }  # fmt: skip
