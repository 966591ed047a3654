"""An employer at a desk: the offline page, a file, no network."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from cotutelle.credentials.offline.build import page_data
from cotutelle.engines.credentials.badges import bake
from cotutelle.engines.credentials.reading import read_json
from cotutelle.engines.credentials.verifying import verify_bundle
from tests.credentials.offline.cases import CASES
from tests.credentials.offline.conftest import STATIC, Opener
from tests.engines.credentials.world import World

pytestmark = pytest.mark.e2e

SHOWN = {
    "valid": "This credential is genuine and in force",
    "altered": "Do not accept this credential",
    "revoked": "Do not accept this credential",
    "suspended": "Do not accept this credential",
    "expired": "Do not accept this credential",
    "not yet valid": "Do not accept this credential",
    "another institution signs": "Do not accept this credential",
    "backdated with a retired key": "Do not accept this credential",
    "wrong index": "Do not accept this credential",
    "partial transcript": "This credential is genuine and in force",
    "transcript without its middle": "Do not accept this credential",
    "no status list": "This credential could not be verified completely",
    "bare credential": "This credential could not be verified completely",
}


def share_file() -> bytes:
    return CASES["valid"]().text.encode()


def require_fit(page: Page) -> None:
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_what_the_server_would_say(open_desk: Opener, name: str):
    case, desk = CASES[name](), open_desk()

    desk.offer(f"{name}.cotutelle.json", case.text.encode())

    report = verify_bundle(read_json(case.text), policy=case.policy, now=case.now)
    assert desk.verdict() == report.verdict
    assert desk.rows() == {row: (f.state, f.code) for row, f in report.findings.items()}
    assert desk.page.inner_text("#cv-verdict") == SHOWN[name]
    assert desk.faults == []


def test_nothing_is_asked_of_the_network_and_nothing_could_be(
    open_desk: Opener, offline_file: Path
):
    desk = open_desk()
    desk.offer("a.cotutelle.json", share_file())
    assert desk.requests == [offline_file.as_uri()]
    assert desk.faults == []

    sent = desk.page.evaluate(
        """async () => {
          const broken = [];
          addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective));
          const sent = await fetch('http://127.0.0.1:9/x').then(() => true, () => false);
          const image = document.createElement('img');
          const failed = new Promise(done => image.addEventListener('error', done));
          image.src = 'http://127.0.0.1:9/x.png';
          const refused = [];
          const attempt = (what, work) => { try { work(); } catch { refused.push(what); } };
          const script = document.createElement('script');
          attempt('script', () => { script.textContent = 'globalThis.ran = 1'; });
          attempt('handler', () => document.body.setAttribute('onclick', 'globalThis.ran = 1'));
          attempt('markup', () => { document.body.innerHTML = '<p>'; });
          document.body.append(image, script);
          document.body.click();
          await failed;
          return { sent, refused, ran: globalThis.ran ?? null, broken };
        }"""
    )

    assert (sent["sent"], sent["ran"]) == (False, None)
    assert sent["refused"] == ["script", "handler", "markup"]
    assert {"connect-src", "img-src"} <= set(sent["broken"])


def test_it_says_what_is_wrong_and_that_the_rest_is_not_confirmed(open_desk: Opener):
    desk = open_desk()
    desk.offer("r.json", CASES["revoked"]().text.encode())

    expect(desk.page.locator(".cv-verdict")).to_contain_text(
        "It has been revoked (as of 21 Nov 2026, 08:30 UTC)."
    )
    expect(desk.page.locator(".cv-paper")).to_contain_text(
        "It is not confirmed by the checks below."
    )

    desk.offer("v.json", share_file())
    expect(desk.page.locator(".cv-verdict")).to_contain_text(
        "Issued by Example Hospital; not revoked as of 21 Nov 2026, 08:30 UTC."
    )
    expect(desk.page.locator(".cv-paper")).not_to_contain_text("not confirmed")


def test_the_facts_of_a_credential_stand_there_in_words(open_desk: Opener):
    desk = open_desk(locale="zh-CN")
    desk.offer("v.json", share_file())

    paper = desk.page.locator(".cv-paper")
    for text in (
        "综合评价",
        "林晓雨",
        "示例医院",
        "2026年11月11日",
        "86.5（测量标准误 1.25）",
        "0 至 100",
        "至少 12 次观察。",
    ):
        expect(paper).to_contain_text(text)
    assert desk.page.inner_text("#cv-verdict") == "此凭证真实有效"
    assert desk.page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_a_dual_mentor_certificate_names_both_mentors(open_desk: Opener):
    world = World()
    hospital, school = (
        {"zh": "示例医院", "en": "Example Hospital"},
        {"zh": "示例大学", "en": "Example University"},
    )
    facts = {
        "programme": {"zh": "5+3", "en": "5+3"},
        "from": "2023-09-01",
        "until": "2026-07-01",
        "mentors": [
            {
                "name": {"zh": "王芳", "en": "Wang Fang"},
                "role": "clinical",
                "institution": hospital,
            },
            {"name": {"zh": "李雷", "en": "Li Lei"}, "role": "research", "institution": school},
        ],
    }
    final = world.bundle(world.certificate(kind="dual-mentor-certificate", facts=facts))

    for locale, lines in (
        ("zh-CN", ("临床导师", "王芳 · 示例医院", "科研导师", "李雷 · 示例大学")),
        ("en-GB", ("Clinical mentor", "Wang Fang · Example Hospital", "Research mentor", "Li Lei")),
    ):
        desk = open_desk(locale=locale)
        desk.offer("v.json", json.dumps(final).encode())
        for line in lines:
            expect(desk.page.locator(".cv-paper")).to_contain_text(line)


def test_a_file_of_strange_shapes_has_its_verdict_too(open_desk: Opener):
    desk = open_desk()
    desk.offer("v.json", share_file())
    thing: dict[str, object] = {"a": {}}
    strange = {
        "@context": ["https://www.w3.org/ns/credentials/v2", thing],
        "id": thing,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": thing,
        "issuer": thing,
        "validFrom": thing,
        "credentialSubject": {
            "name": thing,
            "achievement": [thing],
            "result": [thing, {"value": thing}],
            "facts": {
                "value": thing,
                "scale": thing,
                "x": thing,
                "mentors": [{"name": "A", "role": thing}],
            },
            "verifiableCredential": [{"id": thing}, thing],
            "trace": {"count": thing},
        },
    }

    desk.offer("s.json", json.dumps(strange).encode())

    assert desk.verdict() == "refused"
    expect(desk.page.locator(".cv-verdict")).to_contain_text("File: s.json")


def test_a_transcript_shows_its_events_and_its_gaps(open_desk: Opener):
    desk = open_desk()
    desk.offer("t.json", CASES["partial transcript"]().text.encode())

    expect(desk.page.locator(".cv-verdict")).to_contain_text("A part is shown: 2 of 7 events.")
    lines = desk.page.locator(".cv-trace li").all_inner_texts()
    assert [line.split("\n")[0] for line in lines] == [
        "Event 1 is not shown", "2", "Events 3 to 4 are not shown", "5", "Events 6 to 7 are not shown",
    ]  # fmt: skip


def test_the_language_changes_in_place(open_desk: Opener):
    desk = open_desk()
    desk.offer("v.json", share_file())

    desk.page.click("#cv-language")

    assert desk.page.inner_text("#cv-verdict") == "此凭证真实有效"
    assert desk.page.title() == "核验凭证"
    assert desk.verdict() == "valid"
    desk.page.click("#cv-language")
    assert desk.page.title() == "Verify a credential"


def test_a_keyboard_is_enough(open_desk: Opener):
    desk = open_desk()
    page = desk.page
    page.focus("summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "cv-text"
    page.keyboard.insert_text(share_file().decode())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cv-answer #cv-verdict")

    assert desk.verdict() == "valid"
    assert page.evaluate("document.activeElement.id") == "cv-verdict"
    assert page.inner_text("#cv-live") == page.inner_text("#cv-verdict")


def test_a_file_is_dropped(open_desk: Opener):
    desk = open_desk()
    given = desk.page.evaluate_handle(
        """text => {
          const given = new DataTransfer();
          given.items.add(new File([text], 'dropped.json'));
          return given;
        }""",
        share_file().decode(),
    )

    desk.page.dispatch_event(".cv-drop", "drop", {"dataTransfer": given})
    desk.page.wait_for_selector("#cv-answer #cv-verdict")

    assert desk.verdict() == "valid"
    expect(desk.page.locator(".cv-verdict")).to_contain_text("File: dropped.json")


def png() -> bytes:
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_badge_picture_gives_the_credential_inside(open_desk: Opener):
    world, desk = World(), open_desk()
    badge = bake(png(), world.certificate())

    desk.offer("badge.png", badge)
    assert desk.rows()["signature"] == ("good", "signature.good")
    assert desk.verdict() == "unknown"

    broken = bytearray(badge)
    broken[badge.index(b"86.5")] ^= 1
    for name, data, said in (
        ("broken.png", bytes(broken), "The picture is damaged or no PNG."),
        ("short.png", badge[:-4], "The picture is damaged or no PNG."),
        ("empty.png", png(), "The file carries no credential inside, or more than one."),
    ):
        desk.offer(name, data)
        expect(desk.page.locator("#cv-answer .cv-reason")).to_have_text(said)
        assert desk.verdict() == "none"


def test_evidence_of_one_entry_is_checked_too(open_desk: Opener):
    world, desk = World(), open_desk()
    evidence = world.evidence(1)

    desk.offer("entry.json", json.dumps(evidence).encode())
    assert (desk.verdict(), desk.rows()) == (
        "valid",
        {"logged": ("good", "entry.logged"), "witnesses": ("good", "witnesses.good")},
    )
    expect(desk.page.locator("#cv-answer")).to_contain_text("selection.round.published")

    for wrong, code in (
        (
            {**evidence, "payload": {**evidence["payload"], "at": "2020-01-01T00:00:00Z"}},
            "logged.commitment",
        ),
        ({**evidence, "proof": world.evidence(2)["proof"]}, "logged.proof"),
        ({**evidence, "entry": {**evidence["entry"], "day": "2020-01-01"}}, "logged.proof"),
    ):
        desk.offer("wrong.json", json.dumps(wrong).encode())
        assert (desk.verdict(), desk.rows()["logged"]) == ("refused", ("bad", code))
    desk.offer("few.json", json.dumps(world.evidence(1, witnesses=[0])).encode())
    assert (desk.verdict(), desk.rows()["witnesses"]) == ("refused", ("bad", "witnesses.quorum"))


def test_a_proof_without_its_entry_proves_nothing_about_an_entry(open_desk: Opener):
    world, desk = World(), open_desk()
    proof = world.evidence(1)["proof"]

    desk.offer("a.tlog-proof", proof.encode())
    assert (desk.verdict(), desk.rows()) == (
        "unknown",
        {"logged": ("unknown", "entry.alone"), "witnesses": ("good", "witnesses.good")},
    )

    other = World(5).evidence(1)["proof"]
    desk.offer("b.tlog-proof", other.encode())
    assert desk.verdict() == "refused"


@pytest.mark.parametrize(("data", "said"), [
    (b"not json", "The file is not JSON in UTF-8."),
    (b"\xff\xfe", "The file is not JSON in UTF-8."),
    (b'{"a": 1, "a": 2}', "The file names “a” twice in one object"),
    (b"%PDF-1.7", "This page does not read PDF."),
    (b"[]", "The file is neither a share bundle nor a credential."),
    (b" " * (8 * 1024 * 1024 + 1), "The file is too large"),
], ids=["text", "bytes", "twice", "pdf", "list", "large"])  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_unread(open_desk: Opener, data: bytes, said: str):
    desk = open_desk()

    desk.offer("file", data)

    assert (
        desk.page.inner_text("#cv-verdict") == "This file could not be read, so nothing was checked"
    )
    expect(desk.page.locator("#cv-answer .cv-reason")).to_contain_text(said)
    assert desk.faults == []


def test_the_policy_is_told_in_words_and_can_be_exchanged(open_desk: Opener, tmp_path: Path):
    desk, other = open_desk(), World(5, witnesses=5, needed=4)
    trust = desk.page.locator("#cv-trust")
    expect(trust).to_contain_text(
        "At least 2 of 3 must have seen the log: witness1.example, witness2.example, witness3.example."
    )
    expect(trust).to_contain_text(
        "Colluding witnesses it withstands: 0. Absent witnesses it withstands: 1."
    )
    desk.offer("v.json", share_file())
    assert desk.verdict() == "valid"

    policy = tmp_path / "policy.txt"
    policy.write_text(other.policy, encoding="utf-8")
    desk.page.set_input_files("#cv-policy", policy)
    expect(trust).to_contain_text("From the file policy.txt, chosen by you")
    expect(trust).to_contain_text(
        "Colluding witnesses it withstands: 2. Absent witnesses it withstands: 1."
    )
    assert (desk.verdict(), desk.rows()["logged"]) == ("refused", ("bad", "logged.log"))

    policy.write_text("quorum nobody\n", encoding="utf-8")
    desk.page.set_input_files("#cv-policy", policy)
    expect(desk.page.locator("#cv-app")).to_contain_text(
        "Line 1 of the policy file is not understood."
    )

    desk.page.get_by_role("button", name="Use the policy of this page again").click()
    expect(trust).to_contain_text("Part of this page")
    assert desk.verdict() == "valid"


def test_a_browser_without_ed25519_is_told_so_and_nothing_is_called_good(
    chromium, offline_file: Path
):
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.add_init_script(
        """const subtle = crypto.subtle.importKey.bind(crypto.subtle);
        SubtleCrypto.prototype.importKey = (format, data, algorithm, ...rest) => (
          algorithm.name === 'Ed25519' ? Promise.reject(new DOMException('', 'NotSupportedError')) : subtle(format, data, algorithm, ...rest));"""
    )
    page.goto(offline_file.as_uri())

    page.wait_for_selector("#cv-verdict")
    assert page.inner_text("#cv-verdict") == "This browser cannot check credentials"
    assert page.locator("#cv-file").count() == 0
    assert page.locator("[data-verdict=valid], [data-state=good]").count() == 0
    context.close()


@pytest.mark.parametrize("options", [
    {"width": 390, "locale": "zh-CN"},
    {"width": 390, "locale": "en-GB", "color_scheme": "dark"},
    {"width": 1440, "locale": "zh-CN", "color_scheme": "dark"},
])  # fmt: skip
def test_it_fits_the_screen(open_desk: Opener, options):
    desk = open_desk(**options)
    require_fit(desk.page)
    for name in ("valid", "partial transcript", "transcript without its middle"):
        desk.offer(f"{'long-name' * 8}.json", CASES[name]().text.encode())
        require_fit(desk.page)
    desk.offer("entry.json", json.dumps(World().evidence(1)).encode())
    require_fit(desk.page)


def test_states_differ_in_word_and_icon_not_in_colour_alone(open_desk: Opener):
    desk, shapes, words = open_desk(), {}, {}
    for name in ("revoked", "no status list", "anchored on a chain"):
        desk.offer("f.json", CASES[name]().text.encode())
        for state in ("good", "bad", "unknown", "absent"):
            mark = desk.page.locator(f".cv-check[data-state={state}] .cv-state")
            if mark.count():
                shapes[state] = mark.first.locator("svg").inner_html()
                words[state] = mark.first.inner_text()

    assert len(set(shapes.values())) == len(set(words.values())) == 4


def test_the_colours_follow_the_button(open_desk: Opener):
    desk = open_desk(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = desk.page.evaluate(ground)

    desk.page.click("#cv-theme")
    dark = desk.page.evaluate(ground)
    desk.page.click("#cv-theme")

    assert dark != light == desk.page.evaluate(ground)


def test_on_paper_stands_the_result_and_nothing_to_press(open_desk: Opener):
    desk = open_desk()
    desk.offer("v.json", share_file())
    desk.page.emulate_media(media="print")

    assert (
        desk.page.locator("button:visible, label.cv-button:visible, textarea:visible").count() == 0
    )
    assert desk.page.locator("[data-check]:visible").count() == 8
    assert base64.b64encode(desk.page.pdf(format="A4"))[:4] == b"JVBE"


def test_the_report_can_be_kept(open_desk: Opener, tmp_path: Path):
    desk = open_desk()
    desk.offer("v.json", share_file())

    with desk.page.expect_download() as found:
        desk.page.get_by_role("button", name="Save the report").click()
    found.value.save_as(tmp_path / "report.json")

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["format"], report["verdict"], report["checked_at"]) == (
        "cotutelle-report/1",
        "valid",
        "2026-11-21T08:30:00Z",
    )
    assert len(report["checks"]) == 8


def test_the_same_modules_serve_the_site_one_by_one(chromium: Browser):
    """As the public page loads them: under a policy that allows no inline script, in the page's language."""
    site = "https://site.example"
    data = json.dumps(page_data(World().policy)).replace("<", "\\u003c")
    html = (
        '<!doctype html><html lang="zh-hans"><meta charset="utf-8">'
        f'<link rel="stylesheet" href="/static/verify.css"><div id="cv-app"></div>'
        f'<script type="application/json" id="cv-data">{data}</script>'
        '<script type="module" src="/static/verify-page.js"></script>'
    )
    faults: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(f"{site}/static/")
        if path == f"{site}/":
            headers = {"Content-Security-Policy": "default-src 'self'"}
            route.fulfill(content_type="text/html", body=html, headers=headers)
        else:
            route.fulfill(path=STATIC / path)

    context = chromium.new_context(locale="en-GB")
    context.route("**/*", answer)
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.clock.set_fixed_time(World().now)
    page.goto(f"{site}/")
    page.set_input_files("#cv-file", {"name": "v.json", "mimeType": "", "buffer": share_file()})
    page.wait_for_selector("#cv-verdict")

    assert page.inner_text("#cv-verdict") == "此凭证真实有效"
    assert page.locator("h1").count() == 0  # the page of the site has its own
    assert faults == []
    context.close()


def test_the_age_of_the_status_is_told(open_desk: Opener):
    desk = open_desk()
    status = desk.page.locator("[data-check=status]")
    desk.offer("v.json", share_file())
    expect(status).to_contain_text("The list is less than a day old.")

    desk.page.clock.set_fixed_time(World().now + timedelta(days=40))
    desk.offer("v.json", share_file())
    expect(status).to_contain_text("The list is 40 days old; what came after is not known.")
    assert desk.verdict() == "valid"
