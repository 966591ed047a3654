"""Pages about programme templates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of
from cotutelle.programmes import queries, services
from cotutelle.programmes.enums import DegreeType, MilestoneKind, TemplateKind, TemplateState
from cotutelle.programmes.forms.templates import BasePhases, TemplateForm, phases_of
from cotutelle.programmes.models import Template
from cotutelle.programmes.queries import templates as reads
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

STATE_KINDS = {
    TemplateState.DRAFT: "wait",
    TemplateState.IN_FORCE: "ok",
    TemplateState.RETIRED: "wait",
}


def _find(request: HttpRequest, public_id: UUID) -> Template:
    rows = reads.templates_visible_to(actor_of(request))
    found: Template = get_object_or_404(rows, public_id=public_id)
    return found


@requires("programmes.view_templates")
def template_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    listing: Listing[Template] = Listing(
        request.GET,
        reads.templates_visible_to(actor),
        sorts=[
            Sort("code", _("code"), ["code", "-edition", "id"]),
            Sort("new", _("newest first"), ["-created_at", "-id"]),
        ],
        choices=[
            Choice("state", _("State"), TemplateState.choices, "state"),
            Choice("kind", _("Kind of programme"), TemplateKind.choices, "kind"),
            Choice("degree", _("Degree type"), DegreeType.choices, "degree_type"),
        ],
        toggles=[Toggle("examples", _("Examples"), lambda rows: rows.filter(is_example=True))],
        search=Search(("code", "name_zh", "name_en"), _("Code or name")),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    for row in listing.rows:
        row.kind_of_state = STATE_KINDS[TemplateState(row.state)]  # type: ignore[attr-defined]
    units = queries.units_of(actor, "graduate_officer")
    return render(
        request,
        "programmes/template_list.html",
        {
            "listing": listing,
            "may_manage": why_not(actor, "programmes.manage_template") is None,
            "units": units,
        },
    )


def _table(listing: Listing[Template]) -> Table:
    return Table(
        _("Programmes"),
        [
            Out(_("Programme code"), lambda t: t.code),
            Out(_("Edition"), lambda t: t.edition, "number"),
            Out(pgettext("of a thing", "Name"), lambda t: t.display_name),
            Out(_("Kind of programme"), lambda t: TemplateKind(t.kind).label),
            Out(_("Degree type"), lambda t: DegreeType(t.degree_type).label),
            Out(_("Months"), lambda t: t.months, "number"),
            Out(_("Admission routes"), lambda t: ", ".join(reads.route_labels(t.routes))),
            Out(_("State"), lambda t: TemplateState(t.state).label),
            Out(_("Students"), lambda t: t.students, "number"),
        ],
        listing.all_rows,
    )


@requires("programmes.view_templates")
def template(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    tab = request.GET.get("tab", "overview")
    manages = why_not(actor_of(request), "programmes.manage_template", found) is None
    tabs = [("overview", _("Overview")), ("editions", _("Editions")), ("history", _("History"))]
    gates = [(kind.label, found.gates[kind]) for kind in MilestoneKind if kind in found.gates]
    return render(
        request,
        "programmes/template.html",
        {
            "template": found,
            "tab": tab,
            "tab_items": [
                {"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in tabs
            ],
            "state_kind": STATE_KINDS[TemplateState(found.state)],
            "timeline": reads.timeline_of(found),
            "calendars": found.calendars.order_by("id"),
            "gates": sorted(gates, key=lambda gate: gate[1]),
            "editions": reads.editions_of(found) if tab == "editions" else [],
            "may_manage": manages,
            "is_draft": found.state == TemplateState.DRAFT,
            "is_in_force": found.state == TemplateState.IN_FORCE,
            "entries": history_of(found) if tab == "history" else [],
        },
    )


@requires("programmes.manage_template")
def template_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = TemplateForm(request.POST or None, actor=actor)
    phases = phases_of(None, request.POST or None)
    if request.method == "POST" and form.is_valid() and phases.is_valid():
        try:
            made = services.create_template(
                form.cleaned_data["unit"], form.data_with(phases.phases()), actor=actor
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Programme drafted. Put it in force when it is checked."))
            return redirect("programmes:template", made.public_id)
    title = _("New programme")
    return _form(
        request, form, phases, title, _("Draft programme"), reverse("programmes:templates")
    )


@requires("programmes.manage_template")
def template_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    actor = actor_of(request)
    check(actor, "programmes.manage_template", found)
    form = TemplateForm(
        request.POST or None, actor=actor, editing=True, initial=TemplateForm.values_of(found)
    )
    phases = phases_of(found, request.POST or None)
    here = reverse("programmes:template", args=[found.public_id])
    if request.method == "POST" and form.is_valid() and phases.is_valid():
        try:
            services.edit_template(found, form.data_with(phases.phases()), actor=actor)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Draft saved."))
            return redirect(here)
    title = _("Edit “%(name)s”") % {"name": found.display_name}
    return _form(request, form, phases, title, _("Save draft"), here)


def _form(  # noqa: PLR0917  as the page reads
    request: HttpRequest,
    form: TemplateForm,
    phases: BasePhases,
    title: str,
    submit_label: str,
    cancel_url: str,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "phases": phases,
        "title": title,
        "submit_label": submit_label,
        "cancel_url": cancel_url,
    }
    return render(request, "programmes/template_form.html", context)


@requires("programmes.manage_template")
def template_in_force(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask once more, with what follows, then put the draft in force."""
    found = _find(request, public_id)
    check(actor_of(request), "programmes.manage_template", found)
    here = reverse("programmes:template", args=[found.public_id])
    if request.method == "POST":
        services.put_template_in_force(found, actor=actor_of(request))
        messages.success(request, _("The programme is in force."))
        return redirect(here)
    old = reads.editions_of(found).filter(state=TemplateState.IN_FORCE).first()
    changes = [{"text": _("From now on it can be given to students; it never changes again.")}]
    if old is not None:
        changes.append(
            {"text": _("Edition %(n)s is replaced; students on it keep it.") % {"n": old.edition}}
        )
    if found.is_example:
        changes.append({"text": _("It is marked as an example: confirm lengths and gates first.")})
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Put “%(name)s” in force") % {"name": found.display_name},
            "says": _("Edition %(n)s becomes the programme in force.") % {"n": found.edition},
            "changes": changes,
            "button": _("Put programme in force"),
            "cancel_url": here,
        },
    )


