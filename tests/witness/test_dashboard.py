"""The dashboard: what it shows, in both languages, and that nothing in it can be injected."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from cotutelle.engines.translog import entry_bytes
from cotutelle.witness.pages import dashboard
from tests.factories.witnesses import RunningWitness, SmallLog, running_witness, serving, wait_until
from tests.witness.served import serving_files

OURS = "https://demo.example/issuers/bjc"


def _words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page))


def test_it_shows_the_last_cosigned_checkpoint_and_what_was_refused(
    witness: RunningWitness, log: SmallLog
):
    witness.post("/add-checkpoint", log.request(0))
    witness.post("/add-checkpoint", log.request(0))
    witness.post("/add-checkpoint", b"nonsense")

    english = witness.get("/", headers={"accept-language": "en"})
    chinese = witness.get("/", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"})

    for page, sentences in (
        (english, ["Last checkpoint cosigned", "Old size is not the one recorded", "Malformed"]),
        (chinese, ["最近联署的检查点", "旧条目数与记录不符", "请求格式不对"]),
    ):
        shown = _words(page.text)
        for sentence in [log.origin, log.tree.root().hex(), *witness.vkeys, *sentences]:
            assert sentence in shown
    assert 'lang="en"' in english.text[:60]
    assert 'lang="zh-Hans"' in chinese.text[:60]
    assert (
        witness.get("/?lang=zh", headers={"accept-language": "en"}).text[:60] == chinese.text[:60]
    )


def test_it_is_loud_about_a_fork(tmp_path: Path):
    log = SmallLog().grow(10)
    with running_witness(tmp_path, logs=[log.vkey]) as witness:
        assert 'role="alert"' not in witness.get("/").text
        witness.post("/add-checkpoint", log.request(0))
        fork = log.branch(4).grow(10, "forked")
        witness.post("/add-checkpoint", fork.request(10))

        page = witness.get("/?lang=en").text

    assert 'role="alert"' in page
    assert "signed histories that contradict each other: 1" in page
    assert log.note().split("\n")[2] in page
    assert fork.note().split("\n")[2] in page


def test_it_counts_what_was_issued_in_our_name(tmp_path: Path):
    log = SmallLog()
    for day, kind in (
        ("2026-10-02", "decision"),
        ("2026-11-03", "decision"),
        ("2026-11-04", "credential"),
    ):
        log.append(entry_bytes(OURS, kind, day, "0" * 64))
    with serving_files(log.files()) as site:
        arguments = ["--issuer", OURS, "--every", "0.1"]
        with running_witness(tmp_path, logs=[(log.vkey, site.url)], arguments=arguments) as witness:
            wait_until(lambda: bool(witness.status()["logs"][0]["followed"]))
            page = witness.get("/?lang=zh").text
            rows = re.findall(r"<tr>(.*?)</tr>", page)
            cells = [re.findall(r">([^<]*)(?:</span>)?</t[dh]>", row) for row in rows]
            assert ["月份", "凭证", "决定", "合计"] in cells
            assert ["2026年11月", "1", "1", "2"] in cells
            assert ["2026年10月", "–", "1", "1"] in cells
            assert ["2", "凭证", "2026年11月4日", log.origin] in cells
            assert "未见异常" in page
            site.is_down = True
            wait_until(lambda: "日志没有应答" in witness.get("/?lang=zh").text)


def test_nothing_in_it_is_markup_that_came_from_outside():
    evil = '<script>alert("1")</script>&'
    tree = {"size": 1, "root": evil, "cosigned_at": 1, "agreed_at": 1}
    facts = {
        "name": evil,
        "vkeys": [evil],
        "at": 10,
        "clock_behind_s": 100,
        "logs": [
            {
                "origin": evil,
                "keys": [evil],
                "url": evil,
                "recorded": tree,
                "followed": tree,
                "asked_at": 5,
                "findings": [
                    {"code": "no_answer", "detail": evil, "since": 1, "latest": 1, "is_alarm": True}
                ],
            }
        ],
        "forks": [
            {
                "origin": evil,
                "size": 1,
                "root": evil,
                "kept_note": evil,
                "other_note": evil,
                "seen_by": "request",
                "at": 1,
            }
        ],
        "refusals": [{"code": evil, "count": 1, "latest": 1}],
        "documents": {
            "status": [{"id": evil, "issuer": evil, "origin": evil, "index": 1, "stated_at": evil}],
            "keys": [{"controller": evil, "count": 1, "at": 1}],
        },
        "issuers": [evil],
        "entries": {
            "months": [{"month": evil, "kind": evil, "count": 1}],
            "latest": [{"origin": evil, "index": 1, "issuer": evil, "kind": evil, "day": evil}],
        },
    }
    for language in ("zh", "en"):
        page = dashboard(facts, language)

        assert "<script" not in page
        assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;" in page


def test_pages_and_answers_are_locked_down(witness: RunningWitness):
    page = witness.get("/")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in page.text
    assert witness.get("/witness.css").headers["content-type"].startswith("text/css")
    assert "access-control-allow-origin" not in page.headers


def test_a_head_request_has_no_body(witness: RunningWitness):
    answer = httpx.head(f"{witness.url}/", trust_env=False)

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/checkpoints/", 404),
        ("GET", "/checkpoints/../witness.json", 404),
        ("GET", "/witness.json", 404),
        ("GET", "/policy", 404),
        ("GET", f"/documents/status?{'a=1&' * 30}", 404),
        ("POST", "/", 405),
        ("PUT", "/add-checkpoint", 405),
        ("DELETE", "/documents", 405),
        ("POST", "/checkpoints/x", 405),
    ],
)
def test_other_requests_are_refused(witness: RunningWitness, method: str, path: str, status: int):
    answer = httpx.request(method, f"{witness.url}{path}", trust_env=False)

    assert answer.status_code == status


def test_who_asks_too_often_is_told_so_but_the_supervisor_is_not(tmp_path: Path):
    with running_witness(tmp_path) as limited:
        pass
    with serving(limited.folder, limited.vkeys, ["--rate", "0.1"]) as witness:
        answers = [witness.get("/vkeys") for _ in range(10)]

        assert answers[0].status_code == 200
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        assert {witness.get("/healthz").status_code for _ in range(10)} == {200}


def test_behind_a_proxy_each_client_counts_for_itself(tmp_path: Path):
    with running_witness(tmp_path) as limited:
        pass
    arguments = ["--rate", "0.1", "--behind-proxy"]
    with serving(limited.folder, limited.vkeys, arguments) as witness:
        for client in ("192.0.2.1", "192.0.2.2"):
            headers = {"x-forwarded-for": f"203.0.113.9, {client}"}
            statuses = [witness.get("/vkeys", headers=headers).status_code for _ in range(10)]
            assert statuses[0] == 200
            assert 429 in statuses


def test_a_taken_port_is_said(witness: RunningWitness, tmp_path: Path):
    with running_witness(tmp_path) as other:
        port = witness.url.rpartition(":")[2]
        folder = other.folder
    with (
        pytest.raises(AssertionError, match="ended before"),
        serving(folder, [""], ["--port", port]),
    ):
        pass
