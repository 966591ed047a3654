"""The papers of a season, numbered and in two languages."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.decisions.models import Run
from cotutelle.documents.models import Document
from cotutelle.documents.services import issue_document
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import (
    NoticeState,
    OfferState,
    ParticipantState,
    PlacementSource,
    PlacementState,
    RoundState,
    Stage,
)
from cotutelle.selection.models import Offer, Participant, Placement, PublicNotice, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.ui.dates import format_date, format_datetime

INTENTION = "selection.intention"
NOTICE = "selection.notice"
SUMMARY = "selection.summary"
REPORT = "selection.report"

Both = dict[str, str]
_LANGUAGES = (("zh", "zh-hans"), ("en", "en"))
_LIVE = (PlacementState.PROPOSED, PlacementState.PUBLISHED, PlacementState.CONFIRMED)
_PEOPLE = ("mentor__person", "team__first__person", "team__second__person", "unit")


def _in_both(make: Callable[[], Any]) -> Both:
    """Return what ``make`` says in each language."""
    said = {}
    for key, language in _LANGUAGES:
        with translation.override(language):
            said[key] = str(make())
    return said


def _names(thing: Any) -> Both:
    """Return the two names of a person, unit, cohort or round."""
    return _in_both(lambda: thing.display_name)


def _mentor_names(offer: Offer) -> Both:
    return _in_both(lambda: _(", ").join(m.display_name for m in offer.supervisors))


def _days(name: str, at: dt.datetime | None) -> dict[str, str]:
    """Return a day in both languages as ``<name>_zh`` and ``<name>_en``."""
    said = _in_both(lambda: format_date(at)) if at else {"zh": "–", "en": "–"}
    return {f"{name}_{key}": text for key, text in said.items()}


def _title(of: str, round_: Round) -> dict[str, str]:
    both = _in_both(lambda: _(of) % {"round": round_.display_name})
    return {"title_zh": both["zh"], "title_en": both["en"]}


@transaction.atomic
def issue_intention_form(participant: Participant, *, actor: Person) -> Document:
    """
    Issue the intention form (意向表) of one student.

    The choices stand on the first sheet alone; what the mentor signs is the second.
    """
    round_ = participant.round
    check(actor, "selection.manage_round", round_)
    student = participant.student
    choices = participant.preferences.select_related(*(f"offer__{p}" for p in _PEOPLE))
    held = (
        participant.placements.filter(
            state__in=(PlacementState.PUBLISHED, PlacementState.CONFIRMED)
        )
        .select_related(*(f"offer__{p}" for p in _PEOPLE))
        .first()
    )
    handed_in = participant.submitted_at
    submitted = _in_both(lambda: format_datetime(handed_in) if handed_in else "–")
    data = {
        "round": _names(round_),
        "student": {
            "name": _names(student.person),
            "number": student.candidate_number or student.person.number,
            "route": _in_both(lambda: Route(student.route).label),
            "degree": _in_both(lambda: DegreeType(student.degree_type).label),
            "discipline": student.discipline or "–",
            "unit": _names(student.unit),
            "submitted_zh": submitted["zh"],
            "submitted_en": submitted["en"],
        },
        "choices": [{"place": c.position, **_offer(c.offer)} for c in choices.order_by("position")],
        "placement": _offer(held.offer) if held else None,
    }
    return _issue(
        INTENTION,
        participant,
        round_,
        "selection/intention.typ",
        data,
        gettext_noop("Intention form: %(round)s"),
        actor,
    )


@transaction.atomic
def issue_notice(round_: Round, *, actor: Person) -> Document:
    """
    Issue the public notice (公示稿) as paper: no scores, no id numbers.

    Refuses with ``paper.no_notice`` where no notice is running or has ended.
    """
    check(actor, "selection.manage_round", round_)
    notice = (
        round_.public_notices.select_for_update(of=("self",))
        .exclude(state=NoticeState.RECALLED)
        .order_by("-id")
        .first()
    )
    if notice is None:
        raise RuleViolation(
            "paper.no_notice", _("There is no public notice yet. Publish the result first.")
        )
    rows = [
        _row(p) for p in _placements(round_, PlacementState.PUBLISHED, PlacementState.CONFIRMED)
    ]
    data = {
        "round": _names(round_),
        **_days("starts", notice.starts_at),
        **_days("ends", notice.ends_at),
        "days": RoundRules.from_parameters(round_.policy.parameters).notice_days,
        "rows": rows,
        "groups": _by_unit(rows),
    }
    title = gettext_noop("Public notice: %(round)s")
    document = _issue(NOTICE, round_, round_, "selection/notice.typ", data, title, actor)
    PublicNotice.objects.filter(pk=notice.pk).update(document=document)
    return document


@transaction.atomic
def issue_summary(round_: Round, *, actor: Person) -> Document:
    """
    Issue the summary (汇总表) to be sealed: rows by unit, place for the seal, QR code.

    Refuses with ``paper.no_result`` where nobody holds a place.
    """
    check(actor, "selection.manage_round", round_)
    rows = [_row(p) for p in _placements(round_, *_LIVE)]
    if not rows:
        raise RuleViolation("paper.no_result", _("There is no result yet. Run the matching first."))
    students = round_.participants.filter(state=ParticipantState.ACTIVE).count()
    data = {
        "round": _names(round_),
        "cohort": _names(round_.cohort),
        "state": _in_both(lambda: RoundState(round_.state).label),
        "placed": len(rows),
        "unplaced": max(0, students - len(rows)),
        "digest": _digest(round_),
        "groups": _by_unit(rows, places=_places_by_unit(round_)),
    }
    title = gettext_noop("Summary of mutual selection: %(round)s")
    return _issue(SUMMARY, round_, round_, "selection/summary.typ", data, title, actor)


@transaction.atomic
def issue_report(
    round_: Round, *, reasons: Mapping[str, int], labels: Mapping[str, Any], actor: Person
) -> Document:
    """
    Issue the one-page report for the leader.

    ``reasons`` counts students without a place by code, ``labels`` words the codes. Refuses
    with ``paper.no_result``.
    """
    check(actor, "selection.manage_round", round_)
    placed = list(_placements(round_, *_LIVE))
    if not placed:
        raise RuleViolation("paper.no_result", _("There is no result yet. Run the matching first."))
    run = _latest_run(round_)
    data = {
        "round": _names(round_),
        "students": round_.participants.filter(state=ParticipantState.ACTIVE).count(),
        "placed": len(placed),
        "places": sum(round_.answers.values_list("places", flat=True)),
        "assigned": sum(p.source == PlacementSource.OVERRIDE for p in placed),
        "profile": _profile(placed),
        "reasons": [
            {"label": _in_both(lambda code=code: labels.get(code, code)), "count": count}  # type: ignore[misc]
            for code, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        "next": [_in_both(lambda text=text: _(text)) for text in _NEXT[RoundState(round_.state)]],  # type: ignore[misc]
        "verdict": None
        if run is None
        else {
            "digest": run.certificate_sha256,
            "says": _in_both(
                lambda: (
                    _(
                        "Run %(number)s, checked on %(time)s by a program that shares no code with it."
                    )
                    % {"number": run.number, "time": format_datetime(run.checked_at)}
                )
            ),
        },
    }
    title = gettext_noop("Report on mutual selection: %(round)s")
    return _issue(REPORT, round_, round_, "selection/report.typ", data, title, actor)


_UNDER_WAY = (gettext_noop("Run the matching and review its result."),)
_NEXT: dict[RoundState, tuple[str, ...]] = {
    **dict.fromkeys(RoundState, _UNDER_WAY),
    RoundState.MATCHED: (
        gettext_noop("Review the result and publish it."),
        gettext_noop("Decide whether a supplementary round is needed."),
    ),
    RoundState.PUBLISHED: (
        gettext_noop("Answer the objections raised during the notice."),
        gettext_noop("Confirm the result after the end of the notice."),
    ),
    RoundState.CONFIRMED: (
        gettext_noop("Seal the summary and archive it."),
        gettext_noop("Fill free places in a supplementary round."),
    ),
}


def _issue(  # noqa: PLR0917  one paper in one call
    kind: str,
    subject: models.Model,
    round_: Round,
    template: str,
    data: Mapping[str, Any],
    title: str,
    actor: Person,
) -> Document:
    titles = _title(title, round_)
    return issue_document(
        kind,
        subject=subject,
        unit=round_.unit,
        template=template,
        data={**data, "second": round_.stage == Stage.SECOND},
        actor=actor,
        title_zh=titles["title_zh"],
        title_en=titles["title_en"],
    )


def _offer(offer: Offer) -> dict[str, Both]:
    return {
        "title": {"zh": offer.title_zh, "en": offer.title_en or offer.title_zh},
        "mentor": _mentor_names(offer),
        "unit": _names(offer.unit),
    }


def _placements(round_: Round, *states: PlacementState) -> Iterable[Placement]:
    return (
        round_.placements.filter(state__in=states)
        .select_related("participant__student__person", *(f"offer__{p}" for p in _PEOPLE))
        .order_by(
            "offer__unit__name_sort",
            "offer__number",
            "participant__student__person__name_sort",
            "id",
        )
    )


def _row(placement: Placement) -> dict[str, Any]:
    student = placement.participant.student
    return {
        "unit_key": placement.offer.unit_id,
        "student": _names(student.person),
        "route": _in_both(lambda: Route(student.route).label),
        "source": _in_both(lambda: PlacementSource(placement.source).label),
        **_offer(placement.offer),
    }


def _places_by_unit(round_: Round) -> dict[int, tuple[Both, int]]:
    """Return the places offered in each unit; a mentor's several offers count once."""
    most: dict[tuple[int, str], int] = {}
    units: dict[int, Both] = {}
    quotas = {a.node_id: a.places for a in round_.answers.all()}
    for offer in round_.offers.filter(state=OfferState.OPEN).select_related("unit"):
        units.setdefault(offer.unit_id, _names(offer.unit))
        key = (offer.unit_id, offer.node_id)
        quota = quotas.get(offer.node_id, offer.places)
        most[key] = min(quota, most.get(key, 0) + offer.places)
    totals: dict[int, int] = defaultdict(int)
    for (unit, _node), places in most.items():
        totals[unit] += places
    return {unit: (names, totals[unit]) for unit, names in units.items()}


