"""How plans are seen as decisions, checked again and put into words."""

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
from cotutelle.rotations.models import Scenario
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.rules.planning import BOARD_READERS
from cotutelle.rotations.services.planning_computing import RUN_KIND, verify_json


def _scenario(run: Run) -> Scenario | None:
    return Scenario.objects.filter(pk=run.subject_id).select_related("cycle__unit").first()


def _why_not(actor: Any, run: Run) -> str | None:
    """Whoever reads the board reads its runs: a certificate holds everybody's plan."""
    return why_not(actor, "rotations.view_board", _scenario(run))


def _visible(actor: Any) -> Q:
    return below([g.unit for g in actor.active_grants if g.role in BOARD_READERS])


def _back(run: Run) -> str:
    found = _scenario(run)
    return reverse("rotations:scenario", args=[found.public_id]) if found else "/"


def _in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    rules = PlanRules.from_parameters(parameters)
    most = rules.most_in_hospital
    return [
        (_("Points for each block done"), str(rules.block_points)),
        (_("Points for a ward somebody prefers"), str(rules.ward_points)),
        (_("Points for a hospital somebody prefers"), str(rules.hospital_points)),
        (_("Weight of the worst-off trainee"), str(rules.fairness)),
        (_("Cost of an idle month"), str(rules.idle_cost)),
        (_("Cost of a change of hospital"), str(rules.change_cost)),
        (_("Cost of a crowded ward-month, for each trainee above"), str(rules.smooth)),
        (_("A ward is crowded from"), f"{rules.target_percent} %"),
        (_("Cost of a month that differs from the plan in force"), str(rules.keep)),
        (_("Most blocks in one hospital"), "–" if most is None else str(most)),
        (_("The fewest trainees of wards bind"), _("Yes") if rules.minimums else _("No")),
        (_("Months a plan may last beyond the curriculum"), str(rules.slack_months)),
        (_("Days of leave that make a month away"), str(rules.leave_days)),
        (_("Most seconds for a computation"), str(rules.time_limit)),
    ]


access.register(
    RUN_KIND,
    title=gettext_lazy("Rotation plan"),
    why_not=_why_not,
    visible=_visible,
    verify=verify_json,
    in_words=_in_words,
    back_url=_back,
    checks={
        "trainees": gettext_lazy("Trainees"),
        "stays": gettext_lazy("Stays"),
        "ward-months": gettext_lazy("Months of wards"),
    },
)
