"""``cotutelle db``: status, backup, restore, shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(no_args_is_help=True, help="Look after the database.")


def register(app: typer.Typer) -> None:
    """Add ``db`` to the ``cotutelle`` command."""
    app.add_typer(commands, name="db")


@contextmanager
def one_sentence() -> Iterator[None]:
    """End the command with the sentence of a ``DatabaseProblem`` and exit status 1."""
    from cotutelle.database import DatabaseProblem  # noqa: PLC0415 - keeps other commands light

    try:
        yield
    except DatabaseProblem as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


@commands.command()
def status() -> None:
    """Say where the database is and whether it answers; nothing is started."""
    from cotutelle.database import Server, data_dir, dumps, parse  # noqa: PLC0415
    from cotutelle.database.url import VARIABLE  # noqa: PLC0415

    with one_sentence():
        named = os.environ.get(VARIABLE, "").strip()
        typer.echo(f"data folder   {data_dir()}")
        if named:
            address = parse(named)
            typer.echo(f"server        {address.host or 'default'} ({VARIABLE})")
        else:
            server = Server()
            found = server.status()
            typer.echo(f"server        embedded PostgreSQL {found.version}")
            typer.echo(f"socket        {found.sockets}")
            if not found.is_running:
                typer.echo("state         stopped")
                raise typer.Exit(1)
            typer.echo(f"process       {found.pid}")
            address = server.address()
        typer.echo(f"database      {address.name}, PostgreSQL {dumps.server_version(address)}")
        typer.echo(f"size          {dumps.size_bytes(address) / 1_048_576:.1f} MB")
        typer.echo("state         running")


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the backup goes; replaced when it exists.")],
) -> None:
    """Write database, files and keys to one FILE that only you can read. Keep it safe: it holds keys."""
    from cotutelle.database import archive, data_dir, lease, parse  # noqa: PLC0415

    with one_sentence(), lease() as url:
        manifest = archive.back_up(parse(url), data_dir(), file)
    typer.echo(
        f"{file}: the database and {len(manifest.members) - 1} files and keys, "
        f"{file.stat().st_size / 1_048_576:.1f} MB."
    )


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup made by `cotutelle db backup`.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a database that is not empty.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup back: every hash is checked first, and a failure leaves everything as it was."""
    from cotutelle.database import archive, data_dir, lease, parse  # noqa: PLC0415

    with one_sentence():
        manifest = archive.read_manifest(file)
        typer.echo(f"Backup of {_local(manifest.created_at)}, {len(manifest.members)} members.")
        if replace and not yes:
            _confirm()
        with lease() as url:
            archive.restore(parse(url), data_dir(), file, replace=replace)
    typer.echo("Restored database, files and keys; restart `make run` if it is running.")


@commands.command(context_settings={"ignore_unknown_options": True})
def shell(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to psql.")] = None,
) -> None:
    """Open psql on the database."""
    from cotutelle.database import binaries, lease, parse  # noqa: PLC0415

    with one_sentence(), lease() as url:
        done = subprocess.run(  # noqa: S603 - psql of the wheel
            [str(binaries.program("psql")), *(arguments or [])],
            check=False,
            env=parse(url).environment(),
        )
    raise typer.Exit(done.returncode)


def _confirm() -> None:
    if not sys.stdin.isatty():
        typer.echo("Nobody is there to confirm: add --yes to replace what is there.", err=True)
        raise typer.Exit(2)
    typer.confirm("Everything in the present database will be replaced. Go on?", abort=True)


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
