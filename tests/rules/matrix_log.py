"""The log in the world of the access matrix: an origin, an entry, a witness, a policy."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.ledger.models import Leaf, Shard, Witness, WitnessPolicy
from cotutelle.ledger.services import record


def put_log(world: Any, student: Any) -> None:
    """Rows are enough: what is not published is read from no file."""
    shard = Shard.objects.create(
        number=1, origin="log.example/log/1", authority="log.example", opened_at=now(), size=1
    )
    with transaction.atomic():
        entry = record(
            "programmes.student.changed", actor=None, subject=student, decision=True, after={"n": 1}
        )
    entry.pending.delete()
    Leaf.objects.create(
        shard=shard, index=0, entry=entry, issuer=f"https://log.example/issuers/{world.home.code}",
        kind="decision", day=dt.date(2026, 11, 21), commitment="0" * 64, hash=bytes(32),
    )  # fmt: skip
    witness = Witness.objects.create(
        unit=world.home, name="log.example/w1", vkey="log.example/w1+00000000+AA==", key="0" * 64,
        url="http://127.0.0.1:9", added_at=now(),
    )  # fmt: skip
    world.put("witness", "active", witness)
    policy = WitnessPolicy.objects.create(
        number=1, needed=1, colluders=0, text="quorum none\n", made_at=now()
    )
    world.put("witness_policy", "first", policy)
