"""Witnesses as processes of their own, over HTTP; and a small log to show them."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    LogProof,
    Signer,
    Tree,
    consistency_proof,
    entries_path,
    entry_bundle,
    inclusion_proof,
    leaf_hash,
    sign_note,
    tiles_of,
)
from cotutelle.engines.translog.strict import encode_base64
from cotutelle.witness import Folder, Store
from cotutelle.witness.logs import add_log
from tests.factories.ports import free_port

ENTRY = "from cotutelle.cli import main; main()"
SRC = Path(__file__).resolve().parents[2] / "src"
START_PATIENCE_S = 60.0
POLL_INTERVAL_S = 0.02
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the system's takes most of a request


@dataclass(slots=True)
class RunningWitness:
    """A witness that answers at ``url``; ``vkey`` is its Ed25519 key, ``vkeys`` are all."""

    url: str
    vkey: str
    vkeys: list[str]
    folder: Path
    process: subprocess.Popen[bytes]

    def post(self, path: str, body: bytes, **options: Any) -> httpx.Response:
        """Send one request on a connection of its own."""
        return httpx.post(
            f"{self.url}{path}", content=body, timeout=60, trust_env=False, verify=NO_TLS, **options
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Fetch one page."""
        return httpx.get(f"{self.url}{path}", timeout=60, trust_env=False, verify=NO_TLS, **options)

    def status(self) -> dict[str, Any]:
        """Return what the witness says about itself."""
        return dict(self.get("/status").json())


@contextlib.contextmanager
def running_witness(
    tmp_path: Path,
    name: str = "witness.example/w1",
    logs: Sequence[str | tuple[str, str]] = (),
    *,
    mldsa: bool = False,
    arguments: Sequence[str] = (),
) -> Iterator[RunningWitness]:
    """
    Run ``cotutelle witness serve`` on a free port until the block ends.

    Parameters
    ----------
    tmp_path
        The folder of the witness is made in it, or used again.
    name
        Its name; two witnesses in one ``tmp_path`` need two.
    logs
        Verifier keys of trusted logs, or pairs of key and address.
    mldsa
        Whether to make a second key.
    arguments
        More for ``serve``, such as ``--issuer``.
    """
    path = tmp_path / hashlib.sha256(name.encode()).hexdigest()[:12]
    folder = Folder.create(path, name, mldsa=mldsa, exist_ok=True)
    store = Store(path)
    for log in logs:
        vkey, url = (log, None) if isinstance(log, str) else log
        add_log(store, vkey, url)
    with serving(path, folder.vkeys, arguments) as witness:
        yield witness


@contextlib.contextmanager
def serving(
    path: Path, vkeys: list[str], arguments: Sequence[str] = ()
) -> Iterator[RunningWitness]:
    """Run a process on a folder that exists."""
    port = free_port()
    command = [sys.executable, "-c", ENTRY, "witness", "serve", str(path), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--rate", "0", *arguments],
        env={"PYTHONPATH": str(SRC), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        witness = RunningWitness(f"http://127.0.0.1:{port}", vkeys[0], vkeys, path, process)
        wait_until(lambda: _answers(witness), lambda: process.poll() is None)
        yield witness
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def wait_until(
    condition: Callable[[], bool],
    possible: Callable[[], bool] = lambda: True,
    patience_s: float = START_PATIENCE_S,
) -> None:
    """Ask again and again; fail when it cannot come true any more or takes too long."""
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while not condition():
        assert possible(), "it ended before"
        assert time.monotonic() < deadline, "it never came true"
        pause.wait(POLL_INTERVAL_S)


def _answers(witness: RunningWitness) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return witness.get("/healthz").status_code == httpx.codes.OK
    return False


@dataclass(slots=True)
class SmallLog:
    """A log in memory that can be made to lie; ``mark`` distinguishes its histories."""

    origin: str = "log.example/cotutelle"
    entries: list[bytes] = field(default_factory=list)
    seed: bytes = b"\x01" * 32
    tree: Tree = field(default_factory=Tree)

    @property
    def signer(self) -> Signer:
        """Return its key."""
        return Signer(self.origin, Algorithm.ED25519, self.seed)

    @property
    def vkey(self) -> str:
        """Return its verifier key."""
        return self.signer.verifier.vkey

    def grow(self, size: int, mark: str = "") -> SmallLog:
        """Append entries up to this size, and return itself."""
        while len(self.entries) < size:
            self.append(f"entry {len(self.entries)} {mark}".encode())
        return self

    def append(self, entry: bytes) -> int:
        """Append one entry and return its index."""
        self.entries.append(entry)
        return self.tree.append(leaf_hash(entry))

    def branch(self, size: int) -> SmallLog:
        """Return another history with the same first entries and the same key."""
        other = SmallLog(self.origin, seed=self.seed)
        for entry in self.entries[:size]:
            other.append(entry)
        return other

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return what it says about its tree."""
        size = len(self.entries) if size is None else size
        return Checkpoint(self.origin, size, self.tree.root(size))

    def note(self, size: int | None = None, lines: str = "") -> str:
        """Return the signed checkpoint, with more signature lines."""
        return sign_note(self.checkpoint(size).text, [self.signer]) + lines

    def request(self, old: int, size: int | None = None) -> bytes:
        """Return the body of add-checkpoint for an honest extension."""
        size = len(self.entries) if size is None else size
        proof = consistency_proof(self.tree, old, size) if 0 < old <= size else []
        return submission(old, proof, self.note(size))

    def proof(self, index: int, size: int, lines: str = "") -> str:
        """Return a proof file for an entry."""
        hashes = tuple(inclusion_proof(self.tree, index, size))
        return LogProof(index, hashes, self.note(size, lines)).text

    def files(self, lines: str = "", size: int | None = None) -> dict[str, bytes]:
        """Return all that it publishes, by path (C2SP tlog-tiles)."""
        size = len(self.entries) if size is None else size
        found = {path: bytes(data) for path, data in tiles_of(self.tree, size).items()}
        for start in range(0, size, 256):
            part = self.entries[start : min(start + 256, size)]
            found[entries_path(start // 256, len(part))] = entry_bundle(part)
        return {**found, "checkpoint": self.note(size, lines).encode()}


def submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the body of an add-checkpoint request."""
    lines = "".join(f"{encode_base64(item)}\n" for item in proof)
    return f"old {old}\n{lines}\n{note}".encode()
