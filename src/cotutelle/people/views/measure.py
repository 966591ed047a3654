"""Public pages answer one address only so often, so that nobody can stop them for others."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from cotutelle.core.clock import now
from cotutelle.people.addresses import client_address

View = Callable[..., HttpResponse]
MINUTE_SECONDS = 60


def at_a_measure(group: str, per_minute: int) -> Callable[[View], View]:
    """
    Answer one address ``per_minute`` times a minute and process; then ask it to wait (429).

    Views of one ``group`` count together.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def measured(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            minute = int(now().timestamp()) // MINUTE_SECONDS
            key = f"measure.{group}.{minute}.{client_address(request)}"
            cache.add(key, 0, MINUTE_SECONDS)
            if cache.incr(key) > per_minute:
                text = "Too many requests. 请求过于频繁。\n"
                answer = HttpResponse(text, status=429, content_type="text/plain; charset=utf-8")
                answer["Retry-After"] = str(MINUTE_SECONDS)
                return answer
            return view(request, *args, **kwargs)

        return measured

    return decorate
