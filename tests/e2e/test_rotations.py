"""A cohort of 120 is planned, a ward closes, research time is lost, and a long leave comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from icalendar import Calendar
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from cotutelle.programmes.models import Enrolment
from cotutelle.rotations.models import Scenario, Stay
from cotutelle.rotations.months import add_months, first_of, last_of
from cotutelle.rotations.services.hours_grants import grant_week
from cotutelle.web.demo.paperwork import signed_page
from cotutelle.workflow.models import Task
from tests.e2e.cohort import (
    CLINICAL,
    COHORT,
    KEEPER,
    NUMBER,
    RESEARCH,
    TRAINEE,
    build_cohort,
    hold_first_stay,
)
from tests.e2e.conftest import PHONE, Opener, Site, aside, require_fit, work_off
from tests.e2e.sheets import write_sheet
from tests.e2e.steps import Travel, both_widths, follow, import_sheet, press
from tests.patience import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

PEOPLE, MONTHS, SECONDS = 120, 38, 300
# Months of the plan: when the story goes on, and when the long leave begins.
PRESENT, AWAY, AWAY_MONTHS = 1, 6, 4
SLOW = 120_000
WARD = "血液内科病区"


def test_a_cohort_of_120_from_the_first_plan_to_a_long_leave(
    bare_site: Site, enter: Opener, travel: Travel, tmp_path: Path
) -> None:
    site = bare_site
    aside(build_cohort)
    begin = add_months(first_of(timezone.localdate()), 1)

    office = _office(site, enter)
    cycle = _prepare(office, site, begin)
    _plan(office, cycle)
    trainee = enter(site, TRAINEE)
    feed = _subscribe(trainee, site)
    before = _events(trainee, feed)
    assert len(before) >= 15

    travel(_until(add_months(begin, PRESENT)))
    office = _office(site, enter)
    closed = _close_ward(office, cycle)
    _see_the_move(site, enter, feed, before, closed)

    _set_ceilings(office, site)
    aside(lambda: grant_week(timezone.localdate()))
    keeper = enter(site, KEEPER)
    import_sheet(keeper, site, "roster", _roster(tmp_path, add_months(begin, PRESENT)))
    _lose_a_half_day(site, enter)
    _follow_up(site, enter)

    _last, end = aside(_last_day)
    leave = _ask_leave(site, enter, tmp_path, add_months(begin, AWAY))
    _agree_step_by_step(site, enter, leave)
    office = _office(site, enter)
    _replan(office, cycle)
    assert aside(_last_day)[1] > end
    assert not aside(lambda: _between(add_months(begin, AWAY), AWAY_MONTHS))
    _see_the_extension(site, enter, feed)
    assert site.faults == []


def _office(site: Site, enter: Opener) -> Page:
    page = enter(site, "residency")
    page.set_default_timeout(SLOW)
    return page


def _until(month: dt.date) -> dt.timedelta:
    """Return how far it is to the morning of the twentieth of ``month``."""
    day = dt.datetime.combine(month.replace(day=20), dt.time(10), timezone.get_current_timezone())
    return day - timezone.now()


# ---------------------------------------------------------------- the plan


def _prepare(page: Page, site: Site, begin: dt.date) -> str:
    """Prepare the cycle and its rules; return its address."""
    page.goto(f"{site.url}/rotations/cycles/new/")
    both_widths(page)
    page.locator("#id_unit").select_option(label="云岭医科大学第一附属医院")
    page.locator("#id_name_zh").fill(f"{COHORT}轮转计划")
    page.locator("#id_name_en").fill("Rotations")
    page.locator("#id_starts_on").fill(f"{begin:%Y-%m}")
    page.locator("#id_months").fill(str(MONTHS))
    page.locator("input[name=cohorts]").check()
    radiology = page.locator("#id_curriculum option", has_text="放射科")
    page.locator("#id_curriculum").select_option(radiology.get_attribute("value"))
    press(page)
    page.wait_for_url("**/rotations/cycles/*-*/")
    address = page.url
    expect(page.locator("dl.kf dd").first).to_have_text(str(PEOPLE))
    page.goto(f"{address}rules/")
    both_widths(page)
    page.locator("#id_minimums").uncheck()
    page.locator("#id_time_limit").fill(str(SECONDS))
    press(page)
    aside(hold_first_stay)
    return address


def _plan(page: Page, cycle: str) -> None:
    """Compute, stop at the first good plan, look at the board, publish to everybody."""
    page.goto(cycle)
    follow(page, page.locator("button[value=plan]"))
    board = page.url
    with _working():
        found = page.locator("#solving span", has_text="当前最好")
        expect(found.or_(page.locator("table.board")).first).to_be_visible(timeout=2 * SLOW)
        with suppress(TooLate):  # it may be over before anybody can stop it
            page.locator("form[action$='/do/stop/'] button").click(timeout=PATIENCE_MS / 2)
            page.wait_for_load_state()
    _require_ready(page, board)
    both_widths(page)
    rows = page.locator("table.board tr[data-trainee]")
    expect(rows).to_have_count(PEOPLE)
    expect(page.locator("table.board .blk.bad")).to_have_count(0)
    expect(page.locator("main dl.kf dd").last).to_have_text("0")
    page.goto(f"{board}?q=方晓宁")
    expect(rows).to_have_count(1)
    expect(rows.locator(".blk").first).to_contain_text("心血管")
    _publish(page, board, PEOPLE)


def _require_ready(page: Page, board: str) -> Scenario:
    """Open the board of a computed plan and return its scenario."""
    number = board.rstrip("/").rsplit("/", 1)[1]
    made: Scenario = aside(lambda: Scenario.objects.get(public_id=number))
    assert made.state == "ready", (made.state, made.progress, made.outcome.get("diagnosis"))
    page.goto(board)
    return made


def _publish(page: Page, board: str, people: int | None = None) -> None:
    page.goto(f"{board}review/")
    both_widths(page)
    button = page.locator(".ct-nextbar button.btn-primary, form.acts button.btn-primary").last
    if people is not None:
        expect(button).to_contain_text(str(people))
    follow(page, button)
    expect(page.locator("h1")).to_contain_text("已发布")


@contextmanager
def _working() -> Iterator[None]:
    """Let the worker do the queued jobs while the pages go on."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work_off)
        yield
        done.result()


