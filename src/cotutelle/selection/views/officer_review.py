"""A result in words and figures: what the review page, the comparison and the report show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from cotutelle.decisions.models import Run
from cotutelle.programmes.enums import Route
from cotutelle.selection.enums import SilentMentor
from cotutelle.selection.models import Offer, Round
from cotutelle.selection.queries.review import (
    Comparison,
    Difference,
    Fill,
    Review,
    Unmatched,
    compare_runs,
    review_of,
)
from cotutelle.selection.views.officer_steps import rules_of
from cotutelle.selection.views.review_proof import moved_says, proof_of, tolerated_of
from cotutelle.ui.dates import format_datetime

SHOWN_UNMATCHED = 10
LONG_TAIL = 6
MANY_FREE = 4
SHORT = 24

# For officers: the student's own page says the same to the student.
REASONS: Mapping[str, Any] = {
    "conflict": gettext_lazy("Conflict of interest"),
    "policy": gettext_lazy("Not allowed by the rules of the round"),
    "not_accepted": gettext_lazy("Mentors did not accept"),
    "no_places": gettext_lazy("No places"),
    "pinned_places": gettext_lazy("Places assigned before the run"),
    "preferred_others": gettext_lazy("Places went to applicants whom the mentor preferred"),
    "group_cap": gettext_lazy("Places of a unit or agreement were taken"),
    "lottery": gettext_lazy("Equal, and lost by the lottery"),
    "tie": gettext_lazy("Equal, decided so that most get a place"),
    "lower_quota": gettext_lazy("A minimum elsewhere had to be kept"),
    "not_submitted": gettext_lazy("No list handed in"),
    "offer_withdrawn": gettext_lazy("Offer withdrawn"),
    "waiting": gettext_lazy("Mentor has not answered"),
    "not_sent": gettext_lazy("Choices not sent out yet"),
}
CAUSES: Mapping[str, Any] = {
    "override": gettext_lazy("Assigned by the school, or no longer"),
    "list": gettext_lazy("Another list of the student"),
    "answer": gettext_lazy("Another answer of a mentor"),
    "places": gettext_lazy("Another number of places"),
    "rule": gettext_lazy("A conflict of interest or rule"),
    "lottery": gettext_lazy("Another seed of the lottery"),
    "chain": gettext_lazy("Others moved, and a place became free or was taken"),
}
MOVES: Mapping[str, tuple[Any, str, str]] = {
    "gained": (gettext_lazy("Newly placed"), "ok", "plus"),
    "better": (gettext_lazy("Better choice"), "run", "arrow-up"),
    "worse": (gettext_lazy("Later choice"), "due", "arrow-down"),
    "other": (gettext_lazy("Another offer"), "wait", "arrow-right"),
    "lost": (gettext_lazy("Without a place now"), "late", "minus"),
}


def run_named(runs: Sequence[Run], key: str) -> Run | None:
    """Return the run with this public key among ``runs``."""
    return next((run for run in runs if str(run.public_id) == key), None)


def review_context(round_: Round, *, everybody: bool, trial: Run | None = None) -> dict[str, Any]:
    """Return what the review page shows of the result as it stands, or of a trial."""
    review = review_of(round_, trial)
    unmatched = sorted(review.unmatched, key=lambda one: one.participant.student.person.name_sort)
    shown = unmatched if everybody else unmatched[:SHOWN_UNMATCHED]
    total = _total(review)
    return {
        "review": review,
        "run": review.run,
        "headline": _headline(review),
        "profile": profile_data(
            review.rank_profile, review.students, _previous(review), review.run
        ),
        "profile_says": _profile_says(review),
        "fill": _fill_rows(review.fill),
        "fill_says": _fill_says(review.fill, total),
        "total": total,
        "unmatched": [_unmatched_row(one) for one in shown],
        "unmatched_total": len(unmatched),
        "more_unmatched": len(unmatched) - len(shown),
        "reasons": _reasons(review.unmatched),
        "silent": [str(answer) for answer in review.silent],
        "silent_rule": SilentMentor(rules_of(round_).silent_mentor).label,
        "verdict": verdict_card(round_, review.run) if review.run else None,
        "proof": proof_of(review.run) if review.run else None,
        "moved_says": moved_says(review.run) if review.run else "",
        "tolerated": tolerated_of(round_, review.run, everybody=everybody) if review.run else None,
        "previous": review.previous,
        **(differences(review.comparison) if review.comparison else {}),
    }


def _total(review: Review) -> dict[str, int]:
    places = sum(row.places for row in review.fill)
    taken = sum(row.taken for row in review.fill)
    return {
        "places": places,
        "placed": taken,
        "free": max(0, places - taken),
        "first": sum(row.first for row in review.fill),
    }


def _headline(review: Review) -> str:
    first_two = sum(review.rank_profile[:2])
    text = ngettext(
        "%(placed)s of %(students)s student has a place, %(first)s with one of the first two choices",
        "%(placed)s of %(students)s students have a place, %(first)s with one of their first two choices",
        review.students,
    )
    return text % {
        "placed": f"{review.placed:,}",
        "students": f"{review.students:,}",
        "first": f"{first_two:,}",
    }


def _previous(review: Review) -> tuple[Run, int] | None:
    if review.previous is None:
        return None
    result = review.previous.result
    return review.previous, result["students"] - result["placed"]


def _folded(profile: Sequence[int], length: int) -> list[int]:
    """Return the counts of the first places, with everything from the last one on summed."""
    padded = [*profile, *([0] * length)][: max(len(profile), length)]
    return [*padded[: length - 1], sum(padded[length - 1 :])] if length else []


def profile_data(
    profile: Sequence[int],
    students: int,
    previous: tuple[Run, int] | None,
    run: Run | None,
) -> dict[str, Any]:
    """Return the chart of students by the place of the choice they got."""
    before = previous[0].result["rank_profile"] if previous else ()
    longest = max(len(profile), len(before), 1)
    length = min(longest, LONG_TAIL)
    labels = [pgettext("on an axis", "Choice %(n)s") % {"n": n} for n in range(1, length + 1)]
    if longest > LONG_TAIL:
        labels[-1] = pgettext("on an axis", "Choice %(n)s and later") % {"n": LONG_TAIL}
    placed = sum(profile)
    assigned = (run.result["placed"] - placed) if run else 0
    values = [*_folded(profile, length), students - placed - assigned]
    data: dict[str, Any] = {
        "categories": [*labels, pgettext("on an axis", "No place")],
        "category_name": _("Place of the choice"),
        "series": [
            {"name": _("Run %(n)s") % {"n": run.number} if run else _("Students"), "values": values}
        ],
        "muted": [length],
    }
    if previous:
        data["compare"] = {
            "name": _("Run %(n)s") % {"n": previous[0].number},
            "values": [*_folded(before, length), previous[1]],
        }
    return data


def _profile_says(review: Review) -> str:
    text = _("Students by the place of the choice they got; grey: no place. n = %(n)s.") % {
        "n": f"{review.students:,}"
    }
    if review.previous is None:
        return text
    return _("%(text)s Black ticks: run %(number)s.") % {
        "text": text,
        "number": review.previous.number,
    }


def _fill_rows(rows: Sequence[Fill]) -> list[dict[str, Any]]:
    """Name units shortly, and of which institution where two have one name."""
    names = Counter(row.unit.short_name for row in rows)
    return [_fill_row(row, alone=names[row.unit.short_name] == 1) for row in rows]


def _fill_row(row: Fill, *, alone: bool) -> dict[str, Any]:
    free = max(0, row.places - row.taken)
    name = row.unit.short_name
    if not alone and row.unit.parent:
        name = pgettext("unit of an institution", "%(unit)s, %(host)s") % {
            "unit": name,
            "host": row.unit.parent.short_name,
        }
    return {
        "name": name,
        "places": row.places,
        "placed": row.taken,
        "free": free,
        "first": row.first,
        "percent": row.percent,
        "many_free": free > MANY_FREE,
    }


def _fill_says(rows: Sequence[Fill], total: Mapping[str, int]) -> str:
    says = _("%(places)s places, %(placed)s taken") % {
        "places": f"{total['places']:,}",
        "placed": f"{total['placed']:,}",
    }
    emptiest = max(rows, key=lambda row: row.places - row.taken, default=None)
    if emptiest is None or emptiest.places <= emptiest.taken:
        return says
    return _("%(says)s; most are free in %(unit)s") % {
        "says": says,
        "unit": emptiest.unit.short_name,
    }


def _unmatched_row(one: Unmatched) -> dict[str, Any]:
    student = one.participant.student
    units = Counter(offer.unit.short_name for offer in one.fitting)
    fitting = _(", ").join(f"{name} {n}" for name, n in units.items())
    more = one.fitting_count - len(one.fitting)
    if more > 0:
        fitting = _("%(units)s and %(n)s more") % {"units": fitting, "n": more}
    return {
        "name": student.display_name,
        "choices": one.choices,
        "about": f"{Route(student.route).label} {student.discipline}".strip(),
        "reason": REASONS.get(one.why.code, one.why.code),
        "fitting": fitting or "–",
    }


def _reasons(rows: Iterable[Unmatched]) -> list[dict[str, Any]]:
    counts = Counter(one.why.code for one in rows)
    return [
        {"label": REASONS.get(code, code), "count": count} for code, count in counts.most_common()
    ]


def reasons_of(round_: Round) -> tuple[dict[str, int], Mapping[str, Any]]:
    """Return how many students have no place for which reason, and the words of the reasons."""
    counts = Counter(one.why.code for one in review_of(round_).unmatched)
    return dict(counts), REASONS


def _short(value: str) -> str:
    """Return the ends of a long digest; the run's own page shows all of it."""
    return value if len(value) <= SHORT else f"{value[:8]}…{value[-4:]}"


