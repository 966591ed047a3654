"""What programs do as planners: compute, follow, hold, move, review, publish."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import ScenarioState
from cotutelle.rotations.models import Scenario, Stay, StayPin
from cotutelle.rotations.months import add_months
from tests.factories.people import make_person
from tests.factories.rotations_planning import World, make_world
from tests.rotations.planning_plans import ready_scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def office(world: World, call_as: Any) -> Any:
    return call_as(world.office)


def month(world: World, period: int) -> str:
    return str(add_months(world.cycle.starts_on, period))


def stay(world: World, block: str, ward: str, period: int, *, who: int = 0) -> dict[str, str]:
    return {
        "trainee": str(world.people[who].public_id),
        "block": block,
        "ward": str(world.wards[ward].public_id),
        "month": month(world, period),
    }


def test_a_plan_from_the_order_to_its_publication(world: World, office: Any) -> None:
    plan = f"/rotation-plans/{world.cycle.public_id}"
    asked = office("POST", f"{plan}/scenarios", {"time_limit_seconds": 60, "name": "By program"})
    assert asked.status_code == 202
    assert (asked.data["state"], asked.data["time_limit_seconds"]) == ("waiting", 60)
    where = asked["Location"].removeprefix("/api/v1")
    again = office("POST", f"{plan}/scenarios", {})
    assert (again.status_code, again.data["code"]) == (409, "scenario.running")
    run_now(Job.objects.get())
    done = office("GET", where).data
    assert (done["state"], done["violations"], done["name"]) == ("ready", 0, "By program")
    assert done["score"] <= done["bound"]
    listed = office("GET", f"{where}/stays").data["items"]
    assert [len(one["stays"]) for one in listed] == [4, 4, 4]
    seen = office("GET", f"{where}/review").data
    assert (seen["is_sound"], seen["concerned"], seen["broken"]) == (True, 3, [])
    assert seen["changed_months"] == len(seen["changes"]) == 18
    told = {name: seen[name] for name in ("revision", "in_force")}
    stale = office("POST", f"{where}/publication", told | {"in_force": "another"})
    assert (stale.status_code, stale.data["code"]) == (409, "scenario.stale")
    published = office("POST", f"{where}/publication", told).data
    assert (published["concerned"], published["scenario"]["state"]) == (3, "published")
    assert Stay.objects.filter(scenario__public_id=done["id"]).count() == 12
    replan = office("POST", f"{plan}/scenarios", {"kind": "replan"}).data
    assert (replan["kind"], Scenario.objects.get(public_id=replan["id"]).base is None) == (
        "replan",
        False,
    )


def test_a_computation_is_followed_and_stopped(world: World, office: Any) -> None:
    made = ready_scenario(world)
    where = f"/rotation-scenarios/{made.public_id}"
    over = office("POST", f"{where}/stop")
    assert (over.status_code, over.data["code"]) == (409, "scenario.over")
    Scenario.objects.update(
        state=ScenarioState.COMPUTING,
        progress={"stage": "improving", "score": 90, "bound": 96.5, "seconds": 4, "limit": 60},
    )
    running = office("GET", where).data
    assert (running["is_stopping"], running["progress"]["bound"]) == (False, 96.5)
    assert office("POST", f"{where}/stop").data["is_stopping"] is True


def test_stays_are_held_and_let_go(world: World, office: Any) -> None:
    where = f"/rotation-trainees/{world.people[0].public_id}"
    held = stay(world, "IM#2", "IM2", 4) | {"reason": "课题"}
    del held["trainee"]
    assert office("POST", f"{where}/pins", held).status_code == 201
    pin = StayPin.objects.get()
    assert (pin.block.code, pin.part, pin.ward.code, pin.start) == ("IM", 1, "IM2", 4)
    listed = office("GET", f"/rotation-plans/{world.cycle.public_id}/trainees").data["items"]
    assert [one["pins"] for one in listed[1:]] == [[], []]
    (shown,) = listed[0]["pins"]
    assert (shown["block"], shown["starts_on"], shown["reason"]) == (
        "IM#2",
        month(world, 4),
        "课题",
    )
    for change, code in (
        ({"block": "XX"}, "pin.block"),
        ({"ward": str(world.cycle.public_id)}, "ward.unknown"),
        ({"month": month(world, 30)}, "pin.month"),
    ):
        refused = office("POST", f"{where}/pins", held | change)
        assert (refused.status_code, refused.data["code"]) == (422, code)
    assert office("POST", f"{where}/unpin", {"block": "IM#2"}).data["block"] == "IM#2"
    gone = office("POST", f"{where}/unpin", {"block": "IM#2"})
    assert (gone.status_code, gone.data["code"]) == (409, "pin.missing")


def test_a_move_is_checked_made_and_taken_back(world: World, office: Any) -> None:
    where = f"/rotation-scenarios/{ready_scenario(world).public_id}"
    crowded = stay(world, "IM#1", "IM1", 0, who=2)
    says = office("GET", f"{where}/move-check?{urlencode(crowded)}").data["broken"]
    assert {one["code"] for one in says} >= {"over_capacity"}
    first = office("GET", where)
    moved = office("POST", f"{where}/moves", crowded, if_match=first["ETag"])
    assert moved.data["violations"] > 0
    stale = office("POST", f"{where}/moves", crowded, if_match=first["ETag"])
    assert stale.status_code == 412
    undone = office("POST", f"{where}/undo", if_match=moved["ETag"])
    assert undone.data["violations"] == 0
    redone = office("POST", f"{where}/redo", if_match=undone["ETag"])
    assert redone.data["violations"] == moved.data["violations"]
    seen = office("GET", f"{where}/review").data
    assert seen["is_sound"] is False
    told = {name: seen[name] for name in ("revision", "in_force")}
    refused = office("POST", f"{where}/publication", told)
    assert (refused.status_code, refused.data["code"]) == (409, "plan.broken")
    assert not Stay.objects.exists()
    nowhere = office("POST", f"{where}/moves", crowded | {"block": "XX"}, if_match="*")
    assert nowhere.data["code"] == "scenario.block"
    copy = office("POST", f"{where}/copies", {"name": "Another"}).data
    assert (copy["kind"], copy["name"]) == ("copy", "Another")


def test_who_only_reads_boards_changes_nothing_and_strangers_find_nothing(
    world: World, call_as: Any
) -> None:
    where = f"/rotation-scenarios/{ready_scenario(world).public_id}"
    trainee = f"/rotation-trainees/{world.people[0].public_id}"
    plan = f"/rotation-plans/{world.cycle.public_id}"
    writes = [
        (f"{plan}/scenarios", {}),
        (f"{where}/stop", None),
        (f"{where}/copies", {}),
        (f"{where}/moves", stay(world, "SU", "SU1", 0)),
        (f"{where}/undo", None),
        (f"{where}/redo", None),
        (f"{where}/publication", {"revision": 0, "in_force": "x"}),
        (f"{trainee}/unpin", {"block": "SU"}),
    ]
    secretary = call_as(make_person(Role.BASE_SECRETARY, unit=world.hospital))
    assert secretary("GET", where).status_code == 200
    assert secretary("GET", f"{where}/review").status_code == 403
    stranger = call_as(make_person(Role.RESIDENCY_OFFICE))
    for path in (where, f"{where}/stays", f"{where}/review", f"{plan}/trainees"):
        assert stranger("GET", path).status_code == 404
    for path, body in writes:
        assert secretary("POST", path, body, if_match="*").status_code == 403
        assert stranger("POST", path, body, if_match="*").status_code == 404
    student = call_as(world.people[0].student.person)
    assert student("GET", where).status_code in {403, 404}
    assert student("POST", f"{trainee}/unpin", {"block": "SU"}).status_code == 403
