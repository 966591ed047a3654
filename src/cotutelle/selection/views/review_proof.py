"""What is known of a result, and every case that a limit, a minimum or an assignment decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.decisions.models import Run
from cotutelle.selection.enums import Algorithm, Objective
from cotutelle.selection.models import Round
from cotutelle.selection.views.officer_infeasible import Names, names_of

SHOWN = 20


def proof_of(run: Run) -> dict[str, Any]:
    """Return how the result was found, what is proven of it, and what that costs in honesty."""
    result = run.result
    algorithm = Algorithm(result.get("algorithm", Algorithm.DEFERRED_ACCEPTANCE))
    objective = result.get("objective", Objective.SIZE)
    label = str(algorithm.label)
    if algorithm == Algorithm.EXACT and objective != Objective.SIZE:
        label = f"{label}; {Objective(objective).label}"
    return {
        "algorithm": label,
        "says": _status(result, run.verdict.get("admits")),
        "is_proven": result.get("status") == "optimal",
        "is_open": result.get("status") == "feasible",
        "tactics": algorithm != Algorithm.DEFERRED_ACCEPTANCE,
    }


def moved_says(run: Run) -> str:
    """Say how few a run with few changes moved, and how many a fresh one would have."""
    if "moved" not in run.result:
        return ""
    moved, fresh = run.result["moved"], run.result.get("moved_fresh")
    text = ngettext(
        "%(n)s student moved since run %(run)s.", "%(n)s students moved since run %(run)s.", moved
    ) % {"n": f"{moved:,}", "run": run.result["keeps"]}
    if fresh is None:
        return text
    return _("%(text)s A fresh run would move %(n)s.") % {"text": text, "n": f"{fresh:,}"}


def _status(result: Mapping[str, Any], admits: int | None) -> str:
    """``admits``: the most that lists and places alone would, as the independent check counts."""
    status, bound = result.get("status", "stable"), result.get("bound")
    if status == "optimal" and admits == result["placed"]:
        return _(
            "No result places more students: lists and places admit no more, counted by the independent check."
        )
    if status == "optimal":
        return _(
            "By the proof of the solver no result is better by the rules of the round. The independent check confirms every rule; lists and places alone would admit %(n)s students."
        ) % {"n": f"{admits:,}"}
    if status == "feasible" and bound is not None:
        more = max(0, bound - result["placed"])
        text = ngettext(
            "The time was up before the proof: at most %(n)s more student could have a place.",
            "The time was up before the proof: at most %(n)s more students could have a place.",
            more,
        )
        return text % {"n": more}
    if status == "feasible":
        return _("The time was up before the proof; this is the best result found.")
    return _("No student and mentor would both rather have each other.")


def tolerated_of(round_: Round, run: Run, *, everybody: bool) -> dict[str, Any]:
    """Return the cases by cause, and each of them by name with the limit that decided it."""
    found = run.verdict.get("tolerated", ())
    shown = found if everybody else found[:SHOWN]
    bindings = [one.get("binding") for one in found]
    keys = {key for one in shown for key in (one["student"], one["offer"])}
    keys |= {binding[1] for binding in bindings if binding}
    names = names_of(round_, keys)
    counts = Counter(_cause(names, one) for one in found)
    return {
        "total": len(found),
        "causes": [{"text": text, "count": n} for text, n in counts.most_common()],
        "rows": [
            {
                "student": names.student(one["student"]),
                "offer": names.offer(one["offer"]),
                "cause": _cause(names, one),
            }
            for one in shown
        ],
        "more": len(found) - len(shown),
    }


def _cause(names: Names, one: Mapping[str, Any]) -> str:
    level, key = one.get("binding") or ("", "")
    readers = {"group": names.cap, "mentor": names.mentor, "offer": names.offer}
    name = readers[level](key) if level in readers else ""
    words = {
        "pin": _("An assignment by the school"),
        "ban": _("A conflict of interest or rule"),
        "group_cap": _("The limit of %(name)s") % {"name": name},
        "lower_quota": _("The minimum of %(name)s") % {"name": name}
        if name
        else _("Minimum places"),
        "weight": _("Students who take several places"),
    }
    return words.get(one["cause"], str(one["cause"]))
