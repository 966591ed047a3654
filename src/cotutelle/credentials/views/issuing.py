"""Review & publish: what would be issued for how many, each checked, then issued or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.i18n import localized
from cotutelle.core.ids import uuids
from cotutelle.credentials.facts import in_words
from cotutelle.credentials.models import Award
from cotutelle.credentials.queries.awards import search_awards, to_issue
from cotutelle.credentials.services.awards import refuse_award
from cotutelle.credentials.services.issuing import (
    AT_ONCE,
    Preview,
    issue_awards,
    preview,
    start_issuing,
)
from cotutelle.credentials.views.common import FORBIDDEN
from cotutelle.people.models import Person
from cotutelle.people.views.common import actor_of
from cotutelle.ui.listing import Choice, Listing, Search, Sort


@requires("credentials.issue_award")
def issue(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    waiting = to_issue(actor)
    listing = _listing(request, waiting)
    found = preview(listing.rows)
    context = {
        "listing": listing,
        "rows": [
            {
                "award": one.award,
                "problem": one.problem,
                "facts": in_words(one.award.facts),
                "signatures": list(one.award.sign_offs.all()),
            }
            for one in found
        ],
        "verdict": _verdict(found),
        "bulk_url": reverse("credentials:issue-do"),
    }
    return render(request, "credentials/issue.html", context)


def _listing(request: HttpRequest, waiting: Any) -> Listing[Award]:
    achievements = {
        str(key): localized(zh, en)
        for key, zh, en in waiting.order_by("achievement__name_zh").values_list(
            "achievement__public_id", "achievement__name_zh", "achievement__name_en"
        )
    }
    units = {
        str(key): localized(zh, en)
        for key, zh, en in waiting.order_by("achievement__unit__path").values_list(
            "achievement__unit__public_id",
            "achievement__unit__name_zh",
            "achievement__unit__name_en",
        )
    }
    return Listing(
        request.GET,
        waiting.prefetch_related("sign_offs__signer"),
        sorts=[
            Sort("old", _("signed first"), ["achievement__unit__path", "proposed_at", "id"]),
            Sort("student", _("student"), ["student__person__name_sort", "id"]),
        ],
        choices=[
            Choice(
                "achievement", _("Achievement"), list(achievements.items()),
                "achievement__public_id",
            ),
            Choice("unit", _("Institution"), list(units.items()), "achievement__unit__public_id"),
        ],
        search=Search((), _("Student or achievement"), apply=search_awards),
    )  # fmt: skip


def _verdict(found: Sequence[Preview]) -> dict[str, Any]:
    bad = [one for one in found if not one.ok]
    return {
        "passed": not bad,
        "title": _("All of them can be issued")
        if not bad
        else ngettext("%(n)s of them cannot be issued", "%(n)s of them cannot be issued", len(bad))
        % {"n": len(bad)},
        "by": _("Checked against the schemas of their kinds"),
        "checks": [
            {"label": _("Certificates on this page"), "count": len(found)},
            {"label": _("Fit their schema"), "count": len(found) - len(bad)},
            *([{"label": _("Do not fit"), "count": len(bad), "kind": "late"}] if bad else []),
        ],
    }


@requires("credentials.issue_award")
@require_POST
def issue_do(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    picked = list(
        to_issue(actor).filter(public_id__in=uuids(request.POST.getlist("pick"))).order_by("pk")
    )
    back = redirect("credentials:issue")
    if not picked:
        messages.error(request, _("Choose at least one signed proposal that still waits."))
        return back
    try:
        if request.POST.get("do") == "refuse":
            return _refuse(request, picked, actor)
        return _issue(request, picked, actor)
    except RuleViolation as violation:
        if violation.status == FORBIDDEN:
            raise
        messages.error(request, str(violation))
    return back


def _refuse(request: HttpRequest, picked: Sequence[Award], actor: Person) -> HttpResponse:
    for award in picked:
        refuse_award(award, request.POST.get("reason", ""), actor=actor)
    n = len(picked)
    words = ngettext("%(n)s proposal refused.", "%(n)s proposals refused.", n) % {"n": n}
    messages.success(request, words)
    return redirect("credentials:issue")


def _issue(request: HttpRequest, picked: Sequence[Award], actor: Person) -> HttpResponse:
    """Issue a few at once, and many in the background."""
    if len(picked) > AT_ONCE:
        job = start_issuing(picked, actor=actor)
        return redirect("jobs:job", job.public_id)
    if len({award.achievement.unit_id for award in picked}) > 1:
        raise RuleViolation("award.institutions", _("One batch is issued by one institution."))
    run = issue_awards(picked, actor=actor)
    n = run.result["issued"] if run else 0
    if n:
        words = ngettext("%(n)s certificate issued.", "%(n)s certificates issued.", n) % {"n": n}
        messages.success(request, words)
    if n < len(picked):
        messages.warning(
            request,
            _("Not all of them: somebody else was quicker, or one does not fit its schema."),
        )
    return redirect("credentials:credentials")
