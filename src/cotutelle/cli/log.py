"""``cotutelle log``: keep the transparency log, and prove or verify what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotutelle.cli._rooms import rooms

if TYPE_CHECKING:
    from cotutelle.ledger.models import Shard

commands = typer.Typer(
    no_args_is_help=True, help="Keep the log of decisions; prove and verify what is in it."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not sentences.")]


def register(app: typer.Typer) -> None:
    """Add ``log`` to the ``cotutelle`` command."""
    from cotutelle.cli import _log_anchor, _log_proofs  # noqa: PLC0415

    _log_proofs.register(commands)
    commands.add_typer(_log_anchor.group, name="anchor")
    app.add_typer(commands, name="log")


def say(facts: dict[str, Any], as_json: bool) -> None:
    """Print ``facts`` as JSON, or one a line."""
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
        return
    width = max(map(len, facts), default=0) + 2
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}{value}".rstrip())


def the_shard(number: int | None = None) -> Shard:
    """Return the open tree, or the one of that number; end the command where there is none."""
    from cotutelle.ledger.models import Shard  # noqa: PLC0415
    from cotutelle.ledger.queries import open_shard  # noqa: PLC0415

    found = Shard.objects.filter(number=number).first() if number is not None else open_shard()
    if found is None:
        typer.echo("There is no such log; set one up with: cotutelle log init", err=True)
        raise typer.Exit(2)
    return found


@commands.command()
def init(
    authority: Annotated[
        str, typer.Option(help="Host name under which institutions issue for ever.")
    ],
    *,
    origin: Annotated[
        str, typer.Option(help="Name of the log; <authority>/log/1 without it.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Set up the log: its first tree and its key."""
    with rooms():
        from cotutelle.ledger.services import open_log  # noqa: PLC0415

        shard = open_log(authority=authority, origin=origin, actor=None)
        key = shard.keys.get()
        say({"origin": shard.origin, "key": key.vkey}, as_json)


@commands.command()
def status(*, as_json: AsJson = False) -> None:
    """Say how far the log is. Exit status 1 when it is blocked."""
    with rooms():
        from cotutelle.ledger.models import Pending, Witness  # noqa: PLC0415
        from cotutelle.ledger.queries import (  # noqa: PLC0415
            newest_checkpoint,
            published_checkpoint,
        )

        shard = the_shard()
        signed, published = newest_checkpoint(shard), published_checkpoint(shard)
        facts = {
            "origin": shard.origin,
            "waiting": Pending.objects.count(),
            "size": shard.size,
            "signed": signed.size if signed else 0,
            "published": published.size if published else 0,
            "published_at": published.published_at if published else None,
            "blocked": shard.blocked,
        }
        watchers = Witness.objects.order_by("id").values("name", "state", "known_size", "problem")
        if as_json:
            facts |= {"facts": shard.blocked_facts, "witnesses": list(watchers)}
        else:
            facts |= {
                w["name"]: w["problem"] or f"has seen {w['known_size'] or 0}" for w in watchers
            }
        say(facts, as_json)
        if shard.blocked:
            raise typer.Exit(1)


@commands.command()
def seal(*, as_json: AsJson = False) -> None:
    """Give places to what waits, sign, have it cosigned, publish. Exit status 1: not all of it."""
    with rooms():
        from cotutelle.ledger.services import tick  # noqa: PLC0415

        the_shard()
        turn = tick()
        say(
            {
                "sequenced": turn.sequenced,
                "signed": turn.signed,
                "published": turn.published,
                "problem": turn.problem,
            },
            as_json,
        )
        if turn.problem:
            raise typer.Exit(1)


@commands.command()
def check(*, as_json: AsJson = False) -> None:
    """Compare the log with witnesses and anchor. Exit status 1: it may not sign."""
    with rooms():
        from cotutelle.ledger.services import check_log  # noqa: PLC0415

        found = check_log(the_shard())
        if as_json:
            rows = [{"who": f.who, "state": f.state, "facts": f.facts} for f in found.findings]
            say({"good": found.good, "complete": found.complete, "findings": rows}, as_json)
        else:
            say({f.who: f.state for f in found.findings}, as_json)
            say({"good": found.good}, as_json)
        if not found.good:
            raise typer.Exit(1)


@commands.command()
def fsck(*, as_json: AsJson = False) -> None:
    """Recompute everything: rows, files, signatures, chains. Exit status 1 when a fault is found."""
    with rooms():
        from cotutelle.ledger.queries import fsck as run  # noqa: PLC0415
        from cotutelle.ledger.queries.fsck import as_json as plain  # noqa: PLC0415

        audit = plain(run())
        faults = audit.pop("faults")
        if as_json:
            say({**audit, "faults": faults}, as_json)
        else:
            say(audit, as_json)
            for fault in faults:
                typer.echo(f"{fault['code']:<22}{fault['place']}  {fault['facts'] or ''}".rstrip())
        if faults:
            raise typer.Exit(1)


@commands.command()
def policy(
    out: Annotated[Path | None, typer.Option(help="Where it goes; printed without it.")] = None,
) -> None:
    """Print whom to believe, as a C2SP tlog-policy file. Exit status 1: none is set."""
    with rooms():
        from cotutelle.ledger.queries import policy_text  # noqa: PLC0415

        text = policy_text()
        if not text:
            typer.echo("No policy is set yet: choose witnesses first.", err=True)
            raise typer.Exit(1)
        write(text.encode(), out)


def write(content: bytes, out: Path | None) -> None:
    """Write to the file ``out``, or to the terminal."""
    if out is None:
        typer.echo(content.decode(), nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        typer.echo(f"{out} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(2) from None


@commands.command()
def freeze(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign the last head of the open tree and go on under the next origin."""
    with rooms():
        from cotutelle.ledger.services import freeze_shard  # noqa: PLC0415

        shard = the_shard()
        if not yes:
            typer.confirm(f"{shard.origin} will never grow again. Go on?", abort=True)
        opened = freeze_shard(shard, actor=None)
        say({"origin": opened.origin, "key": opened.keys.get().vkey}, as_json)


@commands.command("rotate-key")
def rotate_key(
    *,
    retire: Annotated[
        bool, typer.Option("--retire", help="Retire all but the newest key, and make none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a key that signs beside the present one; `--retire` later, when all witnesses know it."""
    with rooms():
        from cotutelle.ledger.services import retire_log_key, rotate_log_key  # noqa: PLC0415

        shard = the_shard()
        if retire:
            *old, newest = shard.keys.filter(retired_at=None).order_by("id")
            for key in old:
                retire_log_key(key, actor=None)
            say({"key": newest.vkey, "retired": len(old)}, as_json)
            return
        say({"key": rotate_log_key(shard, actor=None).vkey}, as_json)


@commands.command()
def unblock(
    reason: Annotated[str, typer.Option(help="Why it may sign again; it is recorded.")],
) -> None:
    """Let a blocked log sign again, when a fresh comparison finds nothing bad."""
    with rooms():
        from cotutelle.ledger.services import unblock_log  # noqa: PLC0415

        unblock_log(the_shard(), reason=reason, actor=None)
        typer.echo("The log may sign again.")