def _replan(page: Page, cycle: str) -> Scenario:
    """Re-plan what is in force, read what changes, and publish it."""
    page.goto(f"{cycle}events/")
    both_widths(page)
    follow(page, page.locator("button[value=replan]"))
    board = page.url
    work_off()
    made = _require_ready(page, board)
    page.goto(f"{board}review/")
    expect(page.locator("main tbody tr").first).to_be_visible()
    _publish(page, board)
    return made


def _haematology() -> Stay:
    stay: Stay = Stay.objects.select_related("ward__hospital", "participant__cycle").get(
        participant__student__person__username=TRAINEE, block__code="HAEM"
    )
    return stay


def _close_ward(page: Page, cycle: str) -> Stay:
    """The trainee's haematology ward closes just then: few months change, as few as can be."""
    stay: Stay = aside(_haematology)
    first = _period(stay, stay.starts_on)
    page.goto(f"{cycle}events/")
    page.locator("#id_kind").select_option("ward_closes")
    ward = page.locator("#id_ward option", has_text=WARD).get_attribute("value")
    page.locator("#id_ward").select_option(ward)
    page.locator("#id_first").select_option(str(first))
    page.locator("#id_last").select_option(str(_period(stay, stay.ends_on)))
    page.locator("#id_note").fill("病区装修")
    follow(page, page.locator("form.ct-form button").last)
    made = _replan(page, cycle)
    changed = made.outcome["replan"]
    assert 0 < changed["changed_months"] <= 2 * changed["least_changed_months"]
    assert changed["changed_months"] < PEOPLE
    return stay


def _period(stay: Stay, day: dt.date) -> int:
    begin = stay.participant.cycle.starts_on
    return (day.year - begin.year) * 12 + day.month - begin.month


# ---------------------------------------------------------------- calendars


def _subscribe(page: Page, site: Site) -> str:
    """Create a calendar address of one's own and return it."""
    page.goto(f"{site.url}/calendar/addresses/")
    both_widths(page)
    page.locator("#id_name").fill("手机")
    press(page)
    address = page.locator(".note code").inner_text()
    assert "/calendar/feed/" in address
    return address


