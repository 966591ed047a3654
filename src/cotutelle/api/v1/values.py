"""
Values as the API takes and gives them.

Each type accepts exactly what its JSON Schema says: no numbers for dates, no "yes" for a
boolean, no text that a database cannot store.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from cotutelle.ui.dates import YEARS

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
NO_NUL = r"^[^\u0000]*$"


def _matching(pattern: re.Pattern[str], says: str) -> Any:
    def check(value: Any) -> Any:
        if isinstance(value, dt.date | UUID):
            return value
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(says)
        if pattern in {_DATE, _MOMENT} and int(value[:4]) not in YEARS:
            raise ValueError("between the years 1900 and 2199")
        return value

    return BeforeValidator(check)


Id = Annotated[UUID, _matching(_UUID, "a UUID is expected")]
Day = Annotated[dt.date, _matching(_DATE, "a date such as 2026-11-21 is expected")]
Moment = Annotated[
    AwareDatetime, _matching(_MOMENT, "a moment such as 2026-11-21T02:00:00Z is expected")
]
Flag = Annotated[bool, Field(strict=True)]


def _plain_number(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    raise ValueError("a whole number is expected")


QueryNumber = BeforeValidator(_plain_number)
Year = Annotated[int, Field(strict=True, ge=2000, le=2100)]
Places = Annotated[int, Field(strict=True, ge=1, le=999)]

Text40 = Annotated[str, Field(max_length=40, pattern=NO_NUL)]
Text100 = Annotated[str, Field(max_length=100, pattern=NO_NUL)]
Text150 = Annotated[str, Field(max_length=150, pattern=NO_NUL)]
Text200 = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Text300 = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
LongText = Annotated[str, Field(max_length=20_000, pattern=NO_NUL)]
Email = Annotated[str, Field(max_length=254, pattern=r"^$|^[^\s@\u0000]+@[^\s@\u0000]+$")]
Json = Annotated[Any, WithJsonSchema({"description": "Any JSON value."})]


class In(BaseModel):
    """A body: names it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """An answer."""


class PageQuery(BaseModel):
    """Which part of a list."""

    cursor: Text300 = Field("", description="`next` of the page before; empty for the first.")
    limit: Annotated[int, QueryNumber] = Field(50, ge=1, le=200)


class SearchQuery(PageQuery):
    """Which part of a list, and what its rows hold."""

    q: Text100 = Field("", description="Words; each must be found.")


class Named(Out):
    """A thing another one refers to."""

    id: UUID
    name: str


def named(thing: Any) -> Named:
    """Refer to ``thing`` by its identifier and its name in the reader's language."""
    return Named(id=thing.public_id, name=str(thing))


def sent(body: BaseModel) -> dict[str, Any]:
    """Return what the caller sent of ``body``, and nothing that is only a default."""
    return {name: getattr(body, name) for name in body.model_fields_set}
