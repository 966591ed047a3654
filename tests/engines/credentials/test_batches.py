"""Batches of issued credentials: every planted mistake is named, and nothing else is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cotutelle.engines.credentials.batches import FORMAT, check_batch
from cotutelle.engines.credentials.verifying import digest_of
from tests.engines.credentials.world import AUTHORITY, ISSUER, OTHER, World, both

ANOTHER = {"award": "another", "achievement": "evaluation"}
Batch = tuple[World, dict[str, Any], list[dict[str, Any]]]


def make_batch(count: int = 3, passed_over: int = 1) -> Batch:
    """Return a world, the certificate of a batch, and its credentials."""
    world = World()
    documents = [world.certificate() for _ in range(count)]
    awards = [world.new_uuid() for _ in range(count + passed_over)]
    inputs = {"awards": [{"award": one, "achievement": "evaluation"} for one in sorted(awards)]}
    certificate = {
        "format": FORMAT,
        "issuer": ISSUER,
        "inputs": inputs,
        "input_sha256": digest_of(inputs),
        "credentials": [
            {
                "id": document["id"],
                "award": award,
                "digest": digest_of(document),
                "key": world.multikey(ISSUER),
            }
            for award, document in zip(awards, documents, strict=False)
        ],
    }
    return world, certificate, documents


def codes(certificate: object, documents: list[Any] | None = None) -> list[str]:
    return [fault.code for fault in check_batch(certificate, documents or []).faults]


def test_a_batch_holds_with_all_some_or_none_of_its_credentials():
    _world, certificate, documents = make_batch()

    for given in (documents, documents[:1], []):
        verdict = check_batch(certificate, given)
        assert verdict.ok
        assert (verdict.chosen, verdict.issued, verdict.compared) == (4, 3, len(given))
    assert check_batch(certificate, documents * 2).compared == 3


def first(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Change a member of the first credential that is listed."""
    return lambda certificate: certificate["credentials"][0].update({name: value})


def as_the_second(name: str) -> Callable[[dict[str, Any]], None]:
    def change(certificate: dict[str, Any]) -> None:
        rows = certificate["credentials"]
        rows[0][name] = rows[1][name]

    return change


def another_choice(certificate: dict[str, Any]) -> None:
    """Choose somebody else, and compute the digest anew."""
    chosen = certificate["credentials"][0]["award"]
    awards = certificate["inputs"]["awards"]
    certificate["inputs"]["awards"] = [one for one in awards if one["award"] != chosen]
    certificate["input_sha256"] = digest_of(certificate["inputs"])


def chosen_twice(certificate: dict[str, Any]) -> None:
    certificate["inputs"]["awards"].append(certificate["inputs"]["awards"][0])
    certificate["input_sha256"] = digest_of(certificate["inputs"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c["inputs"]["awards"].append(ANOTHER), "input_sha256"),
        (lambda c: c.update(input_sha256="0" * 64), "input_sha256"),
        (chosen_twice, "award_twice"),
        (another_choice, "unknown_award"),
        (as_the_second("id"), "credential_twice"),
        (as_the_second("award"), "credential_twice"),
        (as_the_second("digest"), "credential_twice"),
        (first("key", "z6MkNobody"), "key"),
        (first("digest", "0" * 63), "malformed"),
        (first("digest", "G" * 64), "malformed"),
        (first("digest", 7), "malformed"),
        (first("name", "Lin Xiaoyu"), "malformed"),
        (lambda c: c.pop("inputs"), "malformed"),
        (lambda c: c.update(format="cotutelle-issue/2"), "malformed"),
        (lambda c: c.update(issuer=None), "malformed"),
        (lambda c: c.update(more=1), "malformed"),
        (lambda c: c.update(credentials={}), "malformed"),
        (lambda c: c["inputs"].update(awards=[[]]), "malformed"),
    ],
)
def test_what_is_wrong_in_the_certificate_alone_is_named(change, code):
    _world, certificate, _documents = make_batch()

    change(certificate)

    assert set(codes(certificate)) == {code}


@pytest.mark.parametrize("value", [None, [], "text", 7, {}])
def test_anything_else_is_no_certificate(value):
    assert codes(value) == ["malformed"]


def test_a_changed_text_is_found_by_digest_and_signature():
    _world, certificate, documents = make_batch()
    changed = copy.deepcopy(documents[0])
    changed["credentialSubject"]["facts"]["value"] = 99

    assert codes(certificate, [changed]) == ["digest", "signature"]


def test_a_text_that_was_changed_and_signed_again_is_found_by_its_digest():
    world, certificate, documents = make_batch()
    changed = {key: value for key, value in documents[0].items() if key != "proof"}
    changed["validUntil"] = "2099-01-01T00:00:00Z"

    assert codes(certificate, [world.sign(changed)]) == ["digest"]


def replaced(certificate: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Let ``document`` be the first that is listed, its digest too: only its content tells."""
    certificate["credentials"][0] |= {"id": document["id"], "digest": digest_of(document)}
    return document


def test_another_key_issuer_or_achievement_is_found_though_the_digest_is_right():
    world, certificate, _documents = make_batch()
    world.add_key(ISSUER, "2")
    unsigned = world.unsigned()
    found = {}
    for name, document in {
        "key": world.sign(unsigned, key="2"),
        "issuer": world.sign(world.unsigned(issuer=OTHER)),
        "controller": world.sign(world.unsigned(), controller=OTHER),
        "achievement": world.sign(
            world.unsigned(
                achievement={
                    **another_achievement(),
                    "id": f"{AUTHORITY}/achievements/another",
                }
            )
        ),
    }.items():
        mine = copy.deepcopy(certificate)
        found[name] = codes(mine, [replaced(mine, document)])

    assert found == {
        "key": ["other_key"],
        "issuer": ["other_issuer"],
        "controller": ["other_key"],
        "achievement": ["achievement"],
    }


def another_achievement() -> dict[str, Any]:
    text = both("Another", "另一项")
    return {"name": text, "description": text, "criteria": text}


@pytest.mark.parametrize("strange", [None, [], {}, {"id": []}, {"id": "urn:uuid:x"}])
def test_what_is_not_of_the_batch_is_a_stranger(strange):
    world, certificate, documents = make_batch()

    assert codes(certificate, [strange, world.certificate()]) == ["stranger"] * 2
    verdict = check_batch(certificate, [strange, *documents])
    assert verdict.compared == 3
