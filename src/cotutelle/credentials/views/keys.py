"""Keys of institutions: added, replaced, reported as compromised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import IssuerKeyState
from cotutelle.credentials.forms.credentials import CompromiseForm, NewKeyForm
from cotutelle.credentials.models import Credential, IssuerKey
from cotutelle.credentials.queries.credentials import (
    institutions_kept_by,
    invalidated_by,
    is_to_be_reissued,
    keys_visible_to,
    lists_kept_by,
    reissuing_of,
    to_reissue,
)
from cotutelle.credentials.services.issuer_keys import add_key, report_compromise, rotate_key
from cotutelle.credentials.services.issuing import AT_ONCE
from cotutelle.credentials.services.reissuing import reissue_all, start_reissuing
from cotutelle.credentials.views.common import FORBIDDEN, KEY_KINDS, show_form
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.views import says, shown
from cotutelle.ledger.queries import history_of
from cotutelle.ledger.queries.log import issuer_of, log_size
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.violations import show_violation

MOST_SHOWN = ":100"


@requires("credentials.view_keys")
def key_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    rows = list(keys_visible_to(actor))
    active = {one.unit_id for one in rows if one.state == IssuerKeyState.ACTIVE}
    context = {
        "keys": [{"key": one, "look": KEY_KINDS[one.state]} for one in rows],
        "lists": lists_kept_by(actor),
        "may_list": may(request, "credentials.view_credentials"),
        "may_add": institutions_kept_by(actor).exclude(pk__in=active).exists(),
    }
    return render(request, "credentials/key_list.html", context)


@requires("credentials.manage_key")
def key_add(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = NewKeyForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            add_key(form.cleaned_data["unit"], actor=actor)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Key added. Its public half is stated in the log."))
            return redirect("credentials:keys")
    return show_form(
        request,
        form,
        title=_("Add a key"),
        lead=_("The first key is added by itself when an achievement is put into use."),
        submit_label=_("Add the key"),
        cancel_url=reverse("credentials:keys"),
    )


def _found(request: HttpRequest, public_id: UUID) -> IssuerKey:
    return get_object_or_404(keys_visible_to(actor_of(request)), public_id=public_id)


@requires("credentials.view_keys")
def key(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id)
    down = (
        invalidated_by(found, found.from_index or 0)
        if found.state == IssuerKeyState.COMPROMISED
        else []
    )
    can_issue = may(request, "credentials.issue_award", found)
    job = reissuing_of(found)
    at_work = job is not None and not job.is_over
    context = {
        "key": found,
        "look": KEY_KINDS[found.state],
        "issuer": issuer_of(found.unit),
        "signed": found.credentials.count(),
        "down": down,
        "most": MOST_SHOWN,
        "may_reissue": can_issue and not at_work and any(map(is_to_be_reissued, down)),
        **(_work(request, job) if job is not None and can_issue else {}),
        "may_manage": may(request, "credentials.manage_key", found),
        "may_list": can_issue,
        "entries": history_of(found),
    }
    return render(request, "credentials/key.html", context)


@requires("credentials.manage_key")
def key_rotate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id)
    if request.method == "POST":
        try:
            made = rotate_key(found, actor=actor_of(request))
        except RuleViolation as violation:
            if violation.status == FORBIDDEN:
                raise
            messages.error(request, str(violation))
            return redirect("credentials:key", found.public_id)
        messages.success(request, _("Replaced. What was signed before keeps counting."))
        return redirect("credentials:key", made.public_id)
    context = {
        "title": _("Replace the key of %(unit)s") % {"unit": found.unit.display_name},
        "says": _("The key is retired and a new one added; both are stated in the log."),
        "changes": [
            {
                "text": _("Certificates signed with it; they keep counting"),
                "count": found.credentials.count(),
            }
        ],
        "undo": _("A retired key cannot be used again."),
        "button": _("Replace the key"),
        "cancel_url": reverse("credentials:key", args=[found.public_id]),
    }
    return render(request, "ui/confirm.html", context)


@requires("credentials.manage_key")
def key_compromise(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask from which place on, show what that takes down, then state it."""
    found = _found(request, public_id)
    form = CompromiseForm(request.POST or None, size=log_size())
    down = None
    if request.method == "POST" and form.is_valid():
        place = form.cleaned_data["from_index"]
        if request.POST.get("confirm") == str(place):
            try:
                report_compromise(found, place, actor=actor_of(request))
            except RuleViolation as violation:
                if violation.status == FORBIDDEN:
                    raise
                show_violation(form, violation)
            else:
                messages.success(request, _("Stated in the log; the status lists are signed anew."))
                return redirect("credentials:key", found.public_id)
        down = invalidated_by(found, place)
    return show_form(
        request,
        form,
        title=_("Report the key of %(unit)s as compromised") % {"unit": found.unit.display_name},
        lead=_(
            "Others may have signed with it. State from which place in the log on nothing counts."
        ),
        submit_label=_("See what stops counting"),
        cancel_url=reverse("credentials:key", args=[found.public_id]),
        template="credentials/key_compromise.html",
        down=down,
        most=MOST_SHOWN,
        may_list=may(request, "credentials.issue_award", found),
        place=form.cleaned_data.get("from_index") if form.is_bound and form.is_valid() else None,
        size=log_size(),
    )


@requires("credentials.issue_award")
def key_reissue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Issue anew what a compromised key took down: a few at once, many in the background."""
    found = _found(request, public_id)
    down = to_reissue(found)
    if request.method == "POST":
        try:
            return _reissue(request, found, down)
        except RuleViolation as violation:
            if violation.status == FORBIDDEN:
                raise
            messages.error(request, str(violation))
        return redirect("credentials:key", found.public_id)
    n = len(down)
    context = {
        "title": _("Issue certificates anew"),
        "says": _("They are signed with the key in use now; the old ones are revoked."),
        "changes": [{"text": _("Certificates issued anew"), "count": n}],
        "undo": _("Every holder is told to pass on the new one."),
        "button": ngettext("Issue %(n)s certificate anew", "Issue %(n)s certificates anew", n)
        % {"n": n},
        "cancel_url": reverse("credentials:key", args=[found.public_id]),
    }
    return render(request, "ui/confirm.html", context)


def _reissue(request: HttpRequest, key: IssuerKey, down: Sequence[Credential]) -> HttpResponse:
    actor = actor_of(request)
    if len(down) > AT_ONCE:
        start_reissuing(key, actor=actor)
    else:
        made = reissue_all(key, [one.award for one in down if one.award], actor=actor)
        messages.success(request, _("Issued anew: %(n)s.") % {"n": made})
    return redirect("credentials:key", key.public_id)


def _work(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Return how far issuing anew is, or what came of it; who did not start it may not stop it."""
    if job.is_over:
        return {"reissued": job, "failure": says(job) if job.state == JobState.FAILED else ""}
    if may(request, "jobs.view_job", job):
        return {"job": shown(job, request)}
    return {"others_job": job}
