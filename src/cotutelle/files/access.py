"""What a file is for: who may read it, which types it may have, how large it may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.files.models import StoredFile

WhyNot = Callable[[Any, StoredFile], str | None]

PAPERS = ("pdf", "png", "jpeg", "docx", "xlsx")
TABLES = ("xlsx", "xls", "csv")
SCANS = ("pdf", "png", "jpeg")
TEXTS = ("csv", "text", "json")
ANY = tuple(dict.fromkeys((*PAPERS, *TABLES, *TEXTS)))


@dataclass(frozen=True, slots=True)
class Purpose:
    """
    What files of one purpose are.

    Attributes
    ----------
    why_not
        Why somebody who is not the owner may not read the file; ``None`` when they may.
    types
        Names of types, see ``cotutelle.files.validators.TYPES``.
    max_bytes
        Largest size; the general limit without one.
    """

    why_not: WhyNot
    types: Sequence[str] = PAPERS
    max_bytes: int | None = None


def _owner_only(actor: Any, file: StoredFile) -> str | None:
    return _("Only the person who uploaded this file may read it.")


_purposes: dict[str, Purpose] = {}
UNKNOWN = Purpose(_owner_only, types=ANY)


def register(
    purpose: str,
    why_not: WhyNot,
    *,
    types: Sequence[str] = PAPERS,
    max_bytes: int | None = None,
) -> None:
    """Declare ``purpose``. Without a declaration only the owner reads such files."""
    _purposes[purpose] = Purpose(why_not, types, max_bytes)


def purpose_of(name: str) -> Purpose:
    """Return what is declared for ``name``."""
    return _purposes.get(name, UNKNOWN)


def why_not_read(actor: Any, file: StoredFile) -> str | None:
    """Return why ``actor`` may not read ``file``; ``None`` when they may."""
    if not getattr(actor, "is_active", False):
        return _("Only people who are signed in may read files.")
    if file.owner_id == actor.pk:
        return None
    return purpose_of(file.purpose).why_not(actor, file)
