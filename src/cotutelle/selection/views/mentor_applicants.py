"""One applicant: profile, conflict of interest, interview."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import SIGNED_IN, check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.models import Mentor
from cotutelle.people.views.common import actor_of
from cotutelle.programmes.queries import attachments_of
from cotutelle.selection.enums import InterviewState, RoundState
from cotutelle.selection.forms.mentor import ConflictForm, InterviewForm, InterviewNoteForm
from cotutelle.selection.models import Answer
from cotutelle.selection.queries.affinity import shared_with
from cotutelle.selection.queries.affinity_reasons import marked
from cotutelle.selection.queries.answers import applicants_of
from cotutelle.selection.services import answers as services
from cotutelle.selection.views.mentor_answers import CHOICES
from cotutelle.selection.views.mentor_common import (
    answer_context,
    find_answer,
    find_applicant,
    person_of,
)
from cotutelle.ui.violations import show_violation

INTERVIEW_KINDS = {
    InterviewState.INVITED: "run",
    InterviewState.DONE: "ok",
    InterviewState.CANCELLED: "wait",
}


@requires(SIGNED_IN)
def applicant(request: HttpRequest, public_id: UUID, participant: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    one = find_applicant(request, answer, participant)
    student = one.participant.student
    shared = shared_with(one.participant, one.offers)
    context = answer_context(request, answer) | {
        "one": one,
        "student": student,
        "statement": marked(student.statement, shared.terms),
        "career_plan": marked(student.career_plan, shared.terms),
        "attachments": attachments_of(student),
        "shared": shared,
        "choices": CHOICES,
        "may_interview": answer.round.state == RoundState.ANSWERING,
        "after": answer.round.state in {RoundState.PUBLISHED, RoundState.CONFIRMED},
    }
    return render(request, "selection/mentor/applicant.html", context)


def _declaring(request: HttpRequest, answer: Answer, principal: Mentor | None) -> Mentor:
    """Return whose conflict is declared: the reader's own, or that of whom they stand in for."""
    own = next((m for m in answer.supervisors if m.person_id == request.user.pk), None)
    return own or principal or answer.supervisors[0]


@requires(SIGNED_IN)
def conflict_declare(request: HttpRequest, public_id: UUID, participant: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    one = find_applicant(request, answer, participant)
    context = answer_context(request, answer)
    mentor = _declaring(request, answer, context["principal"])
    check(person_of(context["principal"]) or request.user, "mentorship.declare_conflict", mentor)
    form = ConflictForm(request.POST or None)
    back = context["here"] + context["query"]
    if request.method == "POST" and form.is_valid():
        try:
            services.declare_conflict(
                mentor, one.participant.student, ground=form.cleaned_data["ground"],
                actor=actor_of(request), on_behalf_of=person_of(context["principal"]),
            )  # fmt: skip
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Conflict of interest declared."))
            return redirect(back)
    name = one.participant.student.display_name
    context |= {
        "form": form,
        "title": _("Declare a conflict of interest with %(name)s") % {"name": name},
        "submit_label": _("Declare conflict of interest"),
        "cancel_url": back,
        "one": one,
    }
    return render(request, "selection/mentor/conflict.html", context)


@requires(SIGNED_IN)
def interview(request: HttpRequest, public_id: UUID, participant: UUID) -> HttpResponse:
    """Invite an applicant, change the invitation, or record what became of it."""
    answer = find_answer(request, public_id)
    one = find_applicant(request, answer, participant)
    context = answer_context(request, answer)
    held = one.interview
    initial = {"starts_at": held.starts_at, "place": held.place} if held else {}
    closing = bool({"held", "cancelled"} & set(request.POST))
    form = InterviewForm(None if closing else request.POST or None, initial=initial)
    notes = InterviewNoteForm(request.POST if closing else None)
    if request.method == "POST":
        try:
            if closing and held is not None and notes.is_valid():
                services.close_interview(
                    held, held="held" in request.POST, note=notes.cleaned_data["note"],
                    actor=actor_of(request), on_behalf_of=person_of(context["principal"]),
                )  # fmt: skip
                messages.success(request, _("Interview recorded."))
                return redirect(_interviews(context))
            if not closing and form.is_valid():
                services.invite(
                    answer, one.participant, **form.cleaned_data,
                    actor=actor_of(request), on_behalf_of=person_of(context["principal"]),
                )  # fmt: skip
                messages.success(
                    request,
                    _("Invitation sent to %(name)s.")
                    % {"name": one.participant.student.display_name},
                )
                return redirect(_interviews(context))
        except RuleViolation as violation:
            show_violation(notes if closing else form, violation)
    context |= {
        "one": one,
        "form": form,
        "notes": notes,
        "interview": held,
        "title": _("Interview with %(name)s") % {"name": one.participant.student.display_name},
        "submit_label": _("Change invitation") if held else _("Send invitation"),
        "cancel_url": _interviews(context),
    }
    return render(request, "selection/mentor/interview.html", context)


def _interviews(context: dict[str, object]) -> str:
    answer = context["answer"]
    assert isinstance(answer, Answer)  # noqa: S101  put there by answer_context
    return reverse("selection:interviews", args=[answer.public_id]) + str(context["query"])


@requires(SIGNED_IN)
def interviews(request: HttpRequest, public_id: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    rows = applicants_of(answer, actor_of(request))
    planned = sorted(
        (a for a in rows if a.interview is not None),
        key=lambda a: (a.interview.starts_at, a.participant.pk),  # type: ignore[union-attr]
    )
    for one in planned:
        one.interview.kind = INTERVIEW_KINDS[InterviewState(one.interview.state)]  # type: ignore[union-attr]
    context = answer_context(request, answer) | {
        "planned": planned,
        "rest": [a for a in rows if a.interview is None and not a.in_conflict],
        "is_open": answer.round.state == RoundState.ANSWERING,
    }
    return render(request, "selection/mentor/interviews.html", context)
