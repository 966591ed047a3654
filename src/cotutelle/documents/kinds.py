"""Kinds of papers: their code in the number, their name, and who sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Q
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

_CODE = re.compile(r"[A-Z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of paper.

    Attributes
    ----------
    code
        Middle part of the number, ``GS`` in ``2026-GS-0001``.
    label
        What it is called.
    visible
        ``visible(person)`` → condition on documents of this kind which the person may see,
        beside those of units whose office they hold.
    is_private
        The offices of the unit do not see them: ``visible`` alone decides.
    """

    code: str
    label: StrOrPromise
    visible: Callable[[Any], Q] | None = None
    is_private: bool = False


_kinds: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    code: str,
    label: StrOrPromise,
    visible: Callable[[Any], Q] | None = None,
    is_private: bool = False,
) -> None:
    """
    Declare a kind of paper.

    Raises
    ------
    ValueError
        ``code`` is not 1 to 12 capital letters and digits.
    """
    if not _CODE.fullmatch(code):
        raise ValueError("code: 1 to 12 capital letters and digits")
    _kinds[kind] = Kind(code, label, visible, is_private)


def known_kinds() -> dict[str, Kind]:
    """Return all kinds by name."""
    return dict(_kinds)


def private_kinds() -> list[str]:
    """Return the names of kinds that the offices of a unit do not see."""
    return [name for name, kind in _kinds.items() if kind.is_private]


def code_of(kind: str) -> str:
    """Return the code in numbers; an undeclared kind uses the end of its own name."""
    if kind in _kinds:
        return _kinds[kind].code
    return re.sub(r"[^A-Z0-9]", "", kind.rsplit(".", 1)[-1].upper())[:12] or "DOC"


def label_of(kind: str) -> str:
    """Return what a kind is called, in the active language."""
    return str(_kinds[kind].label) if kind in _kinds else kind
