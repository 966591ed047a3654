"""
How people read actions and values of the history.

Each room has an ``actions.py`` that registers its words; nothing translated is ever stored.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cotutelle.ui.dates import format_date, format_datetime

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{32,}")

_labels: dict[str, StrOrPromise] = {}
_private: set[str] = set()
_fields: dict[str, dict[str, StrOrPromise]] = {}
_values: dict[tuple[str, str], dict[str, StrOrPromise]] = {}

NamesOf = Callable[[Collection[str]], Mapping[str, str]]
_names: dict[tuple[str, str], NamesOf] = {}


def register(labels: Mapping[str, StrOrPromise], *, is_private: bool = False) -> None:
    """
    Declare how actions are read: ``{"selection.round.published": _("Round published")}``.

    Private ones (hours, leave) are read only on the pages of things of their own room, by those
    whom the room lets in: neither in the history of a whole unit nor in that of a person.
    """
    _labels.update(labels)
    if is_private:
        _private.update(labels)


def private(room: str = "") -> list[str]:
    """Return the private actions of all rooms but ``room``."""
    return sorted(action for action in _private if action.split(".")[0] != room)


def register_fields(
    subject_type: str,
    labels: Mapping[str, StrOrPromise],
    *,
    values: Mapping[str, Mapping[str, StrOrPromise]] | None = None,
) -> None:
    """
    Declare how the values before and after are read.

    Parameters
    ----------
    subject_type
        ``<app>.<model>`` as the ledger stores it.
    labels
        Key of the payload → label.
    values
        Key of the payload → stored value → word, for states and kinds.
    """
    _fields.setdefault(subject_type, {}).update(labels)
    for field, words in (values or {}).items():
        _values[subject_type, field] = dict(words)


def register_names(subject_type: str, names: Mapping[str, NamesOf]) -> None:
    """
    Declare which values are public identifiers, and what gives the names that people read.

    The identifier alone is kept: a name would have to go when that person is erased, and with it
    the proof of everybody else whose decision names them.
    """
    _names.update({(subject_type, field): names_of for field, names_of in names.items()})


def names_in(values: Iterable[tuple[str, Mapping[str, object]]]) -> dict[str, str]:
    """Return the names behind the identifiers in ``values``: (subject type, field → value)."""
    wanted: dict[NamesOf, set[str]] = defaultdict(set)
    for subject_type, fields in values:
        for field, value in fields.items():
            if names_of := _names.get((subject_type, field)):
                found = value if isinstance(value, list) else [value]
                wanted[names_of] |= {str(v) for v in found if _IDENTIFIER.fullmatch(str(v))}
    names: dict[str, str] = {}
    for names_of, keys in wanted.items():
        names.update(names_of(keys) if keys else {})
    return names


def label(action: str) -> str:
    """Return ``action`` in the reader's language; the dotted name where no room named it."""
    return str(_labels.get(action, action))


def known() -> dict[str, str]:
    """Return all registered actions that are not private with their labels, by label."""
    shown = ((a, str(text)) for a, text in _labels.items() if a not in _private)
    return dict(sorted(shown, key=lambda pair: pair[1]))


def field_label(subject_type: str, field: str) -> str:
    """Return the label of a key of the payload."""
    return str(_fields.get(subject_type, {}).get(field) or field.replace("_", " "))


def in_order(subject_type: str, fields: Iterable[str]) -> list[str]:
    """Return ``fields`` as their room lists them; unregistered ones last, by name."""
    listed = {name: n for n, name in enumerate(_fields.get(subject_type, {}))}
    return sorted(set(fields), key=lambda name: (listed.get(name, len(listed)), name))


def value_text(
    subject_type: str, field: str, value: object, names: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return a stored value in words; ``names`` stand for identifiers (see `names_in`)."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return _(", ").join(value_text(subject_type, field, one, names) for one in value)
    if isinstance(value, dict):
        return _("; ").join(
            _("%(name)s: %(value)s")
            % {
                "name": field_label(subject_type, str(name)),
                "value": value_text(subject_type, str(name), one, names),
            }
            for name, one in value.items()
        )
    if str(value) in names:
        return names[str(value)]
    words = _values.get((subject_type, field), {})
    return str(words[str(value)]) if str(value) in words else _plain(value)


def _plain(value: object) -> str:
    """Return moments as dates, and identifiers and digests by their first signs."""
    text = str(value)
    if not isinstance(value, str):
        return text
    if _ISO_DAY.fullmatch(text):
        return format_date(dt.date.fromisoformat(text))
    if _ISO_MOMENT.fullmatch(text):
        return format_datetime(dt.datetime.fromisoformat(text))
    if _IDENTIFIER.fullmatch(text) or _DIGEST.fullmatch(text):
        return f"{text[:8]}…"
    return text