def _by_unit(
    rows: Iterable[Mapping[str, Any]], *, places: Mapping[int, tuple[Both, int]] | None = None
) -> list[dict[str, Any]]:
    groups: dict[int, dict[str, Any]] = {}
    for row in rows:
        group = groups.setdefault(row["unit_key"], {"unit": row["unit"], "rows": [], "places": 0})
        group["rows"].append(row)
    for unit, (names, count) in (places or {}).items():
        group = groups.setdefault(unit, {"unit": names, "rows": [], "places": 0})
        group["places"] = max(count, len(group["rows"]))
    return list(groups.values())


def _profile(placed: Iterable[Placement]) -> list[dict[str, Any]]:
    counts: dict[int, int] = defaultdict(int)
    others = 0
    for one in placed:
        if one.student_rank:
            counts[one.student_rank] += 1
        else:
            others += 1
    rows: list[dict[str, Any]] = [
        {
            "label": _in_both(lambda n=n: _("Choice %(n)s") % {"n": n}),  # type: ignore[misc]
            "count": counts[n],
        }
        for n in range(1, max(counts, default=0) + 1)
    ]
    if others:
        rows.append({"label": _in_both(lambda: _("Not on the list")), "count": others})
    return rows


def _latest_run(round_: Round) -> Run | None:
    if round_.official_run:
        return round_.official_run
    return (
        Run.objects.filter(
            subject_type=Round._meta.label_lower,
            subject_id=round_.pk,
            state__in=(RunState.VERIFIED, RunState.OFFICIAL),
        )
        .order_by("-number")
        .first()
    )


def _digest(round_: Round) -> str:
    run = _latest_run(round_)
    return run.certificate_sha256 if run else ""
