"""The log of the demonstration, and the witnesses of three partners beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import LogKey, Pending, Shard, Witness
from cotutelle.ledger.queries import issuer_of, policy_text
from cotutelle.ledger.services import add_witness, open_log, sequence, set_policy
from cotutelle.witness import Folder, Store
from cotutelle.witness.documents import set_policy as set_witness_policy
from cotutelle.witness.logs import add_log

AUTHORITY = "demo.cotutelle.example"
# The university runs the log; its own witness would not count.
PARTNERS = ("BJC", "HDUT", "CVI")
NEEDED, COLLUDERS = 2, 0
FIRST_PORT = 11  # above that of the web process


@dataclass(frozen=True, slots=True)
class DemoWitness:
    """A witness to be started: its folder, the port it answers at, in whose name it looks."""

    folder: Path
    port: int
    issuer: str


def set_up_log(units: Mapping[str, Unit]) -> None:
    """Open the log and make a witness for each of three partners; two of them must cosign."""
    open_log(authority=AUTHORITY, actor=None)
    base = int(os.environ.get("COTUTELLE_PORT", "8000")) + FIRST_PORT
    witnesses = []
    for n, code in enumerate(PARTNERS):
        name = f"witness.{AUTHORITY}/{code.lower()}"
        made = Folder.create(_folder(n + 1), name, mldsa=True, exist_ok=True)
        vkey, extra = made.vkeys
        witnesses.append(
            add_witness(
                unit=units[code], name=name, vkey=vkey, extra_vkey=extra,
                url=f"http://127.0.0.1:{base + n}", actor=None,
            )
        )  # fmt: skip
    set_policy(needed=NEEDED, colluders=COLLUDERS, witnesses=witnesses, actor=None)


def seal_demo() -> None:
    """
    Give all decisions of the demonstration their place; the worker signs the head.

    They were written room by room; the log has them in the order of their days.
    """
    waiting = list(Pending.objects.order_by("entry__at", "id"))
    Pending.objects.all().delete()
    for row in waiting:
        row.pk = None
    Pending.objects.bulk_create(waiting)
    sequence()


def prepare_witnesses(web_url: str, ports: Sequence[int]) -> list[DemoWitness]:
    """
    Tell the witnesses in the data folder what they watch, and the log where they answer.

    Parameters
    ----------
    web_url
        Address of the web process, below which the log is read.
    ports
        One for each witness: they may differ from start to start.

    Returns
    -------
    list of DemoWitness
        Those that are in the data folder and known to the log.
    """
    found = []
    for n, port in enumerate(ports, 1):
        if not (_folder(n) / "witness.json").is_file():
            continue
        folder = Folder.open(_folder(n))
        witness = Witness.objects.filter(name=folder.name).select_related("unit").first()
        if witness is None:
            continue
        Witness.objects.filter(pk=witness.pk).update(url=f"http://127.0.0.1:{port}")
        _tell(Store(folder.path), web_url)
        found.append(DemoWitness(folder.path, port, issuer_of(witness.unit)))
    return found


def _tell(store: Store, web_url: str) -> None:
    for shard in Shard.objects.order_by("number"):
        for key in LogKey.objects.filter(shard=shard):
            add_log(store, key.vkey, f"{web_url}/log/{shard.number}")
    if text := policy_text():
        set_witness_policy(store, text)


def _folder(n: int) -> Path:
    return Path(settings.COTUTELLE_DATA_DIR) / "witnesses" / str(n)
