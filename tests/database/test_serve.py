"""``cotutelle serve``: everything up together, back after any death, down together."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cotutelle.cli.serve import _address
from cotutelle.database import Server
from tests.database.conftest import SRC
from tests.factories.ports import free_port

ENTRY = "from cotutelle.cli import main; main()"
PATIENCE_S = 180


class Running:
    """One ``cotutelle serve`` and what it has said so far."""

    def __init__(
        self, folder: Path, port: str, settings: str = "tests.database.project.settings"
    ) -> None:
        self.port = port
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment(folder, port) | {"COTUTELLE_SETTINGS": settings},
        )
        self.said = ""

    def read_until(self, words: str) -> str:
        """Read on until a line holds ``words``; the watchdog ends a process that stays silent."""
        assert self.process.stdout is not None
        watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.said += line
                if words in line:
                    return line
        finally:
            watchdog.cancel()
        raise AssertionError(f"never said {words!r}, but: {self.said}")

    def page(self) -> str:
        """Fetch the one page, again while the web process comes back."""
        url = f"http://127.0.0.1:{self.port}/"
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                urllib.request.urlopen(url, timeout=60) as answer,
            ):
                return str(answer.read().decode())
        raise AssertionError("the page does not come back")

    def stop(self) -> int:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return self.process.wait(PATIENCE_S)


def wait_for_the_end(pidfd: int) -> None:
    ready, _, _ = select.select([pidfd], [], [], PATIENCE_S)
    os.close(pidfd)
    assert ready, "the process goes on"


def environment(folder: Path, port: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{SRC}:{SRC.parent}",
        "PYTHONUNBUFFERED": "1",
        "COTUTELLE_DATA_DIR": str(folder),
        "COTUTELLE_PORT": port,
        "COTUTELLE_SETTINGS": "tests.database.project.settings",
    }


@pytest.fixture
def running(data: Path) -> Iterator[Running]:
    started = Running(data, str(free_port()))
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.stop()
        assert started.process.stdout is not None
        started.process.stdout.close()


def children_of(pid: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_text()
        for name in ("granian", "procrastinate", "postgres"):
            if name in command:
                found[name] = int(child)
    return found


def test_from_nothing_to_a_page_and_down_by_ctrl_c(running: Running) -> None:
    running.read_until("Ctrl-C stops it")
    assert "demonstration" in running.said
    assert "officer" in running.said
    assert running.page() == "users: 1"
    assert running.stop() == 0
    assert "Traceback" not in running.said
    assert not Server(running.folder).status().is_running
    again = Running(running.folder, running.port)
    again.read_until("Ctrl-C stops it")
    assert "Filling" not in again.said
    assert again.page() == "users: 1"
    assert again.stop() == 0
    again.process.stdout.close()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("victim", "said"),
    [
        ("granian", "The web process died"),
        ("procrastinate", "The worker died"),
        ("postgres", "The database died"),
    ],
)
def test_what_is_killed_comes_back(running: Running, victim: str, said: str) -> None:
    running.read_until("Ctrl-C stops it")
    os.kill(children_of(running.process.pid)[victim], signal.SIGKILL)
    running.read_until(said)
    assert running.page() == "users: 1"
    assert running.stop() == 0


def test_a_killed_supervisor_leaves_a_free_port_and_a_usable_database(running: Running) -> None:
    running.read_until("Ctrl-C stops it")
    web = os.pidfd_open(children_of(running.process.pid)["granian"])
    running.process.kill()
    running.process.wait()
    wait_for_the_end(web)
    again = Running(running.folder, running.port)
    again.read_until("Ctrl-C stops it")
    assert again.page() == "users: 1"
    assert again.stop() == 0
    again.process.stdout.close()  # type: ignore[union-attr]
    assert not Server(running.folder).status().is_running


def test_a_taken_port_is_one_sentence(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = serve_and_fail(data, port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not data.exists()


def test_a_broken_data_folder_is_one_sentence(data: Path) -> None:
    data.write_text("a file")
    done = serve_and_fail(data, str(free_port()))
    assert done.returncode == 1
    assert "is not a folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_web_process_that_cannot_load_stops_everything(data: Path) -> None:
    done = serve_and_fail(data, str(free_port()), COTUTELLE_TEST_BROKEN_PAGES="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "The web process could not start; the reason is above."
    assert not Server(data).status().is_running


def serve_and_fail(folder: Path, port: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ENTRY, "serve"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(folder, port) | more,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8700"),
        ("0.0.0.0", "http://127.0.0.1:8700"),  # noqa: S104 - read, not bound
        ("::", "http://[::1]:8700"),
        ("cotutelle.example.edu", "http://cotutelle.example.edu:8700"),
    ],
)
def test_links_and_codes_begin_with_an_address_that_can_be_opened(host: str, address: str) -> None:
    assert _address(host, 8700) == address
