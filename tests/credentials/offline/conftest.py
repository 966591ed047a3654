"""The offline verifier in Chromium, opened from a disk with the network cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from cotutelle.credentials.offline import build
from cotutelle.credentials.offline.scripts import join_modules
from tests.engines.credentials.world import World
from tests.patience import PATIENCE_MS

# Playwright keeps an event loop in the thread in which other tests use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

STATIC = Path(build.__file__).parent.parent / "static" / "credentials"

# What the tests of single functions reach: the same modules, with a door.
DOOR = """\
import { Refusal, browserFit, hex, textOf, unbase64 } from './verifier/bytes.js';
import { canonicalJson, parseJson } from './verifier/json.js';
import { leafHash, verifyConsistency, verifyInclusion } from './verifier/merkle.js';
import { unbake } from './verifier/images.js';
import { checkProofs } from './verifier/integrity.js';
import { checkCheckpoint, parsePolicy } from './verifier/policy.js';
import { verifyFile } from './verifier.js';
globalThis.units = {
  browserFit, canonicalJson, checkCheckpoint, checkProofs, hex, leafHash, parseJson, parsePolicy, textOf, unbake,
  unbase64, verifyConsistency, verifyFile, verifyInclusion,
};
globalThis.outcome = async work => {
  try {
    return await work();
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    return { error: problem.code };
  }
};
globalThis.report = (text, policy, now) => outcome(async () => {
  const { verdict, checks } = await verifyFile(text, policy, new Date(now));
  const plain = value => (Array.isArray(value) ? value : String(value));
  const told = params => Object.fromEntries(Object.entries(params).map(([name, value]) => [name, plain(value)]));
  return {
    verdict,
    checks: Object.fromEntries(checks.map(one => [one.name, [one.state, one.code, one.params.code ?? null]])),
    params: Object.fromEntries(checks.map(one => [one.name, told(one.params)])),
  };
});
"""


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    path = os.environ.get("COTUTELLE_CHROMIUM", "/usr/bin/chromium")
    browser = playwright.chromium.launch(
        executable_path=path, args=["--no-sandbox", "--font-render-hinting=none"]
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def units(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page in which the functions of the verifier can be called one by one."""

    def read(path: str) -> str:
        return DOOR if path == "door.js" else (STATIC / path).read_text(encoding="utf-8")

    folder = tmp_path_factory.mktemp("units")
    (folder / "units.html").write_text(
        "<!doctype html><meta charset=utf-8><script src=units.js></script>"
    )
    (folder / "units.js").write_text(join_modules("door.js", read), encoding="utf-8")
    page = chromium.new_page()
    page.goto((folder / "units.html").as_uri())
    yield page
    page.close()


@pytest.fixture(scope="session")
def offline_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline page that trusts the log and witnesses of ``World()``."""
    path = tmp_path_factory.mktemp("offline") / "verify.html"
    page = build.build_page(World().policy, built_on=date(2026, 11, 20))
    path.write_text(page, encoding="utf-8")
    return path


@dataclass
class Desk:
    """One open offline page: what it asked of the network, and what went wrong."""

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def offer(self, name: str, data: bytes) -> None:
        """Choose a file and wait for the answer."""
        self.page.set_input_files(
            "#cv-file", {"name": name, "mimeType": "application/json", "buffer": data}
        )
        self.page.wait_for_selector("#cv-answer #cv-verdict")

    def verdict(self) -> str:
        return self.page.get_attribute("#cv-answer [data-verdict]", "data-verdict") or ""

    def rows(self) -> dict[str, tuple[str, str]]:
        """State and code of every check, as the page shows them."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            "[data-check]",
            "rows => rows.map(r => [r.dataset.check, r.dataset.state, r.dataset.code])",
        )
        return {name: (state, code) for name, state, code in found}


Opener = Callable[..., Desk]


@pytest.fixture
def open_desk(chromium: Browser, offline_file: Path) -> Iterator[Opener]:
    """Return how to open the page: ``open_desk(width=390, locale="en-GB")``."""
    contexts: list[Any] = []

    def open_it(path: Path = offline_file, *, width: int = 1440, **options: Any) -> Desk:
        told = {"locale": "en-GB", "viewport": {"width": width, "height": 900}, **options}
        context = chromium.new_context(**told)
        contexts.append(context)
        context.set_offline(True)
        desk = Desk(context.new_page())
        desk.page.set_default_timeout(PATIENCE_MS)
        desk.page.on("request", lambda request: desk.requests.append(request.url))
        desk.page.on("pageerror", lambda error: desk.faults.append(str(error)))
        desk.page.on("console", lambda message: desk.faults.append(message.text))
        desk.page.clock.set_fixed_time(World().now)
        desk.page.goto(path.as_uri())
        desk.page.wait_for_selector("#cv-app > section")
        return desk

    yield open_it
    for context in contexts:
        context.close()
