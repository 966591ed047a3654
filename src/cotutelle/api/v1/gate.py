"""What every request of the API passes: language, caller, transaction, and words for a refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from cotutelle.api.v1 import replies
from cotutelle.api.v1.callers import SAFE, ApiRequest, identify
from cotutelle.api.v1.problems import KNOWN, problem, problem_of
from cotutelle.core.access import PUBLIC, SIGNED_IN

View = Callable[..., HttpResponse]
_NOT_ALLOWED = 405
_TOO_MANY = 429
_FAILED = 400


def gate(view: View, permission: str = SIGNED_IN) -> View:
    """Let ``view`` answer inside the gate; refusals become problem details."""

    @csrf_exempt  # a session is checked in `identify`; a token needs no check
    @wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        call = cast("ApiRequest", request)
        call.reply_headers = {}
        with timezone.override(dt.UTC), translation.override(_language(request)):
            try:
                response = _answer(view, call, *args, **kwargs)
            except KNOWN as error:
                response = problem_of(error)
            response = _worded(response)
            response["Content-Language"] = translation.get_language() or ""
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
        return response

    gated.permission = permission  # type: ignore[attr-defined]
    return gated


def _answer(view: View, request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    identify(request)
    if request.came_by and "Accept-Language" not in request.headers:
        translation.activate(request.person.language)
    if twice := sorted(name for name, values in request.GET.lists() if len(values) > 1):
        return problem(
            422,
            "request.invalid",
            _("Some of the values cannot be used."),
            errors=[{"field": f"query.{n}", "code": "twice", "message": _("Once only.")} for n in twice],
        )  # fmt: skip
    if request.method in SAFE:
        return _called(view, request, *args, **kwargs)
    with transaction.atomic():
        response = _written(view, request, *args, **kwargs)
        if response.status_code >= _FAILED:
            transaction.set_rollback(True)
    return response


def _written(view: View, request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Run a write in one transaction, the key of a repeated one included."""
    keyed = request.method == "POST" and request.came_by and replies.HEADER in request.headers
    if keyed and (earlier := replies.earlier_reply(request)) is not None:
        return earlier
    response = _called(view, request, *args, **kwargs)
    if keyed and response.status_code < _FAILED:
        replies.keep_reply(request, response)
    return response


def _called(view: View, request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    response = view(request, *args, **kwargs)
    if response.status_code < _FAILED:
        for name, value in request.reply_headers.items():
            response[name] = value
    return response


def _worded(response: HttpResponse) -> HttpResponse:
    if response.status_code == _NOT_ALLOWED:
        worded = problem(
            _NOT_ALLOWED, "request.method", _("This address does not take this method.")
        )
        worded["Allow"] = ", ".join(sorted(response["Allow"].replace(",", " ").split()))
        return worded
    if response.status_code == _TOO_MANY:
        response["Retry-After"] = "60"
    return response


def _language(request: HttpRequest) -> str:
    """Return the language of ``Accept-Language`` alone; cookies are for browsers."""
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return translation.get_language() or settings.LANGUAGE_CODE


def _nothing(request: HttpRequest) -> HttpResponse:
    raise Http404


def _openapi(request: HttpRequest) -> HttpResponse:
    from cotutelle.api.v1.description import description  # noqa: PLC0415  after all routes

    return JsonResponse(description(), json_dumps_params={"ensure_ascii": False})


nothing_here = gate(_nothing, PUBLIC)
openapi_json = gate(_openapi, PUBLIC)
