"""A student's own profile."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.enums import Role
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import queries, services
from cotutelle.programmes.forms import AttachmentForm, ProfileForm
from cotutelle.programmes.models import Student
from cotutelle.ui.violations import show_violation

_NAMES = ("statement", "career_plan", "path_wish")


def _own(request: HttpRequest) -> Student:
    student = queries.student_of(actor_of(request))
    if student is None:
        raise Http404
    return student


def _not_entered(request: HttpRequest) -> HttpResponse:
    """Tell somebody who is a student by role alone what comes first; 404 for everybody else."""
    if Role.STUDENT not in actor_of(request).roles:
        raise Http404
    return render(request, "programmes/not_entered.html")


@requires("programmes.write_profile")
def my_profile(request: HttpRequest) -> HttpResponse:
    student = queries.student_of(actor_of(request))
    if student is None:
        return _not_entered(request)
    form = ProfileForm(request.POST or None, initial={n: getattr(student, n) for n in _NAMES})
    quiet = bool(request.headers.get("X-Autosave"))
    if request.method == "POST":
        if form.is_valid():
            try:
                services.save_profile(student, **form.cleaned_data, actor=actor_of(request))
            except RuleViolation as violation:
                show_violation(form, violation)
        if quiet:
            return _quiet_answer(form)
        if form.is_valid():
            messages.success(request, _("Profile saved."))
            return redirect("programmes:my-profile")
    return render(
        request,
        "programmes/my_profile.html",
        {
            "student": student,
            "form": form,
            "attachment_form": AttachmentForm(),
            "attachments": queries.attachments_of(student),
            "submit_label": _("Save profile"),
            "autosave": True,
        },
    )


def _quiet_answer(form: ProfileForm) -> HttpResponse:
    if form.is_valid():
        return JsonResponse({"saved": True})
    words = " ".join(str(e) for errors in form.errors.values() for e in errors)
    return JsonResponse({"detail": words}, status=422)


@requires("programmes.write_profile")
@require_POST
def attach(request: HttpRequest) -> HttpResponse:
    student = _own(request)
    form = AttachmentForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            services.attach_file(student, upload.read(), name=upload.name, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
        else:
            messages.success(request, _("File attached."))
    else:
        messages.error(request, _("Choose a file first."))
    return redirect("programmes:my-profile")


@requires("programmes.write_profile")
@require_POST
def detach(request: HttpRequest, public_id: UUID) -> HttpResponse:
    student = _own(request)
    stored = get_object_or_404(queries.attachments_of(student), public_id=public_id)
    services.detach_file(student, stored, actor=actor_of(request))
    messages.success(request, _("File removed."))
    return redirect("programmes:my-profile")
