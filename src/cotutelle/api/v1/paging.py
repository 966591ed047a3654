"""Pages of lists: a signed cursor says where the next one begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import BaseModel

from cotutelle.api.v1.values import PageQuery
from cotutelle.core.errors import RuleViolation

T = TypeVar("T")
_SALT = "cotutelle.api.cursor"


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None


def page_of(
    rows: QuerySet[Any], query: PageQuery, show: Callable[[Any], T], *, newest_first: bool = False
) -> Page[T]:
    """
    Return the part of ``rows`` after the cursor, in the order in which they came to be.

    Rows added meanwhile move nothing: the cursor names a row and not a number of rows.
    Refuses with ``cursor.invalid``.
    """
    name = rows.model._meta.label_lower
    rows = rows.order_by("-pk" if newest_first else "pk")
    if query.cursor:
        key = _read(query.cursor, name)
        rows = rows.filter(**{"pk__lt" if newest_first else "pk__gt": key})
    found = list(rows[: query.limit + 1])
    shown = found[: query.limit]
    more = len(found) > query.limit
    after = signing.dumps([name, shown[-1].pk], salt=_SALT) if more else None
    return Page(items=[show(row) for row in shown], next=after)


def _read(cursor: str, name: str) -> int:
    try:
        belongs, key = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError):
        belongs, key = "", 0
    if belongs != name:
        raise RuleViolation(
            "cursor.invalid", _("This cursor is not of this list."), status=422, field="cursor"
        )
    return int(key)
