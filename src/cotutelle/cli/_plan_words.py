"""What `cotutelle plan explain` says about conflicts and repairs, in sentences and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cotutelle.engines.rotation import (
        Diagnosis,
        Finding,
        Repair,
        RotationProblem,
        Rule,
    )

_NAMES_SHOWN = 6

_KINDS = {
    "capacity": "places",
    "minimum": "minimums",
    "away": "leave",
    "forbidden": "forbidden hospitals or wards",
    "pin": "pins",
    "hospital_count": "the most blocks in one hospital",
    "order": "the order of blocks",
    "window": "the months in which a block may be done",
    "elective": "the number of electives",
    "length": "the blocks that must be done",
    "horizon": "the last month",
}


def diagnosis_lines(problem: RotationProblem, diagnosis: Diagnosis) -> list[str]:
    """Return why a problem has no plan, and what would help."""
    if diagnosis.is_feasible:
        return ["There is a plan that keeps all rules."]
    if diagnosis.is_feasible is None:
        return [
            "In this time neither a plan was found nor a conflict shown; give more time.",
            *_closest(diagnosis),
        ]
    lines = ["No plan keeps all rules."]
    if diagnosis.findings:
        lines.append("Counting alone shows:")
        lines += [f"  {finding_sentence(problem, finding)}" for finding in diagnosis.findings]
    if diagnosis.core:
        proved = "; without any one of them the others can be" if diagnosis.is_irreducible else ""
        lines.append(f"These rules cannot be kept together{proved}:")
        lines += [f"  {sentence}" for sentence in core_sentences(diagnosis.core)]
    lines += _closest(diagnosis)
    for number, repair in enumerate(diagnosis.repairs, start=1):
        who = " and ".join(f"the {each}" for each in repair.who)
        lines.append(f"What would help ({number} of {len(diagnosis.repairs)}), if {who} agrees:")
        lines += [f"  {change_sentence(change)}" for change in repair.changes]
    if diagnosis.is_beyond_waiving:
        lines.append("All of these belong to the curriculum; nobody may waive them.")
    elif not diagnosis.repairs:
        lines.append("No change that people may agree on was found in this time.")
    return lines


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the same for programs."""
    elastic = diagnosis.elastic
    cells = {"over": elastic.over, "under": elastic.under} if elastic else {}
    return {
        "is_feasible": diagnosis.is_feasible,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "rules": [_rule_json(rule) for rule in diagnosis.core],
        "is_irreducible": diagnosis.is_irreducible,
        "is_beyond_waiving": diagnosis.is_beyond_waiving,
        "closest": {
            name: [[ward, period, count] for (ward, period), count in sorted(found.items())]
            for name, found in cells.items()
        },
        "repairs": [_repair_json(repair) for repair in diagnosis.repairs],
        "cpu_seconds": round(diagnosis.cpu_seconds, 3),
    }


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {**asdict(rule), "waiver": rule.waiver}


def _repair_json(repair: Repair) -> dict[str, Any]:
    return {
        "who": list(repair.who),
        "size": repair.size,
        "changes": [_rule_json(change) for change in repair.changes],
    }


def _closest(diagnosis: Diagnosis) -> list[str]:
    plan = diagnosis.elastic
    if plan is None or not (plan.over or plan.under):
        return []
    lines = ["The closest plan still has:"]
    for (ward, period), count in sorted(plan.over.items())[:_NAMES_SHOWN]:
        lines.append(f"  {count} too many in ward {ward!r} in month {period + 1}")
    for (ward, period), count in sorted(plan.under.items())[:_NAMES_SHOWN]:
        lines.append(f"  {count} too few in ward {ward!r} in month {period + 1}")
    more = max(0, len(plan.over) - _NAMES_SHOWN) + max(0, len(plan.under) - _NAMES_SHOWN)
    return [*lines, f"  and {more} more such months"] if more else lines


