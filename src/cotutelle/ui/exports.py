"""
Lists as spreadsheets, for rooms that lie below the one that writes them.

`cotutelle.exchange` registers its writer when the apps are ready; rooms above it may as well
use it directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse  # noqa: TID251  types of the seam only

FORMATS = ("xlsx", "csv")


@dataclass(frozen=True, slots=True)
class Out:
    """One column: header, how to read the value off a row, and what kind of value it is."""

    header: str
    getter: Callable[[Any], Any]
    kind: Literal["text", "number", "date", "datetime"] = "text"


class Writer(Protocol):
    """Turns rows into the response that a browser saves."""

    def __call__(
        self, request: HttpRequest, title: str, columns: list[Out], rows: Iterable[Any], fmt: str
    ) -> HttpResponse: ...


_writers: list[Writer] = []


def register(writer: Writer) -> None:
    """Make ``writer`` the one that answers downloads."""
    _writers[:] = [writer]


def download(
    request: HttpRequest, title: str, columns: list[Out], rows: Iterable[Any], fmt: str
) -> HttpResponse:
    """Return ``rows`` as ``xlsx`` or ``csv``, safe against formulas."""
    return _writers[0](request, title, columns, rows, fmt)
