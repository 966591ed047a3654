"""One's own pages: profile, sign-in and security, tokens, saved views."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.people import services
from cotutelle.people.forms import ProfileForm, TokenForm
from cotutelle.people.models import SavedView
from cotutelle.people.services.persons import OWN_FIELDS
from cotutelle.people.views.common import actor_of
from cotutelle.ui.violations import show_violation


def _tabs(current: str) -> list[dict[str, Any]]:
    tabs = [
        ("profile", _("My profile"), "people:profile"),
        ("security", _("Sign-in and security"), "people:security"),
        ("tokens", _("API tokens"), "people:tokens"),
        ("views", _("Saved views"), "people:views"),
    ]
    return [
        {"label": label, "url": reverse(name), "current": key == current}
        for key, label, name in tabs
    ]


@requires(SIGNED_IN)
def profile(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    initial = {name: getattr(person, name) for name in OWN_FIELDS}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_own_profile(person, actor=person, **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("Your profile has been saved."))
            return redirect("people:profile")
    return render(
        request,
        "people/profile.html",
        {
            "form": form,
            "shown": person,
            "tab_items": _tabs("profile"),
            "grants": person.active_grants,
            "submit_label": _("Save my profile"),
        },
    )


@requires(SIGNED_IN)
def security(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    factors = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    return render(
        request,
        "people/security.html",
        {
            "tab_items": _tabs("security"),
            "shown": person,
            "has_password": person.has_usable_password(),
            "has_totp": Authenticator.Type.TOTP in factors,
            "has_codes": Authenticator.Type.RECOVERY_CODES in factors,
            "campus_accounts": SocialAccount.objects.filter(user=person).order_by("id"),
        },
    )


@requires(SIGNED_IN)
def tokens(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    form, raw = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _token, raw = services.create_token(person, actor=person, **form.cleaned_data)
        except RuleViolation as error:
            show_violation(form, error)
        else:
            form = TokenForm()
    return render(
        request,
        "people/tokens.html",
        {
            "form": form,
            "raw": raw,
            "tab_items": _tabs("tokens"),
            "tokens": person.api_tokens.order_by("-id"),
            "now": now(),
        },
    )


@requires(SIGNED_IN)
def token_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    person = actor_of(request)
    token = get_object_or_404(person.api_tokens, public_id=public_id)
    if request.method == "POST":
        services.revoke_token(token, actor=person)
        messages.success(request, _("The token has been revoked."))
        return redirect("people:tokens")
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Revoke the token “%(name)s”") % {"name": token.name},
            "says": _("Programs that use it are refused from this moment."),
            "undo": _("It cannot be undone; you can create another token."),
            "button": _("Revoke the token"),
            "cancel_url": reverse("people:tokens"),
        },
    )


@requires(SIGNED_IN)
def views(request: HttpRequest) -> HttpResponse:
    saved = actor_of(request).saved_views.order_by("page", "name", "id")
    return render(request, "people/views.html", {"saved": saved, "tab_items": _tabs("views")})


@requires(SIGNED_IN)
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    view = services.save_view(
        actor_of(request),
        page=request.POST.get("path", ""),
        name=request.POST.get("name", ""),
        query=request.POST.get("query", ""),
    )
    messages.success(request, _("The view “%(name)s” has been saved.") % {"name": view.name})
    return redirect("people:saved-view", view.public_id)


@requires(SIGNED_IN)
def saved_view(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open a saved view; whoever gets the link sees what their own roles allow."""
    view = get_object_or_404(SavedView, public_id=public_id)
    return redirect(f"{view.page}?{view.query}" if view.query else view.page)


@requires(SIGNED_IN)
@require_POST
def view_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    view = get_object_or_404(actor_of(request).saved_views, public_id=public_id)
    services.delete_view(view, actor=actor_of(request))
    messages.success(request, _("The saved view has been removed."))
    return redirect("people:views")