def finding_sentence(problem: RotationProblem, finding: Finding) -> str:
    """Return what does not come out even."""
    months = month_words(finding.periods)
    trainee = f"trainee {finding.trainee!r}"
    if finding.code == "places":
        places = _many(finding.needed, "place" if _is_one_month(finding) else "place-month")
        return f"{_wards(problem, finding)} needs {places}{months}, has {finding.has}"
    if finding.code == "minimum":
        return (
            f"{_wards(problem, finding)} must have {finding.needed} person-months{months},"
            f" at most {finding.has} can come"
        )
    if finding.code == "months":
        return f"{trainee} must do {finding.needed} months and has {finding.has}"
    if finding.code == "block":
        return f"{trainee} has no possible place and time for block {finding.block!r}"
    helping = ", ".join(_KINDS[kind] for kind in finding.kinds)
    alone = f"{trainee} has no plan even alone"
    return f"{alone}; each of these would help if it did not apply: {helping}" if helping else alone


def _is_one_month(finding: Finding) -> bool:
    return finding.periods is not None and finding.periods[0] == finding.periods[1]


def _wards(problem: RotationProblem, finding: Finding) -> str:
    departments = {ward.department for ward in problem.wards if ward.id in finding.wards}
    (name,) = departments if len(departments) == 1 else ("",)
    wards = _names(finding.wards)
    if len(finding.wards) == 1:
        return f"ward {wards}"
    return f"department {name!r} (wards {wards})" if name else f"the group of wards {wards}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def month_words(periods: tuple[int, int] | None) -> str:
    """Return `` in month 5`` or `` in months 5 to 8``, counted from 1."""
    if periods is None:
        return ""
    first, last = periods[0] + 1, periods[1] + 1
    return f" in month {first}" if first == last else f" in months {first} to {last}"


def core_sentences(rules: Sequence[Rule]) -> list[str]:
    """Return what the rules demand; the places of a ward in many months are one sentence."""
    by_ward: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        if rule.kind == "capacity":
            by_ward.setdefault(rule.subjects, []).append(rule)
    long = {subjects: found for subjects, found in by_ward.items() if len(found) > _NAMES_SHOWN}
    lines = []
    for (ward,), found in long.items():
        spans = [rule.periods or (0, 0) for rule in found]
        total = sum(
            (rule.amount or 0) * (last - first + 1)
            for rule, (first, last) in zip(found, spans, strict=True)
        )
        months = month_words((min(spans)[0], max(last for _, last in spans)))
        lines.append(f"ward {ward!r} has {_many(total, 'place-month')} in all{months}")
    return [
        *lines,
        *(
            rule_sentence(rule)
            for rule in rules
            if rule.kind != "capacity" or rule.subjects not in long
        ),
    ]


def rule_sentence(rule: Rule) -> str:
    """Return what a rule demands."""
    months = month_words(rule.periods)
    who = f"{'trainee' if len(rule.trainees) == 1 else 'trainees'} {_names(rule.trainees)}"
    first, second, *_ = (*rule.subjects, "", "")
    sentences = {
        "capacity": f"ward {first!r} has {_many(rule.amount, 'place')}{months}",
        "minimum": f"ward {first!r} must have at least {rule.amount}{months}",
        "away": f"{who}: away{months}",
        "forbidden": f"{who}: not in {first!r}",
        "pin": f"{who}: block {first!r} is pinned{months}",
        "hospital_count": f"{who}: at most {_many(rule.amount, 'block')} in one hospital",
        "order": f"{who}: block {first!r} before {second!r}",
        "window": f"{who}: block {first!r} only{months}",
        "elective": f"{who}: {rule.amount} of the electives {first!r}",
        "length": f"{who}: block {first!r}, {_many(rule.amount, 'month')}",
        "horizon": "everything ends with the last month",
    }
    return sentences[rule.kind]


def change_sentence(change: Rule) -> str:
    """Return what to do."""
    months = month_words(change.periods)
    who = f"{'trainee' if len(change.trainees) == 1 else 'trainees'} {_names(change.trainees)}"
    first = change.subjects[0] if change.subjects else ""
    sentences = {
        "capacity": f"ward {first!r} takes {change.amount} more{months}",
        "minimum": f"ward {first!r} makes do with {change.amount} fewer{months}",
        "away": f"{who}: move the leave{months}",
        "forbidden": f"{who}: allow {first!r}",
        "pin": f"{who}: give up the pin of block {first!r}{months}",
        "hospital_count": f"{who}: allow {_many(change.amount, 'more block')} in one hospital",
    }
    return sentences[change.kind]


def _many(count: int | None, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
