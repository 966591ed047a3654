"""Decisions taken before the log existed wait for their place in it too."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def queue_past_decisions(apps: Any, _editor: Any) -> None:
    """Let every decision without a place wait for one."""
    entries = apps.get_model("ledger", "Entry").objects.filter(decision=True).order_by("id")
    pending = apps.get_model("ledger", "Pending")
    rows = (
        pending(entry_id=key, kind="agreement" if action.startswith("agreements.") else "decision")
        for key, action in entries.values_list("id", "action").iterator(chunk_size=2_000)
    )
    pending.objects.bulk_create(rows, batch_size=1_000, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_log")]

    operations = [migrations.RunPython(queue_past_decisions, migrations.RunPython.noop)]
