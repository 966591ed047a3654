"""The tour of docs/tutorials/ten-minutes, step by step; draws its pictures when asked to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cotutelle.selection.models import Round
from tests.e2e.conftest import PHONE, Opener, Site, require_fit, speak, work_off
from tests.e2e.steps import follow, press

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

# COTUTELLE_TOUR_IMAGES=docs/tutorials/img draws the pictures anew.
IMAGES = os.environ.get("COTUTELLE_TOUR_IMAGES", "")


def _picture(page: Page, name: str) -> None:
    require_fit(page)
    expect(page.locator(".ct-demo:visible").first).to_be_visible()
    if IMAGES:
        page.reload()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(Path(IMAGES) / f"{name}.png"), animations="disabled")


def test_the_tour_of_the_officer(demo_site: Site, enter: Opener) -> None:
    here = Round.objects.latest("quota_year").public_id
    page = enter(demo_site, "officer")
    _picture(page, "officer-home")
    page.goto(f"{demo_site.url}/selection/rounds/{here}/")
    expect(page.locator("body")).to_contain_text("118")
    _picture(page, "officer-round")
    page.goto(f"{demo_site.url}/selection/rounds/{here}/answers/")
    expect(page.locator("body")).to_contain_text("12")
    _picture(page, "officer-answers")
    page.goto(f"{demo_site.url}/selection/rounds/{here}/run/")
    press(page)
    work_off()
    page.goto(f"{demo_site.url}/selection/rounds/{here}/decisions/")
    expect(page.locator("body")).to_contain_text("1")
    _picture(page, "officer-trial")
    last = Round.objects.earliest("quota_year").public_id
    page.goto(f"{demo_site.url}/selection/rounds/{last}/review/")
    expect(page.locator("body")).to_contain_text("39")
    _picture(page, "review-zh-1440")


def test_the_tour_of_the_mentor(demo_site: Site, enter: Opener) -> None:
    page = enter(demo_site, "mentor")
    _picture(page, "mentor-home")
    page.goto(f"{demo_site.url}/selection/applicants/")
    if "/answers/" not in page.url:
        follow(page, page.locator("a[href*='/selection/answers/']").first)
    for _ in range(3):
        follow(page, page.locator("button[name=add]").first)
    expect(page.locator("ol.pref li")).to_have_count(3)
    _picture(page, "mentor-applicants")


def test_the_tour_of_the_student(demo_site: Site, enter: Opener) -> None:
    page = enter(demo_site, "student")
    page.goto(f"{demo_site.url}/selection/find/")
    expect(page.locator("article.mt").first).to_be_visible()
    _picture(page, "student-find")
    speak(page, "en")
    _picture(page, "find-en-1440")
    placed = enter(demo_site, "student.2025", width=PHONE)
    placed.goto(f"{demo_site.url}/selection/my-result/")
    _picture(placed, "student-result")
    follow(placed, placed.locator("a[href*='/why/']").first)
    _picture(placed, "student-why")
