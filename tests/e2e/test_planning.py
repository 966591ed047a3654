"""Limits, what-ifs and second mentors: a small season of two institutions, through the pages."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cotutelle.agreements.models import AgreementMentor
from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.models import Mentor
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from cotutelle.selection.services.offers import OfferData, open_offer, save_offer
from cotutelle.web.demo.staff import open_sign_in
from tests.e2e.conftest import PHONE, Opener, Site, aside, require_fit, work_off
from tests.e2e.steps import (
    Travel,
    answer,
    both_widths,
    choose,
    confirm,
    follow,
    move,
    press,
    run,
    set_days,
)
from tests.factories.agreements import make_agreement
from tests.factories.mentorship import make_mentor
from tests.factories.programmes import CohortFactory
from tests.factories.selection import (
    SEED,
    RoundFactory,
    make_answer,
    make_list,
    make_offer,
    make_policy,
)
from tests.selection.markets import hold_places

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

YEAR = today().year
# Username, unit, name, track, places, English title of the offer (none: she offers nothing).
MENTORS = (
    ("deng", "YL1-RD", "邓永强", "Deng Yongqiang", Track.CLINICAL, 2, "Pulmonary nodules"),
    ("song", "YL1-CV", "宋丽华", "Song Lihua", Track.CLINICAL, 2, "Heart failure"),
    ("emery", "BJC-EM", "艾默瑞", "Clare Emery", Track.CLINICAL, 1, "Sepsis in the ward"),
    ("finch", "BJC-RH", "芬奇", "Alan Finch", Track.RESEARCH, 2, ""),
)
# Username, name, score and whom they want; the ward has one place for two of them.
STUDENTS = (
    ("fang", "方晓宁", "Fang Xiaoning", 90, ("deng", "song")),
    ("cheng", "程思远", "Cheng Siyuan", 88, ("deng", "song")),
    ("he", "何雨晴", "He Yuqing", 86, ("emery",)),
    ("luo", "罗佳怡", "Luo Jiayi", 70, ("emery",)),
)
CARDIOLOGY = "心血管内科"
SECOND = "Gait after critical illness"


def _season() -> str:
    """Lists and answers are in, and a partner hospital lends two mentors; return the round."""
    units = {unit.code: unit for unit in Unit.objects.all()}
    cohort = CohortFactory.create(unit=units["YLMU"], year=YEAR)
    round_: Round = RoundFactory.create(
        cohort=cohort, unit=units["YLJT"], policy=make_policy(units["YLJT"], algorithm="exact"),
        quota_year=YEAR, state=RoundState.CLOSED, seed_commitment=sha256_hex(SEED.encode()),
        seed_published_at=timezone.now(), name_zh=f"{YEAR}级双选", name_en=f"Selection {YEAR}",
    )  # fmt: skip
    mentors, offers = {}, {}
    for username, unit, zh, en, track, places, title in MENTORS:
        one = make_mentor(
            places, unit=units[unit], year=YEAR, track=track, person__username=username,
            person__name_zh=zh, person__name_en=en,
        )  # fmt: skip
        mentors[username] = one
        if title:
            offers[username] = make_offer(
                round_, one, places=places, track=track, title_en=title, title_zh=title
            )
    students = [
        make_list(
            round_, [offers[one] for one in wanted], admission_score=score,
            person__username=username, person__name_zh=zh, person__name_en=en,
        )
        for username, zh, en, score, wanted in STUDENTS
    ]  # fmt: skip
    for username, offer in offers.items():
        wanted = [s for s, row in zip(students, STUDENTS, strict=True) if username in row[4]]
        make_answer(round_, offer, [[one] for one in wanted])
    hold_places(round_)
    make_agreement(
        mentors["emery"], mentors["finch"], unit=units["YLMU"], partner=units["BJC"],
        name_zh="与滨江中心医院联合培养协议", name_en="Joint training with Riverside",
    )  # fmt: skip
    open_sign_in()
    return str(round_.public_id)


def test_limits_what_ifs_and_a_pair_across_two_institutions(
    bare_site: Site, enter: Opener, travel: Travel
) -> None:
    site = bare_site
    address = f"{site.url}/selection/rounds/{aside(_season)}/"
    officer = enter(site, "officer")

    _run_into_a_limit_and_repair_it(officer, address)
    gave_way = _try_what_if(officer, address)
    confirm(officer, f"{address}publish/")
    _read_why(site, enter, gave_way)
    travel(dt.timedelta(days=30))
    officer = enter(site, "officer")
    confirm(officer, f"{address}confirm/")

    second = _prepare_second_mentors(officer, address)
    choose(enter(site, gave_way, width=PHONE), site, [SECOND])
    travel(dt.timedelta(days=6))
    officer = enter(site, "officer")
    move(officer, second, "answering")
    answer(enter(site, "finch", language="en"), site)
    move(officer, second, "closed")
    run(officer, second)
    confirm(officer, f"{second}publish/")
    travel(dt.timedelta(days=30))
    confirm(enter(site, "officer"), f"{second}confirm/")

    _agree(site, enter, gave_way)
    assert site.faults == []


# ---------------------------------------------------------------- limits


def _set_least(page: Page, number: str) -> None:
    """Type the fewest places of cardiology and save."""
    row = page.locator("tr", has_text=CARDIOLOGY)
    row.locator("input[name^=least-]").fill(number)
    page.locator("#id_reason").fill("科室培养任务")
    press(page)
    both_widths(page)


def _run_into_a_limit_and_repair_it(page: Page, address: str) -> None:
    page.goto(f"{address}caps/")
    both_widths(page)
    _set_least(page, "3")
    expect(page.locator("tr", has_text=CARDIOLOGY).locator(".t-due")).to_be_visible()

    run(page, address)
    page.reload()
    follow(page, page.locator("main a.btn-primary"))
    page.wait_for_url("**/infeasible/")
    both_widths(page)
    reason = page.locator("section.answer li", has_text=CARDIOLOGY)
    expect(reason).to_contain_text("3")
    repair = page.locator("section.card:not(.answer) li a", has_text=CARDIOLOGY).first
    follow(page, repair)
    page.wait_for_url("**/caps/#cap-*")
    expect(page.locator("tr:target")).to_contain_text(CARDIOLOGY)
    _set_least(page, "1")

    page.goto(f"{address}infeasible/")
    expect(page.locator("main .ct-note, main .note").first).to_be_visible()
    follow(page, page.locator("main form button.btn-primary"))
    work_off()
    page.goto(f"{address}infeasible/")
    both_widths(page)
    expect(page.locator("section.answer")).to_have_count(0)
    run(page, address)
    page.goto(f"{address}review/")
    both_widths(page)
    expect(page.locator("#unmatched")).to_contain_text("罗佳怡")


# ---------------------------------------------------------------- what-if


def _edit_places(page: Page, whose: str, least: str, most: str | None = None) -> None:
    """In the open what-if, change the places of ``whose``."""
    here = page.url
    follow(page, page.locator("a[href$='/edit/places/']"))
    both_widths(page)
    follow(page, page.locator("li", has_text=whose).locator("button[name=place]").first)
    both_widths(page)
    if most is not None:
        page.locator("#id_most").fill(most)
    page.locator("#id_least").fill(least)
    press(page)
    page.wait_for_url(here)


def _compute(page: Page) -> None:
    """Compute the open what-if and come back to it."""
    here = page.url
    follow(page, page.locator("form[action$='/compute/'] button"))
    work_off()
    page.goto(here)
    both_widths(page)


def _try_what_if(page: Page, address: str) -> str:
    """Compare without the minimum, and with a place more; return who gave way to the minimum."""
    page.goto(f"{address}what-if/new/")
    both_widths(page)
    page.locator("#id_name").fill("不设下限")
    press(page)
    _edit_places(page, CARDIOLOGY, "0")
    _compute(page)
    follow(page, page.locator("a[href$='/moved/']").first)
    both_widths(page)
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(1)
    gave_way = "fang" if "方晓宁" in rows.inner_text() else "cheng"
    expect(rows).to_contain_text("第 1 志愿")

    page.go_back()
    page.wait_for_load_state()
    page.locator("#id_name").fill("再给急诊一个名额")
    follow(page, page.locator("form[action$='/copy/'] button"))
    for place in ("艾默瑞", "Sepsis in the ward"):
        _edit_places(page, place, "0", "2")
    _compute(page)
    page.goto(f"{address}what-if/")
    both_widths(page)
    for box in page.locator("input[name=pick]").all():
        box.check()
    follow(page, page.locator("button[formaction*='/what-if/compare/']"))
    both_widths(page)
    assert "csrf" not in page.url
    placed = page.locator("main tr", has_text="已录取").first.locator("td b")
    expect(placed).to_have_text(["4", "3"])
    return gave_way


# ---------------------------------------------------------------- results


def _read_why(site: Site, enter: Opener, gave_way: str) -> None:
    """The student who gave way to the minimum reads which one; the one without a place, no name."""
    moved = enter(site, gave_way, width=PHONE)
    moved.goto(f"{site.url}/selection/my-result/")
    require_fit(moved)
    follow(moved, moved.locator("a[href*='/why/']").first)
    require_fit(moved)
    expect(moved.locator("h1")).to_contain_text(CARDIOLOGY)
    without = enter(site, "luo", width=PHONE)
    without.goto(f"{site.url}/selection/my-result/")
    follow(without, without.locator("a[href*='/why/']").first)
    both_widths(without)
    expect(without.locator("main")).not_to_contain_text("何雨晴")


# ---------------------------------------------------------------- second mentors


def _offer_to_be_second(address: str) -> None:
    round_ = Round.objects.get(public_id=address.rstrip("/").rsplit("/", 1)[1])
    mentor = Mentor.objects.get(person__username="finch")
    assert AgreementMentor.objects.filter(mentor=mentor).exists()
    data = OfferData(title_zh=SECOND, title_en=SECOND, track=mentor.track, places=1)
    open_offer(save_offer(round_, data, mentor=mentor, actor=mentor.person), actor=mentor.person)


def _prepare_second_mentors(page: Page, address: str) -> str:
    """Prepare their round and open its lists; return its address."""
    page.goto(address)
    follow(page, page.locator("a[href$='/second/']"))
    both_widths(page)
    page.locator("#id_second_in_agreement").check()
    press(page)
    page.wait_for_url("**/edit/")
    both_widths(page)
    set_days(page, timezone.now())
    press(page)
    second = page.url
    both_widths(page)
    page.goto(f"{second}pairs/")
    both_widths(page)
    aside(lambda: _offer_to_be_second(second))
    move(page, second, "ranking")
    return second


def _agree(site: Site, enter: Opener, username: str) -> None:
    """The student proposes, both mentors agree, and it holds for all three."""
    student = enter(site, username, width=PHONE)
    student.goto(f"{site.url}/selection/my-result/")
    require_fit(student)
    follow(student, student.locator("a[href*='/mentors/pairs/']").first)
    address = student.url
    require_fit(student)
    follow(student, student.locator("a[href$='/add/arrangement/']"))
    require_fit(student)
    student.locator("#id_title").fill("每两周一次三方例会")
    press(student)

    first = enter(site, "song")
    first.goto(f"{site.url}/selection/my-students/")
    follow(first, first.locator(f"a[href='{address.removeprefix(site.url)}']").first)
    both_widths(first)
    press(first)
    second = enter(site, "finch", language="en")
    second.goto(address)
    both_widths(second)
    expect(second.locator("#arrangements")).to_contain_text("Not agreed by everybody yet")
    expect(second.locator("main")).to_contain_text("Riverside Central Hospital")
    expect(second.locator("aside, main").last).to_contain_text("Joint training with Riverside")
    follow(second, second.get_by_role("button", name="Agree to this arrangement"))
    expect(second.locator("#arrangements")).to_contain_text("Holds")
    words = second.locator("h1, h2, th, dt, button:not([name=language])").all_inner_texts()
    assert [w for w in words if re.search(r"[\u4e00-\u9fff]", w)] == []
    student.goto(address)
    expect(student.locator("#arrangements button[name=step][value=agree]")).to_have_count(0)
