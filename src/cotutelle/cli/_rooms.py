"""Commands that need the database and the rooms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import typer

DEMO_SETTINGS = "cotutelle.config.settings.demo"


@contextmanager
def rooms() -> Iterator[None]:
    """
    Run the block with the rooms loaded and a database that answers.

    A refusal of the rules, or of the database, ends the command with its sentence and exit
    status 1.
    """
    from django.conf import settings  # noqa: PLC0415

    from cotutelle.core.errors import RuleViolation  # noqa: PLC0415
    from cotutelle.database import DatabaseProblem, lease  # noqa: PLC0415
    from cotutelle.database.url import VARIABLE  # noqa: PLC0415

    try:
        if settings.configured:
            with _english():
                yield
            return
        wanted = os.environ.get("COTUTELLE_SETTINGS") or os.environ.get("DJANGO_SETTINGS_MODULE")
        os.environ["DJANGO_SETTINGS_MODULE"] = wanted or DEMO_SETTINGS
        with lease() as url:
            os.environ[VARIABLE] = url
            _set_up()
            try:
                with _english():
                    yield
            finally:
                _close()
    except (RuleViolation, DatabaseProblem) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


def _set_up() -> None:
    import django  # noqa: PLC0415

    django.setup()


def _english() -> AbstractContextManager[None]:
    """Return a block in which refusals are in the language of all that commands print."""
    from django.utils import translation  # noqa: PLC0415

    return translation.override("en")


def _close() -> None:
    from django.db import connection, connections  # noqa: PLC0415

    connections.close_all()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()  # type: ignore[attr-defined]
