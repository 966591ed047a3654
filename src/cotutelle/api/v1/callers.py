"""Who calls: a token, or the session of a browser; and how often."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase

from cotutelle.core.access import PUBLIC, SIGNED_IN, check
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.people.models import Person
from cotutelle.people.queries import person_of_token

PER_MINUTE = 600
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COUNT = """
INSERT INTO api_ratewindow (caller, minute, count) VALUES (%s, %s, 1)
ON CONFLICT (caller) DO UPDATE SET
    count = CASE WHEN api_ratewindow.minute = EXCLUDED.minute
                 THEN api_ratewindow.count + 1 ELSE 1 END,
    minute = EXCLUDED.minute
RETURNING count
"""


class ApiRequest(HttpRequest):
    """A request that came through the gate."""

    person: Person
    came_by: str
    reply_headers: dict[str, str]


def identify(request: ApiRequest) -> None:
    """
    Find the caller and count the request; without one, ``came_by`` stays empty.

    A request with a token never falls back to a session. Refuses with ``csrf.failed`` and
    ``rate.exceeded`` (429).
    """
    request.came_by = ""
    if "Authorization" in request.headers:
        kind, _space, raw = request.headers["Authorization"].partition(" ")
        person = person_of_token(raw.strip()) if kind.lower() == "bearer" else None
        if person is not None:
            request.came_by, request.person = "bearer", person
            _count(hashlib.sha256(raw.strip().encode()).hexdigest())
    elif isinstance(request.user, Person) and request.user.is_active:
        if request.method not in SAFE and not _has_csrf_token(request):
            raise Refused(_("Send the CSRF token of this session."), code="csrf.failed")
        request.came_by, request.person = "session", request.user
        _count(f"person:{request.user.pk}")
    if request.came_by:
        request.user = request.person


class _Csrf(CsrfViewMiddleware):
    """Django's check without its page."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def _has_csrf_token(request: HttpRequest) -> bool:
    checked = _Csrf(lambda _request: HttpResponse())
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    checked.process_request(request)
    return checked.process_view(request, HttpResponse, (), {}) is None


def _count(caller: str) -> None:
    """Count in the database: every web process sees the same number."""
    minute = int(now().timestamp()) // 60
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [caller, minute])
        row = cursor.fetchone()
    if row and row[0] > getattr(settings, "COTUTELLE_API_PER_MINUTE", PER_MINUTE):
        raise RuleViolation(
            "rate.exceeded", _("Too many requests. Wait a minute, then go on."), status=429
        )


class _Caller(AuthBase):
    """
    Ask the permission of an operation before anything of the request is read.

    The class name is the name of the scheme in the schema.
    """

    scheme = ""

    def __init__(self, permission: str) -> None:
        super().__init__()
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Any:
        """Return the caller; ``None`` when they did not come this way."""
        if getattr(request, "came_by", "") != self.scheme:
            return None
        if self.permission not in {SIGNED_IN, PUBLIC}:
            check(request.user, self.permission)
        return request.user


class Token(_Caller):
    """``Authorization: Bearer <token>``."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    scheme = "bearer"


class Session(_Caller):
    """The session of a signed-in browser; changes need the CSRF token."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "sessionid"
    scheme = "session"


def require_caller(request: ApiRequest) -> Person:
    """Return the caller. Raises ninja's ``AuthenticationError`` without one."""
    if not request.came_by:
        raise AuthenticationError
    return request.person
