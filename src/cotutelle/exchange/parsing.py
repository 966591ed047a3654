"""
From the text of a cell to a value.

Each function returns a parser: text → value, or ``ValueError`` with a sentence for people.
Numbers arrive as text as well: ``reading`` writes 20260001.0 as ``20260001`` and dates as
``2026-09-01``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Choices
from django.utils import translation
from django.utils.translation import gettext as _

from cotutelle.core.i18n import CHINESE, ENGLISH
from cotutelle.core.text import half_width, squeeze
from cotutelle.ui.dates import YEARS

DAMAGED_NUMBER = re.compile(r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d{2,3}$")
_WHOLE_FLOAT = re.compile(r"^(\d+)\.0+$")
_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$")
_COMPACT_DATE = re.compile(r"^((?:19|20)\d{2})(\d{2})(\d{2})$")
_TIME_TAIL = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2})?$")
_SERIAL = re.compile(r"^\d{4,5}(?:\.0+)?$")
_EPOCH = dt.date(1899, 12, 30)  # Excel counts a 29 February 1900 that never was
_FIRST_SERIAL, _LAST_SERIAL = 3_654, 73_050  # 1910-01-01 .. 2099-12-31
_PHONE = re.compile(r"^\+?\d[\d\- ]{4,24}\d(?:(?:x|ext\.?|转)\s*\d{1,6})?$")
_LONGEST_EMAIL = 254
_YES = frozenset({"是", "有", "y", "yes", "true", "1", "√", "✓", "✔"})
_NO = frozenset({"否", "无", "没有", "n", "no", "false", "0", "×", "✗", "✘"})


def text(*, max_length: int = 0) -> Callable[[str], str]:
    """Free text as written, without surplus spaces."""

    def parse(cell: str) -> str:
        value = squeeze(cell)
        _limit(value, max_length)
        return value

    return parse


def long_text(*, max_length: int = 0) -> Callable[[str], str]:
    """Free text whose line breaks matter."""

    def parse(cell: str) -> str:
        value = "\n".join(squeeze(line) for line in cell.splitlines()).strip()
        _limit(value, max_length)
        return value

    return parse


def name(*, max_length: int = 100) -> Callable[[str], str]:
    """A name: half-width; the spaces inside a Chinese name (``张　三``) go."""

    def parse(cell: str) -> str:
        value = half_width(cell)
        if not value.isascii() and re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffff· ]+", value):
            value = value.replace(" ", "")
        _limit(value, max_length)
        return value

    return parse


def number_text(*, max_length: int = 40) -> Callable[[str], str]:
    """An id: kept as text, leading zeros too; what a spreadsheet rounded is refused."""

    def parse(cell: str) -> str:
        value = half_width(cell).replace(" ", "").lstrip("'’")
        if DAMAGED_NUMBER.match(value):
            raise ValueError(
                _(
                    "The spreadsheet program has rounded this number. Format the column as text"
                    " and type the number again."
                )
            )
        if whole := _WHOLE_FLOAT.match(value):
            value = whole[1]
        _limit(value, max_length)
        return value

    return parse


def decimal(
    *, low: Decimal | int | None = None, high: Decimal | int | None = None, places: int = 2
) -> Callable[[str], Decimal]:
    """A number between ``low`` and ``high``, with at most ``places`` decimals."""

    def parse(cell: str) -> Decimal:
        raw = half_width(cell).replace(" ", "").replace(",", "")
        if not re.fullmatch(r"[+-]?(\d{1,15}(\.\d*)?|\.\d+)", raw):
            raise ValueError(_("This is not a number."))
        try:
            value = Decimal(raw)
        except InvalidOperation:
            raise ValueError(_("This is not a number.")) from None
        if value != round(value, places):
            raise ValueError(_("At most %(n)s decimals.") % {"n": places})
        _between(value, low, high)
        return value

    return parse


def integer(*, low: int | None = None, high: int | None = None) -> Callable[[str], int]:
    """A whole number between ``low`` and ``high``."""

    def parse(cell: str) -> int:
        raw = half_width(cell).replace(" ", "").replace(",", "")
        if not re.fullmatch(r"[+-]?\d{1,15}(\.0*)?", raw):
            raise ValueError(_("This is not a whole number."))
        value = int(Decimal(raw))
        _between(value, low, high)
        return value

    return parse


def date() -> Callable[[str], dt.date]:
    """A day: 2026-09-01, 2026/9/1, 2026.9.1, 2026年9月1日, 20260901 or a spreadsheet's serial number."""

    def parse(cell: str) -> dt.date:
        raw = _TIME_TAIL.sub("", half_width(cell))
        if _SERIAL.match(raw) and _FIRST_SERIAL <= (days := int(Decimal(raw))) <= _LAST_SERIAL:
            return _EPOCH + dt.timedelta(days=days)
        found = _DATE.match(raw) or _COMPACT_DATE.match(raw)
        if not found:
            raise ValueError(_("This is not a date. Write it like 2026-09-01."))
        if int(found[1]) not in YEARS:
            raise ValueError(_("Choose a day between the years 1900 and 2199."))
        try:
            return dt.date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise ValueError(_("There is no such day.")) from None

    return parse


