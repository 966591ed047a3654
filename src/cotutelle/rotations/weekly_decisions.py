"""How planned weeks are seen as decisions, checked again and put into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.core.access import why_not
from cotutelle.decisions import access
from cotutelle.decisions.models import Run
from cotutelle.institutions.queries import below
from cotutelle.rotations.models import Term
from cotutelle.rotations.rules.weekly import WEEK_PLANNERS
from cotutelle.rotations.services.weekly_planning import RUN_KIND, verify_json


def _term(run: Run) -> Term | None:
    return Term.objects.filter(pk=run.subject_id).select_related("unit").first()


def _why_not(actor: Any, run: Run) -> str | None:
    """Whoever plans the week reads its runs: they hold when everybody is taken."""
    return why_not(actor, "rotations.plan_week", _term(run))


def _visible(actor: Any) -> Q:
    return below([g.unit for g in actor.active_grants if g.role in WEEK_PLANNERS])


def _back(run: Run) -> str:
    found = _term(run)
    return reverse("rotations:term", args=[found.public_id]) if found else "/"


def _in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Cost of an hour somebody would rather not have"), str(parameters["unwanted_cost"])),
        (_("Cost of leaving out somebody who was wished for"), str(parameters["left_out_cost"])),
        (
            _("Cost of a half-day away from the ward's usual day"),
            str(parameters["ward_day_cost"]),
        ),
        (_("Most seconds for a computation"), str(parameters["time_limit"])),
    ]


access.register(
    RUN_KIND,
    title=gettext_lazy("Week of a term"),
    why_not=_why_not,
    visible=_visible,
    verify=verify_json,
    in_words=_in_words,
    back_url=_back,
    checks={
        "appointments": gettext_lazy("Appointments"),
        "people and rooms": gettext_lazy("People and rooms"),
    },
)
