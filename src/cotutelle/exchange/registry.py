"""The kinds of spreadsheet the rooms can take in."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.exchange.importing import Importer

_importers: dict[str, Importer] = {}


def register(importer: Importer) -> Importer:
    """
    Make ``importer`` known; called from a room's ``importers.py``.

    Raises
    ------
    ValueError
        Another importer has this kind, or a key column does not exist.
    """
    if _importers.get(importer.kind, importer) is not importer:
        raise ValueError(f"two importers are called {importer.kind!r}")
    names = {c.name for c in importer.columns}
    if len(names) != len(importer.columns):
        raise ValueError(f"importer {importer.kind!r} has two columns with one name")
    if missing := set(importer.key) - names:
        raise ValueError(f"importer {importer.kind!r} has no column {sorted(missing)}")
    _importers[importer.kind] = importer
    return importer


def find(kind: str) -> Importer:
    """
    Return the importer of ``kind``.

    Raises
    ------
    RuleViolation
        ``exchange.unknown_kind``.
    """
    try:
        return _importers[kind]
    except KeyError:
        raise RuleViolation(
            "exchange.unknown_kind", _("There is no such kind of import."), status=404
        ) from None


def every() -> tuple[Importer, ...]:
    """Return all importers, in the order in which the rooms were loaded."""
    return tuple(_importers.values())
