"""Publications: what is there, what a text holds (dry run), and adding it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.forms import PublicationsForm
from cotutelle.mentorship.models import Mentor
from cotutelle.mentorship.services.publications import Candidate
from cotutelle.mentorship.views.common import own_mentor
from cotutelle.people.views.common import actor_of
from cotutelle.ui.violations import show_violation


@requires("mentorship.write_own_profile")
def my_publications(request: HttpRequest) -> HttpResponse:
    return _page(request, own_mentor(request), reverse("mentorship:publications"))


@requires("mentorship.change_mentor")
def mentor_publications(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.mentors_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, "mentorship.change_mentor", found)
    return _page(request, found, reverse("mentorship:mentor-publications", args=[public_id]))


def _page(request: HttpRequest, mentor: Mentor, here: str) -> HttpResponse:
    form, candidates = PublicationsForm(), list[Candidate]()
    if request.method == "POST":
        if "remove" in request.POST:
            return _remove(request, mentor, here)
        form = PublicationsForm(request.POST, request.FILES)
        if form.is_valid():
            text, fmt = form.cleaned_data["text"], form.cleaned_data["fmt"]
            try:
                if "add" in request.POST:
                    return _add(request, mentor, here, text, fmt)
                candidates = services.preview_publications(mentor, text, fmt)
            except RuleViolation as violation:
                show_violation(form, violation)
    context = {
        "mentor": mentor,
        "form": form,
        "candidates": candidates,
        "fresh": sum(not c.is_known for c in candidates),
        "text": form.cleaned_data["text"] if candidates else "",
        "fmt": form.cleaned_data["fmt"] if candidates else "",
        "publications": [] if candidates else mentor.publications.all(),
        "here": here,
        "is_own": mentor.person_id == request.user.pk,
    }
    return render(request, "mentorship/publications.html", context)


def _add(request: HttpRequest, mentor: Mentor, here: str, text: str, fmt: str) -> HttpResponse:
    added = services.add_publications(
        mentor, text, fmt, only=set(request.POST.getlist("pick")), actor=actor_of(request)
    )
    words = ngettext("%(n)d publication added.", "%(n)d publications added.", added)
    messages.success(request, words % {"n": added})
    return redirect(here)


def _remove(request: HttpRequest, mentor: Mentor, here: str) -> HttpResponse:
    picked = request.POST.getlist("pick")
    keys = [int(k) for k in picked if k.isascii() and k.isdigit() and len(k) < 19]  # noqa: PLR2004
    try:
        removed = services.remove_publications(mentor, keys, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        words = ngettext("%(n)d publication removed.", "%(n)d publications removed.", removed)
        messages.success(request, words % {"n": removed})
    return redirect(here)
