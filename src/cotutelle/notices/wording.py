"""
Filling texts for people in, at the moment they are read.

Parameters are plain JSON. A value ``{"zh": …, "en": …}`` is a name in two languages,
``{"at": "2026-11-20T10:00:00+00:00"}`` a moment, ``{"day": "2026-11-20"}`` a day; each is put in
words of the reader's language and time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from cotutelle.core.i18n import localized
from cotutelle.ui.dates import format_date, format_datetime

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Params = Mapping[str, Any]
Text: TypeAlias = "StrOrPromise | Callable[[Params], str]"


class _Tolerant(dict[str, Any]):
    """An old row may lack what a newer text asks for; a dash is better than a broken page."""

    def __missing__(self, key: str) -> str:
        return "–"


def readable(value: Any) -> Any:
    """Return a parameter in words of the active language and zone."""
    if not isinstance(value, Mapping):
        return value
    if "zh" in value or "en" in value:
        return localized(str(value.get("zh", "")), str(value.get("en", "")))
    if "at" in value:
        return format_datetime(dt.datetime.fromisoformat(str(value["at"])))
    if "day" in value:
        return format_date(dt.date.fromisoformat(str(value["day"])))
    return value


def fill(text: Text, params: Params, *, strict: bool = False) -> str:
    """
    Return ``text`` with its parameters in the active language.

    Raises
    ------
    KeyError
        With ``strict``: the text asks for a parameter that is not there.
    """
    if callable(text):
        return text(params)
    words = {name: readable(value) for name, value in params.items()}
    return str(text) % (words if strict else _Tolerant(words))


def bilingual(thing: Any) -> dict[str, str]:
    """Return the two names of ``thing`` (``name_zh``, ``name_en``) as a parameter."""
    return {"zh": thing.name_zh, "en": thing.name_en}


def moment(at: dt.datetime) -> dict[str, str]:
    """Return a moment as a parameter."""
    return {"at": at.isoformat()}


def day(on: dt.date) -> dict[str, str]:
    """Return a day as a parameter."""
    return {"day": on.isoformat()}
