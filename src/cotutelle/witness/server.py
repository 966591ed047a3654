"""Running a witness: the web server, and beside it the thread that follows the logs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from cotutelle.witness.app import Application
from cotutelle.witness.folder import Folder, WitnessProblem
from cotutelle.witness.limits import RateLimit
from cotutelle.witness.monitor import ANSWER_TIMEOUT_S, Monitor
from cotutelle.witness.refusals import Refusals
from cotutelle.witness.routes import Routes
from cotutelle.witness.store import Store

FLUSH_INTERVAL_S = 5.0
HEADER_PATIENCE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Settings:
    """
    How to serve.

    Attributes
    ----------
    host, port
        Where to listen.
    threads
        Requests answered at once.
    requests_per_second
        Of one address, in the long run; 0 for any number.
    behind_proxy
        Whether the last ``X-Forwarded-For`` names the client.
    issuers
        The names to watch for in the logs.
    look_every_s
        Seconds between two looks at the logs.
    """

    host: str
    port: int
    threads: int = 8
    requests_per_second: float = 100.0
    behind_proxy: bool = False
    issuers: tuple[str, ...] = ()
    look_every_s: float = 30.0


def serve(folder: Folder, store: Store, settings: Settings) -> bool:
    """
    Serve until SIGTERM or SIGINT; return whether the end was asked for.

    Raises
    ------
    WitnessProblem
        When the port cannot be had.
    """
    _refuse_taken_port(settings.host, settings.port)
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    routes = Routes(folder, store, settings.issuers)
    limit = RateLimit(settings.requests_per_second)
    app = Application(routes, limit, threads=settings.threads, behind_proxy=settings.behind_proxy)
    with _flushing(routes.refusals), _monitoring(folder, store, settings):
        return asyncio.run(_serve(app, settings))


async def _serve(app: Application, settings: Settings) -> bool:
    server = Server(
        app,
        settings.host,
        settings.port,
        interface=Interfaces.ASGINL,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_PATIENCE_MS),
        websockets=False,
        log_level=LogLevels.error,
    )
    asked = asyncio.Event()

    def stop() -> None:
        asked.set()
        server.stop()  # type: ignore[no-untyped-call]

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()
    return asked.is_set()


@contextlib.contextmanager
def _flushing(refusals: Refusals) -> Iterator[None]:
    stopped = threading.Event()

    def flush() -> None:
        while not stopped.wait(FLUSH_INTERVAL_S):
            _flush(refusals)

    with _thread(flush, stopped.set):
        yield
    _flush(refusals)


def _flush(refusals: Refusals) -> None:
    try:
        refusals.flush()
    except Exception:
        logging.getLogger(__name__).exception("The counts of refusals could not be written")


@contextlib.contextmanager
def _monitoring(folder: Folder, store: Store, settings: Settings) -> Iterator[None]:
    with httpx.Client(timeout=ANSWER_TIMEOUT_S, trust_env=False) as client:
        monitor = Monitor(folder, store, settings.issuers, client)
        with _thread(lambda: monitor.run(settings.look_every_s), monitor.stop):
            yield


@contextlib.contextmanager
def _thread(work: Any, stop: Any) -> Iterator[None]:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(ANSWER_TIMEOUT_S)


def _refuse_taken_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise WitnessProblem(f"Cannot listen on {host}:{port}: {error.strerror}") from error
