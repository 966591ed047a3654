"""The whole product behind a live server, driven in Chromium."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from cotutelle.core.clock import today
from cotutelle.web.demo.staff import PASSWORD
from tests.factories.demo import KeptDemos
from tests.patience import PATIENCE_MS

# Playwright keeps an event loop in the thread in which the tests use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

WIDE, PHONE = 1440, 390


@dataclass(slots=True)
class Site:
    """A running site and what went wrong in the browsers that looked at it."""

    url: str
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("COTUTELLE_CHROMIUM", "/usr/bin/chromium")
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        "chromium_sandbox": False,
        "args": ["--no-sandbox", "--font-render-hinting=none"],
    }


def _served(blocker: Any, fill: Callable[[], object]) -> Iterator[Site]:
    """Fill the test database for good, serve it, and empty it again."""
    with blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
        fill()
        server = LiveServer("127.0.0.1")
        try:
            yield Site(server.url)
        finally:
            server.stop()
            call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def demo_site(
    django_db_setup: None, django_db_blocker: Any, kept_demos: KeptDemos
) -> Iterator[Site]:
    """Serve the demonstration consortium, marked as one."""
    with override_settings(COTUTELLE_DEMO=True):
        yield from _served(django_db_blocker, lambda: kept_demos.put(today()))


@pytest.fixture(scope="module")
def bare_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """Serve the consortium with its units and staff, and nobody else in it."""

    def fill() -> None:
        from cotutelle.web.demo.staff import build_staff, open_sign_in  # noqa: PLC0415
        from cotutelle.web.demo.state import Demo  # noqa: PLC0415
        from cotutelle.web.demo.units import build_units  # noqa: PLC0415

        demo = Demo(today())
        demo.units = build_units()
        build_staff(demo)
        open_sign_in()

    yield from _served(django_db_blocker, fill)


Opener = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return how to sign in: ``enter(site, "officer", width=390, language="en")``."""
    contexts: list[BrowserContext] = []

    def open_page(
        site: Site, username: str, *, width: int = WIDE, language: str = "zh-hans"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale="zh-CN" if language == "zh-hans" else "en-GB",
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        _listen(page, site.faults)
        page.goto(f"{site.url}/account/login/")
        page.locator("#id_login").fill(username)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("#id_password").press("Enter")
        page.wait_for_url(lambda url: "/account/login/" not in url)
        if language == "en" and not page.locator("html[lang^=en]").count():
            speak(page, "en")  # once; afterwards the account remembers it
        return page

    yield open_page
    for context in contexts:
        context.close()


def speak(page: Page, language: str) -> None:
    """Change the language of the page by its own switch."""
    page.locator(f"button[name=language][value={language}]:visible").first.click()
    page.wait_for_function(f"document.documentElement.lang.startsWith('{language[:2]}')")


def _listen(page: Page, faults: list[str]) -> None:
    page.on(
        "console",
        lambda m: (
            faults.append(f"{page.url}: {m.text}") if m.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))


def require_fit(page: Page) -> None:
    """Require that the page does not scroll sideways."""
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], f"{page.url} is {wide[0]} wide on {wide[1]}"


def work_off() -> None:
    """Run the queued jobs as the worker would, over a connection of its own."""
    from cotutelle.jobs.enums import JobState  # noqa: PLC0415
    from cotutelle.jobs.models import Job  # noqa: PLC0415
    from cotutelle.jobs.services import run_now  # noqa: PLC0415

    def work() -> list[str]:
        for job in Job.objects.filter(state=JobState.QUEUED).order_by("pk"):
            run_now(job)
        return list(Job.objects.exclude(state=JobState.DONE).values_list("kind", flat=True))

    assert aside(work) == []


def aside(task: Callable[[], Any]) -> Any:
    """Do ``task`` outside the transaction of the test, where the server sees it."""
    with ThreadPoolExecutor(1) as pool:

        def run() -> Any:
            try:
                return task()
            finally:
                connections.close_all()

        return pool.submit(run).result()


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.timedelta], None]:
    """Return how to let time pass for the whole process."""
    ahead = dt.timedelta()

    def go(step: dt.timedelta) -> None:
        nonlocal ahead
        ahead += step
        shift = ahead
        monkeypatch.setattr(timezone, "now", lambda: dt.datetime.now(dt.UTC) + shift)

    return go
