"""Declaring operations: each one names its permission, like a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ninja import Router

from cotutelle.api.v1.callers import ApiRequest, Session, Token

F = TypeVar("F", bound=Callable[..., Any])

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The `ETag` that was read; `*` for whatever is there.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "example": "*",
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "A value of your own; the same one within 24 h gives the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
}


class Room:
    """The operations of one subject, under one tag."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.router = Router(tags=[tag])

    def get(self, path: str, answer: Any, *, permission: str, **more: Any) -> Callable[[F], F]:
        """Declare a read."""
        return self._declare("GET", path, answer, permission, status=200, headers=[], **more)

    def post(
        self, path: str, answer: Any, *, permission: str, status: int = 201, **more: Any
    ) -> Callable[[F], F]:
        """Declare a create; it may be repeated safely with an ``Idempotency-Key``."""
        return self._declare(
            "POST", path, answer, permission, status=status, headers=[IDEMPOTENCY_KEY], **more
        )

    def act(self, path: str, answer: Any, *, permission: str, **more: Any) -> Callable[[F], F]:
        """Declare a step of something that was read: ``POST`` with ``If-Match``."""
        return self._declare(
            "POST", path, answer, permission, status=200, headers=[IF_MATCH], **more
        )

    def change(
        self, path: str, answer: Any, *, permission: str, method: str = "PATCH", **more: Any
    ) -> Callable[[F], F]:
        """Declare a change of something that was read: needs ``If-Match``."""
        return self._declare(
            method, path, answer, permission, status=200, headers=[IF_MATCH], **more
        )

    def _declare(
        self,
        method: str,
        path: str,
        answer: Any,
        permission: str,
        *,
        status: int,
        headers: list[dict[str, Any]],
        **more: Any,
    ) -> Callable[[F], F]:
        def declare(function: F) -> F:
            function.permission = permission  # type: ignore[attr-defined]
            summary, _rest = _split(function.__doc__ or "")
            self.router.api_operation(
                [method],
                path,
                auth=[Token(permission), Session(permission)],
                response={status: answer},
                operation_id=function.__name__,
                summary=summary,
                description=_rest,
                openapi_extra={"parameters": headers, "x-permission": permission},
                **more,
            )(function)
            return function

        return declare


def _split(doc: str) -> tuple[str, str]:
    first, _gap, rest = doc.strip().partition("\n")
    return first.rstrip("."), " ".join(rest.split())


def set_header(request: ApiRequest, name: str, value: str) -> None:
    """Let the answer carry a header."""
    request.reply_headers[name] = value
