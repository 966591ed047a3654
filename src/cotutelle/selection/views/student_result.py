"""A student's result, the reasons behind it, and objecting to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.queries.pairs import pair_of
from cotutelle.people.models import Person
from cotutelle.selection.enums import NoticeState, RoundState, Stage
from cotutelle.selection.forms.student import ObjectionForm
from cotutelle.selection.models import Offer, PublicNotice
from cotutelle.selection.queries import student
from cotutelle.selection.queries.student import MyList
from cotutelle.selection.queries.student_result import (
    Outcome,
    numbers_at,
    outcome_of,
    season_steps,
)
from cotutelle.selection.queries.visibility import notices_visible_to
from cotutelle.selection.queries.why import enough_for_student, why_for_student
from cotutelle.selection.services.publication import raise_objection
from cotutelle.selection.views.student import list_context, names_of
from cotutelle.ui.violations import show_violation


@requires("selection.choose_offers")
@require_safe
def result(request: HttpRequest) -> HttpResponse:
    person: Person = request.user  # type: ignore[assignment]
    rounds = list(student.participations_of(person))
    participant = student.pick(rounds, request.GET.get("round", ""))
    if participant is None:
        return render(request, "selection/student/result.html", {"mine": None})
    mine = student.my_list(participant)
    outcome = outcome_of(participant)
    placement = outcome.placement
    confirmed = participant.round.state == RoundState.CONFIRMED
    context = {
        "mine": mine,
        "rounds": rounds,
        "outcome": outcome,
        "placed_names": names_of(placement.offer) if placement else "",
        "placed_rank": mine.position_of(placement.offer) if placement else None,
        "waiting": _waiting(mine),
        "steps": season_steps(mine, outcome.notice),
        "path": _path(mine, outcome, person) if outcome.is_public else _unread_path(mine),
        "pair": pair_of(participant.student) if confirmed else None,
        "contacts": placement.offer.supervisors if placement and confirmed else (),
        **list_context(mine),
    }
    return render(request, "selection/student/result.html", context)


@requires("selection.choose_offers")
@require_safe
def why(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Answer for one offer on the reader's own list, or the one they were placed at."""
    person: Person = request.user  # type: ignore[assignment]
    offer = get_object_or_404(student.offers_seen_by(person), public_id=public_id)
    participant = student.participations_of(person).get(round=offer.round_id)
    mine = student.my_list(participant)
    outcome = outcome_of(participant)
    if not outcome.is_public:
        messages.info(request, _("The reasons are shown once the result is published."))
        return redirect(f"{reverse('selection:result')}?round={participant.round.public_id}")
    position = mine.position_of(offer)
    reason = why_for_student(participant, offer, actor=person)
    run = participant.round.official_run
    context = {
        "mine": mine,
        "offer": offer,
        "outcome": outcome,
        "question": _question(mine, outcome, offer, position),
        "sentence": reason.sentence,
        "enough": enough_for_student(participant, offer, actor=person) if run else "",
        "placed": _placed_text(mine, outcome, offer),
        "figures": _figures(numbers_at(run, offer) if run else {}),
        "path": _path(mine, outcome, person, here=offer),
        "run": run,
        "lottery": participant.round if participant.round.seed_published_at else None,
    }
    return render(request, "selection/student/why.html", context)


@requires("selection.raise_objection")
@require_http_methods(["GET", "POST"])
def object_to(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Object to the running notice of the round ``public_id``."""
    person: Person = request.user  # type: ignore[assignment]
    rows = notices_visible_to(person).filter(state=NoticeState.RUNNING)
    notice: PublicNotice = get_object_or_404(rows, round__public_id=public_id)
    form = ObjectionForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            _raise(notice, form, person)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(
                request, _("Your objection has been handed in. You will be told the answer.")
            )
            return redirect("selection:notice", public_id)
    context = {
        "form": form,
        "notice": notice,
        "submit_label": _("Hand in objection"),
        "cancel_url": reverse("selection:notice", args=[public_id]),
    }
    status = 422 if form.is_bound else 200
    return render(request, "selection/student/object.html", context, status=status)


def _raise(notice: PublicNotice, form: ObjectionForm, person: Person) -> None:
    upload = form.cleaned_data["evidence"]
    raise_objection(
        notice,
        text=form.cleaned_data["text"],
        evidence=upload or None,
        actor=person,
    )


def _path(
    mine: MyList, outcome: Outcome, person: Person, *, here: Offer | None = None
) -> list[dict[str, Any]]:
    """Return each choice with the first reason that holds."""
    if not mine.is_submitted:
        return []
    held = outcome.placement.offer_id if outcome.placement else None
    reached = mine.position_of(outcome.placement.offer) if outcome.placement else None
    steps = []
    for choice in mine.choices:
        later = reached is not None and choice.position > reached
        steps.append(
            {
                "position": choice.position,
                "name": names_of(choice.offer),
                "reason": why_for_student(mine.participant, choice.offer, actor=person).sentence,
                "css": "got" if choice.offer_id == held else "off" if later else "",
                "url": reverse("selection:why", args=[choice.offer.public_id]),
                "here": here is not None and here.pk == choice.offer_id,
            }
        )
    return steps


def _unread_path(mine: MyList) -> list[dict[str, Any]]:
    if not mine.is_submitted:
        return []
    return [
        {"position": c.position, "name": names_of(c.offer), "reason": c.offer.title, "css": ""}
        for c in mine.choices
    ]


def _waiting(mine: MyList) -> str:
    if mine.phase == "open" and not mine.is_submitted:
        return _("Your list is not submitted yet.")
    if not mine.is_submitted:
        return _("You submitted no list in this round.")
    if mine.is_sequential and mine.round.state in {RoundState.ANSWERING, RoundState.CLOSED}:
        return _("Mentors are asked one after the other.")
    return {
        RoundState.RANKING: _("Your list is in. Mentors answer after choosing has ended."),
        RoundState.ANSWERING: _("Mentors are answering now."),
        RoundState.CLOSED: _("All lists are closed; the matching comes next."),
        RoundState.MATCHED: _("The result is being reviewed."),
    }.get(RoundState(mine.round.state), _("The result is being prepared."))


def _question(mine: MyList, outcome: Outcome, offer: Offer, position: int | None) -> str:
    name = names_of(offer)
    if outcome.placement and outcome.placement.offer_id == offer.pk:
        if mine.round.stage == Stage.SECOND:
            return _("Why is %(name)s my second mentor?") % {"name": name}
        return _("Why was I placed with %(name)s?") % {"name": name}
    if position is None:
        return _("Why was I not placed with %(name)s?") % {"name": name}
    return _("Why was I not placed with my choice %(n)s, %(name)s?") % {
        "n": position,
        "name": name,
    }


def _placed_text(mine: MyList, outcome: Outcome, offer: Offer) -> str:
    placement = outcome.placement
    if placement is None:
        return _("You were not placed in this round.")
    if placement.offer_id == offer.pk:
        return ""
    name = names_of(placement.offer)
    if position := mine.position_of(placement.offer):
        return _("You are placed with your choice %(n)s, %(name)s.") % {"n": position, "name": name}
    return _("You are placed with %(name)s.") % {"name": name}


def _figures(numbers: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        "places": _("Places"),
        "assigned": _("Assigned before the run"),
        "applicants": _("Applicants"),
        "accepted": _("Accepted by the mentor"),
        "placed": _("Placed here"),
    }
    return [{"label": labels[name], "value": value} for name, value in numbers.items()]
