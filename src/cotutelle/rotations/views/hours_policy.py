"""Ceilings, the floor and the codes of rosters under a unit."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.queries import at_or_below
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.forms.hours import PolicyForm, shift_line
from cotutelle.rotations.models import HoursPolicy
from cotutelle.rotations.queries.hours import policy_for
from cotutelle.rotations.rules.hours import HOURS_ROLES
from cotutelle.rotations.services.hours import set_hours_policy
from cotutelle.rotations.shifts import USUAL, shifts_of
from cotutelle.rotations.views.hours_common import hours_tabs
from cotutelle.ui.violations import show_violation


@requires("rotations.manage_hours_policy")
@require_http_methods(["GET", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    owned = [g.unit for g in actor.active_grants if g.role in HOURS_ROLES]
    units = at_or_below(owned).filter(state="active").exclude(kind=UnitKind.TEAM).order_by("path")
    asked = request.GET.get("unit", "")
    unit = next((u for u in units if str(u.public_id) == asked), None) or units.first()
    if unit is None:
        unit = get_object_or_404(units)
    holding = policy_for(unit)
    initial = {"shifts": "\n".join(shift_line(s) for s in shifts_of(holding))}
    start = HoursPolicy(unit=unit)
    for name in PolicyForm.Meta.fields:
        setattr(start, name, getattr(holding, name))
    form = PolicyForm(request.POST or None, instance=start, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_hours_policy(unit, _typed(form), actor=actor)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Saved. It holds from the next evaluation on."))
            return redirect(f"{reverse('rotations:hours-policy')}?unit={unit.public_id}")
    context = {
        "form": form,
        "unit": unit,
        "units": units,
        "is_own": holding.pk is not None and holding.unit_id == unit.pk,
        "from_unit": holding.unit if holding.pk and holding.unit_id != unit.pk else None,
        "submit_label": _("Save ceilings and floor"),
        "tab_items": hours_tabs(request, "policy"),
    }
    return render(request, "rotations/hours/policy.html", context)


def _typed(form: PolicyForm) -> dict[str, object]:
    """Return what was typed; the usual codes unchanged are not kept as a unit's own."""
    values = dict(form.cleaned_data)
    usual = [shift_line(shift) for shift in USUAL]
    if [shift_line(s) for s in shifts_of(HoursPolicy(shifts=values["shifts"]))] == usual:
        values["shifts"] = []
    return values
