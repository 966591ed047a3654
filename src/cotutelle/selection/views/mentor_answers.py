"""Applicants of a mentor or team: ranking with ties or screening, saving, submitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.people.enums import Role
from cotutelle.people.views.common import actor_of
from cotutelle.selection.enums import AnswerState, MentorAnswer, RoundState, Verdict
from cotutelle.selection.models import Answer
from cotutelle.selection.queries.answers import Applicant, applicants_of
from cotutelle.selection.queries.visibility import own_answers
from cotutelle.selection.services import answers as services
from cotutelle.selection.services.answers import Word
from cotutelle.selection.views.mentor_common import (
    acting_for,
    answer_context,
    find_answer,
    person_of,
)
from cotutelle.workflow.queries import principals_of

_CURRENT = (
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
)
_CHOSEN = (Verdict.ACCEPT, Verdict.RESERVE)
CHOICES = [
    (Verdict.ACCEPT, "ok"),
    (Verdict.RESERVE, "due"),
    (Verdict.DECLINE, "late"),
    (Verdict.UNDECIDED, "wait"),
]


@requires(SIGNED_IN)
def applicants_home(request: HttpRequest) -> HttpResponse:
    """List the reader's own answers in current rounds; go straight to the only one."""
    principal = acting_for(request)
    actor = actor_of(request)
    if Role.MENTOR not in actor.roles and not principals_of(actor).exists():
        raise Http404
    rows = own_answers(actor).filter(round__state__in=_CURRENT)
    found = [
        answer
        for answer in rows.select_related("round__unit").order_by("-round__created_at", "id")
        if principal is None or any(m.pk == principal.pk for m in answer.supervisors)
    ]
    if len(found) == 1:
        return redirect("selection:applicants", found[0].public_id)
    context = {"answers": [_card(request, answer) for answer in found], "principal": principal}
    return render(request, "selection/mentor/applicants_home.html", context)


def _card(request: HttpRequest, answer: Answer) -> dict[str, Any]:
    context = answer_context(request, answer)
    return context | {"is_submitted": answer.state == AnswerState.SUBMITTED}


