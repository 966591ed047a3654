"""A log whose witnesses are keys in this process: real signatures, no network."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotutelle.core.clock import now
from cotutelle.engines.translog import Algorithm, Signer, cosign
from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Checkpoint, Shard, Witness
from cotutelle.ledger.queries import newest_checkpoint, open_shard
from cotutelle.ledger.services import (
    add_witness,
    open_log,
    sequence,
    set_policy,
    shards,
    ticking,
)
from cotutelle.ledger.services.sealing import integrate, sign_head
from cotutelle.ledger.services.witnessing import keep_lines, publish_head
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.witnesses import RunningWitness, running_witness

AUTHORITY = "log.example"
NOBODY = "http://127.0.0.1:9"
"""An address where nothing answers."""


@dataclass
class WatchedLog:
    """The log with the private keys of its witnesses."""

    signers: dict[str, Signer]

    @property
    def shard(self) -> Shard:
        shard = open_shard()
        assert shard is not None
        return shard

    def seal(self) -> Checkpoint:
        """Give everything that waits a place and sign the head."""
        sequence()
        shard = self.shard
        sign_head(shard, integrate(shard))
        head = newest_checkpoint(shard)
        assert head is not None
        return head

    def cosign(self, head: Checkpoint, *names: str) -> None:
        """Have the witnesses of these names (all without any) cosign ``head``."""
        text = head.note.partition("\n\n")[0] + "\n"
        for name in names or self.signers:
            line = cosign(text, self.signers[name], int(now().timestamp()))
            keep_lines(head, Witness.objects.get(name=name), line)

    def publish(self) -> Checkpoint:
        """Seal everything that waits, have it cosigned by all, and publish it."""
        head = self.seal()
        self.cosign(head)
        assert publish_head(head)
        head.refresh_from_db()
        return head


def make_witness(name: str, unit: Unit | None = None, url: str = NOBODY) -> tuple[Witness, Signer]:
    """Return a witness of ``unit`` (a hospital of its own without one) and its key."""
    signer = Signer(name, Algorithm.COSIGNATURE, secrets.token_bytes(32))
    home = unit or UnitFactory.create(kind="hospital")
    vkey = signer.verifier.vkey
    return add_witness(unit=home, name=name, vkey=vkey, url=url, actor=None), signer


def make_log(
    settings: Any, folder: Path, *, witnesses: int = 3, needed: int = 2, colluders: int = 0
) -> WatchedLog:
    """
    Set up the log with its files in ``folder``, and a policy of ``needed`` of ``witnesses``.

    ``settings`` is the fixture of that name, ``folder`` mostly ``tmp_path``.
    """
    settings.COTUTELLE_DATA_DIR = folder
    make_consortium()
    open_log(authority=AUTHORITY, actor=None)
    made = [make_witness(f"witness.example/w{n}") for n in range(1, witnesses + 1)]
    if made:
        set_policy(
            needed=needed, colluders=colluders, witnesses=[w for w, _key in made], actor=None
        )
    return WatchedLog({signer.verifier.name: signer for _witness, signer in made})


@contextmanager
def watched_log(
    settings: Any, folder: Path, *, witnesses: int = 3, needed: int = 2
) -> Iterator[list[RunningWitness]]:
    """
    Set up the log with ``witnesses`` as processes of their own, reached over HTTP.

    ``services.tick()`` does everything then. What the process remembers of earlier logs is
    forgotten, as if it had just started.
    """
    settings.COTUTELLE_DATA_DIR = folder
    make_consortium()
    key = open_log(authority=AUTHORITY, actor=None).keys.get()
    with ExitStack() as stack:
        running, made = [], []
        for n in range(1, witnesses + 1):
            name = f"witness.example/w{n}"
            one = stack.enter_context(running_witness(folder, name, [key.vkey], mldsa=n == 1))
            running.append(one)
            made.append(
                add_witness(
                    unit=UnitFactory.create(kind="hospital"), name=name, vkey=one.vkey,
                    extra_vkey="".join(one.vkeys[1:]), url=one.url, actor=None,
                )
            )  # fmt: skip
        set_policy(needed=needed, colluders=0, witnesses=made, actor=None)
        start_afresh()
        yield running


def start_afresh() -> None:
    """Let this process compare the log with its witnesses again, as after a restart."""
    ticking._checked.clear()


def freeze_unseen(shard: Shard) -> Shard:
    """
    Freeze a tree of `make_log` and return the next one.

    Its witnesses are keys in this process, which the service would ask in vain.
    """
    return shards._freeze(shard, None)
