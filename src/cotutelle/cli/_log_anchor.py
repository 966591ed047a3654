"""``cotutelle log anchor``: write heads of the log outside, and check what others wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from cotutelle.cli._rooms import rooms

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not sentences.")]
group = typer.Typer(
    invoke_without_command=True,
    help="Anchor the published head now; set up, watch and check anchors.",
)


@contextmanager
def _said() -> Iterator[None]:
    """End the command with the sentence of an anchor's problem."""
    from cotutelle.ledger.anchoring import AnchorProblem  # noqa: PLC0415

    try:
        yield
    except AnchorProblem as problem:
        typer.echo(f"{problem} ({problem.code})", err=True)
        raise typer.Exit(1) from None


def _say(facts: dict[str, Any], as_json: bool) -> None:
    from cotutelle.cli.log import say  # noqa: PLC0415

    say(facts, as_json)


@group.callback()
def now(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Anchor the published head now. Exit status 1: nothing could be anchored."""
    if context.invoked_subcommand is not None:
        return
    with rooms(), _said():
        from cotutelle.cli.log import the_shard  # noqa: PLC0415
        from cotutelle.ledger.enums import AnchorKind  # noqa: PLC0415
        from cotutelle.ledger.services.anchors import anchor_at_once, kinds_set_up  # noqa: PLC0415

        shard = the_shard()
        rows = [row for kind in kinds_set_up() if (row := anchor_at_once(shard, AnchorKind(kind)))]
        if as_json:
            names = ("kind", "size", "state", "problem")
            _say({"anchors": [{n: getattr(row, n) for n in names} for row in rows]}, as_json)
        for row in [] if as_json else rows:
            typer.echo(f"{row.kind:<10}{row.size:<10}{row.state} {row.problem}".rstrip())
        if not rows and not as_json:
            typer.echo("Nothing to anchor, or no anchor is set.", err=True)
        if not rows or any(row.problem for row in rows):
            raise typer.Exit(1)


@group.command()
def status(*, as_json: AsJson = False) -> None:
    """Say what the chain holds, how far it lags, and what the next anchor costs."""
    with rooms(), _said():
        from cotutelle.cli.log import the_shard  # noqa: PLC0415
        from cotutelle.ledger.services.anchor_setup import standing  # noqa: PLC0415

        _say(standing(the_shard()), as_json)


@group.command()
def key(*, as_json: AsJson = False) -> None:
    """Make the key of the account that pays; print its address. A key is never overwritten."""
    with rooms(), _said():
        from cotutelle.ledger.services.anchor_setup import make_key  # noqa: PLC0415

        _say({"address": make_key()}, as_json)


@group.command()
def deploy(*, as_json: AsJson = False) -> None:
    """Make the contract and wait until it lasts; print its address."""
    with rooms(), _said():
        from cotutelle.ledger.services.anchor_setup import deploy_contract  # noqa: PLC0415

        _say({"contract": deploy_contract()}, as_json)


@group.command()
def offer(
    address: Annotated[str, typer.Argument(help="Account that may take the contract.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Offer the contract to another account: it stays ours until that one takes it."""
    with rooms(), _said():
        from cotutelle.ledger.services.anchor_setup import offer_contract  # noqa: PLC0415

        _say({"transaction": offer_contract(address)}, as_json)


@group.command()
def take(*, as_json: AsJson = False) -> None:
    """Take the contract that was offered to our account."""
    with rooms(), _said():
        from cotutelle.ledger.services.anchor_setup import take_contract  # noqa: PLC0415

        _say({"transaction": take_contract()}, as_json)


@group.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A share bundle.")],
    *,
    node: Annotated[str, typer.Option(help="Address of a node that you trust.")],
    chain: Annotated[int, typer.Option(help="Number of the chain.")],
    contract: Annotated[str, typer.Option(help="Address of the contract you know to be theirs.")],
    confirmations: Annotated[int, typer.Option(min=1, help="Blocks that make it last.")] = 12,
    as_json: AsJson = False,
) -> None:
    """
    Ask a node whether what a share bundle says of its anchor is so; needs no database.

    That the certificate is under that root is what ``cotutelle credential verify`` checks.
    Exit status 1: it is not so, or not for long enough, or the bundle names no such anchor.
    """
    from cotutelle.engines.credentials.reading import read_json  # noqa: PLC0415
    from cotutelle.ledger.anchoring import AnchorProblem  # noqa: PLC0415
    from cotutelle.ledger.anchoring.chains import Chain  # noqa: PLC0415
    from cotutelle.ledger.anchoring.evm import Client  # noqa: PLC0415

    with _said():
        try:
            stated = read_json(file.read_bytes())["anchors"]
            records = [one for one in stated if one["type"] == "evm"]
            client = Client(Chain(node, chain, contract, confirmations=confirmations))
            found = [(record, client.check(record)) for record in records]
        except (KeyError, TypeError, ValueError) as error:
            raise AnchorProblem("anchor.malformed", f"{file} is no share bundle.") from error
        if not found:
            raise AnchorProblem("anchor.absent", "The bundle names no anchor on a chain.")
        for record, outcome in found:
            if outcome.state != "confirmed":
                raise AnchorProblem("anchor.slow", "The anchor is not old enough to last.")
            at = outcome.at.isoformat() if outcome.at else ""
            _say({"size": record["size"], "root": record["root"], "at": at}, as_json)
