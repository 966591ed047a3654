"""What-ifs in words: edits, rules, reasons and repairs, and the figures of a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from cotutelle.institutions.models import Unit
from cotutelle.selection.enums import (
    Algorithm,
    LowerOrder,
    MentorAnswer,
    Objective,
    ScenarioState,
    SilentMentor,
)
from cotutelle.selection.queries.scenario_edits import Edit
from cotutelle.selection.queries.scenario_names import Names
from cotutelle.selection.views.officer_review import CAUSES, LONG_TAIL, MOVES

SCENARIO_KINDS: Mapping[str, str] = {
    ScenarioState.DRAFT: "wait",
    ScenarioState.RUNNING: "run",
    ScenarioState.DONE: "ok",
    ScenarioState.FAILED: "late",
}
EDITS: Mapping[str, tuple[str, Any]] = {
    "list": ("list-numbers", gettext_lazy("Change a student's list")),
    "answer": ("user-check", gettext_lazy("Change a mentor's answer")),
    "places": ("door", gettext_lazy("Change places of an offer, a mentor or a unit")),
    "cap": ("building", gettext_lazy("Set places of a unit without a limit")),
    "pin": ("pin", gettext_lazy("Assign a student")),
    "unpin": ("pinned-off", gettext_lazy("Take an assignment back")),
    "ban": ("ban", gettext_lazy("Add a conflict of interest")),
    "unban": ("circle-off", gettext_lazy("Lift a conflict of interest")),
    "leave": ("user-minus", gettext_lazy("Let a student leave")),
    "join": ("user-plus", gettext_lazy("Let a student join again")),
    "accept": ("link", gettext_lazy("Let a pair accept each other")),
}
ALL_CAUSES: Mapping[str, Any] = {
    **CAUSES,
    "left": gettext_lazy("Left the round"),
    "joined": gettext_lazy("Joined the round"),
    "algorithm": gettext_lazy("Another way of matching"),
}
STATUSES: Mapping[str, Any] = {
    "stable": gettext_lazy("Nobody could do better with somebody who would also prefer them"),
    "optimal": gettext_lazy("Proven: no allowed result is better"),
    "feasible": gettext_lazy("Best found in the time; not proven"),
    "infeasible": gettext_lazy("No result"),
}
TOLERATED: Mapping[str, Any] = {
    "pin": gettext_lazy("kept apart by an assignment"),
    "ban": gettext_lazy("kept apart by a conflict or rule"),
    "lower_quota": gettext_lazy("kept apart by a minimum of places"),
    "weight": gettext_lazy("kept apart because a student takes several places"),
    "group_cap": gettext_lazy("kept apart by the places of a unit"),
}
_RULES: Mapping[str, Any] = {
    "algorithm": (gettext_lazy("Way of matching"), Algorithm),
    "objective": (gettext_lazy("Among equally large results"), Objective),
    "lower_order": (gettext_lazy("Where minimum places must be met"), LowerOrder),
    "mentor_answer": (gettext_lazy("How mentors answer"), MentorAnswer),
    "silent_mentor": (gettext_lazy("A silent mentor"), SilentMentor),
    "uses_scores": (gettext_lazy("Scores are used"), None),
    "ties_by_score": (gettext_lazy("Ties are broken by score"), None),
    "same_discipline_only": (gettext_lazy("Same discipline only"), None),
    "time_limit": (gettext_lazy("Most seconds of the exact way"), None),
}


def edit_words(edits: Sequence[Edit], names: Names) -> list[dict[str, Any]]:
    """Return each edit with its icon and a sentence."""
    names.load(
        students=[e["student"] for e in edits if "student" in e]
        + [key for e in edits for tier in e.get("tiers", ()) for key in tier],
        offers=[e["offer"] for e in edits if "offer" in e]
        + [key for e in edits for key in e.get("offers", ())]
        + [e["key"] for e in edits if e.get("level") == "offer"],
        mentors=[e["mentor"] for e in edits if "mentor" in e]
        + [e["key"] for e in edits if e.get("level") == "mentor"],
        groups=[e["key"] for e in edits if e.get("level") == "group"]
        + [e["unit"] for e in edits if e["kind"] == "cap"],
    )
    return [
        {"icon": EDITS[e["kind"]][0], "text": _sentence(e, names), "index": at}
        for at, e in enumerate(edits)
    ]


def _sentence(edit: Edit, names: Names) -> str:
    student = names.of("student", edit["student"]) if "student" in edit else ""
    offer = names.of("offer", edit["offer"]) if "offer" in edit else ""
    mentor = names.of("mentor", edit["mentor"]) if "mentor" in edit else ""
    if edit["kind"] == "list":
        return _("%(student)s chooses: %(choices)s") % {
            "student": student,
            "choices": _ordered([[key] for key in edit["offers"]], "offer", names),
        }
    if edit["kind"] == "answer":
        return _("%(mentor)s ranks: %(students)s") % {
            "mentor": mentor,
            "students": _ordered(edit["tiers"], "student", names),
        }
    if edit["kind"] == "places":
        return _places(edit["level"], edit["key"], edit["most"], edit["least"], names)
    if edit["kind"] == "cap":
        return _places("group", edit["unit"], edit["most"], edit["least"], names)
    sentences = {
        "pin": _("%(student)s is assigned to %(offer)s"),
        "unpin": _("%(student)s is not assigned any more"),
        "ban": _("%(student)s and %(mentor)s have a conflict of interest"),
        "unban": _("%(student)s and %(mentor)s have no conflict of interest any more"),
        "leave": _("%(student)s leaves the round"),
        "join": _("%(student)s joins the round, behind everybody else with each mentor"),
        "accept": _("%(student)s and %(offer)s accept each other, each as the last one"),
    }
    return sentences[edit["kind"]] % {"student": student, "offer": offer, "mentor": mentor}


def _ordered(tiers: Iterable[Sequence[str]], sort: str, names: Names) -> str:
    words = [
        pgettext("a place in a list and who is there", "%(n)s. %(names)s")
        % {"n": n, "names": " = ".join(names.of(sort, key) for key in tier)}
        for n, tier in enumerate(tiers, 1)
    ]
    return _("; ").join(words) or _("nobody")


def _places(level: str, key: str, most: int | None, least: int, names: Names) -> str:
    name = names.of(level, key)
    if most is None:
        return _("%(name)s: no upper bound, at least %(least)s") % {"name": name, "least": least}
    if not least:
        return _("%(name)s: at most %(most)s") % {"name": name, "most": most}
    return _("%(name)s: %(least)s to %(most)s") % {"name": name, "least": least, "most": most}


def rule_words(rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules that differ from those of the base."""
    found = []
    for name, value in rules.items():
        label, enum = _RULES[name]
        if enum is not None:
            says = str(enum(value).label)
        elif isinstance(value, bool):
            says = _("Yes") if value else _("No")
        else:
            says = str(value)
        found.append({"label": label, "value": says})
    return found


