"""``cotutelle serve``: everything that `make run` starts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cotutelle.cli._supervisor import Child

DEMO_SETTINGS = "cotutelle.config.settings.demo"
# What stands beside the demonstration: three witnesses and a chain, on the first free ports
# from eleven above that of the web process.
BESIDE, WITNESSES = 11, 3


def register(app: typer.Typer) -> None:
    """Add ``serve`` to the ``cotutelle`` command."""
    app.command()(serve)


def serve(
    host: Annotated[
        str, typer.Option(envvar="COTUTELLE_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="COTUTELLE_PORT", min=1, max=65535, help="Port to listen on.")
    ] = 8000,
    threads: Annotated[
        int, typer.Option(envvar="COTUTELLE_THREADS", min=1, max=64, help="Requests at once.")
    ] = 4,
) -> None:
    """Start database, web and worker in this terminal; Ctrl-C stops all of them."""
    from cotutelle.cli import _supervisor as supervisor  # noqa: PLC0415 - keeps others light
    from cotutelle.database import DatabaseProblem  # noqa: PLC0415

    try:
        supervisor.check_port(host, port)
        os.environ.setdefault("COTUTELLE_BASE_URL", _address(host, port))
        with supervisor.stopping_on_signals() as stopped, _database() as server:
            web = supervisor.web_child(host, port, threads)
            children = [web, supervisor.worker_child()]
            ports = supervisor.free_ports("127.0.0.1", port + BESIDE, WITNESSES + 1)
            children += _demo_chain(ports[WITNESSES:])
            logins = prepare()
            children += _demo_witnesses(_address(host, port), ports[:WITNESSES])
            try:
                if not stopped.is_set():
                    for child in reversed(children):
                        child.start()
                    supervisor.wait_for_web(web, host, port, stopped)
                if not stopped.is_set():
                    _welcome(host, port, logins)
                    supervisor.watch(
                        children, stopped, revive_database=lambda: _revive(server), say=_say
                    )
            finally:
                _say("Stopping.")
                supervisor.stop_all(children)
    except (DatabaseProblem, supervisor.ServeProblem) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


def _address(host: str, port: int) -> str:
    """Return where this server is found: what links in e-mails and codes on papers begin with."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    place = f"[{reached}]" if ":" in reached else reached
    return f"http://{place}:{port}"


def prepare() -> list[tuple[str, str, str]]:
    """Migrate, seed an empty demonstration, and return its logins as (role, name, password)."""
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection, connections  # noqa: PLC0415

    from cotutelle.database import data_dir, dumps, parse, upgrades  # noqa: PLC0415

    address = parse(os.environ["COTUTELLE_DATABASE_URL"])
    dumps.server_version(address)
    django.setup()
    try:
        waiting = _has_waiting_migrations()
        kept = upgrades.dump_before_change(address, data_dir(), migrates=waiting)
        if kept is not None:
            _say(f"A dump of the data before the change is in {kept}.")
        if waiting:
            _migrate()
        upgrades.remember_version(data_dir())
        return _demonstration() if getattr(settings, "COTUTELLE_DEMO", False) else []
    finally:
        connections.close_all()
        if connection.settings_dict["OPTIONS"].get("pool"):
            connection.close_pool()  # type: ignore[attr-defined]


def _demo_chain(ports: Sequence[int]) -> list[Child]:
    """Return the chain that the demonstration anchors to, where it can run; name it to all."""
    from cotutelle.cli import _supervisor as supervisor  # noqa: PLC0415
    from cotutelle.database import data_dir  # noqa: PLC0415
    from cotutelle.ledger.anchoring import demo  # noqa: PLC0415

    if (
        os.environ["DJANGO_SETTINGS_MODULE"] != DEMO_SETTINGS
        or "COTUTELLE_ANCHOR_URL" in os.environ
    ):
        return []
    command = demo.demo_chain_command(data_dir(), ports[0]) if ports else None
    if command is None:
        return []
    os.environ.update(demo.demo_chain_environment(ports[0]))
    return [supervisor.Child("chain", command, vital=False)]


def _demo_witnesses(web_url: str, ports: Sequence[int]) -> list[Child]:
    """Return the witnesses of the demonstration, told where everything is now."""
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection, connections  # noqa: PLC0415

    from cotutelle.cli import _supervisor as supervisor  # noqa: PLC0415

    if not (getattr(settings, "COTUTELLE_DEMO", False) and apps.is_installed("cotutelle.web")):
        return []
    from cotutelle.web.demo.log import prepare_witnesses  # noqa: PLC0415

    try:
        found = prepare_witnesses(web_url, ports)
    finally:
        connections.close_all()
        if connection.settings_dict["OPTIONS"].get("pool"):
            connection.close_pool()  # type: ignore[attr-defined]
    return [supervisor.witness_child(one.folder, one.port, one.issuer) for one in found]


@contextlib.contextmanager
def _database() -> Iterator[object]:
    """Yield the embedded server, running, or None when a URL names another one."""
    from cotutelle.database import Server  # noqa: PLC0415
    from cotutelle.database.url import VARIABLE  # noqa: PLC0415

    wanted = os.environ.get("COTUTELLE_SETTINGS") or os.environ.get("DJANGO_SETTINGS_MODULE")
    os.environ["DJANGO_SETTINGS_MODULE"] = wanted or DEMO_SETTINGS
    if os.environ.get(VARIABLE, "").strip():
        yield None
        return
    server = Server()
    with server.lease() as url:
        os.environ[VARIABLE] = url
        try:
            yield server
        finally:
            del os.environ[VARIABLE]


def _revive(server: object) -> None:
    from cotutelle.database import Server  # noqa: PLC0415

    if isinstance(server, Server) and not server.status().is_running:
        _say("The database died and is started again.")
        server.start()


def _has_waiting_migrations() -> bool:
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415

    _say("Bringing the database up to date.")
    call_command("migrate", interactive=False, verbosity=0)


def _demonstration() -> list[tuple[str, str, str]]:
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.core.management import (  # noqa: PLC0415
        call_command,
        get_commands,
        load_command_class,
    )

    owner = get_commands().get("seed_demo")
    if not isinstance(owner, str):
        return []
    if not get_user_model().objects.exists():
        _say("Filling the empty database with the demonstration (演示数据).")
        call_command("seed_demo")
    command = load_command_class(owner, "seed_demo")
    return list(command.demo_logins())  # type: ignore[attr-defined]


def _welcome(host: str, port: int, logins: Sequence[tuple[str, str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    place = f"[{host}]" if ":" in host else host
    console = Console()
    if logins:
        table = Table("Role", "Name", "Password", title="Demonstration logins")
        for row in logins:
            table.add_row(*row)
        console.print(table)
    console.print(f"Cotutelle runs at http://{place}:{port}/ (Ctrl-C stops it)", highlight=False)


def _say(sentence: str) -> None:
    typer.echo(sentence)