class choice:  # noqa: N801  used like the functions around it
    """
    One of a closed set, by its value or any label in either language.

    Parameters
    ----------
    of
        A ``TextChoices`` class, or value → label.
    synonyms
        Other words people write → value.
    """

    def __init__(
        self, of: type[Choices] | Mapping[str, Any], synonyms: Mapping[str, str] | None = None
    ) -> None:
        self._pairs: tuple[tuple[str, Any], ...] = (
            tuple(of.items())
            if isinstance(of, Mapping)
            else tuple((str(v), x) for v, x in of.choices)
        )
        self._synonyms = dict(synonyms or {})
        self._lookup: dict[str, str] | None = None

    def __call__(self, cell: str) -> str:
        if self._lookup is None:
            self._lookup = self._build()
        try:
            return self._lookup[fold(cell)]
        except KeyError:
            raise ValueError(
                _("Choose one of: %(choices)s.") % {"choices": _("; ").join(self.options())}
            ) from None

    def options(self) -> list[str]:
        """Return the labels in the active language."""
        return [str(label) for _value, label in self._pairs]

    def _build(self) -> dict[str, str]:
        lookup = {fold(word): value for word, value in self._synonyms.items()}
        for language in (CHINESE, ENGLISH):
            with translation.override(language):
                lookup.update({fold(str(label)): value for value, label in self._pairs})
        lookup.update({fold(value): value for value, _label in self._pairs})
        return lookup


class many:  # noqa: N801
    """Several values in one cell, separated by ``;``, ``、``, ``,`` or a line break."""

    def __init__(self, of: Callable[[str], Any]) -> None:
        self._of = of

    def options(self) -> list[str]:
        """Return what each part may say, where that is a closed set."""
        options = getattr(self._of, "options", None)
        return list(options()) if callable(options) else []

    def __call__(self, cell: str) -> tuple[Any, ...]:
        parts = (p.strip() for p in re.split(r"[;；、,，\n]", cell))
        return tuple(dict.fromkeys(self._of(p) for p in parts if p))


def yes_no() -> Callable[[str], bool]:
    """是 or 否, yes or no."""

    def parse(cell: str) -> bool:
        value = fold(cell)
        if value in _YES:
            return True
        if value in _NO:
            return False
        raise ValueError(_("Write yes or no."))

    return parse


def email() -> Callable[[str], str]:
    """An e-mail address, in lower case."""

    def parse(cell: str) -> str:
        value = half_width(cell).replace(" ", "").lower()
        try:
            validate_email(value)
        except ValidationError:
            raise ValueError(_("This is not an e-mail address.")) from None
        _limit(value, _LONGEST_EMAIL)
        return value

    return parse


def phone() -> Callable[[str], str]:
    """A telephone number."""

    def parse(cell: str) -> str:
        value = half_width(cell)
        if whole := _WHOLE_FLOAT.match(value):
            value = whole[1]
        if not _PHONE.match(value):
            raise ValueError(_("This is not a telephone number."))
        return value

    return parse


def fold(word: str) -> str:
    """Return ``word`` half-width, without spaces and case: for comparing."""
    return half_width(word).replace(" ", "").casefold()


def _limit(value: str, max_length: int) -> None:
    if max_length and len(value) > max_length:
        raise ValueError(_("At most %(n)s characters.") % {"n": max_length})


def _between(value: Decimal | int, low: Decimal | int | None, high: Decimal | int | None) -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        if low is None:
            raise ValueError(_("At most %(high)s.") % {"high": high})
        if high is None:
            raise ValueError(_("At least %(low)s.") % {"low": low})
        raise ValueError(_("Between %(low)s and %(high)s.") % {"low": low, "high": high})
