"""What the pages of mentors share."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from cotutelle.mentorship import queries
from cotutelle.mentorship.models import Mentor
from cotutelle.people.enums import Role
from cotutelle.people.views.common import actor_of


def own_mentor(request: HttpRequest) -> Mentor:
    """Return the mentor row of the reader; 404 for those who are none."""
    mentor = queries.mentor_of(actor_of(request))
    if mentor is None:
        raise Http404
    return mentor


def not_entered(request: HttpRequest) -> HttpResponse:
    """Tell somebody who is a mentor by role alone what comes first; 404 for everybody else."""
    if Role.MENTOR not in actor_of(request).roles:
        raise Http404
    return render(request, "mentorship/not_entered.html")


def show_form(
    request: HttpRequest,
    form: Any,
    *,
    title: str,
    submit_label: str,
    cancel_url: str = "",
    lead: str = "",
    template: str = "mentorship/form.html",
    **context: Any,
) -> HttpResponse:
    """Show a form page."""
    context |= {
        "form": form, "title": title, "submit_label": submit_label,
        "cancel_url": cancel_url, "lead": lead,
    }  # fmt: skip
    return render(request, template, context)


def tabs(current: str, *items: tuple[str, str]) -> list[dict[str, Any]]:
    """Return tabs that are chosen by ``?tab=``."""
    return [
        {"label": label, "url": f"?tab={key}", "current": key == current} for key, label in items
    ]
