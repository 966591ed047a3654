"""A whole season from spreadsheets to confirmed pairs, through the pages, by everybody in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cotutelle.people.models import Person
from cotutelle.web.demo.staff import open_sign_in
from tests.e2e.conftest import PHONE, WIDE, Opener, Site, aside, require_fit, work_off
from tests.e2e.sheets import MENTORS, OFFERS, STUDENTS, write_sheet

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

Travel = Callable[[dt.timedelta], None]
YEAR = dt.datetime.now(dt.UTC).year
ROUND = f"{YEAR}级师生双选"
LISTS = {
    "109990000000001": ("A01", "A02"),
    "109990000000002": ("A01", "A03"),
    "109990000000003": ("A02", "A03"),
    "109990000000004": ("A02",),
}
TITLES = {row[0]: re.compile(f"{row[2]}|{row[3]}") for row in OFFERS[1:]}


def _both_widths(page: Page) -> None:
    for width in (PHONE, WIDE):
        page.set_viewport_size({"width": width, "height": 900})
        require_fit(page)


def _press(page: Page) -> None:
    """Press the one main button of the page's form."""
    page.locator("form button.btn-primary:visible").last.click()
    page.wait_for_load_state()


def _import(page: Page, site: Site, kind: str, file: Path, *, unit: str = "") -> None:
    page.goto(f"{site.url}/import/{kind}/")
    _both_widths(page)
    if unit:
        value = page.locator("#id_unit option", has_text=unit).first.get_attribute("value")
        page.locator("#id_unit").select_option(value)
    page.locator("#id_file").set_input_files(file)
    _press(page)
    if "/columns/" in page.url:
        page.locator("form button.btn-primary").first.click()
        page.wait_for_load_state()
    _both_widths(page)
    page.locator("form button[name=rows][value=all]").click()
    page.wait_for_load_state()
    work_off()


def _prepare(page: Page, site: Site, folder: Path) -> None:
    page.goto(f"{site.url}/students/cohorts/new/")
    value = page.locator("#id_unit option", has_text="云岭医科大学").first.get_attribute("value")
    page.locator("#id_unit").select_option(value)
    page.locator("#id_year").fill(str(YEAR))
    page.locator("#id_name_zh").fill(f"{YEAR}级")
    _press(page)
    _import(page, site, "students", write_sheet(folder, "学生", STUDENTS), unit="云岭医科大学")
    _import(page, site, "mentors", write_sheet(folder, "导师", MENTORS))
    page.goto(f"{site.url}/mentors/eligibility/")
    page.locator("[data-pick-all]").check()
    page.locator("button[value=eligible]").click()
    page.goto(f"{site.url}/mentors/eligibility/")
    page.locator("[data-pick-all]").check()
    page.locator("#bulk-places").fill("2")
    page.locator("#bulk-reason").fill("年度指标")
    page.locator("button[formaction*='/eligibility/grant/']").click()
    page.wait_for_load_state()


