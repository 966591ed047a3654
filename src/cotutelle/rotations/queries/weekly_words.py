"""A planned week in words: what has no slot, and what would give it one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from cotutelle.people.models import Person
from cotutelle.rotations.models import Series, Term
from cotutelle.rotations.queries.weekly import series_of
from cotutelle.rotations.queries.weekly_grid import Grid

SHOWN_FIXES = 6


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody who would free a time of the week: ``weekday``, ``starts``, ``ends``."""

    person: Person
    weekday: int
    starts: str
    ends: str
    when: str


@dataclass(frozen=True, slots=True)
class FixWords:
    """A fix: the sentence, and who would be asked for what."""

    text: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A series without a slot and its smallest fixes; ``either`` sums up those of one time."""

    series: Series
    fixes: tuple[FixWords, ...]
    either: str
    who: str = ""


def names_of(people: Iterable[Person]) -> str:
    """Return names as a list in words."""
    return pgettext("list", ", ").join(person.display_name for person in people)


def unplaced_of(term: Term) -> list[Unplaced]:
    """Return what the last planning found no slot for, in words."""
    found = term.outcome.get("unplaced", [])
    series = {str(s.public_id): s for s in series_of(term) if s.weekday is None}
    names = {name for one in found for fix in one["fixes"] for name, _s in fix["frees"]}
    people = {str(p.public_id): p for p in Person.objects.filter(public_id__in=names)}
    grid = Grid(term)
    return [
        _unplaced(series[one["series"]], one["fixes"], people, grid)
        for one in found
        if one["series"] in series
    ]


def _unplaced(
    series: Series, fixes: Sequence[Mapping[str, Any]], people: Mapping[str, Person], grid: Grid
) -> Unplaced:
    words = [w for fix in fixes[:SHOWN_FIXES] if (w := _fix(series, fix, people, grid)) is not None]
    people_there = names_of(m.person for m in series.members.all())
    return Unplaced(series, tuple(words), _either(words), people_there)


def _fix(
    series: Series, fix: Mapping[str, Any], people: Mapping[str, Person], grid: Grid
) -> FixWords | None:
    length = grid.length(series.minutes)
    if not grid.fits(fix["start"], length):
        return None
    asks = []
    for name, slots in fix["frees"]:
        person = people.get(name)
        if person is None:
            return None
        for start, n in grid.windows(slots):
            weekday, begins, ends = grid.window(start, n)
            asks.append(
                Ask(person, weekday, f"{begins:%H:%M}", f"{ends:%H:%M}", grid.text(start, n))
            )
    when = grid.text(fix["start"], length)
    if not asks:
        return FixWords(_("Nobody has to free anything: %(when)s is free.") % {"when": when}, ())
    frees = pgettext("list", "; ").join(
        _("%(who)s frees %(when)s") % {"who": ask.person.display_name, "when": ask.when}
        for ask in asks
    )
    text = _("%(frees)s. Then it takes place %(when)s.") % {"frees": frees, "when": when}
    return FixWords(text, tuple(asks))


def _either(words: Sequence[FixWords]) -> str:
    """Return one sentence that says what would be enough."""
    single = [w.asks[0] for w in words if len({a.person.pk for a in w.asks}) == 1]
    if not words:
        return _(
            "No time that could be moved helps: fixed times, other appointments or rooms are in the way."
        )
    if len(single) > 1:
        choices = _(" or ").join(
            _("%(who)s %(when)s") % {"who": ask.person.display_name, "when": ask.when}
            for ask in single[:3]
        )
        return _("It is enough that one time is freed: %(choices)s.") % {"choices": choices}
    return words[0].text


def slot_text(series: Series) -> str:
    """Return when and where a series is held, or that it has no slot."""
    grid = Grid(series.term)
    start = grid.slot_at(series.weekday, series.starts_at)
    if start is None or not grid.fits(start, grid.length(series.minutes)):
        return _("no slot yet")
    text = grid.text(start, grid.length(series.minutes))
    return f"{text}, {series.room}" if series.room else text


def name_of(series: Series) -> dict[str, str]:
    """Return the two names of a series as a parameter of notices and tasks."""
    with override("zh-hans"):
        zh = str(series)
    with override("en"):
        return {"zh": zh, "en": str(series)}
