"""Who takes spreadsheets in. What a kind changes is asked of the kind's own permission."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.people.rules import is_administrator, is_office, is_officer


@rules.predicate
def uploaded_it(actor: Any, run: Any = None) -> bool:
    """The run is the actor's own."""
    return run is None or run.actor_id == actor.pk


grant(
    "exchange.import_tables",
    is_administrator | is_office,
    reason=_("Only the offices of a unit import spreadsheets."),
)
grant(
    "exchange.view_import",
    (uploaded_it & (is_administrator | is_office)) | is_administrator | is_officer,
    reason=_("Only the person who uploaded a file and the graduate school see its import."),
)
grant(
    "exchange.change_import",
    uploaded_it & (is_administrator | is_office),
    reason=_("Only the person who uploaded a file decides what is imported from it."),
)
