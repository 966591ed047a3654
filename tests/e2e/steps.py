"""Steps through pages that the stories share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from re import Pattern

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PHONE, WIDE, Site, require_fit, work_off

Travel = Callable[[dt.timedelta], None]


def both_widths(page: Page) -> None:
    """Require that the page fits a phone and a desk."""
    for width in (PHONE, WIDE):
        page.set_viewport_size({"width": width, "height": 900})
        require_fit(page)


def press(page: Page) -> None:
    """Press the one main button of the page's form."""
    follow(page, page.locator("form button.btn-primary:visible").last)


def follow(page: Page, link: Locator) -> None:
    """Follow a link, or press what sends a form, and wait for the page it leads to."""
    with page.expect_navigation():
        link.click()


def confirm(page: Page, address: str) -> None:
    """Open a page that asks, and say yes."""
    page.goto(address)
    both_widths(page)
    follow(page, page.locator("button[name=confirm]"))


def move(page: Page, address: str, to: str) -> None:
    """Take the round at ``address`` to its next state."""
    confirm(page, f"{address}move/?to={to}")


def run(page: Page, address: str) -> None:
    """Start the run of the round at ``address`` and let the worker do it."""
    confirm(page, f"{address}run/")
    work_off()


def import_sheet(page: Page, site: Site, kind: str, file: Path, *, unit: str = "") -> None:
    """Import all rows of a spreadsheet, after the dry run."""
    page.goto(f"{site.url}/import/{kind}/")
    both_widths(page)
    if unit:
        value = page.locator("#id_unit option", has_text=unit).first.get_attribute("value")
        page.locator("#id_unit").select_option(value)
    page.locator("#id_file").set_input_files(file)
    press(page)
    if "/columns/" in page.url:
        follow(page, page.locator("form button.btn-primary").first)
    both_widths(page)
    follow(page, page.locator("form button[name=rows][value=all]"))
    work_off()


def set_days(page: Page, now: dt.datetime) -> None:
    """Type days around ``now`` into the form of a round: lists for five, answers for ten."""
    here = now.astimezone(dt.timezone(dt.timedelta(hours=8)))
    for name, days in (
        ("unified_exam_opens_at", -1),
        ("unified_exam_closes_at", 5),
        ("answers_close_at", 10),
    ):
        moment = (here + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
        page.locator(f"#id_{name}").fill(moment)


def choose(page: Page, site: Site, titles: Iterable[str | Pattern[str]]) -> None:
    """Put the offers of these titles on the list, in this order, and hand it in."""
    for title in titles:
        page.goto(f"{site.url}/selection/find/")
        card = page.locator("article.mt", has_text=title)
        follow(page, card.locator("button[name=offer]"))
    both_widths(page)
    page.goto(f"{site.url}/selection/find/")
    with page.expect_response("**/my-list/"):
        page.locator("#my-list input[type=radio]").first.check()
    follow(page, page.locator("button[formaction*='/my-list/submit/']"))
    expect(page.locator("[formaction*='/my-list/reopen/']")).to_be_visible()


def answer(page: Page, site: Site) -> None:
    """Put every applicant into the order and submit it."""
    page.goto(f"{site.url}/selection/applicants/")
    if "/answers/" not in page.url:
        follow(
            page,
            page.locator("main a[href*='/selection/answers/'], a.open[href*='/answers/']").first,
        )
    while (add := page.locator("button[name=add]")).count():
        follow(page, add.first)
    both_widths(page)
    follow(page, page.locator("button[formaction*='/submit/']"))
    follow(page, page.locator("button[name=confirm]"))
