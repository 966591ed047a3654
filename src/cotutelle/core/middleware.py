"""Language of the request; a broken rule becomes a page in words; what nobody types is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from cotutelle.core.errors import RuleViolation

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """
    Speak the language of the cookie, else of the browser, else Chinese.

    A signed-in person's own choice is applied later by ``PersonMiddleware``.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in dict(settings.LANGUAGES):
            chosen = translation.get_language_from_request(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or chosen)
            return response


class RuleViolationMiddleware:
    """Turn a ``RuleViolation`` that no view caught into its error page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Render the reason; other errors stay bugs."""
        if not isinstance(error, RuleViolation):
            return None
        template = "403.html" if error.status == 403 else "409.html"  # noqa: PLR2004
        context = {"reason": str(error), "code": error.code}
        return render(request, template, context, status=error.status)


class NulMiddleware:
    """
    Refuse NUL in addresses and forms: no browser sends one, and no database keeps one.

    Views that are exempt from CSRF speak with programs and check their own values.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Answer 404 to a NUL in the path, and 400 to one in a value."""
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404
        if getattr(view, "csrf_exempt", False):
            return
        for sent in (request.GET, request.POST):
            if any("\x00" in text for name, texts in sent.lists() for text in (name, *texts)):
                raise BadRequest("NUL")