def verdict_card(round_: Round, run: Run) -> dict[str, Any]:
    """Return the verdict of the independent check, the seed and the digest."""
    inputs, result = run.certificate["inputs"], run.result
    conflicts = sum(ban[2] == "conflict" for ban in inputs["bans"])
    placed, pins = result["placed"], len(inputs["pins"])
    checks = [
        (_("Both sides accept each other"), f"{placed:,} / {placed:,}", ""),
        (
            _("No mentor and no offer has more than its places"),
            _("%(mentors)s, %(offers)s")
            % {"mentors": f"{len(inputs['mentors']):,}", "offers": f"{len(inputs['offers']):,}"},
            "",
        ),
        *_of_units(inputs),
        (_("No student and mentor would both rather have each other"), "0", ""),
        (_("Students assigned by the school sit where they were assigned"), f"{pins} / {pins}", ""),
        (_("Conflicts of interest are kept"), f"{conflicts:,}", ""),
    ]
    tolerated = len(run.verdict.get("tolerated", ()))
    if tolerated:
        checks.append(
            (_("Tolerated only because of a rule, limit or minimum"), f"{tolerated}", "info")
        )
    full = reverse("decisions:run", args=[run.public_id])
    facts: list[dict[str, Any]] = [
        {"label": _("Seed"), "value": _short(run.seed), "code": True},
        {"label": _("Fixed as"), "value": _short(round_.seed_commitment), "code": True},
        {"label": _("Digest"), "value": _short(run.certificate_sha256), "url": full},
    ]
    return {
        "passed": bool(run.verdict.get("ok")),
        "title": _("Passed the independent check"),
        "by": _("By a program that shares no code with the matching, %(time)s")
        % {"time": format_datetime(run.checked_at)},
        "checks": [{"label": a, "count": b, "kind": c} for a, b, c in checks],
        "facts": [fact for fact in facts if fact["value"]],
        "download_url": reverse("decisions:certificate", args=[run.public_id]),
        "download_label": _("Download the certificate"),
    }


