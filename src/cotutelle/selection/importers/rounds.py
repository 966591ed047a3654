"""The round a sheet belongs to: asked before the upload."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from cotutelle.exchange.importing import Context, Option
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from cotutelle.selection.queries.visibility import rounds_visible_to


def _rounds(actor: Person, unit: Unit) -> Iterable[tuple[str, str]]:
    found = rounds_visible_to(actor).filter(state__in=[RoundState.DRAFT, RoundState.RANKING])
    return [(str(r.public_id), r.display_name) for r in found.order_by("-created_at")]


ROUND = Option("round", _("Round"), _rounds, _("Only rounds in which offers and lists can change."))


def round_of(ctx: Context) -> Round:
    """Return the chosen round, if the actor may see it."""
    rounds = rounds_visible_to(ctx.actor).select_related("unit", "cohort", "policy")
    return rounds.get(public_id=ctx.options["round"])
