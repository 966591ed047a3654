"""A create that is sent twice happens once: the second gets the answer of the first."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import connection
from django.http import HttpResponse
from django.utils.translation import gettext as _

from cotutelle.api.models import IdempotentReply
from cotutelle.api.v1.callers import ApiRequest
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation

HEADER = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
_LONGEST = 100
_KEPT_HEADERS = ("ETag", "Location")
_CLAIM = """
INSERT INTO api_idempotentreply
    (person_id, route, key, request_sha256, status, headers, body, created_at)
VALUES (%s, %s, %s, %s, 0, '{}', '', %s)
ON CONFLICT (person_id, route, key) DO NOTHING RETURNING id
"""


def earlier_reply(request: ApiRequest) -> HttpResponse | None:
    """
    Claim the key of the request, inside its transaction; return the answer given before, if any.

    A second request waits here for the first one to end. Refuses with ``idempotency.key`` and
    ``idempotency.reused`` (422): the key came with another body.
    """
    key = request.headers[HEADER]
    if not 1 <= len(key) <= _LONGEST or not key.isprintable():
        raise RuleViolation(
            "idempotency.key", _("A key has 1 to 100 printable characters."), status=422
        )
    IdempotentReply.objects.filter(created_at__lt=now() - KEPT).delete()
    digest = _digest(request)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [request.person.pk, request.path[:200], key, digest, now()])
        if cursor.fetchone():
            return None
    reply = IdempotentReply.objects.get(person=request.person, route=request.path[:200], key=key)
    if reply.request_sha256 != digest:
        raise RuleViolation(
            "idempotency.reused", _("This key came with another request before."), status=422
        )
    response = HttpResponse(reply.body, status=reply.status, content_type="application/json")
    for name, value in reply.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def keep_reply(request: ApiRequest, response: HttpResponse) -> None:
    """Keep the answer to a create that succeeded; a failed one is rolled back with its key."""
    IdempotentReply.objects.filter(
        person=request.person, route=request.path[:200], key=request.headers[HEADER]
    ).update(
        status=response.status_code,
        headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        body=response.content.decode(),
    )


def _digest(request: ApiRequest) -> str:
    """Return what tells two requests apart; the boundary of a form is not part of it."""
    found = hashlib.sha256()
    if request.content_type == "multipart/form-data":
        for name, value in sorted(request.POST.items()):
            found.update(f"{name}={value}\x00".encode(errors="replace"))
        for name, upload in sorted(request.FILES.items()):
            found.update(f"{name}={getattr(upload, 'name', '')}\x00".encode(errors="replace"))
            found.update(upload.read())  # type: ignore[union-attr]
            upload.seek(0)  # type: ignore[union-attr]
    else:
        found.update(request.body)
    return found.hexdigest()
