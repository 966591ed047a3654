"""``cotutelle log prove`` and ``verify``: proofs from rows or from files alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from cotutelle.cli._rooms import rooms

TIMEOUT_S = 20.0
MAX_FILE_BYTES = 8 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
Out = Annotated[Path | None, typer.Option(help="Where the proof goes; printed without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not sentences.")]


def register(commands: typer.Typer) -> None:
    """Add these commands to the group ``log``."""
    commands.command()(prove)
    commands.command()(verify)


def prove(
    index: Annotated[int, typer.Argument(min=0, metavar="ENTRY", help="Its place in the log.")],
    *,
    source: Annotated[
        str, typer.Option("--from", help="Address or folder of a log: no database is needed then.")
    ] = "",
    shard: Annotated[
        int | None, typer.Option(help="Number of the tree; the open one without.")
    ] = None,
    out: Out = None,
    entry_out: Annotated[
        Path | None, typer.Option("--entry", help="Where the bytes of the entry go.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Give entry, payload, salt and proof as JSON.")
    ] = False,
) -> None:
    """Prove that an entry is in the published log. Exit status 1: it is not there yet."""
    from cotutelle.cli.log import the_shard, write  # noqa: PLC0415

    if source:
        if evidence:
            typer.echo("What an entry commits to is in no tile: leave out --from.", err=True)
            raise typer.Exit(2)
        data, proof = _prove_from_tiles(_reader(source), index)
        if entry_out is not None:
            write(data, entry_out)
        write(proof.encode(), out)
        return
    with rooms():
        from cotutelle.ledger.queries import entry_data, evidence_of  # noqa: PLC0415

        tree = the_shard(shard)
        leaf = tree.leaves.select_related("shard", "entry__payload").filter(index=index).first()
        found = evidence_of(leaf) if leaf else None
        if leaf is None or found is None:
            typer.echo(f"Entry {index} is in no published tree yet.", err=True)
            raise typer.Exit(1)
        if entry_out is not None:
            write(entry_data(leaf), entry_out)
        if evidence:
            write(json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n", out)
        else:
            write(found["proof"].encode(), out)


def verify(
    proof: Annotated[
        Path, typer.Argument(help="A tlog-proof file, or evidence as JSON with entry and payload.")
    ],
    *,
    policy: Annotated[Path, typer.Option(help="Whom to believe: a C2SP tlog-policy file.")],
    entry: Annotated[
        Path | None, typer.Option(help="The bytes of the entry; not needed with evidence.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Verify that an entry is in a witnessed log; files are enough, nobody is asked.

    Exit status: 0 it is, 1 refused, 2 a file cannot be read.
    """
    from cotutelle.engines.credentials.errors import FileProblem  # noqa: PLC0415
    from cotutelle.engines.credentials.reading import read_json  # noqa: PLC0415
    from cotutelle.engines.translog import Policy, TranslogError, check_entry  # noqa: PLC0415

    text, rules = _read(proof), _read(policy)
    is_evidence = text.removeprefix(BOM).lstrip().startswith(b"{")  # a bare proof has its own name
    data = b"" if is_evidence else _entry(entry)
    facts: dict[str, Any]
    try:
        payload = None
        if is_evidence:
            found = read_json(text)
            data, payload = _data_of(found["entry"]), found.get("payload")
            if "payload" in found or "statement" in found["entry"]:
                check_entry(found["entry"], payload, found.get("salt"))
            text = str(found["proof"]).encode()
        proven = Policy.parse(rules).verify(data, text)
        facts = {
            "good": True,
            "origin": proven.checkpoint.origin,
            "index": proven.index,
            "size": proven.checkpoint.size,
            "witnesses": [name for name, _time in proven.cosigners],
            "disclosed": payload is not None,
        }
    except (FileProblem, TranslogError, KeyError) as error:
        facts = {
            "good": False,
            "code": getattr(error, "code", "proof.malformed"),
            "reason": str(error),
        }
    _tell(facts, as_json)
    if not facts["good"]:
        raise typer.Exit(1)


def _tell(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    elif facts["good"]:
        typer.echo(
            f"Entry {facts['index']} is in {facts['origin']}, of {facts['size']} entries, "
            f"as {len(facts['witnesses'])} witnesses saw it: {', '.join(facts['witnesses'])}."
        )
    else:
        typer.echo(f"Refused ({facts['code']}): {facts['reason']}.")


def _prove_from_tiles(read: Callable[[str], bytes], index: int) -> tuple[bytes, str]:
    """Return an entry and its proof from tiles alone, checked against the checkpoint."""
    from cotutelle.engines.translog import (  # noqa: PLC0415
        Checkpoint,
        LogProof,
        Note,
        TiledTree,
        TranslogError,
        inclusion_proof,
        leaf_hash,
        verify_inclusion,
    )

    try:
        note = read("checkpoint").decode()
        head = Checkpoint.parse(Note.parse(note).text)
        if index >= head.size:
            typer.echo(f"The published tree has {head.size} entries.", err=True)
            raise typer.Exit(1)
        data = _bundle(read, head.size, index)
        hashes = inclusion_proof(TiledTree(read, head.size), index, head.size)
        verify_inclusion(index, head.size, leaf_hash(data), hashes, head.root)
    except (OSError, LookupError, UnicodeDecodeError) as error:
        typer.echo(f"The log cannot be read: {error}", err=True)
        raise typer.Exit(2) from None
    except (TranslogError, ValueError) as error:
        typer.echo(f"The log contradicts itself: {error}", err=True)
        raise typer.Exit(1) from None
    return data, LogProof(index, tuple(hashes), note).text


def _bundle(read: Callable[[str], bytes], size: int, index: int) -> bytes:
    from cotutelle.engines.translog import entries_path, split_bundle  # noqa: PLC0415
    from cotutelle.engines.translog.tiles import TILE_WIDTH  # noqa: PLC0415

    number, at = divmod(index, TILE_WIDTH)
    width = min(size - number * TILE_WIDTH, TILE_WIDTH)
    try:
        return split_bundle(read(entries_path(number, width)))[at]
    except (OSError, LookupError):
        if width == TILE_WIDTH:
            raise
        return split_bundle(read(entries_path(number)))[at]


def _reader(source: str) -> Callable[[str], bytes]:
    """Return what reads a path of the log at an address or in a folder."""
    if urlsplit(source).scheme not in {"http", "https"}:
        folder = Path(source)
        return lambda path: (folder / path).read_bytes()
    import httpx  # noqa: PLC0415

    from cotutelle.witness.reader import LogReader  # noqa: PLC0415

    return LogReader(httpx.Client(timeout=TIMEOUT_S), source.rstrip("/")).read


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        typer.echo(f"{path} cannot be read: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    if len(content) > MAX_FILE_BYTES:
        typer.echo(f"{path} is larger than {MAX_FILE_BYTES} bytes.", err=True)
        raise typer.Exit(2)
    return content


def _entry(path: Path | None) -> bytes:
    if path is None:
        typer.echo("Name the entry with --entry, or give evidence as JSON.", err=True)
        raise typer.Exit(2)
    return _read(path)


def _data_of(entry: Any) -> bytes:
    from cotutelle.engines.translog import EntryError, read_entry  # noqa: PLC0415

    if not isinstance(entry, dict):
        raise EntryError("entry.json", "the entry is no JSON object")
    return read_entry(entry).data
