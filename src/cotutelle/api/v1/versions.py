"""Nobody overwrites what they have not seen: ``ETag`` when read, ``If-Match`` when changed."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _

from cotutelle.api.v1.callers import ApiRequest
from cotutelle.api.v1.operations import set_header
from cotutelle.core.errors import RuleViolation

M = TypeVar("M", bound=Model)
# Columns that change without anybody changing the thing.
_IGNORED = frozenset(
    {
        "password",
        "last_login",
        "search",
        "search_text",
        "name_sort",
        "asked_at",
        "answered_at",
        "known_size",
    }
)
_COUNTED = {"selection.participant": "list_version", "selection.answer": "version"}


def etag_of(thing: Model) -> str:
    """Return the version of ``thing``: its counter, or a digest of its columns."""
    if counter := _COUNTED.get(thing._meta.label_lower):
        return f'"{getattr(thing, counter)}"'
    values = [
        (f.attname, str(getattr(thing, f.attname)))
        for f in thing._meta.concrete_fields
        if f.name not in _IGNORED
    ]
    return f'"{hashlib.sha256(repr(values).encode()).hexdigest()[:20]}"'


def show_version(request: ApiRequest, thing: Model) -> None:
    """Let the answer carry the version of ``thing``."""
    set_header(request, "ETag", etag_of(thing))


def require_version(request: ApiRequest, thing: M) -> M:
    """
    Lock ``thing`` until the end of the request, if it is still as the caller saw it.

    Refuses with ``version.missing`` (428) and ``version.stale`` (412).
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise RuleViolation(
            "version.missing", _("Send If-Match with the ETag that you read."), status=428
        )
    manager: Any = type(thing)._default_manager  # noqa: SLF001
    locked = manager.select_for_update(of=("self",)).get(pk=thing.pk)
    seen = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    if "*" not in seen and etag_of(locked) not in seen:
        raise RuleViolation(
            "version.stale",
            _("Somebody has just changed this. Look again, then decide."),
            status=412,
        )
    return thing
