"""Keys of institutions: added, replaced, reported as compromised."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import IssuerKeyState
from cotutelle.credentials.forms.credentials import CompromiseForm, NewKeyForm
from cotutelle.credentials.models import IssuerKey
from cotutelle.credentials.queries.credentials import (
    institutions_kept_by,
    invalidated_by,
    is_to_be_reissued,
    keys_visible_to,
    lists_kept_by,
)
from cotutelle.credentials.services.issuer_keys import add_key, report_compromise, rotate_key
from cotutelle.credentials.services.issuing import reissue_all
from cotutelle.credentials.views.common import FORBIDDEN, KEY_KINDS, show_form
from cotutelle.ledger.queries import history_of
from cotutelle.ledger.queries.log import issuer_of, log_size
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.violations import show_violation


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
    context = {
        "key": found,
        "look": KEY_KINDS[found.state],
        "issuer": issuer_of(found.unit),
        "signed": found.credentials.count(),
        "down": down,
        "to_reissue": [one for one in down if is_to_be_reissued(one)],
        "may_manage": may(request, "credentials.manage_key", found),
        "may_list": may(request, "credentials.issue_award", found),
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
        may_list=may(request, "credentials.issue_award", found),
        place=form.cleaned_data.get("from_index") if form.is_bound and form.is_valid() else None,
        size=log_size(),
    )


@requires("credentials.issue_award")
def key_reissue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Issue anew what a compromised key took down."""
    found = _found(request, public_id)
    down = [one for one in invalidated_by(found, found.from_index or 0) if is_to_be_reissued(one)]
    if request.method == "POST":
        made = reissue_all(
            down, _("The key that had signed it is no longer trusted."), actor=actor_of(request)
        )
        messages.success(request, _("Issued anew: %(n)s.") % {"n": len(made)})
        return redirect("credentials:key", found.public_id)
    context = {
        "title": _("Issue certificates anew"),
        "says": _("They are signed with the key in use now; the old ones are revoked."),
        "changes": [{"text": _("Certificates issued anew"), "count": len(down)}],
        "undo": _("Every holder is told to pass on the new one."),
        "button": _("Issue %(n)s certificates anew") % {"n": len(down)},
        "cancel_url": reverse("credentials:key", args=[found.public_id]),
    }
    return render(request, "ui/confirm.html", context)