@requires(SIGNED_IN)
def applicants(request: HttpRequest, public_id: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    return render(request, "selection/mentor/applicants.html", _page(request, answer))


def _page(request: HttpRequest, answer: Answer) -> dict[str, Any]:
    context = answer_context(request, answer)
    rows = applicants_of(answer, actor_of(request))
    ranks = context["rules"].mentor_answer == MentorAnswer.RANK
    round_ = answer.round
    due = round_.answers_close_at
    is_open = (
        round_.state == RoundState.ANSWERING
        and not context["is_sequential"]
        and (due is None or now() < due)
    )
    ranked = sorted(
        (a for a in rows if a.verdict in _CHOSEN and not a.in_conflict),
        key=lambda a: a.tier or len(rows) + 1,
    )
    return context | {
        "applicants": rows,
        "ranks": ranks,
        "ranked": _with_ties(ranked) if ranks else [],
        "rest": [a for a in rows if a not in ranked] if ranks else rows,
        "choices": CHOICES,
        "is_open": is_open,
        "is_submitted": answer.state == AnswerState.SUBMITTED,
        "editable": is_open and context["may_write"] and answer.state == AnswerState.OPEN,
        # Every save by a proxy is told to the principal: no saving by itself for them.
        "autosaves": context["principal"] is None,
        "due": due,
        "counts": _counts(rows),
        "before": round_.state == RoundState.RANKING,
    }


def _with_ties(ranked: Sequence[Applicant]) -> list[dict[str, Any]]:
    """Number the tiers and mark who shares the place of the one above."""
    shown: list[dict[str, Any]] = []
    place, last = 0, None
    for one in ranked:
        tied = bool(shown) and one.tier is not None and one.tier == last
        place += 0 if tied else 1
        shown.append({"applicant": one, "tied": tied, "place": place})
        last = one.tier
    return shown


def _counts(rows: Sequence[Applicant]) -> dict[str, int]:
    return {str(v): sum(a.verdict == v for a in rows) for v in Verdict.values}


def _words(request: HttpRequest) -> list[Word]:
    """Read verdicts, notes and the order with its ties out of the form."""
    order, notes = _moved_order(request), request.POST
    tied = set(request.POST.getlist("tie"))
    words, tier = [], 0
    for place, key in enumerate(order):
        tier += 0 if place and key in tied else 1
        words.append(Word(UUID(key), Verdict.ACCEPT, max(tier, 1), notes.get(f"note-{key}", "")))
    if removed := request.POST.get("remove"):
        words.append(Word(UUID(removed), Verdict.UNDECIDED, None, notes.get(f"note-{removed}", "")))
        order = [*order, removed]
    for name, value in request.POST.items():
        key = name.removeprefix("verdict-")
        if name == key or key in order:
            continue
        verdict = (
            Verdict.UNDECIDED if value in _CHOSEN and request.POST.get("mode") == "rank" else value
        )
        words.append(Word(UUID(key), str(verdict), None, notes.get(f"note-{key}", "")))
    return words


def _moved_order(request: HttpRequest) -> list[str]:
    """Return the posted order with the pressed button (add, move, remove) applied to it."""
    order = list(dict.fromkeys(request.POST.getlist("order")))
    if (added := request.POST.get("add")) and added not in order:
        order.append(added)
    if removed := request.POST.get("remove"):
        order = [key for key in order if key != removed]
    direction, _colon, key = request.POST.get("move", "").partition(":")
    if key in order:
        place = order.index(key)
        other = place - 1 if direction == "up" else place + 1
        if 0 <= other < len(order):
            order[place], order[other] = order[other], order[place]
    return order


def _version(request: HttpRequest) -> int | None:
    raw = request.POST.get("version", "")
    return int(raw[:9]) if raw.isascii() and raw.isdigit() else None


@requires(SIGNED_IN)
@require_POST
def answer_save(request: HttpRequest, public_id: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    context = answer_context(request, answer)
    quiet = bool(request.headers.get("X-Autosave"))
    try:
        saved = services.save_answer(
            answer, _words(request), expected_version=_version(request), actor=actor_of(request),
            on_behalf_of=person_of(context["principal"]),
        )  # fmt: skip
    except ValueError:
        return JsonResponse(
            {"detail": _("This form is not complete. Load the page again.")}, status=400
        )
    except RuleViolation as violation:
        if quiet or violation.status == 403:  # noqa: PLR2004
            return JsonResponse({"detail": str(violation)}, status=violation.status)
        messages.error(request, str(violation))
    else:
        if quiet:
            return JsonResponse({"fields": {"version": saved.version}})
        messages.success(request, _("Answer saved as a draft."))
    return redirect(context["here"] + context["query"])


@requires(SIGNED_IN)
def answer_submit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say what submitting means; then let the answer count."""
    answer = find_answer(request, public_id)
    page = _page(request, answer)
    back = page["here"] + page["query"]
    if request.method == "POST" and "confirm" not in request.POST and page["editable"]:
        # The button stands in the form of the answer: keep what is on the page first.
        try:
            services.save_answer(
                answer, _words(request), expected_version=_version(request),
                actor=actor_of(request), on_behalf_of=person_of(page["principal"]),
            )  # fmt: skip
        except (RuleViolation, ValueError) as violation:
            messages.error(request, str(violation))
            return redirect(back)
        return redirect(reverse("selection:answer-submit", args=[public_id]) + page["query"])
    if request.method == "POST":
        try:
            services.submit_answer(
                answer, expected_version=_version(request), actor=actor_of(request),
                on_behalf_of=person_of(page["principal"]),
            )  # fmt: skip
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(
                request, _("Answer submitted. You can take it back until answers close.")
            )
        return redirect(back)
    return render(
        request,
        "selection/mentor/answer_submit.html",
        page | _consequence(page) | {"cancel_url": back},
    )


def _consequence(page: dict[str, Any]) -> dict[str, Any]:
    counts, total = page["counts"], len(page["applicants"])
    accepted = counts[Verdict.ACCEPT]
    lines = [
        (
            Verdict.ACCEPT,
            "check",
            _("accepted: each may be placed with you, in your order")
            if page["ranks"]
            else _("accepted: the score orders them"),
        ),
        (Verdict.RESERVE, "clock", _("in reserve: only after all who are accepted")),
        (Verdict.DECLINE, "x", _("declined: never placed with you by this run")),
        (Verdict.UNDECIDED, "help", _("undecided: treated like declined")),
    ]
    return {
        "title": _("Submit the answer for %(round)s") % {"round": page["round"].display_name},
        "says": ngettext(
            "You answer %(n)d applicant; you have %(places)d places.",
            "You answer %(n)d applicants; you have %(places)d places.",
            total,
        ) % {"n": total, "places": page["answer"].places},
        "changes": [{"icon": i, "text": t, "count": counts[v]} for v, i, t in lines if counts[v]],
        "button": ngettext(
            "Submit answer: accept %(n)d student", "Submit answer: accept %(n)d students", accepted
        ) % {"n": accepted},
        "undo": _("You can take it back and change it until answers close."),
    }  # fmt: skip


@requires(SIGNED_IN)
@require_POST
def answer_reopen(request: HttpRequest, public_id: UUID) -> HttpResponse:
    answer = find_answer(request, public_id)
    context = answer_context(request, answer)
    try:
        services.reopen_answer(
            answer, expected_version=_version(request), actor=actor_of(request),
            on_behalf_of=person_of(context["principal"]),
        )  # fmt: skip
    except RuleViolation as violation:
        if violation.status == 403:  # noqa: PLR2004
            raise
        messages.error(request, str(violation))
    else:
        messages.success(request, _("The answer is yours to change again. Submit it in time."))
    return redirect(context["here"] + context["query"])
