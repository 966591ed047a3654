"""What an institution certifies: the list, a thing, its form, its copy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import (
    ACHIEVEMENT_TRANSITIONS,
    AchievementKind,
    AchievementState,
    Cryptosuite,
    SignerRole,
)
from cotutelle.credentials.forms.achievements import AchievementForm, CopyForm
from cotutelle.credentials.models import Achievement
from cotutelle.credentials.queries.achievements import (
    achievements_visible_to,
    counts_of,
    institutions_of,
    managed_by,
    with_counts,
)
from cotutelle.credentials.services.achievements import (
    AchievementData,
    change_achievement,
    copy_achievement,
    create_achievement,
    move_achievement,
)
from cotutelle.credentials.views.common import ACHIEVEMENT_KINDS, FORBIDDEN, show_form, tab_items
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of, may, saved_view_context
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("credentials.view_achievements")
def achievement_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    rows = with_counts(achievements_visible_to(actor))
    units = [(str(u.public_id), u.display_name) for u in institutions_of(actor)]
    listing: Listing[Achievement] = Listing(
        request.GET,
        rows,
        sorts=[
            Sort("name", pgettext("certificate", "name"), ["unit__path", "name_zh", "id"]),
            Sort("new", _("newest first"), ["-id"]),
        ],
        choices=[
            Choice("state", _("State"), AchievementState.choices, "state"),
            Choice("kind", _("Kind"), AchievementKind.choices, "kind"),
            Choice("unit", _("Institution"), units, "unit__public_id"),
        ],
        search=Search(("name_zh", "name_en", "criteria_zh", "criteria_en"), _("Name or criteria")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    for row in listing.rows:
        row.look = ACHIEVEMENT_KINDS[row.state]  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "may_manage": may(request, "credentials.manage_achievement"),
        "may_issue": may(request, "credentials.issue_award"),
        "may_propose": may(request, "credentials.propose_award"),
    }
    context |= saved_view_context(request, listing)
    return render(request, "credentials/achievement_list.html", context)


def _table(listing: Listing[Achievement]) -> Table:
    """Return the list with the headers of the spreadsheet that can be imported."""
    return Table(
        _("Achievements"),
        [
            Out(_("Institution"), lambda a: a.unit.code),
            Out(_("Kind"), lambda a: AchievementKind(a.kind).label),
            Out(_("Name in Chinese"), lambda a: a.name_zh),
            Out(_("Name in English"), lambda a: a.name_en),
            Out(pgettext("achievement", "Description in Chinese"), lambda a: a.description_zh),
            Out(pgettext("achievement", "Description in English"), lambda a: a.description_en),
            Out(_("Criteria in Chinese"), lambda a: a.criteria_zh),
            Out(_("Criteria in English"), lambda a: a.criteria_en),
            Out(
                _("Who signs"), lambda a: _(", ").join(str(SignerRole(r).label) for r in a.signers)
            ),
            Out(_("Valid for months"), lambda a: a.valid_months, "number"),
            Out(_("Where it is checked"), lambda a: Cryptosuite(a.cryptosuite).label),
            Out(_("State"), lambda a: AchievementState(a.state).label),
            Out(pgettext("certificate", "Issued"), lambda a: a.issued, "number"),
        ],
        listing.all_rows,
    )


def _found(request: HttpRequest, public_id: UUID) -> Achievement:
    return get_object_or_404(achievements_visible_to(actor_of(request)), public_id=public_id)


def managed(request: HttpRequest, public_id: UUID) -> Achievement:
    """Return an achievement of an institution whose officer the reader is."""
    return get_object_or_404(managed_by(actor_of(request)), public_id=public_id)


@requires("credentials.view_achievements")
def achievement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _found(request, public_id)
    may_manage = may(request, "credentials.manage_achievement", found)
    tab = request.GET.get("tab", "overview") if may_manage else "overview"
    context: dict[str, Any] = {
        "achievement": found,
        "look": ACHIEVEMENT_KINDS[found.state],
        "signers": [SignerRole(role).label for role in found.signers],
        "may_manage": may_manage,
        "may_propose": found.state == AchievementState.OPEN
        and may(request, "credentials.propose_award"),
        "steps": _steps(found) if may_manage else [],
        "counts": counts_of(found) if may_manage else [],
        "tab": tab,
        "tab_items": tab_items(tab, ("overview", _("Overview")), ("history", _("History")))
        if may_manage
        else [],
        "entries": history_of(found) if tab == "history" else [],
    }
    return render(request, "credentials/achievement.html", context)


def _steps(found: Achievement) -> list[dict[str, str]]:
    """Return the buttons that move an achievement on."""
    labels = {
        AchievementState.OPEN: _("Use it again")
        if found.state == AchievementState.RETIRED
        else pgettext("achievement", "Put it into use"),
        AchievementState.RETIRED: _("Take it out of use"),
    }
    allowed = ACHIEVEMENT_TRANSITIONS[AchievementState(found.state)]
    return [{"state": str(state), "label": labels[state]} for state in labels if state in allowed]


@requires("credentials.manage_achievement")
def achievement_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = AchievementForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        unit = typed.pop("unit")
        try:
            made = create_achievement(unit, AchievementData(**typed), actor=actor)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Saved as a draft. Put it into use when it is right."))
            return redirect("credentials:achievement", made.public_id)
    return show_form(
        request,
        form,
        title=_("Define an achievement"),
        submit_label=_("Save the draft"),
        cancel_url=reverse("credentials:achievements"),
    )


@requires("credentials.manage_achievement")
def achievement_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found, actor = managed(request, public_id), actor_of(request)
    initial = {name: getattr(found, name) for name in AchievementData.__slots__}
    form = AchievementForm(request.POST or None, initial=initial, actor=actor, editing=True)
    if request.method == "POST" and form.is_valid():
        try:
            change_achievement(found, AchievementData(**form.cleaned_data), actor=actor)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Saved."))
            return redirect("credentials:achievement", found.public_id)
    return show_form(
        request,
        form,
        title=_("Change the draft “%(name)s”") % {"name": found.display_name},
        submit_label=_("Save the draft"),
        cancel_url=reverse("credentials:achievement", args=[found.public_id]),
    )


@requires("credentials.manage_achievement")
def achievement_copy(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found, actor = managed(request, public_id), actor_of(request)
    initial = {"unit": found.unit.public_id, "name_zh": found.name_zh, "name_en": found.name_en}
    form = CopyForm(request.POST or None, initial=initial, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = copy_achievement(found, actor=actor, **form.cleaned_data)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Copied. The copy is a draft."))
            return redirect("credentials:achievement", made.public_id)
    return show_form(
        request,
        form,
        title=_("Copy “%(name)s”") % {"name": found.display_name},
        submit_label=_("Make the copy"),
        lead=_("Give the copy a name of its own."),
        cancel_url=reverse("credentials:achievement", args=[found.public_id]),
    )


@requires("credentials.manage_achievement")
@require_POST
def achievement_move(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = managed(request, public_id)
    wanted = request.POST.get("state", "")
    try:
        if wanted in AchievementState.values:
            move_achievement(found, AchievementState(wanted), actor=actor_of(request))
            words = _("“%(name)s” is now: %(state)s.")
            state = AchievementState(found.state).label
            messages.success(request, words % {"name": found.display_name, "state": state})
    except RuleViolation as violation:
        if violation.status == FORBIDDEN:
            raise
        messages.error(request, str(violation))
    return redirect("credentials:achievement", found.public_id)
