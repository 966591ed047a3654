"""Web, worker and database in one terminal: started together, watched, stopped together."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

WEB_START_TIMEOUT_S = 60.0
STOP_PATIENCE_S = 15.0
WATCH_INTERVAL_S = 0.25
RESTART_WINDOW_S = 60.0
RESTARTS_IN_WINDOW = 5
PR_SET_PDEATHSIG = 1
LAST_PORT = 65535


class ServeProblem(Exception):
    """A sentence for the person at the terminal."""


@dataclass(slots=True)
class Child:
    """
    One process of ours and its whole process group.

    One that is not ``vital`` may keep dying: the others go on without it.
    """

    name: str
    command: Sequence[str]
    vital: bool = True
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a group of its own, so that Ctrl-C reaches the supervisor alone."""
        self.starts = [at for at in self.starts if at > time.monotonic() - RESTART_WINDOW_S]
        if len(self.starts) > RESTARTS_IN_WINDOW:
            raise ServeProblem(f"The {self.name} keeps dying; its last words are above.")
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads are running yet
        )

    def has_died(self) -> bool:
        """Whether it ended; what it left of its group is ended too, to free the port."""
        if self.process is None or self.process.poll() is None:
            return False
        self._signal(signal.SIGKILL)
        return True

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does."""
        if self.process is not None and self.process.poll() is None:
            self._signal(signal.SIGTERM, whole_group=False)

    def stop(self) -> None:
        """Wait for it, not for ever."""
        if self.process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_PATIENCE_S)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: signal.Signals, *, whole_group: bool = True) -> None:
        assert self.process is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(ProcessLookupError, PermissionError):
            (os.killpg if whole_group else os.kill)(self.process.pid, number)


def web_child(host: str, port: int, threads: int) -> Child:
    """Return the web process."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    command += ["--port", str(port), "--workers", "1", "--blocking-threads", str(threads)]
    command += [
        "--log-level",
        "warning",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "10",
    ]
    return Child("web process", [*command, "cotutelle.config.wsgi:application"])


def worker_child() -> Child:
    """Return the process of background jobs."""
    command = [sys.executable, "-m", "django", "procrastinate", "worker"]
    return Child("worker", [*command, "--shutdown-graceful-timeout", "10"])


def witness_child(folder: Path, port: int, issuer: str) -> Child:
    """Return the process of a partner's witness in the demonstration."""
    command = [sys.executable, "-c", "from cotutelle.cli import main; main()", "witness", "serve"]
    command += [str(folder), "--port", str(port), "--issuer", issuer]
    return Child(f"witness {folder.name}", command, vital=False)


def free_ports(host: str, first: int, count: int) -> list[int]:
    """Return ``count`` ports from ``first`` on that nobody holds."""
    found: list[int] = []
    for port in range(first, LAST_PORT + 1):
        with contextlib.suppress(ServeProblem):
            check_port(host, port)
            found.append(port)
        if len(found) == count:
            break
    return found


def check_port(host: str, port: int) -> None:
    """Refuse a port that somebody else holds."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError as error:
        raise ServeProblem(f"Port {port} is reserved for root; set COTUTELLE_PORT.") from error
    except socket.gaierror as error:
        raise ServeProblem(f"This machine has no address {host}; set COTUTELLE_HOST.") from error
    except OSError as error:
        raise ServeProblem(
            f"Port {port} on {host} is taken: stop what uses it, or choose another one, for "
            f"example `COTUTELLE_PORT={port + 1} make run`."
        ) from error


def wait_for_web(web: Child, host: str, port: int, stopped: threading.Event) -> None:
    """Return when the web process answers."""
    deadline = time.monotonic() + WEB_START_TIMEOUT_S
    while not stopped.is_set():
        if web.has_died():
            raise ServeProblem("The web process could not start; the reason is above.")
        if _answers(host, port):
            return
        if time.monotonic() > deadline:
            raise ServeProblem(f"The web process does not answer on {host}:{port}.")
        stopped.wait(WATCH_INTERVAL_S / 2)


def _answers(host: str, port: int) -> bool:
    """Whether any reply comes: an open port alone may belong to a process that cannot load."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and its like set instead of interrupting anything."""
    stopped = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def watch(
    children: Sequence[Child],
    stopped: threading.Event,
    *,
    revive_database: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Restart what dies until somebody stops us."""
    while not stopped.wait(WATCH_INTERVAL_S):
        revive_database()
        for child in children:
            if child.has_died():
                say(f"The {child.name} died and is started again.")
                _start_again(child, say)


def _start_again(child: Child, say: Callable[[str], None]) -> None:
    try:
        child.start()
    except ServeProblem as problem:
        if child.vital:
            raise
        child.process = None
        say(f"{problem} The rest goes on without it.")


def stop_all(children: Sequence[Child]) -> None:
    """Ask all at once, then wait for each."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


def _die_with_parent() -> None:
    # A killed supervisor must not leave a web process behind that holds the port.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
