"""Curricula: the list, one curriculum, and each step of its life."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.queries import history_of
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import CurriculumState
from cotutelle.rotations.forms.setup_curricula import (
    CurriculumForm,
    EditionForm,
    OrderForm,
    OwnerForm,
    SheetsForm,
)
from cotutelle.rotations.models import Curriculum, CurriculumBlock
from cotutelle.rotations.queries.setup_curricula import (
    curricula_visible_to,
    earlier_in_force,
)
from cotutelle.rotations.queries.setup_faults import (
    BlockLine,
    Content,
    GroupLine,
    OrderLine,
    content_of,
    totals_of,
)
from cotutelle.rotations.services import setup_curricula as services
from cotutelle.rotations.services.setup_blocks import replace_content
from cotutelle.rotations.services.setup_curricula import CurriculumData
from cotutelle.rotations.services.setup_sheets import Reading, read_sheets, write_sheets
from cotutelle.rotations.views.setup_common import setup_tabs
from cotutelle.ui.downloads import XLSX, attachment, download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation

STATE_KINDS = {
    CurriculumState.DRAFT: "due",
    CurriculumState.IN_FORCE: "ok",
    CurriculumState.RETIRED: "wait",
}
_SALT = "rotations.curriculum.sheets"
_KEPT_SECONDS = 3600


def found_curriculum(
    request: HttpRequest, public_id: UUID, permission: str = "rotations.manage_curricula"
) -> Curriculum:
    """Return a curriculum the reader may see, and check ``permission`` on it."""
    found = get_object_or_404(curricula_visible_to(actor_of(request)), public_id=public_id)
    check(request.user, permission, found)
    return found


@requires("rotations.view_curricula")
def curriculum_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Curriculum] = Listing(
        request.GET,
        curricula_visible_to(actor_of(request)),
        sorts=[
            Sort("specialty", _("specialty"), ["specialty_code", "-edition", "id"]),
            Sort("newest", _("newest first"), ["-created_at", "-id"]),
        ],
        choices=[Choice("state", _("State"), CurriculumState.choices, "state")],
        toggles=[Toggle("example", _("Examples"), lambda rows: rows.filter(is_example=True))],
        search=Search(["name_zh", "name_en", "specialty_code"], _("Name or code")),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Code of the specialty"), lambda c: c.specialty_code),
            Out(_("Name in Chinese"), lambda c: c.name_zh),
            Out(_("Name in English"), lambda c: c.name_en),
            Out(_("Edition"), lambda c: c.edition),
            Out(_("Unit"), lambda c: c.unit.display_name),
            Out(_("Months"), lambda c: c.months, "number"),
            Out(_("Blocks"), lambda c: c.block_count, "number"),
            Out(_("Students"), lambda c: c.people, "number"),
            Out(_("State"), lambda c: CurriculumState(c.state).label),
        ]
        return download(request, Table(_("Curricula"), columns, listing.all_rows), fmt)
    for row in listing.rows:
        row.kind = STATE_KINDS[CurriculumState(row.state)]  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "tab_items": setup_tabs(request, "curricula"),
        "may_manage": may(request, "rotations.manage_curricula"),
    }
    return render(request, "rotations/setup/curriculum_list.html", context)


@requires("rotations.view_curricula")
def curriculum(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One curriculum: its blocks, their months, what contradicts itself."""
    found = found_curriculum(request, public_id, "rotations.view_curriculum")
    tab = "history" if request.GET.get("tab") == "history" else "overview"
    here = reverse("rotations:curriculum", args=[found.public_id])
    manages = may(request, "rotations.manage_curricula", found)
    draft = found.state == CurriculumState.DRAFT
    blocks = list(found.blocks.select_related("department", "group"))
    tabs = [("overview", _("Overview"), here), ("history", _("History"), f"{here}?tab=history")]
    context = {
        "curriculum": found,
        "tab": tab,
        "tab_items": [{"label": t, "url": u, "current": k == tab} for k, t, u in tabs],
        "state_label": CurriculumState(found.state).label,
        "state_kind": STATE_KINDS[CurriculumState(found.state)],
        "blocks": blocks,
        "groups": found.groups.order_by("id").prefetch_related("blocks"),
        "orders": found.orders.select_related("before__department", "after__department"),
        "totals": totals_of(content_of(found)),
        "faults": services.reasons_against(found) if draft else (),
        "chart": _chart(blocks),
        "may_manage": manages,
        "may_edit": manages and draft,
        "order_form": OrderForm(blocks=blocks) if manages and draft else None,
        "entries": history_of(found) if tab == "history" else (),
    }
    return render(request, "rotations/setup/curriculum.html", context)


