"""The list of departments of the national standard."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.people.views.common import actor_of, may
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.forms.setup_curricula import DepartmentForm
from cotutelle.rotations.models import Department
from cotutelle.rotations.queries.setup_curricula import departments
from cotutelle.rotations.services import setup_departments as services
from cotutelle.rotations.services.setup_departments import DepartmentData
from cotutelle.rotations.views.setup_common import setup_tabs
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort
from cotutelle.ui.violations import show_violation


@requires("rotations.view_departments")
def department_list(request: HttpRequest) -> HttpResponse:
    listing: Listing[Department] = Listing(
        request.GET,
        departments(),
        sorts=[
            Sort("family", _("family"), ["family", "code"]),
            Sort("code", _("code"), ["code"]),
            Sort("wards", _("most wards"), ["-wards_open", "code"]),
        ],
        choices=[Choice("family", _("Family"), DepartmentFamily.choices, "family")],
        search=Search(["code", "name_zh", "name_en"], _("Name or code")),
        page_size=100,
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(pgettext("rotations", "Code"), lambda d: d.code),
            Out(_("Name in Chinese"), lambda d: d.name_zh),
            Out(_("Name in English"), lambda d: d.name_en),
            Out(_("Family"), lambda d: DepartmentFamily(d.family).label),
            Out(_("Open wards"), lambda d: d.wards_open, "number"),
            Out(_("Curricula in force"), lambda d: d.curricula_in_force, "number"),
        ]
        return download(request, Table(_("Departments"), columns, listing.all_rows), fmt)
    context = {
        "listing": listing,
        "tab_items": setup_tabs(request, "departments"),
        "may_manage": may(request, "rotations.manage_departments"),
    }
    return render(request, "rotations/setup/department_list.html", context)


@requires("rotations.manage_departments")
def department_new(request: HttpRequest) -> HttpResponse:
    form = DepartmentForm(request.POST or None)
    return _saved(request, form, None, title=_("Add a department"))


@requires("rotations.manage_departments")
def department_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Department, pk=pk)
    initial = {name: getattr(found, name) for name in DepartmentData.__dataclass_fields__}
    form = DepartmentForm(request.POST or None, initial=initial)
    return _saved(request, form, found, title=_("Change %(name)s") % {"name": found.display_name})


def _saved(
    request: HttpRequest, form: DepartmentForm, found: Department | None, **context: Any
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            services.save_department(form.department, department=found, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Department saved."))
            return redirect("rotations:departments")
    base = {
        "form": form,
        "submit_label": _("Save department"),
        "cancel_url": reverse("rotations:departments"),
    }
    return render(request, "rotations/setup/department_form.html", base | context)


@requires("rotations.manage_departments")
@require_POST
def department_usual(request: HttpRequest) -> HttpResponse:
    """Add the usual departments that are missing."""
    n = services.install_departments(actor=actor_of(request))
    text = ngettext("%(n)s department added.", "%(n)s departments added.", n)
    messages.success(request, text % {"n": n})
    return redirect("rotations:departments")
