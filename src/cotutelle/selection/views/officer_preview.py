"""What people will read once a result is published, shown to the officer first."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.notices.kinds import body_of, title_of
from cotutelle.selection import services
from cotutelle.selection.enums import PlacementSource, RoundState
from cotutelle.selection.models import Round
from cotutelle.selection.queries.review import Unmatched, review_of
from cotutelle.selection.services import Sample
from cotutelle.selection.views.officer_common import actor_of, page, round_or_404
from cotutelle.selection.views.student import names_of


@requires("selection.publish_round")
def preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show the notices and the result page of a real case of each sort, without a name."""
    found = round_or_404(request, public_id, "selection.publish_round")
    if found.state != RoundState.MATCHED:
        messages.info(request, _("There is no result under review."))
        return redirect("selection:round", found.public_id)
    samples = [_words(sample) for sample in services.samples_of(found)]
    return page(
        request, "preview", found, samples=samples, unplaced=_unplaced(found), override=_OVERRIDE
    )


_OVERRIDE = PlacementSource.OVERRIDE


def _words(sample: Sample) -> dict[str, Any]:
    readers = {
        "selection.result": ("school", _("A student with a place reads")),
        "selection.no_result": ("hourglass", _("A student without a place reads")),
        "selection.mentor_result": ("users", _("A mentor reads")),
    }
    icon, reader = readers[sample.kind]
    placement = sample.placement
    return {
        "kind": sample.kind,
        "icon": icon,
        "reader": reader,
        "title": title_of(sample.kind, sample.params),
        "body": body_of(sample.kind, sample.params),
        "placement": placement,
        "mentors": names_of(placement.offer) if placement else "",
    }


def _unplaced(round_: Round) -> Unmatched | None:
    """Return a student without a place who handed in a list, if there is one."""
    rows = review_of(round_).unmatched
    return next((one for one in rows if one.why.code != "not_submitted"), next(iter(rows), None))


@requires("selection.publish_round")
@require_POST
def send(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the samples to the reader alone."""
    found = round_or_404(request, public_id, "selection.publish_round")
    try:
        sent = services.send_samples(found, actor=actor_of(request))
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:round", found.public_id)
    text = ngettext(
        "%(n)s sample sent to you alone. Nothing is published.",
        "%(n)s samples sent to you alone. Nothing is published.",
        sent,
    )
    messages.success(request, text % {"n": sent})
    return redirect("selection:preview", found.public_id)
