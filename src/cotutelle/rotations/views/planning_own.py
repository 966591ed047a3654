"""A student's own plan, a mentor's students, and why somebody is where they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cotutelle.core.access import check, requires
from cotutelle.core.clock import today
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of, may
from cotutelle.programmes.models import Student
from cotutelle.rotations.enums import DepartmentFamily, SwapState
from cotutelle.rotations.models import Participant, Stay
from cotutelle.rotations.months import first_of, month_text
from cotutelle.rotations.queries import planning as queries
from cotutelle.rotations.queries.planning_names import COLOURS
from cotutelle.rotations.queries.planning_why import why_of
from cotutelle.rotations.views.planning_common import participant_or_404


def plan_rows(participant: Participant) -> list[Any]:
    """Return the stays of a plan in force with the words a page needs."""
    present, rows = today(), list(queries.stays_of(participant))
    for row in rows:
        family = row.block.department.family if row.block else DepartmentFamily.OTHER
        row.colour = COLOURS[DepartmentFamily(family)]  # type: ignore[attr-defined]
        row.label = (  # type: ignore[attr-defined]
            row.block.department.display_name if row.block else _("Cut off")
        )
        row.when = month_text(row.starts_on)  # type: ignore[attr-defined]
        if first_of(row.ends_on) > row.starts_on:
            row.when += f" – {month_text(row.ends_on)}"  # type: ignore[attr-defined]
        row.months = (  # type: ignore[attr-defined]
            (row.ends_on.year - row.starts_on.year) * 12
            + row.ends_on.month
            - row.starts_on.month
            + 1
        )
        row.is_now = row.starts_on <= present <= row.ends_on  # type: ignore[attr-defined]
        row.is_past = row.ends_on < present  # type: ignore[attr-defined]
        row.may_swap = row.starts_on > present and row.block is not None  # type: ignore[attr-defined]
    return rows


@requires("rotations.view_own_plan")
@require_safe
def my_plan(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    students = Student.objects.filter(person=actor)
    places = list(queries.current_participations(students))
    swaps = queries.swaps_visible_to(actor).filter(state__in=[SwapState.ASKED, SwapState.AGREED])
    context = {
        "plans": [(place, plan_rows(place)) for place in places],
        "swaps": swaps,
        "is_own": True,
    }
    return render(request, "rotations/planning/my_plan.html", context)


@requires("rotations.view_trainee_plan")
@require_safe
def trainee_plan(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = participant_or_404(request, public_id, "rotations.view_trainee_plan")
    context = {"plans": [(found, plan_rows(found))], "participant": found, "is_own": False}
    return render(request, "rotations/planning/trainee_plan.html", context)


@requires("rotations.view_students_plans")
@require_safe
def students_plans(request: HttpRequest) -> HttpResponse:
    places = queries.current_participations(queries.students_of_mentor(actor_of(request)))
    rows = []
    for place in places:
        stays = plan_rows(place)
        now = next((row for row in stays if row.is_now), None)
        coming = next((row for row in stays if row.starts_on > today()), None)
        rows.append({"place": place, "now": now, "next": coming})
    return render(request, "rotations/planning/students_plans.html", {"rows": rows})


@requires("rotations.view_trainee_plan")
@require_safe
def why(request: HttpRequest, public_id: UUID) -> HttpResponse:
    stay = stay_or_404(actor_of(request), public_id)
    check(request.user, "rotations.view_trainee_plan", stay.participant)
    found = why_of(stay)
    if found is None:
        raise Http404
    context = {
        "why": found,
        "stay": stay,
        "own": stay.participant.student.person_id == actor_of(request).pk,
        "sees_run": may(request, "rotations.view_board", stay.participant.cycle),
        "when": month_text(stay.starts_on),
    }
    return render(request, "rotations/planning/why.html", context)


def stay_or_404(actor: Person, public_id: UUID) -> Stay:
    """Return a stay of the plan in force that the reader may see."""
    rows = Stay.objects.filter(participant__in=queries.participants_visible_to(actor))
    return get_object_or_404(
        rows.select_related(
            "participant__cycle__unit",
            "participant__student__person",
            "ward__hospital",
            "block__department",
            "scenario",
        ),
        public_id=public_id,
    )