# ---------------------------------------------------------------- without a result


def diagnosis_words(found: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Return reasons and repairs of an infeasible market in sentences."""
    return {
        "reasons": [reason_words(one, names) for one in found.get("reasons", ())],
        "repairs": [
            {"index": at, "changes": [_change(one, names) for one in repair["changes"]]}
            for at, repair in enumerate(found.get("repairs", ()))
        ],
    }


def reason_words(rule: Mapping[str, Any], names: Names) -> str:
    """Say one rule of a contradiction."""
    kind, key, value = rule["kind"], rule["key"], rule["value"]
    level, _gap, bound = kind.rpartition("_")
    if level:
        text = _("%(name)s: at least %(n)s") if bound == "lower" else _("%(name)s: at most %(n)s")
        return text % {"name": names.of(level, key), "n": value}
    if kind == "pin":
        return _("%(student)s is assigned to %(offer)s") % {
            "student": names.of("student", key),
            "offer": names.of("offer", value),
        }
    text = (
        _("%(student)s may not go to %(offer)s")
        if kind == "ban"
        else _("%(student)s and %(offer)s do not accept each other")
    )
    return text % {"student": names.of("student", key[0]), "offer": names.of("offer", key[1])}


def _change(change: Mapping[str, Any], names: Names) -> str:
    kind, key = change["kind"], change["key"]
    level, _gap, bound = kind.rpartition("_")
    if level:
        text = (
            _("%(name)s: at least %(after)s instead of %(before)s")
            if bound == "lower"
            else _("%(name)s: at most %(after)s instead of %(before)s")
        )
        return text % {
            "name": names.of(level, key),
            "before": change["before"],
            "after": "–" if change["after"] is None else change["after"],
        }
    if kind == "pin":
        return _("%(student)s is not assigned any more") % {"student": names.of("student", key)}
    text = (
        _("%(student)s may go to %(offer)s")
        if kind == "ban"
        else _("%(student)s and %(offer)s accept each other, each as the last one")
    )
    return text % {"student": names.of("student", key[0]), "offer": names.of("offer", key[1])}


def missed_words(rows: Iterable[Mapping[str, Any]], names: Names) -> list[str]:
    """Say which minimum places were missed by a way of matching that plans none."""
    return [
        _("%(name)s: %(got)s instead of at least %(minimum)s")
        % {
            "name": names.of(one["level"], one["key"]),
            "got": one["got"],
            "minimum": one["minimum"],
        }
        for one in rows
    ]


# ---------------------------------------------------------------- with a result


def profile_chart(columns: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the chart of students by the choice they got, one series a result."""
    longest = max([len(figures["profile"]) for _name, figures in columns] + [1])
    length = min(longest, LONG_TAIL)
    labels = [pgettext("on an axis", "Choice %(n)s") % {"n": n} for n in range(1, length + 1)]
    if longest > LONG_TAIL:
        labels[-1] = pgettext("on an axis", "Choice %(n)s and later") % {"n": LONG_TAIL}
    return {
        "categories": [
            *labels,
            pgettext("on an axis", "Assigned"),
            pgettext("on an axis", "No place"),
        ],
        "category_name": _("Place of the choice"),
        "series": [{"name": name, "values": _folded(f, length)} for name, f in columns],
    }


def _folded(figures: Mapping[str, Any], length: int) -> list[int]:
    profile = [*figures["profile"], *([0] * length)][: max(len(figures["profile"]), length)]
    assigned = figures["size"] - sum(figures["profile"])
    return [
        *profile[: length - 1],
        sum(profile[length - 1 :]),
        assigned,
        figures["students"] - figures["size"],
    ]


def has_base(result: Mapping[str, Any]) -> bool:
    """Tell whether what the scenario starts from has a result to compare with."""
    return bool(result["before"]["status"] != "infeasible")


def headline(result: Mapping[str, Any]) -> str:
    """Say in one sentence what would change."""
    was, now = result["before"]["size"], result["now"]["size"]
    if not has_base(result):
        return ngettext(
            "%(n)s student would have a place; without the changes there is no result",
            "%(n)s students would have a place; without the changes there is no result",
            now,
        ) % {"n": f"{now:,}"}
    moved = len(result["moved"])
    text = ngettext(
        "%(now)s instead of %(was)s students would have a place; %(n)s student would have another result",
        "%(now)s instead of %(was)s students would have a place; %(n)s students would have another result",
        moved,
    )
    return text % {"now": f"{now:,}", "was": f"{was:,}", "n": f"{moved:,}"}


def proof(figures: Mapping[str, Any]) -> str:
    """Say what is known of a result."""
    says = str(STATUSES.get(figures["status"], figures["status"]))
    bound = figures.get("bound")
    if figures["status"] == "feasible" and bound is not None and bound > figures["size"]:
        return ngettext(
            "%(says)s; at most %(n)s student more", "%(says)s; at most %(n)s students more",
            bound - figures["size"],
        ) % {"says": says, "n": bound - figures["size"]}  # fmt: skip
    return says


def load_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return places and students of each unit, before and now."""
    units = Unit.objects.select_related("parent").in_bulk([one["unit"] for one in result["load"]])
    same = Counter(unit.short_name for unit in units.values())
    rows = [
        {
            "name": _unit_name(units[one["unit"]], alone=same[units[one["unit"]].short_name] == 1),
            "path": units[one["unit"]].path,
            "places": one["now"][0],
            "places_before": one["before"][0],
            "before": one["before"][1],
            "now": one["now"][1],
            "difference": one["now"][1] - one["before"][1],
        }
        for one in result["load"]
        if one["unit"] in units
    ]
    return sorted(rows, key=lambda row: row["path"])


def _unit_name(unit: Unit, *, alone: bool) -> str:
    """Name a unit shortly, and of which institution where two have one name."""
    if alone or unit.parent is None:
        return unit.short_name
    return pgettext("unit of an institution", "%(unit)s, %(host)s") % {
        "unit": unit.short_name,
        "host": unit.parent.short_name,
    }


def cause_rows(moved: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the students who moved, counted by cause and kind of move."""
    found = []
    for cause, label in ALL_CAUSES.items():
        kinds = [one["move"] for one in moved if one["cause"] == cause]
        if kinds:
            badges = [
                {
                    "label": pgettext("a move and its count", "%(move)s %(n)s")
                    % {"move": MOVES[kind][0], "n": kinds.count(kind)},
                    "kind": MOVES[kind][1],
                    "icon": MOVES[kind][2],
                }
                for kind in MOVES
                if kind in kinds
            ]
            found.append({"text": label, "count": len(kinds), "moves": badges})
    return found


def tolerated_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how many pairs would rather have each other, by what keeps them apart."""
    was, now = result["before"]["tolerated"], result["now"]["tolerated"]
    return [
        {"label": label, "before": was.get(cause, 0), "now": now.get(cause, 0)}
        for cause, label in TOLERATED.items()
        if was.get(cause) or now.get(cause)
    ]


def pin_rows(result: Mapping[str, Any], names: Names) -> list[dict[str, Any]]:
    """Return what each single assignment costs, the dearest first."""
    costs = result["pins"]
    names.load(
        students=[c["student"] for c in costs] + [s for c in costs for s in c["gainers"]],
        offers=[c["offer"] for c in costs] + [c["own"] for c in costs if c["own"]],
    )
    rows = [
        {
            "student": names.of("student", c["student"]),
            "offer": names.of("offer", c["offer"]),
            "own": names.of("offer", c["own"]),
            "size": c["size"],
            "gain": c["gain"],
            "lose": c["lose"],
            "gainers": [names.of("student", key) for key in c["gainers"]],
        }
        for c in costs
    ]
    return sorted(rows, key=lambda row: (-row["size"], -row["gain"], row["student"]))