def _events(page: Page, feed: str) -> dict[str, Any]:
    """Return the live events of a calendar by their UID."""
    answer = page.request.get(feed)
    assert answer.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.body()).walk("VEVENT")
    return {str(one["UID"]): one for one in events if str(one["STATUS"]) != "CANCELLED"}


def _see_the_move(
    site: Site, enter: Opener, feed: str, before: dict[str, Any], closed: Stay
) -> None:
    """What moved counts its sequence up, what did not stays; pages of student and mentors agree."""
    student = enter(site, TRAINEE, width=PHONE)
    after = _events(student, feed)
    # Another elective in the place of one is an event of its own.
    moved = [u for u in after if u not in before or after[u]["SEQUENCE"] != before[u]["SEQUENCE"]]
    still = [uid for uid in after if uid not in moved]
    assert moved
    assert still
    assert all(after[u]["SEQUENCE"] > before[u]["SEQUENCE"] for u in moved if u in before)
    assert all(after[u]["DTSTART"].dt == before[u]["DTSTART"].dt for u in still)
    stay: Stay = aside(_haematology)
    assert stay.starts_on != closed.starts_on
    assert stay.starts_on in {after[uid]["DTSTART"].dt for uid in moved}

    student.goto(f"{site.url}/rotations/my-plan/")
    require_fit(student)
    row = student.locator("main tr", has_text=WARD)
    expect(row).to_contain_text(f"{stay.starts_on.year}年{stay.starts_on.month}月")
    for name, language, present in (
        (CLINICAL, "zh-hans", "心血管内科病区"), (RESEARCH, "en", "Cardiology ward")
    ):  # fmt: skip
        mentor = enter(site, name, language=language)
        mentor.goto(f"{site.url}/rotations/students/")
        both_widths(mentor)
        expect(mentor.locator("main tbody tr")).to_contain_text(present)
        follow(mentor, mentor.locator("main a.open"))
        both_widths(mentor)
        expect(mentor.locator("main tbody tr")).to_have_count(len(after))


# ---------------------------------------------------------------- hours


def _set_ceilings(page: Page, site: Site) -> None:
    """One half-day owed is enough to ask for help here."""
    page.goto(f"{site.url}/rotations/hours/policy/")
    both_widths(page)
    page.locator("#id_owed_alarm_half_days").fill("1")
    press(page)


def _roster(folder: Path, month: dt.date) -> Path:
    """Weekdays: the ward in the morning, research in the afternoon; Saturday's morning rounds."""
    days = [month.replace(day=n) for n in range(1, last_of(month).day + 1)]
    codes = ["上+科" if day.weekday() < 5 else "上" if day.weekday() == 5 else "休" for day in days]
    rows = [["学号", "姓名", *(f"{day.day}日" for day in days)], [NUMBER, "方晓宁", *codes]]
    return write_sheet(folder, "排班表", rows)


def _owed(page: Page, site: Site) -> Locator:
    """Open the first page and return the balance of research time on it."""
    page.goto(f"{site.url}/")
    return page.locator(".acct .big").first


def _lose_a_half_day(site: Site, enter: Opener) -> None:
    """On a phone: which shift, by whom, done; the balance falls and help is asked for."""
    page = enter(site, TRAINEE, width=PHONE)
    expect(_owed(page, site)).to_contain_text("0")
    require_fit(page)
    follow(page, page.locator(".takeaway"))
    require_fit(page)
    follow(page, page.locator("a.pick").first)
    require_fit(page)
    page.locator("#id_pulled_by").fill("值班组长")
    follow(page, page.locator("button.btn-primary"))
    require_fit(page)
    expect(page.locator("main")).to_contain_text("4")
    expect(_owed(page, site)).to_contain_text("4")
    follow(page, page.locator(".acct a[href$='/hours/alerts/']"))
    require_fit(page)
    expect(page.locator("main tbody tr")).to_have_count(1)


