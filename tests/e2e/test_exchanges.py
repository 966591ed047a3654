"""Two trainees exchange months and the office approves; and a plan that cannot be is explained."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cotutelle.rotations.enums import WardState
from cotutelle.rotations.models import Stay, Ward
from cotutelle.web.demo.staff import PASSWORD
from cotutelle.workflow.models import Task
from tests.e2e.conftest import PHONE, Opener, Site, aside, require_fit, speak, work_off
from tests.e2e.steps import both_widths, follow, press
from tests.factories.rotations_planning import World, make_world
from tests.rotations.planning_plans import ready_scenario

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

TRAINEE = "trainee"


def _world(people: int) -> World:
    """Return the small world with names to sign in by; everybody is Chinese-speaking."""
    world = make_world(people)
    persons = [world.office, *(row.student.person for row in world.people)]
    names = [f"office{world.office.pk}", *(f"{TRAINEE}{world.cycle.pk}-{n}" for n in range(people))]
    for person, name in zip(persons, names, strict=True):
        person.username, person.language = name, "zh-hans"
        person.set_password(PASSWORD)
        person.save()
    return world


def _published() -> World:
    from cotutelle.rotations.services.planning_publication import publish_scenario  # noqa: PLC0415

    world = _world(3)
    scenario = ready_scenario(world)
    publish_scenario(scenario, revision=scenario.revision, actor=world.office)
    return world


def _stays(world: World, who: int) -> list[tuple[Any, ...]]:
    rows = Stay.objects.filter(participant=world.people[who]).order_by("starts_on")
    return list(rows.values_list("block__code", "part", "ward__code", "starts_on"))


def _open_tasks(world: World) -> list[str]:
    cycle = {world.office, *(row.student.person for row in world.people)}
    rows = Task.objects.filter(assignee__in=cycle, state="open", kind__endswith="_swap")
    return list(rows.values_list("kind", flat=True))


def test_an_exchange_from_the_question_to_the_approval(bare_site: Site, enter: Opener) -> None:
    site = bare_site
    world: World = aside(_published)
    mine, theirs = (aside(lambda n=n: _stays(world, n)) for n in (0, 1))

    asker = enter(site, f"{TRAINEE}{world.cycle.pk}-0", width=PHONE)
    asker.goto(f"{site.url}/rotations/my-plan/")
    swap = _ask(asker)
    expect(asker.locator("main")).to_contain_text("互换不违反任何规则")

    other = enter(site, f"{TRAINEE}{world.cycle.pk}-1", width=PHONE)
    other.goto(f"{site.url}/tasks/")
    follow(other, other.locator("main a", has_text="互换").first)
    assert other.url == swap
    both_widths(other)
    follow(other, other.locator("button[value=agree]"))
    expect(other.locator("h1")).to_contain_text("待住培管理科决定")

    office = enter(site, f"office{world.office.pk}")
    office.goto(f"{site.url}/rotations/swaps/")
    both_widths(office)
    follow(office, office.locator("main tbody a.open").first)
    both_widths(office)
    follow(office, office.locator("button[value=approve]"))
    expect(office.locator("h1")).to_contain_text("已互换")
    assert aside(lambda: _open_tasks(world)) == []
    now = [aside(lambda n=n: _stays(world, n)) for n in (0, 1)]
    assert now != [mine, theirs]
    assert sorted(row[2:] for rows in now for row in rows) == sorted(
        row[2:] for rows in (mine, theirs) for row in rows
    )
    asker.goto(f"{site.url}/inbox/")
    expect(asker.locator("main")).to_contain_text("您的轮转计划有变")
    assert site.faults == []


def _ask(page: Page) -> str:
    """Ask to exchange the first stay for which somebody fits; return the page of the exchange."""
    links = page.locator("main a[href*='/swap/']")
    addresses = links.evaluate_all("found => found.map(a => a.href)")
    for address in addresses:
        page.goto(address)
        both_widths(page)
        page.set_viewport_size({"width": PHONE, "height": 900})
        if page.locator("input[name=other]").count():
            page.locator("input[name=other]").first.check()
            page.locator("#id_note").fill("想先去外科")
            press(page)
            require_fit(page)
            return page.url
    raise AssertionError(f"no exchange is offered: {addresses}")


def _impossible() -> World:
    world = _world(6)
    own = [ward.pk for ward in world.wards.values()]
    Ward.objects.exclude(pk__in=own).update(state=WardState.CLOSED)
    Ward.objects.filter(pk=world.wards["SU1"].pk).update(upper=1)
    return world


def test_a_plan_that_cannot_be_is_explained_and_repaired(bare_site: Site, enter: Opener) -> None:
    site = bare_site
    world: World = aside(_impossible)
    page = enter(site, f"office{world.office.pk}")
    page.goto(f"{site.url}/rotations/cycles/{world.cycle.public_id}/")
    follow(page, page.locator("button[value=plan]"))
    work_off()
    page.reload()
    expect(page.locator("#board-panel h2").first).to_contain_text("这样排不出来")
    both_widths(page)
    speak(page, "en")
    expect(page.locator("#board-panel h2").first).to_contain_text("No plan keeps every rule")
    both_widths(page)
    follow(page, page.locator("#board-panel .fix button").first)
    expect(page.locator("#board-panel .fix")).to_have_count(0)
    both_widths(page)
    assert site.faults == []
