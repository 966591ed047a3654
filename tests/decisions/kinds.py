"""A small kind of decision for tests: pairs, checked against the offers there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from cotutelle.decisions import access
from cotutelle.decisions.models import Policy, Run
from cotutelle.decisions.services import activate_policy, create_policy, record_run
from cotutelle.people.models import Person

DATA = {"students": {"1": "a > b"}, "offers": ["a", "b"], "姓名": "不在此处"}
CERTIFICATE = {"pairs": [["1", "a"]]}


def _verify(certificate: Any) -> Mapping[str, Any]:
    wrong = [offer for _student, offer in certificate["pairs"] if offer not in DATA["offers"]]
    return {"ok": not wrong, "problems": [f"{offer} is no offer" for offer in wrong]}


def _visible(person: Any) -> Q:
    return Q() if person.username == "concerned" else Q(pk__in=())


access.register(
    "test.match",
    title="Test match",
    why_not=lambda actor, run: None if actor.username == "concerned" else "Not yours.",
    visible=_visible,
    verify=_verify,
    checks={"pairs": "Pairs looked at"},
    in_words=lambda parameters: [("Ties", "by lottery" if parameters["lottery"] else "by score")],
)


def make_policy(actor: Person, *, active: bool = True) -> Policy:
    """Return the next version of the test policy."""
    assert actor.unit is not None
    policy = create_policy(
        "test.match",
        unit=actor.unit,
        name_zh="双选规则",
        name_en="Selection rules",
        parameters={"lottery": True},
        actor=actor,
    )
    return activate_policy(policy, actor=actor) if active else policy


def make_run(actor: Person, *, policy: Policy | None = None, **values: Any) -> Run:
    """Return a recorded run about the actor's unit."""
    assert actor.unit is not None
    given: dict[str, Any] = {
        "unit": actor.unit,
        "snapshot_data": DATA,
        "policy": policy or make_policy(actor),
        "seed": "5e1f",
        "result": {"size": 1},
        "certificate": CERTIFICATE,
        "verdict": {"ok": True, "checks": [{"label": "pairs", "count": 1}]},
        "cpu_seconds": 0.25,
        "actor": actor,
    }
    return record_run("test.match", actor.unit, **(given | values))
