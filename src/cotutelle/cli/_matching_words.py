"""What `cotutelle match` says about results, rules and reasons, in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cotutelle.engines.matching import (
    Change,
    Diagnosis,
    MatchingProblem,
    Reason,
    Repair,
    Rule,
    Sufficient,
)

_RANKS_SHOWN = 5

_STATUS = {
    "stable": "Stable",
    "optimal": "Optimal, proven by the solver",
    "feasible": "The best found before the time was up; no result of this kind places more than {bound}",
}


def proof_words(evidence: dict[str, Any], admits: int) -> str:
    """Say what the verifier proved of a size itself, and what rests on the solver's word."""
    if evidence["size"] == admits:
        return (
            f"No result can place more than {admits}: a maximum flow through lists and places,"
            " computed here, admits no more."
        )
    return (
        f"That a result of this kind places no more than {evidence['bound']} is the solver's word:"
        f" lists and places alone would admit {admits}, by a maximum flow computed here."
    )


def summary(certificate: dict[str, Any], report: dict[str, Any], out: Path) -> str:
    """Return the lines about a result that was written."""
    unmatched, size, profile = (
        certificate["evidence"]["unmatched"],
        report["size"],
        report["rank_profile"],
    )
    ranks = [(rank, count) for rank, count in enumerate(profile, start=1) if count]
    choices = [f"{count} at rank {rank}" for rank, count in ranks[:_RANKS_SHOWN]]
    if len(ranks) > _RANKS_SHOWN:
        choices.append(f"{sum(count for _, count in ranks[_RANKS_SHOWN:])} further down")
    status = _STATUS[report["status"]].format(bound=report["bound"])
    lines = [
        f"{status}. {size} of {size + unmatched} students have a place, {unmatched} have none.",
        f"Their choices: {', '.join(choices) or 'none'}.",
        *_tolerated(certificate["evidence"]["tolerated"]),
        f"Inputs: SHA-256 {report['input_sha256']}",
        f"Written: {out}/assignment.csv, unmatched.csv, certificate.json",
    ]
    return "\n".join(lines)


def _tolerated(rows: list[list[Any]]) -> list[str]:
    causes = [row[3] for row in rows]
    lines = [
        f"Pairs kept apart only by a pin or a ban: {causes.count('pin') + causes.count('ban')}."
    ]
    if "group_cap" in causes:
        lines.append(f"Pairs kept apart only by the quota of a group: {causes.count('group_cap')}.")
    if "lower_quota" in causes:
        count = causes.count("lower_quota")
        lines.append(f"Pairs that would rather have each other, apart for minimums: {count}.")
    if "weight" in causes:
        count = causes.count("weight")
        lines.append(f"Pairs that would rather have each other, apart for weights: {count}.")
    return lines


def infeasibility(diagnosis: Diagnosis) -> list[str]:
    """Return the lines about a market that has no result."""
    lines = ["No result keeps all rules. These cannot be kept together:"]
    lines += [f"  {rule_sentence(rule)}" for rule in diagnosis.reasons]
    for number, repair in enumerate(diagnosis.repairs, start=1):
        lines.append(f"What would help ({number} of {len(diagnosis.repairs)}):")
        lines += [f"  {change_sentence(change)}" for change in repair.changes]
    lines.append("Nothing was written.")
    return lines


def rule_sentence(rule: Rule) -> str:
    """Return what a rule demands."""
    if isinstance(rule.key, tuple):
        student, offer = rule.key
        if rule.kind == "ban":
            return f"student {student!r} must not have offer {offer!r}"
        return f"student {student!r} and offer {offer!r} have not accepted each other"
    if rule.kind == "pin":
        return f"student {rule.key!r} is pinned to offer {rule.value!r}"
    level, _, bound = rule.kind.partition("_")
    what = "students" if level == "offer" else "places"
    least_or_most = "at least" if bound == "lower" else "at most"
    return f"{level} {rule.key!r}: {least_or_most} {rule.value} {what}"


def change_sentence(change: Change) -> str:
    """Return what to do."""
    if isinstance(change.key, tuple):
        student, offer = change.key
        if change.kind == "ban":
            return f"lift the ban of student {student!r} and offer {offer!r}"
        return f"let student {student!r} and offer {offer!r} accept each other"
    if change.kind == "pin":
        return f"give up the pin of student {change.key!r} to offer {change.before!r}"
    level, _, bound = change.kind.partition("_")
    name = "minimum" if bound == "lower" else "quota"
    after = "none" if change.after is None else change.after
    return f"change the {name} of {level} {change.key!r} from {change.before} to {after}"


def infeasibility_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "reasons": [
            {"kind": rule.kind, "key": rule.key, "value": rule.value} for rule in diagnosis.reasons
        ],
        "repairs": [_repair_json(repair) for repair in diagnosis.repairs],
    }


def _repair_json(repair: Repair) -> dict[str, Any]:
    changes = [
        {"kind": c.kind, "key": c.key, "before": c.before, "after": c.after} for c in repair.changes
    ]
    return {"cost": repair.cost, "changes": changes}


def reason_sentence(problem: MatchingProblem, student: str, offer: str, reason: Reason) -> str:
    """Return why a student has or has not an offer."""
    who, what = f"Student {student!r}", f"offer {offer!r}"
    mentor = f"mentor {problem.offers[offer].mentor_id!r}"
    words = f": {reason.detail}" if reason.detail and reason.level is None else ""
    because = f"{who} does not have {what}: "
    sentences = {
        "assigned": f"{who} has {what}.",
        "conflict": f"{because}there is a conflict of interest{words}.",
        "policy": f"{because}a rule forbids it{words}.",
        "holds_better": f"{because}the student has a choice at least as good.",
        "pinned_elsewhere": f"{because}the student was placed before the run{words}.",
        "not_accepted": f"{because}{mentor} did not list the student.",
        "no_places": f"{because}there are no places.",
        "pinned_places": f"{because}{_many(reason.count, 'place was', 'places were')} assigned"
        " before the run.",
        "preferred_others": f"{because}{_many(reason.count, 'place', 'places')} went to students"
        f" whom {mentor} preferred.",
        "group_cap": f"{because}the {_many(reason.count, 'place', 'places')} of group"
        f" {reason.detail!r} went to applications that come first in its order.",
        "lottery": f"{because}{mentor} ranked {_many(reason.count, 'holder', 'holders')} of a"
        " place equal, and the lottery decided.",
        "tie": f"{because}{mentor} ranked {_many(reason.count, 'holder', 'holders')} of a place"
        " equal, and the tie was decided so that more students get a place.",
        "lower_quota": f"{because}{_minimum(reason)}.",
    }
    return sentences[reason.code]


def _minimum(reason: Reason) -> str:
    if reason.level is None:
        return "the pair is kept apart so that minimum quotas are met"
    return f"the minimum of {reason.count} of {reason.level} {reason.detail!r} must be met"


def _many(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def sufficient_sentence(sufficient: Sufficient) -> str:
    """Return which place on the mentor's list would have been enough."""
    how = "place {} or a tie with it" if sufficient.shared else "place {}"
    place = how.format(sufficient.place)
    own = "was not on it" if sufficient.own_place is None else f"was at {sufficient.own_place}"
    sentence = (
        f"On the list of mentor {sufficient.mentor!r} {place} would have been enough;"
        f" the student {own}."
    )
    if sufficient.group is None or sufficient.group_place is None:
        return sentence
    instead = sufficient.own_group_place
    now = "" if instead is None else f" instead of {instead}"
    return (
        f"{sentence} That is place {sufficient.group_place}{now} in the order of group"
        f" {sufficient.group!r}."
    )
