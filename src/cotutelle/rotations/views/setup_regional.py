"""The plan in force beside what the regional residency platform has."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import check, requires
from cotutelle.people.views.common import actor_of
from cotutelle.rotations.models import Cycle, Participant, RegionalLine
from cotutelle.rotations.queries.setup_regional import (
    DIFFERS,
    ONLY_OURS,
    ONLY_THEIRS,
    Difference,
    cycles_compared_by,
    differences_of,
    stays_of,
)
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort


def _found(request: HttpRequest, public_id: UUID) -> Cycle:
    found = get_object_or_404(cycles_compared_by(actor_of(request)), public_id=public_id)
    check(request.user, "rotations.keep_regional", found)
    return found


def _kinds() -> dict[str, str]:
    return {
        DIFFERS: _("Another ward or department"),
        ONLY_OURS: _("Only in our plan"),
        ONLY_THEIRS: _("Only on the platform"),
    }


@requires("rotations.keep_regional")
@require_safe
def regional(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Where the plan in force and the platform disagree, per student."""
    found = _found(request, public_id)
    every = differences_of(found)
    kinds = _kinds()
    listing: Listing[Participant] = Listing(
        request.GET,
        found.participants.filter(pk__in={d.participant.pk for d in every}).select_related(
            "student__person"
        ),
        sorts=[Sort("name", _("name"), ["student__person__name_sort", "id"])],
        choices=[
            Choice(
                "kind", _("Kind of difference"), list(kinds.items()),
                apply=lambda rows, kind: rows.filter(
                    pk__in={d.participant.pk for d in every if d.kind == kind}
                ),
            )
        ],
        search=Search(["student__person__search_text", "student__person__number"], _("Name or number")),
    )  # fmt: skip
    if fmt := request.GET.get("format"):
        wanted = set(listing.all_rows.values_list("pk", flat=True))
        chosen = [d for d in every if d.participant.pk in wanted]
        return download(request, _table(chosen, kinds), fmt, watermark=True)
    shown = {row.pk: row for row in listing.rows}
    lines = RegionalLine.objects.filter(cycle=found)
    newest = lines.order_by("-imported_at").first()
    context = {
        "cycle": found,
        "listing": listing,
        "rows": [(d, kinds[d.kind]) for d in every if d.participant.pk in shown],
        "differing_people": len({d.participant.pk for d in every}),
        "people": found.participants.count(),
        "months": sum(d.months for d in every),
        "line_count": lines.count(),
        "imported_at": newest.imported_at if newest else None,
        "by_kind": [(label, sum(d.kind == kind for d in every)) for kind, label in kinds.items()],
    }
    return render(request, "rotations/setup/regional.html", context)


def _table(rows: list[Difference], kinds: dict[str, str]) -> Table:
    columns = [
        Out(_("Name"), lambda d: d.participant.student.display_name),
        Out(_("Student number"), lambda d: d.participant.student.person.number),
        Out(_("From month"), lambda d: f"{d.first:%Y-%m}"),
        Out(_("To month"), lambda d: f"{d.last:%Y-%m}"),
        Out(_("Difference"), lambda d: kinds[d.kind]),
        Out(_("Our plan"), lambda d: d.ours),
        Out(_("Regional platform"), lambda d: d.theirs),
    ]
    return Table(_("Differences to the regional platform"), columns, rows)


@requires("rotations.keep_regional")
@require_safe
def regional_ours(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Our plan in the form of the platform: one row per stay."""
    found = _found(request, public_id)
    columns = [
        Out(_("Name"), lambda s: s.participant.student.display_name),
        Out(_("Student number"), lambda s: s.participant.student.person.number),
        Out(
            pgettext("rotations", "Department"),
            lambda s: s.block.department.display_name if s.block else "",
        ),
        Out(_("Ward"), lambda s: s.ward.display_name),
        Out(_("From"), lambda s: s.starts_on, "date"),
        Out(_("Until"), lambda s: s.ends_on, "date"),
    ]
    title = _("Rotations for the regional platform")
    return download(request, Table(title, columns, stays_of(found)), "xlsx", watermark=False)
