"""What programs do for planners: wishes and constraints, events and the re-plan that answers."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.rotations.enums import EventKind, ScenarioKind, WishKind
from cotutelle.rotations.models import PlanEvent, Wish
from cotutelle.rotations.months import add_months
from cotutelle.rotations.queries.planning_review import in_force_digest
from cotutelle.rotations.services.planning_publication import publish_scenario
from tests.factories.agreements import make_agreement
from tests.factories.mentorship import make_mentor
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


def in_force(world: World) -> None:
    scenario = ready_scenario(world)
    publish_scenario(
        scenario,
        revision=scenario.revision,
        seen=in_force_digest(scenario.cycle),
        actor=world.office,
    )
    world.cycle.refresh_from_db()


# ---------------------------------------------------------------- wishes


def test_wishes_are_kept_listed_and_forgotten(world: World, office: Any) -> None:
    where = f"/rotation-trainees/{world.people[0].public_id}/wishes"
    ward = str(world.wards["IM2"].public_id)
    body = {"kind": "prefer_ward", "ward": ward, "weight": 3, "reason": "家近"}
    key = {"Idempotency-Key": "once"}
    made = office("POST", where, body, **key)
    assert (made.status_code, made.data["ward"]["id"], made.data["weight"]) == (201, ward, 3)
    assert office("POST", where, body, **key).data["id"] == made.data["id"]
    away = {"kind": "away", "first_month": month(world, 2)[:8] + "20"}
    told = office("POST", where, away).data
    assert (told["first_month"], told["last_month"]) == (month(world, 2), month(world, 2))
    hospital = str(world.other.public_id)
    office("POST", where, {"kind": "forbid_hospital", "hospital": hospital})
    listed = office("GET", where).data["items"]
    assert [one["kind"] for one in listed] == ["prefer_ward", "away", "forbid_hospital"]
    assert listed[2]["hospital"] == {"id": hospital, "name": "Second"}
    gone = office("POST", f"/rotation-wishes/{told['id']}/withdraw")
    assert (gone.status_code, gone.data["kind"]) == (200, "away")
    assert list(Wish.objects.order_by("id").values_list("kind", flat=True)) == [
        WishKind.PREFER_WARD,
        WishKind.FORBID_HOSPITAL,
    ]
    assert Entry.objects.filter(action="rotations.wish.removed").count() == 1


def test_a_wish_needs_what_its_kind_asks_for(world: World, office: Any) -> None:
    where = f"/rotation-trainees/{world.people[0].public_id}/wishes"
    nothing = str(world.cycle.public_id)
    for body, status, code in (
        ({"kind": "prefer_ward"}, 409, "wish.incomplete"),
        ({"kind": "forbid_hospital"}, 409, "wish.incomplete"),
        ({"kind": "away"}, 409, "wish.incomplete"),
        ({"kind": "prefer_ward", "ward": nothing}, 422, "ward.unknown"),
        ({"kind": "prefer_hospital", "hospital": nothing}, 422, "hospital.unknown"),
        ({"kind": "research", "first_month": month(world, 8)}, 422, "wish.month"),
        ({"kind": "away", "first_month": month(world, -1)}, 422, "wish.month"),
        ({"kind": "prefer_ward", "weight": 6}, 422, "request.invalid"),
    ):
        refused = office("POST", where, body)
        assert (refused.status_code, refused.data["code"]) == (status, code)
    back = {"kind": "away", "first_month": month(world, 3), "last_month": month(world, 2)}
    assert office("POST", where, back).data["code"] == "wish.incomplete"
    assert not Wish.objects.exists()


# ---------------------------------------------------------------- events


def test_an_event_is_reported_answered_by_a_replan_and_taken_back(
    world: World, office: Any
) -> None:
    where = f"/rotation-plans/{world.cycle.public_id}"
    closes = {
        "kind": "ward_closes",
        "ward": str(world.wards["IM2"].public_id),
        "first_month": month(world, 4),
        "note": "装修",
    }
    early = office("POST", f"{where}/events", closes)
    assert (early.status_code, early.data["code"]) == (409, "cycle.state")
    in_force(world)
    made = office("POST", f"{where}/events", closes)
    assert (made.status_code, made.data["first_month"], made.data["last_month"]) == (
        201,
        month(world, 4),
        None,
    )
    assert made.data["reported_by"]["id"] == str(world.office.public_id)
    leaves = {
        "kind": "trainee_leaves",
        "trainee": str(world.people[1].public_id),
        "first_month": month(world, 2),
    }
    left = office("POST", f"{where}/events", leaves).data
    world.people[1].refresh_from_db()
    assert str(world.people[1].left_on) == month(world, 2)
    twice = office("POST", f"{where}/events", leaves)
    assert (twice.status_code, twice.data["code"]) == (422, "event.trainee")
    listed = office("GET", f"{where}/events").data["items"]
    assert [(one["kind"], one["settled_at"]) for one in listed] == [
        ("trainee_leaves", None),
        ("ward_closes", None),
    ]
    replan = office("POST", f"{where}/scenarios", {"kind": "replan"})
    assert (replan.status_code, replan.data["kind"]) == (202, ScenarioKind.REPLAN)
    back = office("POST", f"/rotation-events/{left['id']}/withdraw")
    assert (back.status_code, back.data["trainee"]["id"]) == (200, leaves["trainee"])
    world.people[1].refresh_from_db()
    assert world.people[1].left_on is None
    PlanEvent.objects.update(settled_at=world.cycle.created_at)
    settled = office("POST", f"/rotation-events/{made.data['id']}/withdraw")
    assert (settled.status_code, settled.data["code"]) == (409, "event.settled")


def test_an_event_needs_what_its_kind_asks_for(world: World, office: Any, call_as: Any) -> None:
    in_force(world)
    where = f"/rotation-plans/{world.cycle.public_id}/events"
    agreement = make_agreement(make_mentor(3), unit=world.hospital, partner=world.other)
    ends = {"kind": "agreement_ends", "agreement": str(agreement.public_id)}
    school = call_as(make_person(Role.GRADUATE_OFFICER, unit=world.hospital))
    made = school("POST", where, ends | {"first_month": month(world, 3)}).data
    assert made["agreement"]["id"] == ends["agreement"]
    unseen = office("POST", where, ends | {"first_month": month(world, 3)})
    assert (unseen.status_code, unseen.data["code"]) == (422, "event.agreement")
    nothing = str(world.cycle.public_id)
    for body, status, code in (
        ({"kind": "ward_closes"}, 409, "event.incomplete"),
        ({"kind": "trainee_away"}, 409, "event.incomplete"),
        ({"kind": "ward_closes", "ward": nothing}, 422, "ward.unknown"),
        ({"kind": "trainee_away", "trainee": nothing}, 422, "event.trainee"),
        ({"kind": "agreement_ends", "agreement": nothing}, 422, "event.agreement"),
        ({"kind": "ward_closes", "first_month": month(world, 60)}, 422, "event.month"),
        ({"kind": "ward_closes", "first_month": month(world, -1)}, 422, "event.month"),
        ({"kind": "ward_places", "places_left": 1000}, 422, "request.invalid"),
    ):
        refused = office("POST", where, {"first_month": month(world, 4)} | body)
        assert (refused.status_code, refused.data["code"]) == (status, code)
    assert [one.kind for one in PlanEvent.objects.all()] == [EventKind.AGREEMENT_ENDS]


def test_those_who_see_a_board_read_and_strangers_do_not(world: World, call_as: Any) -> None:
    in_force(world)
    wishes = f"/rotation-trainees/{world.people[0].public_id}/wishes"
    events = f"/rotation-plans/{world.cycle.public_id}/events"
    wish = Wish.objects.create(
        participant=world.people[0], kind="away", first=0, last=0, created_at=world.cycle.created_at
    )
    event = PlanEvent.objects.create(
        cycle=world.cycle, kind="ward_closes", ward=world.wards["IM2"], first=4,
        created_at=world.cycle.created_at,
    )  # fmt: skip
    acts = (
        f"/rotation-wishes/{wish.public_id}/withdraw",
        f"/rotation-events/{event.public_id}/withdraw",
    )
    secretary = call_as(make_person(Role.BASE_SECRETARY, unit=world.hospital))
    stranger = call_as(make_person(Role.RESIDENCY_OFFICE))
    trainee = call_as(world.people[0].student.person)
    for path in (wishes, events):
        assert secretary("GET", path).status_code == 200
        assert stranger("GET", path).status_code == 404
        assert trainee("GET", path).status_code == 403
    away = {"kind": "away", "first_month": month(world, 1)}
    leaves = away | {"kind": "trainee_leaves"}
    for path, sent in ((wishes, away), (events, leaves), *((act, None) for act in acts)):
        assert secretary("POST", path, sent).status_code == 403
        assert stranger("POST", path, sent).status_code == 404
    assert Wish.objects.count() == PlanEvent.objects.count() == 1
