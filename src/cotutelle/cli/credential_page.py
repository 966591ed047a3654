"""``cotutelle credential page``: the offline verifier as one HTML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cotutelle.engines.translog.errors import TranslogError


def register(group: typer.Typer) -> None:
    """Add ``page`` to the ``cotutelle credential`` commands."""
    group.command()(page)


def page(
    policy: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Trust policy: logs, witnesses, rule.")
    ],
    output: Annotated[Path, typer.Option(dir_okay=False, help="HTML file to write.")],
) -> None:
    """Write one HTML file that verifies credentials in any browser, without a network."""
    from datetime import UTC, datetime  # noqa: PLC0415

    _load_names()
    from cotutelle.credentials.offline.actions import action_words  # noqa: PLC0415
    from cotutelle.credentials.offline.build import build_page  # noqa: PLC0415

    try:
        text = policy.read_text(encoding="utf-8")
        html = build_page(text, built_on=datetime.now(UTC).date(), words=action_words())
    except (TranslogError, UnicodeDecodeError) as problem:
        typer.echo(f"{policy}: {problem}", err=True)
        raise typer.Exit(2) from None
    output.write_text(html, encoding="utf-8")
    typer.echo(f"{output}: {len(html.encode()) // 1024} KiB")


def _load_names() -> None:
    """Load the rooms, which name what happens in them; no database is asked and no file made."""
    from django.conf import settings  # noqa: PLC0415

    if not settings.configured:
        import django  # noqa: PLC0415

        os.environ["DJANGO_SETTINGS_MODULE"] = "cotutelle.config.settings.base"
        django.setup()
