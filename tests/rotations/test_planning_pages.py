"""The pages of planning: office, trainee, mentor, stranger; what stands there, what a press does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.rotations.enums import ScenarioState
from cotutelle.rotations.models import Cycle, Scenario, Stay, StayPin, Swap, Wish
from cotutelle.rotations.queries.planning_keys import trainee_key, ward_key
from cotutelle.rotations.services.planning_publication import publish_scenario
from tests.factories.mentorship import MentorFactory, MentorshipFactory
from tests.factories.people import make_person
from tests.factories.rotations_planning import World, make_world
from tests.rotations.planning_plans import plan_of, ready_scenario

pytestmark = pytest.mark.django_db
LIST_QUERIES = 12
PEOPLE_QUERIES = 16


def sign_in(client: Client, person: Person) -> Client:
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def office(client: Client, world: World) -> Client:
    return sign_in(client, world.office)


def at(name: str, thing: Any, *more: Any) -> str:
    return reverse(f"rotations:{name}", args=[thing.public_id, *more])


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_cycles_asks_the_same_number_of_questions(
    office: Client, world: World, count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count - 1):
        Cycle.objects.create(
            unit=world.hospital,
            name_zh=f"计划{n}",
            starts_on=world.cycle.starts_on,
            rules={},
            created_by=world.office,
            created_at=world.cycle.created_at,
        )
    with django_assert_max_num_queries(LIST_QUERIES):
        page = office.get(reverse("rotations:cycles"))
    assert len(page.context["listing"].rows) == count


def test_participants_are_listed_searched_and_exported(
    office: Client, world: World, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(PEOPLE_QUERIES):
        page = office.get(at("people", world.cycle))
    assert len(page.context["listing"].rows) == 3
    name = world.people[1].student.person.name_zh
    found = office.get(at("people", world.cycle), {"q": name}).context["listing"].rows
    assert world.people[1] in found
    sheet = office.get(at("people", world.cycle), {"format": "csv"})
    assert world.people[0].student.person.number in sheet.content.decode()


def test_a_wish_is_added_and_removed_on_the_page_of_a_participant(
    office: Client, world: World
) -> None:
    page = at("participant", world.people[0])
    office.post(page, {"form": "wish", "kind": "prefer_ward", "weight": "2"})
    assert not Wish.objects.exists()  # no ward was chosen
    ward = world.wards["IM2"]
    office.post(page, {"form": "wish", "kind": "prefer_ward", "weight": "2", "ward": ward.pk})
    wish = Wish.objects.get()
    assert (wish.ward, wish.weight) == (ward, 2)
    office.post(at("wish-remove", wish))
    assert not Wish.objects.exists()


def test_the_board_shows_trainees_wards_and_what_is_broken(office: Client, world: World) -> None:
    scenario = ready_scenario(world)
    board = office.get(at("scenario", scenario)).context["board"]
    assert len(board.rows) == 3
    assert board.problems == []
    heat = {row.id: [cell[0] for cell in row.cells] for row in board.heat}
    assert heat[ward_key(world.wards["IM1"])][:5] == ["2", "2", "2", "1", "1"]
    url = at("stay", scenario)
    trainee = trainee_key(world.people[0])
    move = {"trainee": trainee, "key": "SU", "ward": ward_key(world.wards["SU1"])}
    office.post(url, move | {"start": "1", "revision": "0"})
    page = office.get(at("scenario", scenario), {"problems": "1"})
    row = page.context["board"].rows[0]
    assert row.id == trainee
    assert {cell.key for cell in row.cells if cell.is_bad} == {"IM#1", "SU", "IM#2"}
    assert "would be in two places" in page.content.decode()
    office.post(at("scenario-act", scenario, "undo"))
    scenario.refresh_from_db()
    assert scenario.outcome["violations"] == 0


def test_the_board_shows_who_has_no_stay(office: Client, world: World) -> None:
    stays = plan_of(world) | {trainee_key(world.people[0]): ()}
    page = office.get(at("scenario", ready_scenario(world, stays)))
    (row,) = [r for r in page.context["board"].rows if r.id == trainee_key(world.people[0])]
    assert {cell.key for cell in row.cells} == {""}


@pytest.mark.parametrize(
    ("proven", "says"), [(True, "No plan keeps every rule"), (False, "It is not proven")]
)
def test_a_plan_is_called_impossible_only_where_that_is_proven(
    office: Client, world: World, proven: bool, says: str
) -> None:
    scenario = ready_scenario(world)
    found: dict[str, Any] = {"alone": [], "findings": [], "core": [], "repairs": []}
    scenario.state, scenario.stays = ScenarioState.IMPOSSIBLE, {}
    scenario.outcome = {"diagnosis": found | {"is_proven": proven, "is_irreducible": False}}
    scenario.save()
    assert says in office.get(at("scenario", scenario)).content.decode()
    listed = office.get(at("cycle", world.cycle)).context["scenarios"][0].says
    assert (listed == "No plan found") != proven


def test_a_move_is_checked_before_it_is_saved(office: Client, world: World) -> None:
    scenario = ready_scenario(world)
    query = {
        "trainee": trainee_key(world.people[0]),
        "key": "SU",
        "ward": ward_key(world.wards["SU1"]),
    }
    bad = office.get(at("check", scenario), query | {"start": "4"}).content.decode()
    assert "two places" in bad
    good = office.get(at("check", scenario), query | {"start": "6"}).content.decode()
    assert "no rule would be broken" in good
    scenario.refresh_from_db()
    assert scenario.revision == 0


def test_a_stay_is_held_and_let_go(office: Client, world: World) -> None:
    scenario = ready_scenario(world)
    press = {"trainee": trainee_key(world.people[0]), "key": "SU", "do": "pin"}
    office.post(at("stay", scenario), press)
    pin = StayPin.objects.get()
    assert (pin.block.code, pin.start) == ("SU", 3)
    office.post(at("stay", scenario), press)
    assert not StayPin.objects.exists()


def test_review_names_the_number_and_publishes(office: Client, world: World) -> None:
    scenario = ready_scenario(world)
    page = office.get(at("review", scenario))
    assert "Publish to 3 trainees" in page.content.decode()
    office.post(at("review", scenario), {"revision": "0"})
    scenario.refresh_from_db()
    assert scenario.state == ScenarioState.PUBLISHED
    assert Stay.objects.count() == 12
    history = office.get(at("cycle-history", world.cycle)).content.decode()
    assert "Rotation plan published" in history


def test_two_scenarios_are_laid_side_by_side(office: Client, world: World) -> None:
    ready_scenario(world)
    other = ready_scenario(world, number=2)
    trainee = trainee_key(world.people[0])
    other.stays[trainee] = [
        [block, ward, 6 if block == "RE" else start] for block, ward, start in other.stays[trainee]
    ]
    other.save()
    page = office.get(at("compare", world.cycle), {"a": "1", "b": "2"})
    assert (page.context["people"], page.context["months"]) == (1, 2)


def test_an_event_is_recorded_once_the_plan_is_in_force(office: Client, world: World) -> None:
    press = {"kind": "ward_places", "ward": world.wards["IM1"].pk, "upper": "1", "first": "2"}
    office.post(at("events", world.cycle), press)
    assert not world.cycle.events.exists()
    publish(world)
    too_many = office.post(at("events", world.cycle), press | {"upper": "40000"})
    assert "upper" in too_many.context["form"].errors
    office.post(at("events", world.cycle), press)
    event = world.cycle.events.get()
    assert (event.upper, event.first) == (1, 2)
    office.post(at("event-remove", event))
    assert not world.cycle.events.exists()


def publish(world: World) -> Scenario:
    scenario = ready_scenario(world)
    publish_scenario(scenario, revision=0, actor=world.office)
    return scenario


def test_a_student_sees_their_own_plan_and_why_and_nobody_else_does(
    client: Client, world: World
) -> None:
    publish(world)
    sign_in(client, world.people[0].student.person)
    page = client.get(reverse("rotations:my-plan"))
    assert [len(rows) for _place, rows in page.context["plans"]] == [4]
    stay = Stay.objects.get(participant=world.people[0], block__code="SU")
    why = client.get(at("why", stay)).content.decode()
    assert "only ward that trains" in why
    assert world.people[1].student.person.name_en not in why
    other = Stay.objects.get(participant=world.people[1], block__code="SU")
    assert client.get(at("why", other)).status_code == 404
    assert client.get(at("trainee-plan", world.people[1])).status_code == 404
    assert client.get(reverse("rotations:cycles")).status_code == 403


def test_a_mentor_sees_where_their_students_are(client: Client, world: World) -> None:
    publish(world)
    mentor = MentorFactory.create()
    MentorshipFactory.create(mentor=mentor, student=world.people[0].student)
    sign_in(client, mentor.person)
    page = client.get(reverse("rotations:students-plans"))
    assert [row["place"] for row in page.context["rows"]] == [world.people[0]]
    assert client.get(at("trainee-plan", world.people[0])).status_code == 200
    assert client.get(at("trainee-plan", world.people[1])).status_code == 404


def test_strangers_find_nothing(client: Client, world: World) -> None:
    scenario = ready_scenario(world)
    sign_in(client, make_person(Role.RESIDENCY_OFFICE, unit=world.other))
    for name, thing in (
        ("cycle", world.cycle),
        ("people", world.cycle),
        ("participant", world.people[0]),
        ("scenario", scenario),
        ("review", scenario),
        ("check", scenario),
    ):
        assert client.get(at(name, thing)).status_code == 404, name


def test_leaders_read_figures_and_no_names(client: Client, world: World) -> None:
    scenario = publish(world)
    sign_in(client, make_person(Role.LEADER, unit=world.hospital))
    assert client.get(at("cycle", world.cycle)).status_code == 200
    assert client.get(at("scenario", scenario)).status_code == 403
    assert client.get(at("people", world.cycle)).status_code == 403


def test_an_exchange_is_asked_for_agreed_to_and_approved_on_the_pages(
    client: Client, world: World
) -> None:
    publish(world)
    mine = Stay.objects.get(participant=world.people[0], block__code="IM", part=1)
    other = Stay.objects.get(participant=world.people[1], block__code="IM", part=1)
    sign_in(client, world.people[0].student.person)
    asked = client.get(at("swap-ask", mine))
    assert other in asked.context["offers"]
    client.post(at("swap-ask", mine), {"other": str(other.public_id)})
    swap = Swap.objects.get()
    sign_in(client, world.people[1].student.person)
    client.post(at("swap", swap), {"do": "agree"})
    sign_in(client, world.office)
    client.post(at("swap", swap), {"do": "approve"})
    mine.refresh_from_db()
    assert mine.ward == world.wards["IM2"]
    sign_in(client, world.people[2].student.person)
    assert client.get(at("swap", swap)).status_code == 404


def test_programs_read_plans_and_trainees_their_own_stays(client: Client, world: World) -> None:
    publish(world)
    sign_in(client, world.office)
    plans = client.get("/api/v1/rotation-plans").json()["items"]
    assert [plan["id"] for plan in plans] == [str(world.cycle.public_id)]
    here = f"/api/v1/rotation-plans/{world.cycle.public_id}"
    assert len(client.get(f"{here}/stays").json()["items"]) == 12
    assert client.get(f"{here}/scenarios").json()["items"][0]["state"] == "published"
    sign_in(client, world.people[0].student.person)
    assert len(client.get("/api/v1/me/rotations").json()["items"]) == 4
    assert client.get(f"{here}/stays").status_code in {403, 404}
