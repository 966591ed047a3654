"""How a decision was computed, and how anybody checks it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from cotutelle.core.access import requires, why_not
from cotutelle.decisions.access import kind_of, known_kinds, parameters_in_words, title_of
from cotutelle.decisions.enums import PolicyState, RunState
from cotutelle.decisions.models import Policy, Run
from cotutelle.decisions.queries import policies_visible_to, visible_to
from cotutelle.decisions.services import certificate_bytes, check_again
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.ui.dates import format_datetime
from cotutelle.ui.downloads import attachment
from cotutelle.ui.listing import Choice, Listing, Search, Sort

RUN_KINDS = {
    RunState.VERIFIED: "wait",
    RunState.OFFICIAL: "ok",
    RunState.SUPERSEDED: "wait",
    RunState.REFUTED: "late",
}
POLICY_KINDS = {
    PolicyState.DRAFT: "due",
    PolicyState.ACTIVE: "ok",
    PolicyState.RETIRED: "wait",
}


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@requires("decisions.view_run")
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        visible_to(_person(request)),
        sorts=[Sort("new", _("newest first"), ["-id"]), Sort("old", _("oldest first"), ["id"])],
        choices=[
            Choice("state", _("State"), RunState.choices, "state"),
            Choice("kind", _("Kind"), [(k, title_of(k)) for k in sorted(known_kinds())], "kind"),
        ],
        search=Search(("certificate_sha256", "snapshot__sha256"), _("Part of a SHA-256")),
    )
    rows = [
        {"run": run, "title": title_of(run.kind), "kind": RUN_KINDS[RunState(run.state)]}
        for run in listing.rows
    ]
    return render(request, "decisions/run_list.html", {"listing": listing, "rows": rows})


@requires("decisions.view_run")
@require_safe
def run_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    run = _find(request, public_id)
    kind = kind_of(run.kind)
    may_check = (
        kind is not None
        and kind.verify is not None
        and why_not(request.user, "decisions.check_run", run) is None
    )
    context = {
        "run": run,
        "title": title_of(run.kind),
        "state_kind": RUN_KINDS[RunState(run.state)],
        "verdict": _verdict(run),
        "parameters": parameters_in_words(run.policy),
        "may_check": may_check,
        "back_url": kind.back_url(run) if kind and kind.back_url else "",
        "entries": history_of(run),
    }
    return render(request, "decisions/run.html", context)


def _verdict(run: Run) -> dict[str, Any]:
    """Return the verdict as the verdict piece shows it."""
    found = run.verdict if isinstance(run.verdict, dict) else {}
    kind = kind_of(run.kind)
    words = kind.checks if kind else {}
    passed = found.get("ok") is True
    checks = [
        {"label": words.get(label, label), "count": c.get("count", ""), "kind": "ok"}
        for c in found.get("checks", ())
        if isinstance(c, dict) and (label := str(c.get("label", "")))
    ]
    checks += [
        {"label": str(problem), "count": "", "kind": "late"}
        for problem in found.get("problems", ())
    ]
    title = _("The independent check found nothing wrong")
    return {
        "passed": passed,
        "title": title if passed else _("The independent check refutes this result"),
        "by": _("Checked on %(time)s by a program that shares no code with the solver")
        % {"time": format_datetime(run.checked_at)},
        "checks": checks,
        "download_url": reverse("decisions:certificate", args=[run.public_id]),
        "download_label": _("Download the certificate (JSON)"),
    }


@requires("decisions.view_run")
@require_safe
def run_certificate(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    run = _find(request, public_id)
    response = attachment(certificate_bytes(run), "certificate.json", "application/json")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@requires("decisions.check_run")
@require_POST
def run_check(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    run = _find(request, public_id)
    if check_again(run, actor=_person(request)).get("ok") is True:
        messages.success(request, _("Checked again: the certificate holds."))
    else:
        messages.error(request, _("Checked again: the certificate does not hold."))
    return redirect("decisions:run", public_id)


def _find(request: HttpRequest, public_id: uuid.UUID) -> Run:
    return get_object_or_404(visible_to(_person(request)), public_id=public_id)


@requires("decisions.view_policy")
@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        policies_visible_to(_person(request)),
        sorts=[
            Sort("name", pgettext("of a thing", "name"), ["kind", "name_zh", "-version", "id"]),
            Sort("new", _("newest first"), ["-id"]),
        ],
        choices=[
            Choice("state", _("State"), PolicyState.choices, "state"),
            Choice("kind", _("Kind"), [(k, title_of(k)) for k in sorted(known_kinds())], "kind"),
        ],
        search=Search(("name_zh", "name_en", "sha256"), pgettext("of a thing", "Name")),
    )
    rows = [
        {"policy": p, "title": title_of(p.kind), "kind": POLICY_KINDS[PolicyState(p.state)]}
        for p in listing.rows
    ]
    return render(request, "decisions/policy_list.html", {"listing": listing, "rows": rows})


@requires("decisions.view_policy")
@require_safe
def policy_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    policy: Policy = get_object_or_404(policies_visible_to(_person(request)), public_id=public_id)
    context = {
        "policy": policy,
        "title": title_of(policy.kind),
        "state_kind": POLICY_KINDS[PolicyState(policy.state)],
        "parameters": parameters_in_words(policy),
        "entries": history_of(policy),
    }
    return render(request, "decisions/policy.html", context)
