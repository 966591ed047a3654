"""A certificate from the mentor's signature to an employer's desk, and its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from cotutelle.credentials.models import Credential
from cotutelle.credentials.tasks import publish
from cotutelle.engines.translog import Policy, canonical_json
from cotutelle.institutions.models import Unit
from cotutelle.ledger import services
from cotutelle.people.models import Person
from cotutelle.web.demo.staff import open_sign_in
from tests.e2e.conftest import PHONE, WIDE, Opener, Site, aside, require_fit
from tests.e2e.steps import both_widths, follow, press
from tests.factories.credentials import make_achievement, make_award, make_scene
from tests.factories.log import watched_log
from tests.factories.witnesses import ENTRY, RunningWitness
from tests.patience import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db]

WAITING, WITNESSED = "等待入册", "已见证 3/3"
SIGNED, ISSUED = "已签署：符合标准", "证书已签发"
GOOD = ("signature", "validity", "issuer", "logged", "witnesses", "status")
REFUSED = "Do not accept this credential"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, by username, and what is proposed."""

    mentor: str
    student: str
    title: str
    award: str


@dataclass
class Desk:
    """An employer at a computer without a network, and what the page asked of it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def drop(self, name: str, content: bytes) -> str:
        """Drop a file onto the page; return the verdict."""
        files = self.page.evaluate_handle(
            """([name, octets]) => {
              const carried = new DataTransfer();
              carried.items.add(new File([new Uint8Array(octets)], name));
              return carried;
            }""",
            [name, list(content)],
        )
        self.page.dispatch_event(".cv-drop", "drop", {"dataTransfer": files})
        expect(self.page.locator(".cv-verdict .cv-meta")).to_contain_text(name)
        return self.page.get_attribute("[data-verdict]", "data-verdict") or ""

    def rows(self) -> dict[str, tuple[str, str]]:
        """State and code of every check, as the page shows them."""
        found = self.page.eval_on_selector_all(
            "[data-check]",
            "rows => rows.map(r => [r.dataset.check, r.dataset.state, r.dataset.code])",
        )
        return {name: (state, code) for name, state, code in found}


@pytest.fixture
def witnesses(bare_site: Site, settings: Any, tmp_path: Path) -> Iterator[list[RunningWitness]]:
    """A log that three partners watch, each with a process of their own."""
    settings.COTUTELLE_BASE_URL = bare_site.url
    with ExitStack() as stack:
        yield aside(lambda: stack.enter_context(watched_log(settings, tmp_path)))


Visitor = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Return how an employer, who reads English and never signs in, opens a browser."""
    contexts: list[BrowserContext] = []

    def open_page(*, offline: bool = False) -> Page:
        size = {"width": WIDE, "height": 900}
        context = browser.new_context(locale="en-GB", viewport=size, offline=offline)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _cast() -> Cast:
    """A student is proposed for a course credit; the principal supervisor has to sign."""
    officer = Person.objects.get(username="officer")
    scene = make_scene(Unit.objects.get(code="YLMU"))
    Person.objects.filter(pk=scene.person.pk).update(name_zh="林晓雨", name_en="Lin Xiaoyu")
    Person.objects.filter(pk=scene.clinical.person_id).update(
        name_zh="周明远", name_en="Zhou Mingyuan"
    )
    made = make_award(scene, make_achievement(scene.unit, actor=officer), actor=officer)
    open_sign_in()
    return Cast(
        mentor=scene.clinical.person.username,
        student=scene.person.username,
        title=made.achievement.name_zh,
        award=str(made.public_id),
    )


def _worker() -> int:
    """Do what the worker does after a decision; return how many entries are published."""

    def work() -> int:
        publish()
        turn = services.tick()
        assert turn.problem == ""
        publish()
        return turn.published

    published: int = aside(work)
    return published


