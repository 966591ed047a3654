"""Refusals as problem details (RFC 9457): a stable ``code``, a sentence in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from cotutelle.core.errors import RuleViolation

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:cotutelle:problem:"
# Refusals that `problem_of` puts into words; anything else is a bug.
KNOWN = (
    RuleViolation,
    Http404,
    ValidationError,
    HttpError,
    BadRequest,
    SuspiciousOperation,
    MultiPartParserError,
)


class FieldError(BaseModel):
    """What is wrong with one value that was sent."""

    field: str = Field(description="Path of the value, with dots: `body.name_zh`.")
    code: str
    message: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="`urn:cotutelle:problem:` and the code.")
    title: str
    status: int
    code: str = Field(description="Stable and never translated.")
    detail: str = Field(description="A sentence in the language of `Accept-Language`.")
    errors: list[FieldError] = Field(description="Values at fault, when values are.")


def problem(
    status: int, code: str, detail: str, *, errors: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """Return a refusal as a response."""
    body = {
        "type": TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
    }
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type=MEDIA_TYPE
    )
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def problem_of(error: Exception) -> HttpResponse:
    """Put one of `KNOWN` into words."""
    if isinstance(error, RuleViolation):
        at_fault = [{"field": error.field, "code": error.code, "message": str(error)}]
        return problem(error.status, error.code, str(error), errors=at_fault if error.field else ())
    if isinstance(error, ValidationError):
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "request.invalid",
            _("Some of the values cannot be used."),
            errors=[_field_error(one) for one in error.errors],
        )
    if isinstance(error, AuthenticationError):
        return problem(
            HTTPStatus.UNAUTHORIZED,
            "access.unauthenticated",
            _("Send a valid token, or sign in."),
        )
    if isinstance(error, Http404):
        return problem(HTTPStatus.NOT_FOUND, "not_found", _("There is nothing here for you."))
    if isinstance(error, RequestDataTooBig):
        return problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_large", _("This is too much at once.")
        )
    return problem(
        HTTPStatus.BAD_REQUEST, "request.unreadable", _("The request could not be read.")
    )


def _field_error(error: dict[str, Any]) -> dict[str, str]:
    place = [str(part) for part in error.get("loc", ())]
    # ninja names the Python argument too; a caller knows only where the value was sent.
    shown = [place[0], *place[2:]] if len(place) > 2 else place  # noqa: PLR2004
    return {
        "field": ".".join(shown),
        "code": str(error.get("type", "invalid")),
        "message": str(error.get("msg", "")),
    }


def answer_known(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Answer an exception as ninja's handlers are called."""
    return problem_of(error if isinstance(error, Exception) else error())
