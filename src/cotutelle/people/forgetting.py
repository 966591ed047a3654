"""What erasers share: the words that name a person, and taking them out of kept JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Cast

from cotutelle.people.models import Person

GONE = ""
_SHORTEST = 2


_others: list[Callable[[Person], Iterable[str]]] = []


def register_words(words: Callable[[Person], Iterable[str]]) -> None:
    """Let a room name what else tells who a person is: another number."""
    _others.append(words)


def words_of(person: Person) -> frozenset[str]:
    """Return what names ``person`` wherever it is written; read once, before it is erased."""
    found: frozenset[str] = person.__dict__.setdefault("_words", None) or _read_words(person)
    person.__dict__["_words"] = found
    return found


def _read_words(person: Person) -> frozenset[str]:
    words = {
        person.name_zh,
        person.name_en,
        person.number,
        person.email,
        person.phone,
        person.identity_number,
        person.username,
        person.wecom_id,
        *(word for others in _others for word in others(person)),
    }
    return frozenset(word for word in words if len(word) >= _SHORTEST)


def without(value: Any, words: Iterable[str]) -> Any:
    """Return the JSON ``value`` with every text that is one of ``words`` emptied."""
    if isinstance(value, dict):
        return {key: without(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [without(one, words) for one in value]
    return GONE if isinstance(value, str) and value in words else value


def mentions(value: Any, words: Iterable[str]) -> bool:
    """Whether one of ``words`` stands anywhere in the JSON ``value``."""
    if isinstance(value, dict):
        return any(mentions(one, words) for one in value.values())
    if isinstance(value, list):
        return any(mentions(one, words) for one in value)
    return isinstance(value, str) and any(word in value for word in words)


def rows_mentioning(rows: QuerySet[Any], column: str, words: Iterable[str]) -> QuerySet[Any]:
    """Return those of ``rows`` whose JSON ``column`` holds one of ``words`` somewhere."""
    found = Q(pk__in=())
    for word in words:
        found |= Q(_text__contains=word)
    named: QuerySet[Any] = rows.annotate(_text=Cast(column, models.TextField())).filter(found)
    return named


def blank_in(rows: QuerySet[Any], column: str, words: frozenset[str]) -> None:
    """Empty the texts of the JSON ``column`` that are one of ``words``, in all ``rows``."""
    for pk, value in list(rows_mentioning(rows, column, words).values_list("pk", column)):
        rows.model.objects.filter(pk=pk).update(**{column: without(value, words)})
