"""Blocks, elective groups and orders of a draft."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.forms.setup_curricula import BlockForm, GroupForm, OrderForm
from cotutelle.rotations.models import Curriculum, CurriculumBlock, ElectiveGroup
from cotutelle.rotations.services import setup_blocks as services
from cotutelle.rotations.views.setup_curricula import found_curriculum
from cotutelle.ui.violations import show_violation


def _page(request: HttpRequest, found: Curriculum, form: Any, **context: Any) -> HttpResponse:
    base = {
        "form": form,
        "curriculum": found,
        "cancel_url": reverse("rotations:curriculum", args=[found.public_id]),
    }
    return render(request, "rotations/setup/curriculum_form.html", base | context)


def _back(request: HttpRequest, found: Curriculum, says: str) -> HttpResponse:
    messages.success(request, says)
    return redirect("rotations:curriculum", found.public_id)


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def block_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_curriculum(request, public_id)
    form = BlockForm(request.POST or None, curriculum=found)
    return _block(request, found, form, None, title=_("Add a block"))


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def block_edit(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    found = found_curriculum(request, public_id)
    row = get_object_or_404(found.blocks.select_related("department", "group"), pk=pk)
    form = BlockForm(request.POST or None, curriculum=found, block=row)
    return _block(request, found, form, row, title=_("Change block %(code)s") % {"code": row.code})


def _block(
    request: HttpRequest,
    found: Curriculum,
    form: BlockForm,
    row: CurriculumBlock | None,
    *,
    title: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            services.save_block(found, form.line, block=row, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return _back(request, found, _("Block saved."))
    return _page(request, found, form, title=title, submit_label=_("Save block"))


@requires("rotations.manage_curricula")
@require_POST
def block_step(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Move a block up or down, or take it out."""
    found = found_curriculum(request, public_id)
    row = get_object_or_404(found.blocks, pk=pk)
    step = request.POST.get("step")
    try:
        if step == "remove":
            services.remove_block(row, actor=actor_of(request))
            messages.success(request, _("Block %(code)s taken out.") % {"code": row.code})
        else:
            services.move_block(row, up=step == "up", actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
    return redirect("rotations:curriculum", found.public_id)


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def group_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_curriculum(request, public_id)
    form = GroupForm(request.POST or None)
    return _group(request, found, form, None, title=_("Add an elective group"))


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def group_edit(request: HttpRequest, public_id: UUID, group_pk: int) -> HttpResponse:
    found = found_curriculum(request, public_id)
    row = get_object_or_404(found.groups, pk=group_pk)
    initial = {name: getattr(row, name) for name in ("code", "name_zh", "name_en", "choose")}
    form = GroupForm(request.POST or None, initial=initial)
    title = _("Change group %(code)s") % {"code": row.code}
    return _group(request, found, form, row, title=title)


def _group(
    request: HttpRequest,
    found: Curriculum,
    form: GroupForm,
    row: ElectiveGroup | None,
    *,
    title: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            services.save_group(found, form.line, group=row, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return _back(request, found, _("Elective group saved."))
    return _page(request, found, form, title=title, submit_label=_("Save group"))


@requires("rotations.manage_curricula")
@require_POST
def group_remove(request: HttpRequest, public_id: UUID, group_pk: int) -> HttpResponse:
    """Take a group away; its blocks become mandatory."""
    found = found_curriculum(request, public_id)
    row = get_object_or_404(found.groups, pk=group_pk)
    try:
        services.remove_group(row, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("rotations:curriculum", found.public_id)
    return _back(request, found, _("Group taken away; its blocks are mandatory now."))


@requires("rotations.manage_curricula")
@require_http_methods(["GET", "POST"])
def order_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = found_curriculum(request, public_id)
    form = OrderForm(request.POST or None, blocks=found.blocks.select_related("department"))
    if request.method == "POST" and form.is_valid():
        try:
            services.add_order(found, form.line, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            return _back(request, found, _("Order saved."))
    return _page(
        request, found, form, title=_("Say which block comes first"), submit_label=_("Save order")
    )


@requires("rotations.manage_curricula")
@require_POST
def order_remove(request: HttpRequest, public_id: UUID, order_pk: int) -> HttpResponse:
    found = found_curriculum(request, public_id)
    row = get_object_or_404(found.orders, pk=order_pk)
    try:
        services.remove_order(row, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("rotations:curriculum", found.public_id)
    return _back(request, found, _("Order taken away."))
