"""
The ``cotutelle`` command.

Each sub-command lives in its own module and imports what is heavy inside the function,
so that ``cotutelle match`` on plain files starts without Django.
"""

from __future__ import annotations

import typer

from cotutelle.cli import (
    affinity,
    credential,
    database,
    log,
    matching,
    plan,
    serve,
    verify,
    witness,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Cotutelle: joint training of postgraduates, decisions anybody can check.",
)
matching.register(app)
verify.register(app)
affinity.register(app)
plan.register(app)
database.register(app)
serve.register(app)
witness.register(app)
credential.register(app)
log.register(app)


def main() -> None:
    """Entry point of the console script."""
    app()