@requires("programmes.manage_template")
@require_POST
def template_new_edition(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(actor_of(request), "programmes.manage_template", found)
    try:
        made = services.draft_new_edition(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("programmes:template", found.public_id)
    messages.success(request, _("Draft of edition %(n)s made.") % {"n": made.edition})
    return redirect("programmes:template-edit", made.public_id)


@requires("programmes.manage_template")
def template_retire(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _find(request, public_id)
    check(actor_of(request), "programmes.manage_template", found)
    here = reverse("programmes:template", args=[found.public_id])
    if request.method == "POST":
        services.retire_template(found, actor=actor_of(request))
        messages.success(request, _("The programme is no longer in force."))
        return redirect(here)
    return render(
        request,
        "ui/confirm.html",
        {
            "title": _("Take “%(name)s” out of force") % {"name": found.display_name},
            "says": _("Nobody can be put on it any more. Students on it keep it."),
            "button": _("Take programme out of force"),
            "cancel_url": here,
        },
    )


@requires("programmes.manage_template")
@require_POST
def template_examples(request: HttpRequest) -> HttpResponse:
    """Draft the shipped examples under one of the officer's units."""
    units = queries.units_of(actor_of(request), "graduate_officer")
    unit = get_object_or_404(units, public_id=_uuid(request.POST.get("unit", "")))
    made = services.install_examples(unit, actor=actor_of(request))
    text = ngettext("%(n)d example drafted.", "%(n)d examples drafted.", len(made))
    messages.success(request, text % {"n": len(made)})
    return redirect("programmes:templates")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
