"""`cotutelle witness`: the process that each partner runs beside the log."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cotutelle.witness import Folder, Store

FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Folder of the witness, its own.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not sentences.")]

app = typer.Typer(
    no_args_is_help=True, help="Witness a transparency log: cosign what only grows, watch it."
)
logs = typer.Typer(no_args_is_help=True, help="The logs this witness trusts.")
app.add_typer(logs, name="log")


def register(root: typer.Typer) -> None:
    """Add the group ``witness`` to the ``cotutelle`` command."""
    root.add_typer(app, name="witness")


@app.command()
def init(
    folder: FolderArgument,
    name: Annotated[
        str, typer.Option(help="What stands in its signatures, such as witness.example/bjc.")
    ],
    *,
    mldsa: Annotated[
        bool, typer.Option("--mldsa", help="Also make an ML-DSA-44 key, safe from quantum.")
    ] = False,
    exist_ok: Annotated[
        bool, typer.Option("--exist-ok", help="Leave a witness of this name as it is.")
    ] = False,
) -> None:
    """Make the keys of a new witness, and print what others need to check its signatures."""
    from cotutelle.witness import Folder, Store  # noqa: PLC0415

    with _refusing():
        made = Folder.create(folder, name, mldsa=mldsa, exist_ok=exist_ok)
        Store(folder)
        typer.echo("\n".join(made.vkeys))


@app.command()
def key(folder: FolderArgument) -> None:
    """Print the verifier keys, one a line: for the log, and for everybody's policy."""
    opened, _ = _open(folder)
    typer.echo("\n".join(opened.vkeys))


@app.command()
def policy(
    folder: FolderArgument,
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="A C2SP tlog-policy file.")],
) -> None:
    """Keep only documents that satisfy this policy, and pass on its witnesses' signatures."""
    from cotutelle.witness.documents import set_policy  # noqa: PLC0415

    _, store = _open(folder)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file} cannot be read: {error}", err=True)
        raise typer.Exit(2) from None
    with _refusing():
        read = set_policy(store, text)
    typer.echo(f"{len(read.logs)} logs, {len(read.witnesses)} witnesses")


@logs.command("add")
def add(
    folder: FolderArgument,
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help="The log's verifier key.")],
    url: Annotated[
        str | None, typer.Option(help="Where the log is read, to follow what it publishes.")
    ] = None,
) -> None:
    """Trust a log, or a further key of it; said twice it changes only the address."""
    from cotutelle.witness.logs import add_log  # noqa: PLC0415

    _, store = _open(folder)
    with _refusing():
        log = add_log(store, vkey, url)
    typer.echo(f"{log.origin} {log.url}".strip())


@logs.command("remove")
def remove(
    folder: FolderArgument,
    log: Annotated[str, typer.Argument(metavar="LOG", help="Its origin, or one of its keys.")],
) -> None:
    """Trust a log, or one of its keys, no longer; what was cosigned stays remembered."""
    from cotutelle.witness.logs import remove_log  # noqa: PLC0415

    _, store = _open(folder)
    with _refusing():
        remove_log(store, log)


@logs.command("list")
def list_(folder: FolderArgument) -> None:
    """Print the verifier keys of the trusted logs with their addresses."""
    from cotutelle.witness.logs import trusted_logs  # noqa: PLC0415

    _, store = _open(folder)
    with store.reading() as db:
        for log in trusted_logs(db):
            for vkey in log.vkeys:
                typer.echo(f"{vkey} {log.url}".strip())


@app.command()
def serve(
    folder: FolderArgument,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8400,
    *,
    issuer: Annotated[
        list[str] | None,
        typer.Option(help="Our institution's name in the log; may be given several times."),
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Between two looks at the logs.")
    ] = 30.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Requests at once.")] = 8,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests a second of one address; 0 for any number.")
    ] = 100.0,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="X-Forwarded-For names the client.")
    ] = False,
) -> None:
    """Cosign, mirror and watch until told to stop; the dashboard is at the root address."""
    from cotutelle.witness.server import Settings  # noqa: PLC0415
    from cotutelle.witness.server import serve as run  # noqa: PLC0415

    opened, store = _open(folder)
    settings = Settings(
        host, port, threads, rate, behind_proxy, tuple(issuer or ()), look_every_s=every
    )
    typer.echo(f"Witness {opened.name} at http://{host}:{port}/ (Ctrl-C stops it)")
    sys.stdout.flush()
    with _refusing():
        if not run(opened, store, settings):
            raise typer.Exit(1)


@app.command()
def status(folder: FolderArgument, *, as_json: AsJson = False) -> None:
    """
    Say what was cosigned, refused, found wrong and issued in our name.

    Exit status 1 when a log has forked, went back, hides something, or does not answer.
    """
    from cotutelle.cli._witness_words import lines  # noqa: PLC0415
    from cotutelle.witness.status import facts  # noqa: PLC0415

    opened, store = _open(folder)
    found = facts(opened, store)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines(found)))
    wrong = [each for log in found["logs"] for each in log["findings"] if each["is_alarm"]]
    if found["forks"] or wrong:
        raise typer.Exit(1)


def _open(folder: Path) -> tuple[Folder, Store]:
    from cotutelle.witness import Folder, Store  # noqa: PLC0415

    with _refusing():
        return Folder.open(folder), Store(folder)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    from cotutelle.witness import WitnessProblem  # noqa: PLC0415

    try:
        yield
    except WitnessProblem as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
