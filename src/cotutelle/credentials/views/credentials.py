"""Issued certificates, for mentors and offices: the list, a thing, and the ends of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.credentials.actions import LINKS
from cotutelle.credentials.enums import (
    AchievementKind,
    CredentialKind,
    CredentialState,
    IssuerKeyState,
)
from cotutelle.credentials.facts import in_words
from cotutelle.credentials.forms.awards import ReasonForm
from cotutelle.credentials.forms.credentials import RevokeForm
from cotutelle.credentials.models import Credential
from cotutelle.credentials.queries.achievements import institutions_of
from cotutelle.credentials.queries.credentials import (
    credentials_visible_to,
    document_of,
    is_to_be_reissued,
    leaf_of,
    lists_of,
    search_credentials,
    staff_list,
)
from cotutelle.credentials.services import standing
from cotutelle.credentials.services.reissuing import reissue
from cotutelle.credentials.views.common import FORBIDDEN, show_form, tab_items
from cotutelle.credentials.views.words import STATE_KINDS
from cotutelle.ledger.queries import entries_about, lines
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of, may, saved_view_context
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("credentials.view_credentials")
def credential_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    units = [(str(u.public_id), u.display_name) for u in institutions_of(actor)]
    listing: Listing[Credential] = Listing(
        request.GET,
        staff_list(actor),
        sorts=[
            Sort("new", _("newest first"), ["-id"]),
            Sort("student", _("student"), ["person__name_sort", "id"]),
        ],
        choices=[
            Choice("state", _("State"), CredentialState.choices, "state"),
            Choice("kind", _("Kind"), AchievementKind.choices, "award__achievement__kind"),
            Choice("unit", _("Institution"), units, "unit__public_id"),
        ],
        search=Search((), _("Holder or certificate"), apply=search_credentials),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Holder"), lambda c: c.person.display_name),
            Out(_("Number"), lambda c: c.person.number),
            Out(_("Certificate"), lambda c: c.display_name),
            Out(_("Ward"), lambda c: c.ward_name),
            Out(_("Institution"), lambda c: c.unit.display_name),
            Out(_("State"), lambda c: CredentialState(c.state).label),
            Out(pgettext("certificate", "Issued"), lambda c: c.issued_at, "datetime"),
            Out(_("Valid until"), lambda c: c.valid_until, "date"),
        ]
        return download(request, Table(_("Certificates"), columns, listing.all_rows), fmt)
    for row in listing.rows:
        row.look = STATE_KINDS[row.state]  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "may_revoke": may(request, "credentials.revoke_credential"),
        "may_issue": may(request, "credentials.issue_award"),
        "may_keys": may(request, "credentials.view_keys"),
        "may_propose": may(request, "credentials.propose_award"),
    }
    context |= saved_view_context(request, listing)
    return render(request, "credentials/credential_list.html", context)


def _found(request: HttpRequest, public_id: UUID) -> Credential:
    return get_object_or_404(credentials_visible_to(actor_of(request)), public_id=public_id)


@requires("credentials.view_credential")
def credential(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id)
    document = document_of(found)
    tab = request.GET.get("tab", "overview")
    may_revoke = found.kind == CredentialKind.ACHIEVEMENT and may(
        request, "credentials.revoke_credential", found
    )
    state = CredentialState(found.state)
    award, is_mine = found.award, found.person_id == request.user.pk
    context: dict[str, Any] = {
        "credential": found,
        "look": STATE_KINDS[found.state],
        "is_mine": is_mine,
        "is_erased": document is None,
        "facts": in_words(document["credentialSubject"].get("facts", {})) if document else [],
        "achievement": award.achievement if award else None,
        "signatures": award.sign_offs.select_related("signer") if award else [],
        "leaf": leaf_of(found),
        "lists": lists_of([found]) if may_revoke else [],
        "key_is_bad": found.key.state == IssuerKeyState.COMPROMISED,
        "may_reissue": may_revoke and is_to_be_reissued(found),
        "may_suspend": may_revoke and state == CredentialState.VALID,
        "may_reinstate": may_revoke and state == CredentialState.SUSPENDED,
        "may_revoke": may_revoke and state != CredentialState.REVOKED,
        "tab": tab,
        "tab_items": tab_items(tab, ("overview", _("Overview")), ("history", _("History"))),
        "entries": _history(found, own=is_mine) if tab == "history" else [],
    }
    return render(request, "credentials/credential.html", context)


def _history(found: Credential, *, own: bool) -> list[Any]:
    """Return what happened to a certificate and to the proposal behind it, newest first."""
    rows = entries_about(found)
    entries = list(rows if own else rows.exclude(action__in=LINKS))
    if found.award is not None:
        entries += list(entries_about(found.award))
    return lines(sorted(entries, key=lambda one: -one.pk)[:100])


# ---------------------------------------------------------------- ends


def _end(
    request: HttpRequest,
    public_id: UUID,
    do: Callable[..., Credential],
    *,
    title: str,
    lead: str,
    done: str,
) -> HttpResponse:
    """Ask for a reason, then do it."""
    found = _found(request, public_id)
    back = reverse("credentials:credential", args=[found.public_id])
    form = ReasonForm(request.POST or None, help_text=_("The holder reads it."))
    if request.method == "POST" and form.is_valid():
        try:
            made = do(found, form.cleaned_data["reason"], actor=actor_of(request))
        except RuleViolation as violation:
            if violation.status == FORBIDDEN:
                raise
            show_violation(form, violation)
        else:
            messages.success(request, done)
            return redirect("credentials:credential", made.public_id)
    return show_form(
        request,
        form,
        title=title,
        lead=lead,
        submit_label=title,
        cancel_url=back,
        credential=found,
        template="credentials/end.html",
    )


@requires("credentials.revoke_credential")
def suspend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _end(
        request,
        public_id,
        standing.suspend,
        title=_("Suspend the certificate"),
        lead=_("Until it is valid again, every check says that it is suspended."),
        done=_("Suspended. The status list is signed anew."),
    )


@requires("credentials.revoke_credential")
def reinstate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _end(
        request,
        public_id,
        standing.reinstate,
        title=_("Let the certificate hold again"),
        lead=_("Checks with the next status list find it valid."),
        done=_("Valid again. The status list is signed anew."),
    )


@requires("credentials.issue_award")
def issue_again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _end(
        request,
        public_id,
        reissue,
        title=_("Issue the certificate anew"),
        lead=_("With the key in use now. The old one is revoked; the holder is told."),
        done=_("Issued anew."),
    )


@requires("credentials.revoke_credential")
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke one or many: their names are shown, a reason is given and a word typed."""
    actor = actor_of(request)
    picked = uuids([*request.GET.getlist("pick"), *request.POST.getlist("pick")])
    rows = list(
        staff_list(actor)
        .filter(public_id__in=picked)
        .exclude(state=CredentialState.REVOKED)
        .order_by("pk")
    )
    rows = [one for one in rows if may(request, "credentials.revoke_credential", one)]
    if not rows:
        messages.error(request, _("Choose at least one certificate that your institution issued."))
        return redirect("credentials:credentials")
    sent = "typed" in request.POST
    form = RevokeForm(
        request.POST if sent else None,
        word=pgettext("word typed to confirm", "revoke"),
        help_text=_("Every holder reads it."),
    )
    if sent and form.is_valid():
        return _revoke(request, rows, form.cleaned_data["reason"], actor)
    n = len(rows)
    title = ngettext("Revoke %(n)s certificate", "Revoke %(n)s certificates", n) % {"n": n}
    return show_form(
        request,
        form,
        title=title,
        lead=_("This is for good. Every check will say that they are revoked."),
        submit_label=title,
        cancel_url=reverse("credentials:credential", args=[rows[0].public_id])
        if n == 1
        else reverse("credentials:credentials"),
        rows=rows,
        template="credentials/revoke.html",
    )


def _revoke(
    request: HttpRequest, rows: list[Credential], reason: str, actor: Person
) -> HttpResponse:
    done, left = standing.revoke_many(rows, reason, actor=actor)
    if done:
        n = len(done)
        words = ngettext("%(n)s certificate revoked.", "%(n)s certificates revoked.", n) % {"n": n}
        messages.success(request, words)
    if left:
        messages.warning(request, _("Some were changed by somebody else meanwhile. Look again."))
    if len(rows) == 1:
        return redirect("credentials:credential", rows[0].public_id)
    return redirect("credentials:credentials")
