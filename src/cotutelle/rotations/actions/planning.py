"""Words of the history: planning."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger.actions import register, register_fields
from cotutelle.rotations.enums import (
    EventKind,
    ScenarioKind,
    ScenarioState,
    SwapState,
    WishKind,
)

register(
    {
        "rotations.cycle.created": _("Rotation plan prepared"),
        "rotations.cycle.rules_set": _("Planning rules changed"),
        "rotations.cycle.archived": _("Rotation plan archived"),
        "rotations.cycle.participants_added": _("Trainees added to the plan"),
        "rotations.participant.planned": _("Personal rotation plan set"),
        "rotations.participant.changed": _("Curriculum or months of a trainee changed"),
        "rotations.participant.removed": _("Trainee taken out of the plan"),
        "rotations.wish.added": _("Wish or constraint added"),
        "rotations.wish.removed": _("Wish or constraint removed"),
        "rotations.pin.set": _("Stay held"),
        "rotations.pin.removed": _("Stay no longer held"),
        "rotations.event.recorded": _("Event recorded"),
        "rotations.event.removed": _("Event taken back"),
        "rotations.scenario.requested": _("Scenario requested"),
        "rotations.scenario.computed": _("Scenario computed"),
        "rotations.scenario.stopped": _("Computation stopped"),
        "rotations.scenario.renamed": _("Scenario named"),
        "rotations.scenario.copied": _("Scenario copied"),
        "rotations.scenario.repaired": _("Repair tried"),
        "rotations.scenario.removed": _("Scenario thrown away"),
        "rotations.scenario.edited": _("Stay moved by hand"),
        "rotations.scenario.undone": _("Edit taken back"),
        "rotations.scenario.redone": _("Edit made again"),
        "rotations.scenario.published": _("Rotation plan published"),
        "rotations.swap.asked": _("Exchange asked for"),
        "rotations.swap.answered": _("Exchange answered"),
        "rotations.swap.withdrawn": _("Exchange taken back"),
        "rotations.swap.decided": _("Exchange decided"),
    }
)
_SCENARIO = {
    "kind": _("Kind"),
    "state": _("State"),
    "score": _("Points"),
    "count": _("Trainees concerned"),
    "revision": _("Version"),
    "name": pgettext_lazy("of a thing", "Name"),
    "digest": _("Digest"),
    "from": _("Copied from scenario"),
    "repair": _("Repair"),
}
register_fields(
    "rotations.scenario",
    _SCENARIO,
    values={"kind": dict(ScenarioKind.choices), "state": dict(ScenarioState.choices)},
)
register_fields(
    "rotations.cycle",
    {
        "name": _("Name of the plan"),
        "starts_on": _("Starts on"),
        "months": _("Months"),
        "rules": _("Planning rules"),
        "count": _("Trainees"),
        "kind": _("Kind"),
        "first": _("From month"),
        "note": pgettext_lazy("event", "Note"),
        "student": pgettext_lazy("person", "Trainee"),
        "number": _("Scenario"),
    },
    values={"kind": dict(EventKind.choices)},
)
register_fields(
    "rotations.participant",
    {
        "curriculum": _("Curriculum"),
        "first": _("From month"),
        "last": _("To month"),
        "kind": _("Kind"),
        "block": _("Block"),
        "ward": _("Ward"),
        "start": _("From month"),
        "months": pgettext_lazy("span", "Months"),
        "swap": _("Exchange"),
        "digest": _("Digest"),
    },
    values={"kind": dict(WishKind.choices)},
)
register_fields("rotations.wish", {"kind": _("Kind")}, values={"kind": dict(WishKind.choices)})
register_fields(
    "rotations.swap",
    {"state": _("State"), "reason": _("Reason")},
    values={"state": dict(SwapState.choices)},
)
