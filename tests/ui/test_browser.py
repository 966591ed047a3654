"""What the scripts do, in Chromium under the strict content security policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Site
from tests.ui.samples import PAGES

pytestmark = pytest.mark.e2e


@pytest.fixture
def faults(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda m: found.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_fit_and_break_no_policy(
    page: Page, site: Site, faults: list[str], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in set(PAGES) - {"500"}:
        page.goto(site.url + name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert faults == []


def test_charts_are_drawn_and_follow_the_theme(page: Page, site: Site, faults: list[str]) -> None:
    page.goto(site.url + "thing")
    for name in ("ranks", "line", "h", "st", "sh"):
        expect(page.locator(f"#{name} svg")).to_be_visible()
    before = page.locator("#ranks svg").inner_html()
    page.locator(".ct-top .ct-menu summary").click()
    page.get_by_role("button", name="Switch light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#ranks svg")).to_be_visible()
    assert page.locator("#ranks svg").inner_html() != before
    assert faults == []


def test_table_stands_in_for_the_chart_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + "thing")
    expect(page.locator("#ranks")).to_be_hidden()
    expect(page.get_by_role("cell", name="61").first).to_be_visible()
    expect(page.get_by_role("button", name="Move down: Zhao")).to_be_enabled()
    context.close()


def test_choice_moves_by_button_key_and_mouse_and_is_saved(page: Page, site: Site) -> None:
    page.goto(site.url + "thing")
    order = page.locator(".pref input[name=order]")

    def shown() -> list[str]:
        return [str(value) for value in order.evaluate_all("e => e.map(i => i.value)")]

    with page.expect_response("**/prefs/"):
        page.get_by_role("button", name="Move down: Zhao").click()
    assert shown() == ["2", "1", "3"]
    assert site.posts[-1]["order"] == ["2", "1", "3"]
    expect(page.locator("#ct-live")).to_have_text("Zhao is now number 2")
    expect(page.locator("[data-save-line]")).to_contain_text(re.compile(r"Saved at \d\d:\d\d"))

    with page.expect_response("**/prefs/"):
        page.locator(".pref li[data-id='3']").focus()
        page.keyboard.press("Alt+ArrowUp")
    assert shown() == ["2", "3", "1"]

    with page.expect_response("**/prefs/"):
        page.locator(".pref li[data-id='1'] .grip").drag_to(page.locator(".pref li").first)
    assert site.posts[-1]["order"][0] == "1"


def test_what_could_not_be_saved_is_said_and_sent_again(page: Page, site: Site) -> None:
    site.status = 503
    page.goto(site.url + "autosave")
    with page.expect_response("**/save/"):
        page.get_by_label("Name").fill("Autumn")
    line = page.locator("[data-save-line]")
    expect(line).to_contain_text("Not saved yet")
    site.status = 200
    with page.expect_response("**/save/"):
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(line).to_contain_text("Saved at")
    assert site.posts[-1]["name"] == ["Autumn"]


def test_rows_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.url + "list")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    assert page.locator("input[name=pick]:checked").get_attribute("value") == "2"
    page.keyboard.press("k")
    expect(page.locator("tr.at")).to_contain_text("Student 1")
    with page.expect_request("**/s/1/"):
        page.keyboard.press("Enter")


def test_all_rows_are_picked_at_once_and_posted(page: Page, site: Site) -> None:
    page.goto(site.url + "list")
    page.locator("[data-pick-all]").check()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Remind the students").click()
    assert site.posts[-1]["pick"] == ["1", "2", "3", "4", "5"]
    assert site.posts[-1]["do"] == ["remind"]


def test_help_opens_and_search_takes_the_cursor(page: Page, site: Site) -> None:
    page.goto(site.url + "why")
    page.keyboard.press("?")
    expect(page.locator("#ct-keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ct-keys")).to_be_hidden()
    for key in ("/", "Control+k"):
        page.keyboard.press(key)
        expect(page.locator("[data-search]")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("[data-search]")).not_to_be_focused()


def test_summary_takes_the_focus_and_leads_to_the_field(page: Page, site: Site) -> None:
    page.goto(site.url + "form")
    expect(page.locator("[data-summary]")).to_be_focused()
    page.locator("[data-summary] a", has_text="Opens").click()
    expect(page.locator("#id_opens")).to_be_focused()


def test_paper_keeps_tables_and_leaves_the_frame_out(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 680, "height": 900})
    page.goto(site.url + "list")
    expect(page.locator(".ct-rows thead")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".ct-rows thead")).to_be_visible()
    for part in (".ct-phone-bar", ".ct-side", ".ct-bulk", ".chips"):
        expect(page.locator(part)).to_be_hidden()
