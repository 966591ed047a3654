"""What the mentor's pages share: for whom the reader acts, and what is theirs to answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cotutelle.core.access import check
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.queries import mentor_of
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of
from cotutelle.selection.enums import Regime, SilentMentor
from cotutelle.selection.models import Answer
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.answers import Applicant, applicants_of
from cotutelle.selection.queries.visibility import answers_visible_to
from cotutelle.workflow.queries import principals_of


def acting_for(request: HttpRequest) -> Mentor | None:
    """Return the mentor named by ``?for=``; 404 unless the reader may stand in for them (代办)."""
    raw = request.GET.get("for") or request.POST.get("for") or ""
    if not raw:
        return None
    try:
        wanted = UUID(raw)
    except ValueError:
        raise Http404 from None
    mentor = Mentor.objects.filter(public_id=wanted).select_related("person", "unit").first()
    if mentor is None or not principals_of(actor_of(request)).filter(pk=mentor.person_id).exists():
        raise Http404
    return mentor


def subject_mentor(request: HttpRequest) -> tuple[Mentor | None, Mentor | None]:
    """Return whose pages these are, and the principal when the reader stands in for them."""
    principal = acting_for(request)
    return (principal or mentor_of(actor_of(request)), principal)


def principal_among(request: HttpRequest, mentors: tuple[Mentor, ...]) -> Mentor | None:
    """Return for which of ``mentors`` the reader stands in; ``None`` for one of themselves."""
    actor = actor_of(request)
    if any(m.person_id == actor.pk for m in mentors):
        return None
    named = acting_for(request)
    if named is not None and any(m.pk == named.pk for m in mentors):
        return named
    keys = set(
        principals_of(actor)
        .filter(pk__in=[m.person_id for m in mentors])
        .values_list("pk", flat=True)
    )
    return next((m for m in mentors if m.person_id in keys), None)


def person_of(principal: Mentor | None) -> Person | None:
    """Return the ``on_behalf_of`` of a service call."""
    return principal.person if principal else None


def proxy_query(principal: Mentor | None, **more: str) -> str:
    """Return the query string that keeps acting for ``principal``."""
    values = {"for": str(principal.public_id)} if principal else {}
    text = urlencode({**values, **more})
    return f"?{text}" if text else ""


def find_answer(request: HttpRequest, public_id: UUID) -> Answer:
    """Return an answer whose applicants the reader may see; others do not exist."""
    rows = answers_visible_to(actor_of(request)).select_related("round__unit")
    answer = get_object_or_404(rows, public_id=public_id)
    check(request.user, "selection.view_applicants", answer)
    return answer


def find_applicant(request: HttpRequest, answer: Answer, participant: UUID) -> Applicant:
    """Return one applicant of ``answer``; whoever did not choose it does not exist here."""
    for one in applicants_of(answer, actor_of(request)):
        if one.participant.public_id == participant:
            return one
    raise Http404


def answer_context(request: HttpRequest, answer: Answer) -> dict[str, Any]:
    """Return what every page of an answer shows."""
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    principal = principal_among(request, answer.supervisors)
    is_own = any(m.person_id == request.user.pk for m in answer.supervisors)
    return {
        "answer": answer,
        "round": answer.round,
        "rules": rules,
        "is_sequential": rules.regime == Regime.SEQUENTIAL,
        "silence": SilentMentor(rules.silent_mentor).label,
        "principal": principal,
        "may_write": is_own or principal is not None,
        "query": proxy_query(principal),
        "here": reverse("selection:applicants", args=[answer.public_id]),
    }
