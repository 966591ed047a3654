"""Finding the unit a cell names."""

from __future__ import annotations

from cotutelle.exchange.importing import Context
from cotutelle.exchange.parsing import fold
from cotutelle.institutions.enums import UnitState
from cotutelle.institutions.models import Unit


class UnitsByName:
    """The active units at or below the one imported into, by code and by name."""

    def __init__(self, ctx: Context) -> None:
        self.home = ctx.unit
        self._by_word: dict[str, list[Unit]] = {}
        self._codes: dict[str, Unit] = {}
        found = Unit.objects.filter(path__startswith=ctx.unit.path, state=UnitState.ACTIVE)
        for unit in found.order_by("path"):
            self._codes[fold(unit.code)] = unit
            words = {fold(w) for w in (unit.name_zh, unit.name_en, unit.short_zh, unit.short_en)}
            for word in words - {""}:
                self._by_word.setdefault(word, []).append(unit)

    def find(self, word: str | None) -> Unit | None:
        """Return the unit called ``word``; the one imported into for none; ``None`` if unclear."""
        if not word:
            return self.home
        if unit := self._codes.get(fold(word)):
            return unit
        named = self._by_word.get(fold(word), [])
        return named[0] if len(named) == 1 else None

    def is_ambiguous(self, word: str) -> bool:
        """Tell whether several units are called ``word``."""
        return fold(word) not in self._codes and len(self._by_word.get(fold(word), [])) > 1

    def at(self, word: str | None) -> Unit:
        """Return the unit called ``word``, which the check has found before."""
        unit = self.find(word)
        if unit is None:
            raise ValueError(f"word: no single unit is called {word!r}")
        return unit