def test_a_certificate_is_signed_issued_shown_checked_and_revoked(
    bare_site: Site, witnesses: list[RunningWitness], enter: Opener, visit: Visitor, tmp_path: Path
) -> None:
    site = bare_site
    cast: Cast = aside(_cast)
    _worker()

    _sign_on_a_phone(enter(site, cast.mentor, width=PHONE), site, cast)
    student = enter(site, cast.student)
    _see(student, site, SIGNED, WAITING)
    _worker()
    officer = enter(site, "officer")
    _issue(officer, site, cast)
    _worker()
    _see(student, site, SIGNED, WITNESSED)
    _see(student, site, ISSUED, WITNESSED)
    _check_the_proof(student, site, tmp_path)

    bundle = _take_the_bundle(student, site)
    _check_the_paper(student, site, tmp_path)
    link = _share(student)
    employer = visit()
    desk = _desk(_save_the_offline_page(employer, link, tmp_path), visit(offline=True))
    _accept(desk, bundle)
    _refuse_a_better_grade(desk, bundle)

    _revoke(officer, site)
    size = _worker()
    _read_that_it_is_revoked(employer, link, desk)
    _look_at_the_dashboard(employer, witnesses[0], size)
    assert desk.requests == [desk.page.url]
    assert (desk.faults, site.faults) == ([], [])


# ---------------------------------------------------------------- the house


def _sign_on_a_phone(page: Page, site: Site, cast: Cast) -> None:
    page.goto(f"{site.url}{reverse('workflow:tasks')}")
    require_fit(page)
    follow(page, page.locator("a.open", has_text=cast.title))
    require_fit(page)
    page.wait_for_url(f"**/{cast.award}/")
    expect(page.locator("dl.ct-dl").first).to_contain_text("92")
    follow(page, page.locator("button[name=do][value^='sign:']"))
    expect(page.locator("button[name=do]")).to_have_count(0)
    require_fit(page)
    page.goto(f"{site.url}{reverse('workflow:tasks')}")
    expect(page.locator("a.open", has_text=cast.title)).to_have_count(0)


def _issue(page: Page, site: Site, cast: Cast) -> None:
    page.goto(f"{site.url}{reverse('credentials:issue')}")
    both_widths(page)
    page.locator("tr", has_text=cast.title).locator("input[name=pick]").check()
    follow(page, page.locator("button[name=do][value=issue]"))
    both_widths(page)
    expect(page.locator("tr", has_text=cast.title)).to_have_count(1)


def _revoke(page: Page, site: Site) -> None:
    """Open the certificate, type the wrong word first, then the right one."""
    page.goto(f"{site.url}{reverse('credentials:credentials')}")
    follow(page, page.locator("tbody a.open").first)
    both_widths(page)
    follow(page, page.locator("a[href*='/revoke/?pick=']"))
    both_widths(page)
    page.locator("#id_reason").fill("成绩登记有误")
    page.locator("#id_typed").fill("暂停")
    press(page)
    assert aside(lambda: Credential.objects.get().state) == "valid"
    page.locator("#id_typed").fill("吊销")
    press(page)
    page.wait_for_url("**/certificates/*-*/")
    assert aside(lambda: Credential.objects.get().state) == "revoked"


# ---------------------------------------------------------------- the student


def _see(page: Page, site: Site, event: str, place: str) -> None:
    """Require that the record says how well ``event`` is kept."""
    page.goto(f"{site.url}{reverse('log:mine')}")
    both_widths(page)
    expect(_row(page, event)).to_contain_text(place)


def _row(page: Page, event: str) -> Locator:
    return page.locator("tbody tr", has_text=event)


def _download(page: Page, link: Locator) -> bytes:
    with page.expect_download() as waiting:
        link.click()
    return Path(waiting.value.path()).read_bytes()