def _new_round(page: Page, site: Site, folder: Path) -> str:
    """Prepare the round, its offers and students; return its address."""
    page.goto(f"{site.url}/selection/rounds/new/")
    _both_widths(page)
    page.locator("#id_name_zh").fill(ROUND)
    page.locator("#id_name_en").fill(f"Mutual selection {YEAR}")
    here = dt.datetime.now(dt.timezone(dt.timedelta(hours=8)))
    for name, days in (
        ("unified_exam_opens_at", -1),
        ("unified_exam_closes_at", 5),
        ("answers_close_at", 10),
    ):
        moment = (here + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
        page.locator(f"#id_{name}").fill(moment)
    _press(page)
    page.wait_for_url("**/selection/rounds/*-*/")
    address = page.url
    _import(page, site, "offers", write_sheet(folder, "招生方向", OFFERS))
    page.goto(f"{address}people/")
    page.locator("form[action$='/people/cohort/'] button").click()
    page.goto(f"{address}offers/")
    for box in page.locator("input[name=pick]").all():
        box.check()
    page.locator("button[name=to][value=open]").click()
    page.wait_for_load_state()
    _move(page, address, "ranking")
    return address


def _move(page: Page, address: str, to: str) -> None:
    page.goto(f"{address}move/?to={to}")
    _both_widths(page)
    page.locator("button[name=confirm]").click()
    page.wait_for_load_state()


def _choose(page: Page, site: Site, offers: tuple[str, ...]) -> None:
    for number in offers:
        page.goto(f"{site.url}/selection/find/")
        card = page.locator("article.mt", has_text=TITLES[number])
        card.locator("button[name=offer]").click()
        page.wait_for_load_state()
    _both_widths(page)
    page.goto(f"{site.url}/selection/find/")
    with page.expect_response("**/my-list/"):
        page.locator("#my-list input[type=radio]").first.check()
    page.locator("button[formaction*='/my-list/submit/']").click()
    page.wait_for_load_state()
    expect(page.locator("[formaction*='/my-list/reopen/']")).to_be_visible()


def _answer(page: Page, site: Site) -> None:
    """Put every applicant into the order and submit it."""
    page.goto(f"{site.url}/selection/applicants/")
    if "/answers/" not in page.url:
        page.locator("main a[href*='/selection/answers/'], a.open[href*='/answers/']").first.click()
        page.wait_for_load_state()
    while (add := page.locator("button[name=add]")).count():
        add.first.click()
        page.wait_for_load_state()
    _both_widths(page)
    page.locator("button[formaction*='/submit/']").click()
    page.wait_for_load_state()
    page.locator("button[name=confirm]").click()
    page.wait_for_load_state()


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
        _choose(enter(site, names[number], language=language), site, offers)

    travel(dt.timedelta(days=6))
    officer = enter(site, "officer")
    _move(officer, address, "answering")
    for number in ("M001", "M002", "M003"):
        language = "en" if number == "M003" else "zh-hans"
        _answer(enter(site, names[number], language=language), site)

    _decide(officer, address)
    _object_and_answer(site, enter, address, names["109990000000004"])
    travel(dt.timedelta(days=30))
    officer = enter(site, "officer")
    officer.goto(f"{address}confirm/")
    _both_widths(officer)
    officer.locator("button[name=confirm]").click()
    officer.wait_for_load_state()

    _see_results(site, enter, names)
    assert site.faults == []


def _decide(page: Page, address: str) -> None:
    """Close the lists, run, review and publish."""
    _move(page, address, "closed")
    page.goto(f"{address}run/")
    _both_widths(page)
    _press(page)
    work_off()
    page.goto(f"{address}review/")
    _both_widths(page)
    expect(page.locator("#unmatched")).to_contain_text("1")
    page.goto(f"{address}publish/")
    page.locator("button[name=confirm]").click()
    page.wait_for_load_state()


def _object_and_answer(site: Site, enter: Opener, address: str, username: str) -> None:
    page = enter(site, username, width=PHONE)
    page.goto(f"{address}object/")
    require_fit(page)
    page.locator("textarea").first.fill("请核对我的录取成绩是否登记正确。")
    _press(page)
    officer = enter(site, "officer")
    officer.goto(f"{address}objections/")
    officer.locator("a[href*='/selection/objections/']").first.click()
    officer.locator("textarea").first.fill("经核对，成绩登记无误。")
    officer.locator("button[name=verdict][value=rejected]").click()
    officer.wait_for_load_state()


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
    _both_widths(without)
    without.locator("a[href*='/why/']").first.click()
    expect(without.locator("h1")).to_be_visible()
    _both_widths(without)
    mentor = enter(site, names["M001"])
    mentor.goto(f"{site.url}/selection/my-students/")
    _both_widths(mentor)
    expect(mentor.locator("body")).to_contain_text("方晓宁")
