"""Certificates as they are built: schemas of every kind, and the field that is wrong."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from cotutelle.engines.credentials.achievements import (
    KINDS,
    CredentialProblem,
    check_credential,
    schema,
)
from cotutelle.engines.credentials.integrity import JCS, RDFC, verify_proof
from tests.engines.credentials.refusals import changed
from tests.engines.credentials.world import ISSUER, World, both

MENTOR = {"name": both("Wang", "王"), "role": "clinical", "institution": "Example Hospital"}
DAYS = {"from": "2026-01-05", "until": "2026-03-29"}
FACTS = {
    "gate-passed": {"gate": both("Suture", "缝合"), "level": 3, "passedOn": "2026-05-01"},
    "rotation-completed": {"department": "Cardiology", "weeks": 12, **DAYS},
    "course-credit": {"course": "Statistics", "credits": 2.5, "grade": "A"},
    "project-stage": {"project": "Stroke", "stage": "proposal", "reachedOn": "2026-05-01"},
    "integrated-evaluation": {"value": 86.5, "standardError": 1.2, "scale": {"min": 0, "max": 100}},
    "dual-mentor-certificate": {
        "programme": "5+3",
        "mentors": [MENTOR, {**MENTOR, "role": "research"}],
        **DAYS,
    },
    "generic": {"reason": "Help", "times": 3, "isPublic": True, "from": 5},
}


def make(kind, facts=None, **changes):
    return World().unsigned(kind=kind, facts=FACTS[kind] if facts is None else facts, **changes)


def field(*arguments, **changes):
    with pytest.raises(CredentialProblem) as refused:
        make(*arguments, **changes)
    return refused.value.field


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suite", [JCS, RDFC])
def test_every_kind_is_built_signed_and_verified(kind, suite):
    world = World()
    document = make(kind)

    signed = world.sign(document, suite=suite)

    verify_proof(signed, world.private(ISSUER).public_key().public_bytes_raw())
    assert document["credentialSubject"]["achievement"]["achievementType"] == KINDS[kind]
    assert document["credentialSubject"]["facts"] == FACTS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_a_schema_and_stands_alone(kind):
    found = schema(kind, f"https://demo.cotutelle.example/schemas/{kind}.json")

    Draft202012Validator.check_schema(found)
    assert '"$ref": "#/$defs/' in json.dumps(found)
    assert Draft202012Validator(found).is_valid(make(kind))
    assert not Draft202012Validator(found).is_valid({**make(kind), "issuer": "x"})
    assert found["title"] != "Credential"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in schema(kind)["$defs"]["facts"].get("required", ())],
)
def test_each_required_fact_is_named_when_it_is_missing(kind, name):
    facts = {key: value for key, value in FACTS[kind].items() if key != name}

    assert field(kind, facts) == f"credentialSubject.facts.{name}"


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("gate-passed", "level", 0),
        ("gate-passed", "passedOn", "1 May"),
        ("gate-passed", "gate", {"en": "only"}),
        ("rotation-completed", "weeks", 0),
        ("rotation-completed", "until", "2025-01-01"),
        ("course-credit", "credits", "2"),
        ("integrated-evaluation", "standardError", -1),
        ("integrated-evaluation", "value", "86"),
        ("dual-mentor-certificate", "mentors", [MENTOR]),
        ("generic", "times", None),
    ],
)
def test_each_unfit_fact_is_named(kind, name, value):
    assert field(kind, {**FACTS[kind], name: value}).startswith(f"credentialSubject.facts.{name}")


def test_an_unknown_fact_is_refused():
    assert field("gate-passed", {**FACTS["gate-passed"], "grade": "A"}) == "credentialSubject.facts"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_until": "2020-01-01T00:00:00Z"}, "validUntil"),
        ({"valid_from": "2026-13-01T00:00:00Z"}, "validFrom"),
        ({"valid_from": "today"}, "validFrom"),
        ({"credential_id": "no url"}, "id"),
        ({"subject_id": "Lin"}, "credentialSubject.id"),
        ({"name": both("", "空")}, "name"),
        ({"schema_id": "x y"}, "credentialSchema.id"),
    ],
)
def test_other_fields_are_named_too(changes, expected):
    assert field("generic", **changes) == expected


def test_a_status_entry_that_was_altered_is_named():
    document = changed(make("generic"), "credentialStatus/0/statusListIndex", "-1")

    with pytest.raises(ValueError, match=r"credentialStatus\.0\.statusListIndex"):
        check_credential(document, "generic")


def test_an_unknown_kind_is_refused():
    for unknown in ("diploma", "../credential", "credential"):
        with pytest.raises(ValueError, match="kind"):
            schema(unknown)