def _check_the_proof(page: Page, site: Site, folder: Path) -> None:
    """The proof file convinces whoever trusts the published policy, and is of this entry."""
    row = _row(page, SIGNED)
    proof = _download(page, row.locator("a[href$='.tlog-proof']")).decode()
    evidence = json.loads(_download(page, row.locator("a[href$='evidence.json']")))
    policy = page.request.get(f"{site.url}{reverse('log:policy')}").text()
    (folder / "policy").write_text(policy)

    proven = Policy.parse(policy).verify(canonical_json(evidence["entry"]), proof)

    assert len(proven.cosigners) == len({name for name, _at in proven.cosigners}) == 3
    assert evidence["proof"] == proof
    assert evidence["payload"]["action"] == "credentials.award.signed"


def _take_the_bundle(page: Page, site: Site) -> bytes:
    page.goto(f"{site.url}{reverse('credentials:my-certificates')}")
    both_widths(page)
    return _download(page, page.locator("a[href$='/bundle.json']"))


def _check_the_paper(page: Page, site: Site, folder: Path) -> None:
    """The PDF alone passes a check on the command line."""
    paper = folder / "certificate.pdf"
    paper.write_bytes(_download(page, page.locator("form[action$='/paper/'] button")))
    command = ["credential", "verify", str(paper), "--policy", str(folder / "policy"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *command],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": "src", "HOME": str(folder)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "valid"


def _share(page: Page) -> str:
    """Make a link for an employer; return it."""
    follow(page, page.locator("a[href$='/share/']"))
    both_widths(page)
    page.locator("#id_title").fill("滨江中心医院人事处")
    press(page)
    both_widths(page)
    return page.locator("#share-link").inner_text()


# ---------------------------------------------------------------- the employer


def _save_the_offline_page(page: Page, link: str, folder: Path) -> Path:
    page.goto(link)
    both_widths(page)
    saved = folder / "verify.html"
    saved.write_bytes(_download(page, page.locator("a[href$='offline.html']")))
    return saved


def _desk(saved: Path, page: Page) -> Desk:
    """Open the saved page from the disk, where there is no network."""
    desk = Desk(page)
    page.on("request", lambda request: desk.requests.append(request.url))
    page.on("pageerror", lambda error: desk.faults.append(str(error)))
    page.on("console", lambda message: desk.faults.append(message.text))
    page.goto(saved.as_uri())
    page.wait_for_selector("#cv-app > section")
    return desk


def _accept(desk: Desk, bundle: bytes) -> None:
    assert desk.drop("lin.cotutelle.json", bundle) == "valid"
    rows = desk.rows()
    assert {name: rows[name][0] for name in GOOD} == dict.fromkeys(GOOD, "good")
    assert {name for name in rows if name not in GOOD} == {"anchor", "completeness"}
    expect(desk.page.locator(".cv-paper")).to_contain_text("Medical statistics")
    both_widths(desk.page)


def _refuse_a_better_grade(desk: Desk, bundle: bytes) -> None:
    """One byte of the file is changed: 92 points become 97."""
    assert b'"92"' in bundle
    assert desk.drop("better.cotutelle.json", bundle.replace(b'"92"', b'"97"', 1)) == "refused"
    assert desk.rows()["signature"][0] == "bad"
    expect(desk.page.locator("#cv-verdict")).to_have_text(REFUSED)


def _read_that_it_is_revoked(employer: Page, link: str, desk: Desk) -> None:
    employer.goto(link)
    both_widths(employer)
    expect(employer.locator("tr[data-check=status]")).to_contain_text("revoked")
    fresh = _download(employer, employer.locator("a[href$='/bundle.json']"))
    assert desk.drop("fresh.cotutelle.json", fresh) == "refused"
    rows = desk.rows()
    assert rows["status"] == ("bad", "status.revoked")
    assert [name for name, (state, _code) in rows.items() if state == "bad"] == ["status"]
    expect(desk.page.locator(".cv-verdict")).to_contain_text("It has been revoked")


def _look_at_the_dashboard(page: Page, witness: RunningWitness, size: int) -> None:
    page.goto(witness.url)
    both_widths(page)
    expect(page.locator("article dd.number").first).to_have_text(f"{size:,}")
