"""Kill -9 of worker, web and database in the middle of an import and of a run: nothing half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from cotutelle.database import Server
from tests.crash.scene import ROWS, STUDENTS
from tests.database.conftest import SRC, reachable_folder
from tests.database.test_serve import Running, children_of
from tests.factories.ports import free_port

pytestmark = pytest.mark.slow
PATIENCE_S = 180.0
SETTINGS = "tests.crash.settings"


class Site:
    """A running product with a scene in it, and an officer at the keys."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.base = f"http://127.0.0.1:{running.port}"
        self.url = Server(running.folder).url()
        self.scene = self._make_scene()
        self.desk = httpx.Client(base_url=self.base, timeout=120, follow_redirects=False)
        self._sign_in()

    def _make_scene(self) -> dict[str, Any]:
        made = subprocess.run(
            [sys.executable, "-m", "tests.crash.scene"],
            check=True,
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.running.folder),
                "PYTHONPATH": f"{SRC}:{SRC.parent}",
                "COTUTELLE_DATA_DIR": str(self.running.folder),
                "COTUTELLE_DATABASE_URL": self.url,
                "DJANGO_SETTINGS_MODULE": SETTINGS,
            },
        )
        found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
        return found

    def _sign_in(self) -> None:
        self.desk.get("/account/login/")
        answer = self.press("/account/login/", login="officer", password=self.scene["password"])
        assert answer.status_code == 302, answer.text[:500]

    def press(self, path: str, **fields: str) -> httpx.Response:
        """Send a form, again while nobody listens: the process before may still die."""
        data = {"csrfmiddlewaretoken": self.desk.cookies["csrftoken"], **fields}
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.desk.post(path, data=data)
            except httpx.TransportError:
                assert time.monotonic() < ends, f"{path} does not come back"
            select_nothing()

    def start(self, path: str, **fields: str) -> str:
        """Press the button that starts a job; return the job's id."""
        answer = self.press(path, **fields)
        assert answer.status_code == 302, answer.text[:500]
        return answer.headers["Location"].rstrip("/").rsplit("/", 1)[-1]

    def start_import(self, n: int) -> str:
        return self.start(f"/import/runs/{self.scene['imports'][n]}/apply/", rows="all")

    def start_run(self, n: int) -> str:
        return self.start(f"/selection/rounds/{self.scene['rounds'][n]}/run/", confirm="1")

    def kill(self, victim: str) -> None:
        os.kill(children_of(self.running.process.pid)[victim], signal.SIGKILL)

    def ask(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row; ``None`` while the database is away."""
        try:
            with psycopg.connect(self.url, connect_timeout=60) as connection:
                row = connection.execute(sql, values).fetchone()  # type: ignore[arg-type]
        except psycopg.OperationalError:
            return None
        return row[0] if row else None

    def wait_for(self, met: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < ends, f"{what}: waited in vain; {self.running.said}"
            select_nothing()

    def state(self, job: str) -> Any:
        return self.ask("SELECT state FROM jobs_job WHERE public_id = %s", job)

    def attempt(self, job: str) -> Any:
        return self.ask("SELECT attempt FROM jobs_job WHERE public_id = %s", job)

    def wait_until_running(self, *jobs: str) -> None:
        self.wait_for(lambda: all(self.state(j) != "queued" for j in jobs), "start")

    def wait_until_over(self, *jobs: str) -> None:
        over = {"done", "failed"}
        self.wait_for(lambda: all(self.state(j) in over for j in jobs), "end")

    def imported(self, n: int) -> Any:
        like = f"I{n}_____"
        return self.ask("SELECT count(*) FROM people_person WHERE number LIKE %s", like)

    def placed(self, n: int) -> Any:
        return self.ask(
            "SELECT count(*) FROM selection_placement p JOIN selection_round r ON r.id = p.round_id"
            " WHERE r.public_id = %s",
            self.scene["rounds"][n],
        )

    def runs(self, n: int) -> Any:
        return self.ask(
            "SELECT count(*) FROM decisions_run d JOIN selection_round r ON r.id = d.subject_id"
            " WHERE d.subject_type = 'selection.round' AND r.public_id = %s",
            self.scene["rounds"][n],
        )

    def page(self, path: str) -> str:
        """Return a page, again while the web process comes back."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self.desk.get(path)
                if answer.status_code == 200:
                    return answer.text
            except httpx.TransportError:
                pass
            assert time.monotonic() < ends, f"{path} does not come back"
            select_nothing()


def select_nothing() -> None:
    """Let the others work for a moment between two looks from outside."""
    import select  # noqa: PLC0415

    select.select([], [], [], 0.02)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with reachable_folder() as folder:
        running = Running(folder / "data", str(free_port()), settings=SETTINGS)
        try:
            running.read_until("Ctrl-C stops it")
            yield Site(running)
        finally:
            running.stop()
            assert running.process.stdout is not None
            running.process.stdout.close()


def whole_or_nothing(site: Site, n: int, job: str) -> None:
    """An import is wholly there or not at all; a failed one says why and can be repeated."""
    if site.state(job) == "failed":
        assert site.imported(n) == 0
        assert len(site.page(f"/jobs/{job}/")) > 0
        again = site.start_import(n)
        site.wait_until_over(again)
        assert site.state(again) == "done"
    assert site.imported(n) == ROWS


def decided_or_not(site: Site, n: int, job: str) -> None:
    """A run has all its placements or is not there."""
    if site.state(job) == "failed":
        assert (site.placed(n), site.runs(n)) == (0, 0)
        job = site.start_run(n)
        site.wait_until_over(job)
        assert site.state(job) == "done"
    assert (site.placed(n), site.runs(n)) == (STUDENTS, 1)


def test_a_killed_worker(site: Site) -> None:
    import_, run = site.start_import(0), site.start_run(0)
    site.wait_until_running(import_, run)
    site.kill("procrastinate")
    seen = (site.imported(0), site.placed(0))
    assert seen[0] in (0, ROWS)
    assert seen[1] in (0, STUDENTS)
    site.wait_until_over(import_, run)
    whole_or_nothing(site, 0, import_)
    decided_or_not(site, 0, run)
    assert 2 in (site.attempt(import_), site.attempt(run)), "the kill came too late to matter"


def test_a_killed_database(site: Site) -> None:
    import_, run = site.start_import(1), site.start_run(1)
    site.wait_until_running(import_, run)
    site.kill("postgres")
    site.wait_for(lambda: site.imported(1) is not None, "the database")
    assert site.imported(1) in (0, ROWS)
    assert site.placed(1) in (0, STUDENTS)
    site.wait_until_over(import_, run)
    whole_or_nothing(site, 1, import_)
    decided_or_not(site, 1, run)


def test_a_killed_web_process(site: Site) -> None:
    import_ = site.start_import(2)
    site.wait_until_running(import_)
    site.kill("granian")
    assert str(import_) in site.page(f"/jobs/{import_}/")
    site.wait_until_over(import_)
    assert (site.state(import_), site.attempt(import_)) == ("done", 1)
    assert site.imported(2) == ROWS
    again = site.press(f"/import/runs/{site.scene['imports'][2]}/apply/", rows="all")
    assert again.status_code == 409
    assert "</html>" in again.text
