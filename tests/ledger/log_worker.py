"""``python -m tests.ledger.log_worker STUDENT``: decide and seal, step by step, until killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.crash.settings")
    import django  # noqa: PLC0415

    django.setup()
    from django.db import transaction  # noqa: PLC0415

    from cotutelle.ledger.queries import open_shard  # noqa: PLC0415
    from cotutelle.ledger.services import record, sequence  # noqa: PLC0415
    from cotutelle.ledger.services.sealing import integrate, sign_head  # noqa: PLC0415
    from cotutelle.ledger.services.witnessing import (  # noqa: PLC0415
        cosign_head,
        heads_to_witness,
        publish_head,
    )
    from cotutelle.programmes.models import Student  # noqa: PLC0415

    student = Student.objects.get(pk=int(sys.argv[1]))
    shard = open_shard()
    assert shard is not None

    def append() -> None:
        for n in range(4):
            with transaction.atomic():
                entry = record(
                    "programmes.student.admission_changed", actor=None, subject=student,
                    after={"n": n}, decision=True,
                )  # fmt: skip
            print("kept", entry.pk, flush=True)  # noqa: T201

    def seal() -> None:
        sign_head(shard, integrate(shard))

    def cosign() -> None:
        for head in heads_to_witness():
            cosign_head(head)

    def publish() -> None:
        for head in heads_to_witness():
            publish_head(head)

    steps: dict[str, Callable[[], object]] = {
        "append": append,
        "sequence": sequence,
        "integrate": lambda: integrate(shard),
        "seal": seal,
        "cosign": cosign,
        "publish": publish,
    }
    while True:
        for name, step in steps.items():
            print("step", name, flush=True)  # noqa: T201
            step()


if __name__ == "__main__":
    main()
