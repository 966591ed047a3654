"""A whole season from spreadsheets to confirmed pairs, through the pages, by everybody in it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cotutelle.core.clock import today
from cotutelle.people.models import Person
from cotutelle.web.demo.staff import open_sign_in
from tests.e2e.conftest import PHONE, Opener, Site, aside, require_fit
from tests.e2e.sheets import MENTORS, OFFERS, STUDENTS, write_sheet
from tests.e2e.steps import (
    Travel,
    answer,
    both_widths,
    choose,
    confirm,
    follow,
    import_sheet,
    move,
    press,
    run,
    set_days,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

YEAR = today().year
ROUND = f"{YEAR}级师生双选"
LISTS = {
    "109990000000001": ("A01", "A02"),
    "109990000000002": ("A01", "A03"),
    "109990000000003": ("A02", "A03"),
    "109990000000004": ("A02",),
}
TITLES = {row[0]: re.compile(f"{row[2]}|{row[3]}") for row in OFFERS[1:]}


def _prepare(page: Page, site: Site, folder: Path) -> None:
    page.goto(f"{site.url}/students/cohorts/new/")
    value = page.locator("#id_unit option", has_text="云岭医科大学").first.get_attribute("value")
    page.locator("#id_unit").select_option(value)
    page.locator("#id_year").fill(str(YEAR))
    page.locator("#id_name_zh").fill(f"{YEAR}级")
    press(page)
    import_sheet(page, site, "students", write_sheet(folder, "学生", STUDENTS), unit="云岭医科大学")
    import_sheet(page, site, "mentors", write_sheet(folder, "导师", MENTORS))
    page.goto(f"{site.url}/mentors/eligibility/")
    page.locator("[data-pick-all]").check()
    follow(page, page.locator("button[value=eligible]"))
    page.goto(f"{site.url}/mentors/eligibility/")
    page.locator("[data-pick-all]").check()
    page.locator("#bulk-places").fill("2")
    page.locator("#bulk-reason").fill("年度指标")
    follow(page, page.locator("button[formaction*='/eligibility/grant/']"))


def _new_round(page: Page, site: Site, folder: Path) -> str:
    """Prepare the round, its offers and students; return its address."""
    page.goto(f"{site.url}/selection/rounds/new/")
    both_widths(page)
    page.locator("#id_name_zh").fill(ROUND)
    page.locator("#id_name_en").fill(f"Mutual selection {YEAR}")
    set_days(page, dt.datetime.now(dt.UTC))
    press(page)
    page.wait_for_url("**/selection/rounds/*-*/")
    address = page.url
    import_sheet(page, site, "offers", write_sheet(folder, "招生方向", OFFERS))
    page.goto(f"{address}people/")
    follow(page, page.locator("form[action$='/people/cohort/'] button"))
    page.goto(f"{address}offers/")
    for box in page.locator("input[name=pick]").all():
        box.check()
    follow(page, page.locator("button[name=to][value=open]"))
    move(page, address, "ranking")
    return address


def _usernames() -> dict[str, str]:
    """Return sign-in names by candidate or staff number, once everybody may sign in."""
    open_sign_in()
    people = Person.objects.select_related("student")
    return {
        (p.student.candidate_number if hasattr(p, "student") else p.number): p.username
        for p in people
    }


def test_a_season_from_spreadsheets_to_confirmed_pairs(
    bare_site: Site, enter: Opener, travel: Travel, tmp_path: Path
) -> None:
    site = bare_site
    officer = enter(site, "officer")
    _prepare(officer, site, tmp_path)
    address = _new_round(officer, site, tmp_path)
    names = aside(_usernames)

    for n, (number, offers) in enumerate(LISTS.items()):
        language = "en" if n == 1 else "zh-hans"
        student = enter(site, names[number], language=language)
        choose(student, site, [TITLES[one] for one in offers])

    travel(dt.timedelta(days=6))
    officer = enter(site, "officer")
    move(officer, address, "answering")
    for number in ("M001", "M002", "M003"):
        language = "en" if number == "M003" else "zh-hans"
        answer(enter(site, names[number], language=language), site)

    _decide(officer, address)
    _object_and_answer(site, enter, address, names["109990000000004"])
    travel(dt.timedelta(days=30))
    officer = enter(site, "officer")
    confirm(officer, f"{address}confirm/")

    _see_results(site, enter, names)
    assert site.faults == []


def _decide(page: Page, address: str) -> None:
    """Close the lists, run, review and publish."""
    move(page, address, "closed")
    run(page, address)
    page.goto(f"{address}review/")
    both_widths(page)
    expect(page.locator("#unmatched")).to_contain_text("1")
    confirm(page, f"{address}publish/")


def _object_and_answer(site: Site, enter: Opener, address: str, username: str) -> None:
    page = enter(site, username, width=PHONE)
    page.goto(f"{address}object/")
    require_fit(page)
    page.locator("textarea").first.fill("请核对我的录取成绩是否登记正确。")
    press(page)
    officer = enter(site, "officer")
    officer.goto(f"{address}objections/")
    follow(officer, officer.locator("a[href*='/selection/objections/']").first)
    officer.locator("textarea").first.fill("经核对，成绩登记无误。")
    follow(officer, officer.locator("button[name=verdict][value=rejected]"))


def _see_results(site: Site, enter: Opener, names: dict[str, str]) -> None:
    for number, offer in (
        ("109990000000001", "A01"),
        ("109990000000002", "A03"),
        ("109990000000003", "A02"),
    ):
        page = enter(site, names[number], width=PHONE)
        page.goto(f"{site.url}/selection/my-result/")
        require_fit(page)
        expect(page.locator("body")).to_contain_text(TITLES[offer])
    without = enter(site, names["109990000000004"], language="en")
    without.goto(f"{site.url}/selection/my-result/")
    both_widths(without)
    follow(without, without.locator("a[href*='/why/']").first)
    expect(without.locator("h1")).to_be_visible()
    both_widths(without)
    mentor = enter(site, names["M001"])
    mentor.goto(f"{site.url}/selection/my-students/")
    both_widths(mentor)
    expect(mentor.locator("body")).to_contain_text("方晓宁")
