"""Everybody follows every link they are shown: each answers, fits the screen, breaks no policy."""

from __future__ import annotations

import re
from collections import deque
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import PHONE, WIDE, Opener, Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

ROLES = (
    "officer", "officer.yl1", "mentor", "mentor.done", "student", "student.2025", "secretary",
    "partner", "leader", "inspector", "admin", "lead", "residency", "base", "bedside", "adviser",
    "counsellor",
)  # fmt: skip
LEFT_OUT = re.compile(
    r"/logout/|/files/|\.(xlsx|csv|json|pdf|bib|png|html|tlog-proof)$|export=|format=|/template/|"
    r"/download/|/admin/|/api/|[?&](sort|page|view)=|/log/policy$|/log/policies/[0-9a-f-]{36}/$|/log/\d+/checkpoint$"
)
PAPER = re.compile(r"/documents/[0-9a-f-]{36}/(zh|en)/$")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
MOST = 70
# Pages of one kind are looked at twice by those whose everyday pages they are, else once.
TWICE = {"officer", "mentor", "student", "secretary", "partner", "residency"}


def _links(page: Page, origin: str) -> list[str]:
    hrefs = page.locator("a[href]").evaluate_all("all => all.map(a => a.href.split('#')[0])")
    return [h for h in dict.fromkeys(hrefs) if h.startswith(origin) and not LEFT_OUT.search(h)]


def _kind(url: str) -> str:
    """Return the address without keys and queries."""
    return UUID.sub("*", urlsplit(url).path)


def _walk(page: Page, site: Site, of_a_kind: int) -> tuple[list[str], list[str]]:
    """Follow links breadth first; return the kinds of page seen and what was wrong."""
    seen: dict[str, int] = {}
    wrong: list[str] = []
    queue, known = deque([f"{site.url}/"]), {f"{site.url}/"}
    while queue and sum(seen.values()) < MOST:
        url = queue.popleft()
        kind = _kind(url)
        if seen.get(kind, 0) >= of_a_kind:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        if PAPER.search(url):  # a file, not a page: it must come, and be a PDF
            if not page.request.get(url).body().startswith(b"%PDF"):
                wrong.append(f"no PDF: {url}")
            continue
        answer = page.goto(url)
        if answer is None or not answer.ok:
            wrong.append(f"{answer.status if answer else '-'} {url}")
            continue
        for width in (PHONE, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            real = page.evaluate("document.documentElement.scrollWidth")
            if real > width:
                wrong.append(f"{real} wide on {width}: {url}")
        for link in _links(page, site.url):
            if link not in known:
                known.add(link)
                queue.append(link)
    return list(seen), wrong


@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_a_role_leads_to_a_sound_page(
    demo_site: Site, enter: Opener, role: str
) -> None:
    demo_site.faults.clear()
    page = enter(demo_site, role)

    kinds, wrong = _walk(page, demo_site, 2 if role in TWICE else 1)

    assert not wrong, "\n".join(wrong)
    assert not demo_site.faults, "\n".join(demo_site.faults)
    assert len(kinds) >= 4, kinds


@pytest.mark.parametrize("role", ["officer", "mentor", "student"])
def test_no_page_in_english_speaks_chinese_in_its_frame(
    demo_site: Site, enter: Opener, role: str
) -> None:
    page = enter(demo_site, role, language="en")

    words = page.locator("h1, h2, nav, button, label").all_inner_texts()

    assert [w for w in words if re.search(r"[\u4e00-\u9fff]", w) and "中文" not in w] == []
