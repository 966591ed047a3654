"""Teams of two mentors."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.forms import TeamEditForm, TeamForm
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.mentorship.views.common import show_form
from cotutelle.people.views.common import actor_of, may
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

_NAMES = (
    "name_zh", "name_en", "first__person__search_text", "second__person__search_text",
)  # fmt: skip


@requires("mentorship.view_mentors")
def team_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Team] = Listing(
        request.GET,
        queries.teams_visible_to(actor_of(request)),
        sorts=[Sort("name", pgettext("of a thing", "name"), ["name_zh", "id"])],
        toggles=[Toggle("archived", _("Archived"), lambda rows: rows.filter(is_archived=True))],
        search=Search(_NAMES, _("Name of the team or of a mentor")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Team"), str),
            Out(_("First mentor"), lambda t: t.first.display_name),
            Out(_("Second mentor"), lambda t: t.second.display_name),
            Out(_("Unit"), lambda t: t.unit.display_name),
        ]
        return download(request, Table(_("Teams"), columns, listing.all_rows), fmt)
    context = {"listing": listing, "may_manage": may(request, "mentorship.manage_teams")}
    return render(request, "mentorship/team_list.html", context)


@requires("mentorship.manage_teams")
def team_new(request: HttpRequest) -> HttpResponse:
    mentors = (
        Mentor.objects.filter(is_archived=False)
        .select_related("person", "unit")
        .order_by("person__name_sort", "id")
    )
    form = TeamForm(request.POST or None, actor=actor_of(request), mentors=mentors)
    if request.method == "POST" and form.is_valid():
        try:
            services.form_team(actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Team formed."))
            return redirect("mentorship:teams")
    return show_form(
        request, form, title=_("Form a team"), submit_label=_("Form team"),
        lead=_("In a round a team is like a mentor of its own, with its own offers and its own list; a place of a team counts on both accounts."),
        cancel_url=reverse("mentorship:teams"),
    )  # fmt: skip


@requires("mentorship.manage_teams")
def team_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(queries.teams_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, "mentorship.manage_teams", found)
    initial = {"name_zh": found.name_zh, "name_en": found.name_en, "is_archived": found.is_archived}
    form = TeamEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.edit_team(found, actor=actor_of(request), **form.cleaned_data)
        messages.success(request, _("Team saved."))
        return redirect("mentorship:teams")
    return show_form(
        request, form, title=str(found), submit_label=_("Save team"),
        lead=_("%(first)s and %(second)s") % {"first": found.first, "second": found.second},
        cancel_url=reverse("mentorship:teams"),
    )  # fmt: skip