def _of_units(inputs: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was checked of limits above the mentors and of minimum places."""
    groups = inputs.get("groups", {}).values()
    everything = [*groups, *inputs["offers"].values(), *inputs["mentors"].values()]
    minimums = sum(bool(one.get("lower_quota")) for one in everything)
    checks = []
    if groups:
        checks.append((_("No unit or agreement has more than its places"), f"{len(groups)}", ""))
    if minimums:
        checks.append((_("Minimum places are kept"), f"{minimums}", ""))
    return checks


# ---------------------------------------------------------------- differences between two runs


def compare(first: Run, second: Run) -> dict[str, Any]:
    """Return the differences between any two runs, student by student."""
    found = compare_runs(first, second)
    return {
        **differences(found),
        "rows": sorted((_row(found, one) for one in _all(found)), key=lambda row: row["sort"]),
    }


def differences(found: Comparison) -> dict[str, Any]:
    """Return the differences grouped by cause."""
    rows = [(one.cause, _move(found, one)) for one in _all(found)]
    n = len(rows)
    says = ngettext(
        "%(n)s student has another result, %(same)s the same",
        "%(n)s students have another result, %(same)s the same",
        n,
    ) % {"n": f"{n:,}", "same": f"{found.unchanged:,}"}
    return {
        "compare_says": says,
        "causes": [
            {
                "text": label,
                "count": sum(cause == code for cause, _kind in rows),
                "moves": _badges(kind for cause, kind in rows if cause == code),
            }
            for code, label in CAUSES.items()
            if any(cause == code for cause, _kind in rows)
        ],
    }


def _all(found: Comparison) -> list[Difference]:
    return [*found.newly_placed, *found.moved, *found.newly_unplaced]


def _place(run: Run, one: Difference, offer: Offer) -> int | None:
    listed = run.certificate["inputs"]["students"].get(str(one.participant.public_id), ())
    wanted = str(offer.public_id)
    return listed.index(wanted) + 1 if wanted in listed else None


def _move(found: Comparison, one: Difference) -> str:
    if one.before is None:
        return "gained"
    if one.after is None:
        return "lost"
    was = _place(found.earlier, one, one.before)
    now = _place(found.later, one, one.after)
    if was is None or now is None or was == now:
        return "other"
    return "better" if now < was else "worse"


def _badges(moves: Iterable[str]) -> list[dict[str, Any]]:
    counts = Counter(moves)
    return [
        {
            "label": pgettext("a move and its count", "%(move)s %(n)s")
            % {"move": label, "n": counts[code]},
            "kind": kind,
            "icon": icon,
        }
        for code, (label, kind, icon) in MOVES.items()
        if counts[code]
    ]


def _row(found: Comparison, one: Difference) -> dict[str, Any]:
    label, kind, icon = MOVES[_move(found, one)]
    return {
        "sort": one.participant.student.person.name_sort,
        "name": one.participant.student.display_name,
        "before": one.before.title if one.before else _("No place"),
        "after": one.after.title if one.after else _("No place"),
        "label": label,
        "kind": kind,
        "icon": icon,
        "cause": CAUSES[one.cause],
    }
