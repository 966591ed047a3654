"""What anybody checks without signing in: a file, a shared link, the offline page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from cotutelle.core.access import PUBLIC, requires
from cotutelle.core.canonical import canonical
from cotutelle.core.clock import today
from cotutelle.credentials.enums import AchievementKind, CredentialKind
from cotutelle.credentials.forms.verify import VerifyForm
from cotutelle.credentials.models import Share
from cotutelle.credentials.offline.actions import action_words
from cotutelle.credentials.offline.build import build_page, page_data
from cotutelle.credentials.queries.bundles import bundle_of
from cotutelle.credentials.queries.reports import check_bundle, in_the_readers_words
from cotutelle.credentials.queries.shares import open_share
from cotutelle.credentials.services.drafting import schema_url
from cotutelle.credentials.services.shares import count_view
from cotutelle.engines.credentials.achievements import schema
from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.files import read_file
from cotutelle.engines.credentials.words import sentence
from cotutelle.ledger.queries.log import policy_text
from cotutelle.people.views.measure import at_a_measure
from cotutelle.ui.downloads import attachment

PER_MINUTE = 60


@requires(PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
@at_a_measure("verify", PER_MINUTE)
def verify(request: HttpRequest) -> HttpResponse:
    sent = request.method == "POST"
    form = VerifyForm(request.POST, request.FILES) if sent else VerifyForm()
    report = None
    if sent and form.is_valid():
        try:
            report = in_the_readers_words(check_bundle(read_file(form.content())))
        except FileProblem as problem:
            form.add_error(None, sentence(problem.code, problem.params, get_language() or "zh"))
    context = {
        "form": form,
        "report": report,
        "page_data": page_data(policy_text(), words=action_words()),
    }
    return _unlisted(render(request, "credentials/verify.html", context))


@requires(PUBLIC)
@require_safe
@at_a_measure("verify", PER_MINUTE)
def share(request: HttpRequest, token: str) -> HttpResponse:
    found = open_share(token)
    bundle = _bundle(found) if found else None
    if found is None or bundle is None:
        return _unlisted(render(request, "credentials/share_ended.html", status=404))
    if request.method == "GET" and request.user != found.person:
        count_view(found)
    context = {
        "share": found,
        "is_transcript": found.credential.kind == CredentialKind.TRANSCRIPT,
        "report": in_the_readers_words(check_bundle(bundle)),
        "is_logged": "logged" in bundle,
        "page_data": page_data(policy_text(), words=action_words()),
    }
    return _unlisted(render(request, "credentials/share.html", context))


@requires(PUBLIC)
@require_safe
@at_a_measure("verify", PER_MINUTE)
def share_bundle(request: HttpRequest, token: str) -> HttpResponse:
    found = open_share(token)
    bundle = _bundle(found) if found else None
    if found is None or bundle is None:
        raise Http404
    name = f"{found.credential.public_id}.cotutelle.json"
    return _unlisted(attachment(canonical(bundle), name, "application/json"))


@requires(PUBLIC)
@require_safe
@at_a_measure("verify", PER_MINUTE)
def offline_page(request: HttpRequest) -> HttpResponse:
    if not policy_text():
        raise Http404
    page = build_page(policy_text(), built_on=today(), words=action_words())
    return attachment(page.encode(), "cotutelle-verify.html", "text/html; charset=utf-8")


@requires(PUBLIC)
@require_safe
def schema_of(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in AchievementKind.values:
        raise Http404
    answer = JsonResponse(schema(kind, schema_url(kind)))
    answer["Content-Type"] = "application/schema+json"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _bundle(found: Share) -> Mapping[str, Any] | None:
    return bundle_of(found.credential)


def _unlisted(answer: HttpResponse) -> HttpResponse:
    """Keep what somebody showed to somebody out of search engines and caches."""
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