def _follow_up(site: Site, enter: Opener) -> None:
    """The research mentor sees what is owed; the ward gives it back and closes the alert."""
    mentor = enter(site, RESEARCH, language="en")
    mentor.goto(f"{site.url}/")
    both_widths(mentor)
    row = mentor.locator("main tr", has=mentor.locator("a[href*='/hours/students/']"))
    expect(row.locator(".t-due")).to_have_text("4")

    keeper = enter(site, KEEPER)
    keeper.goto(f"{site.url}/rotations/hours/alerts/")
    both_widths(keeper)
    follow(keeper, keeper.locator("main tbody a.open"))
    both_widths(keeper)
    alert = keeper.url
    follow(keeper, keeper.locator("a[href*='/hours/students/']").first)
    both_widths(keeper)
    follow(keeper, keeper.locator("a[href$='/repay/']"))
    coming = timezone.localdate() + dt.timedelta(days=2)
    keeper.locator("#id_day").fill(coming.isoformat())
    keeper.locator("#id_minutes").fill("4")
    press(keeper)
    keeper.goto(alert)
    keeper.locator("#id_outcome").fill("已安排补还半天科研时间，并与值班组长沟通。")
    press(keeper)
    expect(keeper.locator("#id_outcome")).to_have_count(0)

    student = enter(site, TRAINEE, width=PHONE)
    expect(_owed(student, site)).to_contain_text("0")
    student.goto(alert)
    require_fit(student)
    expect(student.locator("main")).to_contain_text("补还半天")


# ---------------------------------------------------------------- leave


def _last_day() -> tuple[dt.date, dt.date]:
    """Return the last day of the trainee's plan, and that of the programme."""
    stays = Stay.objects.filter(participant__student__person__username=TRAINEE)
    enrolment = Enrolment.objects.get(student__person__username=TRAINEE)
    return stays.order_by("-ends_on")[0].ends_on, enrolment.ends_on


def _between(first: dt.date, months: int) -> list[Stay]:
    """Return the stays of the trainee in so many months from ``first`` on."""
    stays = Stay.objects.filter(participant__student__person__username=TRAINEE)
    last = last_of(add_months(first, months - 1))
    return list(stays.filter(starts_on__lte=last, ends_on__gte=first))


def _ask_leave(site: Site, enter: Opener, folder: Path, first: dt.date) -> str:
    """Ask for four months with a doctor's note, on a phone; return the address of the leave."""
    note = folder / "诊断证明.pdf"
    note.write_bytes(signed_page("诊断证明", ["建议休养四个月。"]).read())
    page = enter(site, TRAINEE, width=PHONE)
    page.goto(f"{site.url}/students/leave/new/")
    require_fit(page)
    page.locator("input[name=kind][value=sick]").check()
    page.locator("#id_starts_on").fill(first.isoformat())
    page.locator("#id_ends_on").fill(last_of(add_months(first, AWAY_MONTHS - 1)).isoformat())
    page.locator("#id_reason").fill("术后休养")
    page.locator("#id_evidence").set_input_files(note)
    press(page)
    page.wait_for_url("**/leave/*-*/")
    require_fit(page)
    return page.url


def _asked() -> list[str]:
    rows = Task.objects.filter(kind="programmes.decide_leave", state="open")
    return list(rows.values_list("assignee__username", flat=True).order_by("id"))


def _agree_step_by_step(site: Site, enter: Opener, leave: str) -> None:
    """Whoever is asked agrees, one after the other; the second mentor reads English."""
    agreed = []
    while asked := aside(_asked):
        page = enter(site, asked[0], language="en" if asked[0] == RESEARCH else "zh-hans")
        page.goto(leave)
        both_widths(page)
        follow(page, page.locator("button[name=answer][value=agree]"))
        agreed.append(asked[0])
    assert agreed[-1] == "residency"
    assert {CLINICAL, RESEARCH} <= set(agreed)


def _see_the_extension(site: Site, enter: Opener, feed: str) -> None:
    """The plan has the months away free, ends later, and calendars know."""
    student = enter(site, TRAINEE, width=PHONE)
    student.goto(f"{site.url}/rotations/my-plan/")
    require_fit(student)
    last, end = aside(_last_day)
    expect(student.locator("main tbody tr").last).to_contain_text(f"{last.year}年{last.month}月")
    student.goto(f"{site.url}/students/me/programme/")
    require_fit(student)
    expect(student.locator("main")).to_contain_text(f"{end.year}")
    days = [one["DTEND"].dt for one in _events(student, feed).values()]
    assert last + dt.timedelta(days=1) in days