def _chart(blocks: list[CurriculumBlock]) -> dict[str, Any]:
    months: dict[str, int] = defaultdict(int)
    mandatory: set[str] = set()
    for block in blocks:
        name = block.department.display_name
        months[name] += block.months
        if block.group_id is None:
            mandatory.add(name)
    return {
        "category_name": pgettext("rotations", "Department"),
        "categories": list(months),
        "series": [{"name": _("Months"), "values": list(months.values())}],
        "muted": [n for n, name in enumerate(months) if name not in mandatory],
    }


def _form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return render(request, "rotations/setup/curriculum_form.html", {"form": form, **context})


def _back(found: Curriculum) -> str:
    return reverse("rotations:curriculum", args=[found.public_id])


@requires("rotations.manage_curricula")
def curriculum_new(request: HttpRequest) -> HttpResponse:
    form = CurriculumForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_curriculum(
                form.cleaned_data["unit"], form.curriculum, actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Curriculum drafted. Add its blocks next."))
            return redirect("rotations:curriculum", made.public_id)
    return _form_page(
        request, form, title=_("Draft a curriculum"), submit_label=_("Save draft"),
        cancel_url=reverse("rotations:curricula"),
    )  # fmt: skip


@requires("rotations.manage_curricula")
def curriculum_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_curriculum(request, public_id)
    initial = {name: getattr(found, name) for name in CurriculumData.__dataclass_fields__}
    form = CurriculumForm(
        request.POST or None, actor=actor_of(request), editing=True, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_curriculum(found, form.curriculum, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Curriculum saved."))
            return redirect("rotations:curriculum", found.public_id)
    return _form_page(
        request, form, curriculum=found, submit_label=_("Save curriculum"),
        title=_("Change %(name)s") % {"name": found.display_name}, cancel_url=_back(found),
    )  # fmt: skip


@requires("rotations.manage_curricula")
def curriculum_examples(request: HttpRequest) -> HttpResponse:
    """Choose a unit, then draft the shipped examples for it."""
    form = OwnerForm(request.POST or None, actor=actor_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.install_examples(form.cleaned_data["unit"], actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            text = ngettext("%(n)s example drafted.", "%(n)s examples drafted.", len(made))
            messages.success(request, text % {"n": len(made)})
            return redirect("rotations:curricula")
    return _form_page(
        request, form, title=_("Draft the examples"), submit_label=_("Draft examples"),
        lead=_(
            "One curriculum per specialty with 33 months of rotations and 3 of protected research."
            " They are examples: the school has to confirm each before it is put in force."
        ),
        cancel_url=reverse("rotations:curricula"),
    )  # fmt: skip


@requires("rotations.manage_curricula")
def curriculum_edition(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_curriculum(request, public_id)
    form = EditionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.new_edition(
                found, form.cleaned_data["edition"], actor=actor_of(request)
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("New edition drafted with the same blocks."))
            return redirect("rotations:curriculum", made.public_id)
    return _form_page(
        request, form, curriculum=found, title=_("Draft a new edition"),
        submit_label=_("Draft new edition"), cancel_url=_back(found),
    )  # fmt: skip


@requires("rotations.manage_curricula")
@require_POST
def curriculum_confirm(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say that the school has checked an example."""
    found = found_curriculum(request, public_id)
    return _done(request, found, services.confirm_example, _("Example confirmed."))


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def curriculum_force(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then put a draft in force."""
    found = found_curriculum(request, public_id)
    if request.method == "POST":
        return _done(request, found, services.put_in_force, _("The curriculum is in force."))
    faults = services.reasons_against(found)
    replaced = list(earlier_in_force(found))
    changes = [{"icon": "replace", "text": str(c), "count": _("is replaced")} for c in replaced]
    changes += [{"icon": "alert-triangle", "text": f.message, "count": ""} for f in faults]
    context = {
        "curriculum": found,
        "title": _("Put the curriculum in force"),
        "says": _("It cannot be put in force yet.")
        if faults
        else _("From then on its blocks cannot be changed, and students are planned with it."),
        "changes": changes,
        "button": _("Put the curriculum in force"),
        "undo": _("Who trains under an earlier edition stays there."),
        "cancel_url": _back(found),
    }
    return render(request, "rotations/setup/curriculum_ask.html", context)


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def curriculum_retire(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then let nobody begin under it any more."""
    found = found_curriculum(request, public_id)
    if request.method == "POST":
        return _done(request, found, services.retire_curriculum, _("Curriculum retired."))
    context = {
        "curriculum": found,
        "title": _("Retire the curriculum"),
        "says": _("Nobody begins under it any more. Who trains under it stays there."),
        "changes": [
            {
                "icon": "users", "text": _("Students planned with it"),
                "count": found.participants.count(),
            }
        ],
        "button": _("Retire curriculum"),
        "undo": _("This cannot be undone; draft a new edition instead."),
        "cancel_url": _back(found),
    }  # fmt: skip
    return render(request, "rotations/setup/curriculum_ask.html", context)


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def curriculum_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask, then delete a draft."""
    found = found_curriculum(request, public_id)
    if request.method == "POST":
        try:
            services.delete_draft(found, actor=actor_of(request))
        except RuleViolation as violation:
            messages.error(request, str(violation))
            return redirect("rotations:curriculum", found.public_id)
        messages.success(request, _("Draft deleted."))
        return redirect("rotations:curricula")
    context = {
        "curriculum": found,
        "title": _("Delete the draft"),
        "says": _("The draft and its blocks are deleted; the history keeps that it was there."),
        "changes": [],
        "button": _("Delete draft"),
        "cancel_url": _back(found),
    }
    return render(request, "rotations/setup/curriculum_ask.html", context)


def _done(request: HttpRequest, found: Curriculum, service: Any, says: str) -> HttpResponse:
    try:
        service(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, says)
    return redirect("rotations:curriculum", found.public_id)


# ---------------------------------------------------------------- workbook


@requires("rotations.view_curricula")
@require_safe
def curriculum_sheets(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The whole curriculum as a workbook."""
    found = found_curriculum(request, public_id, "rotations.view_curriculum")
    return attachment(write_sheets(found), f"{found}.xlsx", XLSX)


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def curriculum_import(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Check a workbook, show what would change or what is wrong; then replace the blocks."""
    found = found_curriculum(request, public_id)
    if request.method == "POST" and (kept := request.POST.get("content")):
        return _replace(request, found, kept)
    form = SheetsForm(request.POST or None, request.FILES or None)
    reading: Reading | None = None
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            reading = read_sheets(upload.read(), upload.name, months=found.months)
        except RuleViolation as violation:
            show_violation(form, violation)
    context = {
        "curriculum": found,
        "form": form,
        "reading": reading,
        "old": content_of(found),
        "kept": _pack(found, reading.content) if reading and not reading.faults else "",
    }
    return render(request, "rotations/setup/curriculum_import.html", context)


def _pack(found: Curriculum, content: Content) -> str:
    """Return what was checked, signed, so that the second step imports exactly that."""
    return signing.dumps([str(found.public_id), asdict(content)], salt=_SALT, compress=True)


def _replace(request: HttpRequest, found: Curriculum, kept: str) -> HttpResponse:
    try:
        key, data = signing.loads(kept, salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        key, data = "", {}
    if key != str(found.public_id):
        messages.error(request, _("Too much time has passed. Check the file again."))
        return redirect("rotations:curriculum-import", found.public_id)
    content = Content(
        data["months"],
        tuple(BlockLine(**b) for b in data["blocks"]),
        tuple(GroupLine(**g) for g in data["groups"]),
        tuple(OrderLine(**o) for o in data["orders"]),
    )
    try:
        replace_content(found, content, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    else:
        messages.success(request, _("Blocks, groups and orders replaced by those of the file."))
    return redirect("rotations:curriculum", found.public_id)
