"""What an engine says about rules, in sentences for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.engines.rotation import RotationProblem, Violation
from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.rotations.models import Participant
from cotutelle.rotations.queries.planning_months import runs
from cotutelle.rotations.queries.planning_names import Names

PLACE_CODES = frozenset({"over_capacity", "under_minimum"})
_MANY = 3
# Rules that hold month by month; one of several months is one line.
BY_MONTH = frozenset({"capacity", "minimum", "away"})


def loads_of(
    problem: RotationProblem, stays: Mapping[str, Sequence[PlannedStay]]
) -> dict[tuple[str, int], int]:
    """Count the trainees of a plan in each ward and period."""
    months = {(t.id, block.id): block.months for t in problem.trainees for block in t.blocks}
    found: dict[tuple[str, int], int] = {}
    for trainee, own in stays.items():
        for stay in own:
            for period in range(stay.start, stay.start + months.get((trainee, stay.block), 1)):
                found[stay.ward, period] = found.get((stay.ward, period), 0) + 1
    return found


def violation_text(
    violation: Violation,
    names: Names,
    problem: RotationProblem,
    loads: Mapping[tuple[str, int], int],
) -> str:
    """Return a broken rule in one sentence."""
    if violation.code in PLACE_CODES:
        return _place_text(violation, names, problem, loads)
    ward = names.ward(violation.ward) if violation.ward else ""
    month = names.month(violation.period) if violation.period is not None else ""
    values = {
        "name": names.person(violation.trainee) if violation.trainee else "",
        "ward": ward,
        "month": month,
    }
    return _sentence(violation.code) % values


def _sentence(code: str) -> str:
    sentences = {
        "not_allowed_ward": _("%(name)s: %(ward)s does not train for this block."),
        "forbidden": _("%(name)s may not be placed in %(ward)s."),
        "twice": _("%(name)s does a block twice."),
        "missing_block": _("%(name)s: a block of the curriculum is missing."),
        "group_count": _("%(name)s: too many or too few electives."),
        "outside_window": _("%(name)s: a block lies outside the months the curriculum allows."),
        "away": _("%(name)s is away in %(month)s."),
        "overlap": _("%(name)s would be in two places in %(month)s."),
        "order": _("%(name)s: blocks are not in the order the curriculum asks for."),
        "hospital_count": _("%(name)s: too many blocks in one hospital."),
        "pin_ignored": _("%(name)s: a fixed stay was moved."),
    }
    return sentences.get(code) or _("%(name)s: the plan names something that does not exist.")


def _place_text(
    violation: Violation,
    names: Names,
    problem: RotationProblem,
    loads: Mapping[tuple[str, int], int],
) -> str:
    ward = next(w for w in problem.wards if w.id == violation.ward)
    period = violation.period or 0
    values = {
        "ward": names.ward(ward.id),
        "month": names.month(period),
        "has": loads.get((ward.id, period), 0),
    }
    if violation.code == "over_capacity":
        return _("%(ward)s needs %(has)s places in %(month)s, has %(most)s.") % (
            values | {"most": ward.upper[period] if ward.upper else 0}
        )
    return _("%(ward)s needs at least %(least)s trainees in %(month)s, has %(has)s.") % (
        values | {"least": ward.lower[period] if ward.lower else 0}
    )


# ---------------------------------------------------------------- contradictions in words

_WHOSE = re.compile(r"(trainees|previous|wards)\['([^']+)'\]")


def fault_in_words(code: str, path: str, names: Names) -> tuple[str, Participant | None]:
    """Return what contradicts itself as one sentence, and on whose page it is repaired."""
    found = _WHOSE.match(path)
    kind, id_ = (found[1], found[2]) if found else ("", "")
    if kind == "wards" and code == "two_meanings":
        text = _("%(ward)s has the code of a hospital. Give it another one.")
        return text % {"ward": names.ward(id_)}, None
    if kind not in {"trainees", "previous"}:
        text = _("A number of a ward or of the planning rules cannot be used (%(code)s).")
        return text % {"code": code}, None
    sentences = {
        "outside_horizon": _("%(name)s: a stay that is held would end after the plan does."),
        "unknown_block": _("%(name)s: a stay is held for a block that is not in the curriculum."),
        "unknown_ward": _("%(name)s: a stay is held in a ward that no longer exists."),
        "circle": _("%(name)s: by the curriculum some blocks would come before themselves."),
        "group_too_small": _("%(name)s: the curriculum asks for more electives than it has."),
        "overlap": _("%(name)s: stays of the plan in force overlap."),
    }
    other = _("%(name)s: curriculum, months and held stays do not fit together (%(code)s).")
    text = sentences.get(code, other) % {"name": names.person(id_), "code": code}
    return text, names.people.get(id_)


# ---------------------------------------------------------------- a diagnosis in words


def rule_json(rule: Any) -> dict[str, Any]:
    """Return a rule of the engine as plain values."""
    return {
        "kind": rule.kind,
        "subjects": list(rule.subjects),
        "trainees": list(rule.trainees),
        "periods": list(rule.periods) if rule.periods else None,
        "amount": rule.amount,
    }


def who_waives(kind: str) -> tuple[str, str, bool]:
    """Return who may waive a rule: the words, the kind of the badge, whether anybody may."""
    from cotutelle.engines.rotation.rules import WAIVERS  # noqa: PLC0415

    words = {
        "officer": (_("This plan's office"), "due", True),
        "department": (_("The department"), "due", True),
        "trainee": (_("The trainee"), "due", True),
        "nobody": (_("National curriculum"), "wait", False),
    }
    return words[next((who for name, who in WAIVERS.items() if name == kind), "nobody")]


def _people(ids: Iterable[str], names: Names) -> str:
    found = [names.person(id_) for id_ in ids]
    if len(found) <= _MANY:
        return _(", ").join(found)
    return ngettext("%(n)d trainee", "%(n)d trainees", len(found)) % {"n": len(found)}


def rules_in_words(
    rules: Iterable[Mapping[str, Any]], names: Names
) -> list[tuple[str, tuple[str, str, bool]]]:
    """Return the rules of a diagnosis as lines, with who may waive them; months share a line."""
    lines: dict[Any, tuple[Mapping[str, Any], set[int]]] = {}
    for number, rule in enumerate(rules):
        what = (rule["kind"], *rule["subjects"], *rule["trainees"], rule["amount"])
        key = what if rule["kind"] in BY_MONTH and rule["periods"] else number
        months = lines.setdefault(key, (rule, set()))[1]
        if rule["periods"]:
            first, last = rule["periods"]
            months.update(range(first, last + 1))
    return [
        (rule_text(rule, runs(months), names), who_waives(rule["kind"]))
        for rule, months in lines.values()
    ]


def rule_text(rule: Mapping[str, Any], spans: Sequence[tuple[int, int]], names: Names) -> str:
    """Return a rule of a diagnosis as one line; without spans it holds in all months."""
    subjects = rule["subjects"]
    first = subjects[0] if subjects else ""
    kind = rule["kind"]
    values = {
        "who": _people(rule["trainees"], names),
        "when": _(", ").join(names.months(*span) for span in spans) or _("all months"),
        "n": rule["amount"] or 0,
        "place": names.place(first),
        "block": names.block_anywhere(first),
        "other": names.block_anywhere(subjects[1]) if len(subjects) > 1 else "",
        "group": first,
    }
    sentences = {
        "capacity": _("%(place)s takes at most %(n)s (%(when)s)"),
        "minimum": _("%(place)s needs at least %(n)s (%(when)s)"),
        "away": _("%(who)s: away (%(when)s)"),
        "forbidden": _("%(who)s: not in %(place)s"),
        "pin": _("%(who)s: %(block)s is fixed"),
        "hospital_count": _("%(who)s: at most %(n)s blocks in one hospital"),
        "order": _("%(block)s comes before %(other)s (%(who)s)"),
        "window": _("%(block)s lies in %(when)s (%(who)s)"),
        "elective": _("%(n)s of the electives %(group)s (%(who)s)"),
        "length": _("%(block)s takes %(n)s months (%(who)s)"),
        "horizon": _("Training ends with the last month of the plan"),
    }
    return sentences[kind] % values


def change_text(change: Mapping[str, Any], names: Names) -> str:
    """Return what a repair changes as one line."""
    subjects = change["subjects"]
    values = {
        "who": _people(change["trainees"], names),
        "when": names.months(*change["periods"]) if change["periods"] else _("all months"),
        "n": change["amount"] or 0,
        "place": names.place(subjects[0]) if subjects else "",
        "block": names.block_anywhere(subjects[0]) if subjects else "",
    }
    sentences = {
        "capacity": ngettext(
            "%(place)s: %(n)s more place (%(when)s)",
            "%(place)s: %(n)s more places (%(when)s)",
            change["amount"] or 0,
        ),
        "minimum": _("%(place)s: the fewest trainees lowered by %(n)s (%(when)s)"),
        "away": _("%(who)s: not away (%(when)s)"),
        "forbidden": _("%(who)s: agrees to %(place)s"),
        "pin": _("%(who)s: %(block)s is no longer fixed"),
        "hospital_count": _("%(who)s: %(n)s more blocks in one hospital"),
    }
    return sentences[change["kind"]] % values


def finding_text(finding: Mapping[str, Any], names: Names) -> str:
    """Return what counting alone shows as one sentence."""
    wards = finding["wards"]
    place = _(", ").join(names.ward(ward) for ward in wards[:_MANY])
    if len(wards) > _MANY:
        place = ngettext("%(n)d ward", "%(n)d wards", len(wards)) % {"n": len(wards)}
    values = {
        "place": place,
        "name": names.person(finding["trainee"]) if finding["trainee"] else "",
        "block": names.block(finding["trainee"], finding["block"]) if finding["block"] else "",
        "needed": finding["needed"],
        "has": finding["has"],
        "when": names.months(*finding["periods"]) if finding["periods"] else _("all months"),
    }
    sentences = {
        "places": _(
            "%(place)s: %(needed)s person-months are needed in %(when)s, there are %(has)s."
        ),
        "minimum": _("%(place)s: at least %(needed)s must be there in %(when)s, only %(has)s can."),
        "months": _("%(name)s has to do %(needed)s months and has %(has)s."),
        "block": _("%(name)s: there is no place and time for %(block)s."),
        "trainee": _("%(name)s has no plan even if nobody else were there."),
    }
    return sentences[finding["code"]] % values
