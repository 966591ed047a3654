"""Why a run found no result, in words, and what would help: each change leads to its page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Answer, Offer, Override, Participant, PlaceCap, Round
from cotutelle.selection.services import rerun
from cotutelle.selection.services.diagnosis import DIAGNOSIS_JOB, inputs_of, start_diagnosis
from cotutelle.selection.services.runs import JOB
from cotutelle.selection.views.officer_common import actor_of, page, round_or_404
from cotutelle.selection.views.officer_people import mentors_of

RUNNING = (JobState.QUEUED, JobState.RUNNING)


@requires("selection.run_round")
@require_http_methods(["GET", "POST"])
def infeasible(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show the newest diagnosis of the round; a press looks again, as a job."""
    found = round_or_404(request, public_id, "selection.run_round")
    if request.method == "POST":
        try:
            job = start_diagnosis(found, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
            return redirect("selection:round", found.public_id)
        return redirect("jobs:job", job.public_id)
    newest = _newest(found)
    if newest is not None and newest.state in RUNNING:
        return redirect("jobs:job", newest.public_id)
    result: Mapping[str, Any] = (newest.result or {}) if newest else {}
    diagnosis = result.get("diagnosis")
    trial_only = found.state == RoundState.ANSWERING
    return page(
        request,
        "infeasible",
        found,
        at=newest.finished_at if newest else None,
        looked="diagnosis" in result,
        trial_only=trial_only,
        run_url=reverse("selection:run", args=[found.public_id]) + "?trial=1" * trial_only,
        changed=bool(result) and _inputs(found) != result.get("inputs"),
        diagnosis=in_words(found, diagnosis) if diagnosis else None,
    )


def _newest(round_: Round) -> Job | None:
    """Return the newest look at the round: a diagnosis, or a run that found no result."""
    rows = Job.objects.filter(subject_type="selection.round", subject_id=round_.pk)
    runs = rows.filter(kind__in=(JOB, rerun.JOB), result__has_key="diagnosis")
    looks = rows.filter(kind=DIAGNOSIS_JOB) | runs
    return looks.order_by("-id").first()


def _inputs(round_: Round) -> str:
    try:
        return inputs_of(round_)
    except RuleViolation:
        return ""


# ---------------------------------------------------------------- words


@dataclass(slots=True)
class Names:
    """What the keys of a diagnosis stand for."""

    round: Round
    caps: Mapping[str, PlaceCap]
    answers: Mapping[str, Answer]
    offers: Mapping[str, Offer]
    students: Mapping[str, Participant]
    first_offer: Mapping[str, Offer]
    overrides: Mapping[str, Override]

    def cap(self, key: str) -> str:
        cap = self.caps.get(key)
        thing = (cap.unit or cap.agreement) if cap else None
        return thing.display_name if thing else "–"

    def mentor(self, key: str) -> str:
        answer = self.answers.get(key)
        return _(", ").join(m.display_name for m in answer.supervisors) if answer else "–"

    def offer(self, key: str) -> str:
        offer = self.offers.get(key)
        if offer is None:
            return "–"
        return _("“%(offer)s” of %(mentor)s") % {"offer": offer.title, "mentor": mentors_of(offer)}

    def student(self, key: str) -> str:
        one = self.students.get(key)
        return one.student.display_name if one else "–"


def in_words(round_: Round, diagnosis: Mapping[str, Any]) -> dict[str, Any]:
    """Return reasons and repairs as sentences with links."""
    parts = [
        *diagnosis["reasons"],
        *(change for repair in diagnosis["repairs"] for change in repair["changes"]),
    ]
    keys = {key for part in parts for key in _flat(part["key"])}
    keys |= {str(value) for part in parts for value in (part.get("value"), part.get("before"))}
    names = names_of(round_, {key for key in keys if _is_key(key)})
    return {
        "missed": diagnosis["how"] == "missed",
        "reasons": [_reason(names, rule) for rule in diagnosis["reasons"]],
        "repairs": [
            {
                "title": ngettext("%(n)s change", "%(n)s changes", len(repair["changes"]))
                % {"n": len(repair["changes"])},
                "changes": [_change(names, change) for change in repair["changes"]],
            }
            for repair in diagnosis["repairs"]
        ],
    }


def names_of(round_: Round, keys: Collection[str]) -> Names:
    """Read what the engine's ids in ``keys`` stand for; six queries."""
    answers = round_.answers.filter(public_id__in=keys).select_related(
        "mentor__person", "team__first__person", "team__second__person"
    )
    caps = round_.caps.filter(public_id__in=keys).select_related("unit", "agreement")
    people = ("mentor__person", "team__first__person", "team__second__person")
    offers = round_.offers.select_related(*people)
    students = round_.participants.filter(public_id__in=keys).select_related("student__person")
    by_node: dict[str, Offer] = {}
    found = list(answers)
    for offer in offers.filter(state="open").order_by("number", "pk") if found else ():
        by_node.setdefault(offer.node_id, offer)
    overrides = round_.overrides.filter(participant__public_id__in=keys, state="approved")
    return Names(
        round=round_,
        caps={str(one.public_id): one for one in caps},
        answers={str(one.public_id): one for one in found},
        offers={str(one.public_id): one for one in offers.filter(public_id__in=keys)},
        students={str(one.public_id): one for one in students},
        first_offer={str(a.public_id): by_node[a.node_id] for a in found if a.node_id in by_node},
        overrides={
            str(one.participant.public_id): one for one in overrides.select_related("participant")
        },
    )


def _flat(key: Any) -> Iterable[str]:
    return [key] if isinstance(key, str) else key


def _is_key(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _reason(names: Names, rule: Mapping[str, Any]) -> dict[str, str]:
    kind, key, value = rule["kind"], rule["key"], rule["value"]
    text = _bound(names, kind, key, value)
    if "got" in rule:
        text = _("%(rule)s; the run reached %(got)s") % {"rule": text, "got": rule["got"]}
    return {"text": text, "url": _url(names, kind, key)}


def _bound(names: Names, kind: str, key: Any, value: Any) -> str:
    words = {
        "offer_lower": _("%(name)s: at least %(n)s students"),
        "mentor_lower": _("%(name)s: at least %(n)s places taken"),
        "group_lower": _("%(name)s: at least %(n)s places taken"),
        "offer_quota": _("%(name)s: at most %(n)s students"),
        "mentor_quota": _("%(name)s: at most %(n)s places"),
        "group_quota": _("%(name)s: at most %(n)s places"),
    }
    if kind in words:
        level = kind.split("_", 1)[0]
        name = {"offer": names.offer, "mentor": names.mentor, "group": names.cap}[level](key)
        return words[kind] % {"name": name, "n": value}
    if kind == "pin":
        return _("%(student)s is assigned by the school to %(offer)s") % {
            "student": names.student(key),
            "offer": names.offer(str(value)),
        }
    student, offer = key
    pair = {"student": names.student(student), "offer": names.offer(offer)}
    if kind == "ban" and value == "conflict":
        return _("%(student)s and %(offer)s: a conflict of interest is declared") % pair
    if kind == "ban":
        return _("%(student)s and %(offer)s: the rules do not allow it") % pair
    return _("%(student)s and %(offer)s have not chosen each other") % pair


def _change(names: Names, change: Mapping[str, Any]) -> dict[str, str]:
    kind, key, before, after = (change[n] for n in ("kind", "key", "before", "after"))
    url = _url(names, kind, key)
    bounds = {
        "offer_lower": _("Fewest students of %(name)s: %(after)s instead of %(before)s"),
        "mentor_lower": _("Fewest places of %(name)s: %(after)s instead of %(before)s"),
        "group_lower": _("Fewest places of %(name)s: %(after)s instead of %(before)s"),
        "offer_quota": _("Places of %(name)s: %(after)s instead of %(before)s"),
        "mentor_quota": _("Places of %(name)s: %(after)s instead of %(before)s"),
        "group_quota": _("Most places of %(name)s: %(after)s instead of %(before)s"),
    }
    if kind in bounds:
        level = kind.split("_", 1)[0]
        name = {"offer": names.offer, "mentor": names.mentor, "group": names.cap}[level](key)
        numbers = {"name": name, "before": before, "after": _("none") if after is None else after}
        return {"text": bounds[kind] % numbers, "url": url}
    if kind == "pin":
        text = _("Take back the assignment of %(student)s to %(offer)s") % {
            "student": names.student(key),
            "offer": names.offer(str(before)),
        }
        return {"text": text, "url": url}
    pair = {"student": names.student(key[0]), "offer": names.offer(key[1])}
    text = (
        _("Allow %(student)s at %(offer)s")
        if kind == "ban"
        else _("Ask %(student)s and the mentor of %(offer)s to choose each other")
    )
    return {"text": text % pair, "url": url}


def _url(names: Names, kind: str, key: Any) -> str:
    """Return the page on which the rule is changed."""
    here = names.round.public_id
    found = ""
    if kind.startswith("group") and key in names.caps:
        cap = names.caps[key]
        thing = cap.unit or cap.agreement
        found = reverse("selection:caps", args=[here]) + (
            f"#cap-{thing.public_id}" if thing else ""
        )
    elif kind == "offer_lower" and key in names.offers:
        found = reverse("selection:offer-minimum", args=[here, key])
    elif kind == "mentor_lower" and key in names.first_offer:
        offer = names.first_offer[key].public_id
        found = reverse("selection:offer-minimum", args=[here, offer])
    elif kind == "offer_quota":
        found = reverse("selection:offer-edit", args=[key])
    elif kind == "mentor_quota" and key in names.answers:
        mentor = names.answers[key].supervisors[0]
        found = reverse("mentorship:mentor", args=[mentor.public_id])
    elif kind == "pin" and key in names.overrides:
        found = reverse("selection:override", args=[names.overrides[key].public_id])
    elif kind == "acceptance":
        found = reverse("selection:answers", args=[here])
    elif kind == "ban":
        found = reverse("selection:offer", args=[key[1]])
    return found or reverse("selection:round", args=[here])
