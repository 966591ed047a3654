"""What anybody may fetch: status lists and the keys of issuers."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from cotutelle.core.access import PUBLIC, requires
from cotutelle.core.canonical import canonical
from cotutelle.credentials.enums import IssuerKeyState
from cotutelle.credentials.models import StatusList
from cotutelle.credentials.queries.public import key_evidence, keys_of, logged_list, published_lists
from cotutelle.engines.credentials.names import CONTROLLED_IDENTIFIERS, ISSUER_TERMS
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries.log import issuer_of

MINUTES_KEPT = 5


def _answer(content: bytes | str) -> HttpResponse:
    """Return JSON that a page from anywhere may read: nothing of it is a secret."""
    response = HttpResponse(content, content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"public, max-age={MINUTES_KEPT * 60}"
    return response


def _list(code: str, purpose: str, number: int) -> StatusList:
    rows = published_lists().filter(unit__code=_code(code), purpose=purpose, number=number)
    return get_object_or_404(rows)


def _code(code: str) -> str:
    """Return the code of a unit; the database takes no NUL and has none."""
    if "\x00" in code:
        raise Http404
    return code


@requires(PUBLIC)
@require_safe
def status_list(request: HttpRequest, code: str, purpose: str, number: int) -> HttpResponse:
    """Give a list as it was signed last."""
    return _answer(_list(code, purpose, number).body)


@requires(PUBLIC)
@require_safe
def status_list_logged(request: HttpRequest, code: str, purpose: str, number: int) -> HttpResponse:
    """Give a list with the evidence that it was logged, as a bundle carries it."""
    found = logged_list(_list(code, purpose, number))
    if found is None:
        raise Http404
    return _answer(canonical(found))


@requires(PUBLIC)
@require_safe
def issuer(request: HttpRequest, code: str) -> HttpResponse:
    """Give an issuer: its keys as a controller document, and the evidence of every key event."""
    issuers = Unit.objects.filter(issuer_keys__isnull=False).distinct()
    unit = get_object_or_404(issuers, code=_code(code))
    name = issuer_of(unit)
    methods = [
        {
            "id": f"{name}#{key.multikey}",
            "type": "Multikey",
            "controller": name,
            "publicKeyMultibase": key.multikey,
        }
        for key in keys_of(unit)
        if key.state != IssuerKeyState.COMPROMISED
    ]
    document = {
        "@context": [CONTROLLED_IDENTIFIERS, ISSUER_TERMS],
        "id": name,
        "name": {"en": unit.name_en or unit.name_zh, "zh": unit.name_zh},
        "verificationMethod": methods,
        "assertionMethod": [one["id"] for one in methods],
        "keys": key_evidence(unit)[name],
    }
    return _answer(json.dumps(document, ensure_ascii=False))
