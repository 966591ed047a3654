"""Choices at the mentor's door, students after publication, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.queries import pairs_of
from cotutelle.mentorship.views.common import not_entered
from cotutelle.people.views.common import actor_of
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import ApplicationState, PlacementState, RoundState
from cotutelle.selection.models import Answer, Application, Placement
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.why import why_for_mentor
from cotutelle.selection.services import sequential
from cotutelle.selection.views.mentor_common import (
    answer_context,
    find_answer,
    find_applicant,
    person_of,
    principal_among,
    proxy_query,
    subject_mentor,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort

APPLICATION_KINDS = {
    ApplicationState.WAITING: "due",
    ApplicationState.ACCEPTED: "ok",
    ApplicationState.DECLINED: "wait",
    ApplicationState.EXPIRED: "late",
    ApplicationState.WITHDRAWN: "wait",
}
_SHOWN = (PlacementState.PUBLISHED, PlacementState.CONFIRMED)


def _of(mentor: Mentor, prefix: str = "offer__") -> Q:
    return (
        Q(**{f"{prefix}mentor": mentor})
        | Q(**{f"{prefix}team__first": mentor})
        | Q(**{f"{prefix}team__second": mentor})
    )


def _at_the_door(mentor: Mentor) -> QuerySet[Application]:
    return Application.objects.filter(_of(mentor)).select_related(
        "participant__round__policy", "participant__student__person", "participant__student__unit",
        "offer__mentor__person", "offer__team__first__person", "offer__team__second__person",
    )  # fmt: skip


@requires(SIGNED_IN)
def applications(request: HttpRequest) -> HttpResponse:
    """Choices waiting for the mentor first, with the time left; answered ones below."""
    mentor, principal = subject_mentor(request)
    if mentor is None:
        return not_entered(request)
    rows = _at_the_door(mentor)
    waiting = list(
        rows.filter(
            state=ApplicationState.WAITING,
            answer_due_at__gt=now(),
            participant__round__state=RoundState.ANSWERING,
        ).order_by("answer_due_at", "pk")
    )
    answered = list(
        rows.exclude(pk__in=[a.pk for a in waiting]).order_by("-answered_at", "-pk")[:50]
    )
    for row in answered:
        row.kind = APPLICATION_KINDS[ApplicationState(row.state)]  # type: ignore[attr-defined]
    rules = [RoundRules.from_parameters(a.participant.round.policy.parameters) for a in waiting]
    context = {
        "mentor": mentor,
        "principal": principal,
        "query": proxy_query(principal),
        "waiting": [
            {
                "application": a,
                "score": a.participant.student.admission_score if r.uses_scores else None,
                "answer": _answer_id(a),
            }
            for a, r in zip(waiting, rules, strict=True)
        ],
        "answered": answered,
    }
    return render(request, "selection/mentor/applications.html", context)


def _answer_id(application: Application) -> UUID | None:
    """Return the public id of the answer whose applicant the student is: for the profile link."""
    found = application.participant.round.answers.filter(
        mentor=application.offer.mentor, team=application.offer.team
    )
    return found.values_list("public_id", flat=True).first()


@requires(SIGNED_IN)
@require_POST
def application_answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    mentor, _principal = subject_mentor(request)
    rows = _at_the_door(mentor) if mentor else Application.objects.none()
    found = get_object_or_404(rows, public_id=public_id)
    principal = principal_among(request, found.offer.supervisors)
    name = found.participant.student.display_name
    acts = {"actor": actor_of(request), "on_behalf_of": person_of(principal)}
    try:
        if "accept" in request.POST:
            sequential.accept_application(found, **acts)  # type: ignore[arg-type]
            messages.success(request, _("%(name)s is accepted.") % {"name": name})
        else:
            sequential.decline_application(found, **acts)  # type: ignore[arg-type]
            messages.success(
                request, _("%(name)s is declined; the next choice goes out.") % {"name": name}
            )
    except RuleViolation as violation:
        if violation.status == 403:  # noqa: PLR2004
            raise
        messages.error(request, str(violation))
    return redirect(reverse("selection:applications") + proxy_query(principal))


@requires(SIGNED_IN)
def my_students(request: HttpRequest) -> HttpResponse:
    """Results that are published, and the pairs of all years."""
    mentor, principal = subject_mentor(request)
    if mentor is None:
        return not_entered(request)
    rows = Placement.objects.filter(_of(mentor), state__in=_SHOWN).select_related(
        "round", "participant__student__person", "participant__student__cohort", "offer"
    )
    rounds = {str(p.round.public_id): p.round.display_name for p in rows}
    listing: Listing[Placement] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort(
                "new",
                _("newest round"),
                ["-round__created_at", "participant__student__person__name_sort", "id"],
            ),
            Sort("name", _("name"), ["participant__student__person__name_sort", "id"]),
        ],
        choices=[Choice("round", _("Round"), list(rounds.items()), "round__public_id")],
        search=Search(("participant__student__person__search_text",), _("Name of the student")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt, watermark=True)
    answers = _answers_of(mentor, listing)
    for row in listing.rows:
        row.answer_id = answers.get(row.round_id)  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "mentor": mentor,
        "principal": principal,
        "query": proxy_query(principal),
        "pairs": pairs_of(mentor) if principal is None else [],
    }
    return render(request, "selection/mentor/my_students.html", context)


def _answers_of(mentor: Mentor, listing: Listing[Placement]) -> dict[int, UUID]:
    rounds = {row.round_id for row in listing.rows}
    found = Answer.objects.filter(mentor=mentor, round__in=rounds)
    return dict(found.values_list("round_id", "public_id"))


def _table(listing: Listing[Placement]) -> Table:
    columns: list[Any] = [
        Out(_("Name"), lambda p: p.participant.student.display_name),
        Out(_("Cohort"), lambda p: p.participant.student.cohort.display_name),
        Out(_("Admission route"), lambda p: Route(p.participant.student.route).label),
        Out(_("Degree type"), lambda p: DegreeType(p.participant.student.degree_type).label),
        Out(_("Offer"), lambda p: p.offer.title),
        Out(_("E-mail"), lambda p: p.participant.student.person.email),
        Out(_("Telephone"), lambda p: p.participant.student.person.phone),
    ]
    return Table(_("My students"), columns, listing.all_rows)


@requires(SIGNED_IN)
def mentor_why(request: HttpRequest, public_id: UUID, participant: UUID) -> HttpResponse:
    """Say why an applicant is, or is not, the mentor's; only once the result is published."""
    answer = find_answer(request, public_id)
    if answer.round.state not in {RoundState.PUBLISHED, RoundState.CONFIRMED}:
        raise Http404
    one = find_applicant(request, answer, participant)
    why = why_for_mentor(answer, one.participant, actor=actor_of(request))
    context = answer_context(request, answer) | {
        "one": one,
        "student": one.participant.student,
        "why": why,
        "figures": [
            {"label": _("My places"), "value": answer.places, "unit": ""},
            {"label": _("Placed with me"), "value": _placed(answer), "unit": ""},
        ],
        "run": answer.round.official_run,
    }
    return render(request, "selection/mentor/why.html", context)


def _placed(answer: Answer) -> int:
    """Count the published results of the mentor or team."""
    return Placement.objects.filter(
        round=answer.round_id, offer__mentor=answer.mentor_id, offer__team=answer.team_id,
        state__in=_SHOWN,
    ).count()  # fmt: skip
