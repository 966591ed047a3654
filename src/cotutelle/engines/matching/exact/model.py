"""
The integer programme of stable matching with places inside places.

One binary variable per pair, and one per place, position and weight that says: the place is so
full of people at least as good that nobody else of this weight gets in. A pair does not block
when the student is at least as happy or some place of the offer's chain is full before it. A
student who already sits with the same mentor would give that place up, so it must not be what
fills a place: such moves have rows of their own. Sums over everybody at least as good run
through cumulative variables, and whoever comes behind a full place is shut out by rows that are
implied but make the relaxation tight.

Source: Delorme, García, Gondzio, Kalcsics, Manlove & Pettersson (2019), "Mathematical models for
stable matching problems with ties and incomplete lists", EJOR 277(2), 426-441, for cumulative
variables and merged constraints; Ágoston, Biró & McBride (2016), "Integer programming methods for
special college admissions problems", J. Comb. Optim. 32, for the variables of full places.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ortools.math_opt.python import mathopt

from cotutelle.engines.matching.entities import OfferId, StudentId
from cotutelle.engines.matching.exact.pairs import Market, Pair, Place

Stability = Literal["hard", "soft", "none"]
Terms = list[tuple[mathopt.Variable, int]]
Values = dict[mathopt.Variable, int]


@dataclass(frozen=True, slots=True)
class _Row:
    terms: Sequence[tuple[mathopt.Variable, int]]
    lower: float
    upper: float

    def sum(self, values: Values) -> int:
        return sum(values[variable] * factor for variable, factor in self.terms)


class Model:
    """
    The programme of one market.

    Parameters
    ----------
    market
        After preprocessing where stability is hard.
    stability
        ``hard``: no pair may block; ``soft``: ``blocking`` holds one variable per pair that may;
        ``none``: nothing is said of blocking pairs.
    """

    def __init__(self, market: Market, stability: Stability) -> None:
        self.market = market
        self.programme = mathopt.Model(name="matching")
        self.x = [self.programme.add_binary_variable() for _ in market.pairs]
        self.blocking: list[mathopt.Variable] = []
        self._rows: list[_Row] = []
        self._derived: list[tuple[mathopt.Variable, Callable[[Values], int]]] = []
        self._full: dict[tuple[int, int, int], mathopt.Variable] = {}
        self._sums: list[dict[int, mathopt.Variable]] = [{} for _ in market.places]
        for listed in market.of_student.values():
            self.add_row([(self.x[pair], 1) for pair in listed], upper=1)
        self._binding = [self._limit(place) for place in market.places]
        if stability != "none":
            for index in range(len(market.pairs)):
                self._guard(index, soft=stability == "soft")
            self._shut_out()

    def add_row(
        self,
        terms: Iterable[tuple[mathopt.Variable, int]],
        *,
        lower: float = -math.inf,
        upper: float = math.inf,
    ) -> _Row:
        """Add lower <= terms <= upper, each variable once, and return it."""
        row = _Row(tuple(terms), lower, upper)
        constraint = self.programme.add_linear_constraint(lb=lower, ub=upper)
        for variable, factor in row.terms:
            constraint.set_coefficient(variable, factor)
        self._rows.append(row)
        return row

    def add_derived(
        self, variable: mathopt.Variable, value: Callable[[Values], int]
    ) -> mathopt.Variable:
        """Remember how ``variable`` follows from those before it."""
        self._derived.append((variable, value))
        return variable

    def values_of(self, offer_of: Mapping[StudentId, OfferId]) -> Values | None:
        """Return the values of all variables for this matching; None when it breaks a row."""
        values: Values = {
            variable: int(offer_of.get(pair.student) == pair.offer)
            for variable, pair in zip(self.x, self.market.pairs, strict=True)
        }
        for variable, value in self._derived:
            values[variable] = value(values)
        kept = all(row.lower <= row.sum(values) <= row.upper for row in self._rows)
        return values if kept else None

    def matching_of(self, values: Mapping[mathopt.Variable, float]) -> dict[StudentId, OfferId]:
        """Return the matching that the values of the pairs say."""
        return {
            pair.student: pair.offer
            for variable, pair in zip(self.x, self.market.pairs, strict=True)
            if values[variable] > 0.5  # noqa: PLR2004 (a binary value with the solver's noise)
        }

    def _limit(self, place: Place) -> bool:
        """Add the quotas of the place; return whether the upper one can bind."""
        terms = self._block_terms(place, place.blocks)
        binds = place.quota is not None and place.quota < sum(take for _, take in terms)
        if binds or place.lower:
            quota = place.quota if binds and place.quota is not None else math.inf
            self.add_row(terms, lower=place.lower or -math.inf, upper=quota)
        return binds

    def _block_terms(self, place: Place, positions: Iterable[int]) -> Terms:
        return [
            (self.x[index], place.take(self.market.pairs[index].weight))
            for position in positions
            for index in place.blocks.get(position, ())
        ]

    def _guard(self, index: int, *, soft: bool) -> None:
        """Say that the pair does not block."""
        pair = self.market.pairs[index]
        listed = self.market.of_student[pair.student]
        excuses: Terms = [(self.x[p], 1) for p in listed if self.market.pairs[p].tier <= pair.tier]
        rows = [_Row([*excuses, *self._full_terms(pair, pair.weight)], 1, math.inf)]
        mentor = pair.seats[1]
        own = [
            p
            for p in listed
            if self.market.pairs[p].tier > pair.tier and self.market.pairs[p].seats[1] == mentor
        ]
        for weight in sorted({self.market.pairs[p].weight for p in own}):
            given_up: Terms = [
                (self.x[p], -1) for p in own if self.market.pairs[p].weight == weight
            ]
            full = self._full_terms(pair, pair.weight - weight)
            rows.append(_Row([*excuses, *full, *given_up], 0, math.inf))
        blocks: Terms = []
        if soft:
            variable = self.programme.add_binary_variable()
            self.add_derived(
                variable,
                lambda values: int(any(row.sum(values) < row.lower for row in rows)),
            )
            self.blocking.append(variable)
            blocks = [(variable, 1)]
        for row in rows:
            self.add_row([*row.terms, *blocks], lower=row.lower)

    def _full_terms(self, pair: Pair, weight: int) -> Terms:
        """Return the variables that excuse a pair asking for ``weight`` more; offers ask for 1."""
        terms: Terms = []
        for number, position in pair.seats:
            place = self.market.places[number]
            more = 1 if place.level == "offer" else weight
            if self._binding[number] and more > 0:
                full = self._full_before(number, place, position, more)
                if full is not None:
                    terms.append((full, 1))
        return terms

    def _full_before(
        self, number: int, place: Place, position: int, more: int
    ) -> mathopt.Variable | None:
        key = (number, position, more)
        if key not in self._full:
            need = (place.quota or 0) - more + 1
            equals = self._block_terms(place, place.equals.get(position, ()))
            ahead = self._block_terms(place, (p for p in place.blocks if p <= position))
            if need > sum(take for _, take in (*ahead, *equals)):
                return None
            terms: Terms = [(self._sum_upto(number, place, position), 1), *equals]
            full = self.programme.add_binary_variable()
            so_far = _Row(terms, 0, math.inf)
            self.add_derived(full, lambda values: int(so_far.sum(values) >= need))
            if need > 0:
                self.add_row([*terms, (full, -need)], lower=0)
            self._full[key] = full
        return self._full[key]

    def _sum_upto(self, number: int, place: Place, position: int) -> mathopt.Variable:
        sums = self._sums[number]
        if not sums:
            terms: Terms = []
            for here in sorted(place.blocks):
                terms.extend(self._block_terms(place, [here]))
                total = self.programme.add_integer_variable(lb=0, ub=place.quota or 0)
                row = _Row(tuple(terms), 0, 0)
                self.add_derived(total, row.sum)
                self.add_row([*terms, (total, -1)], lower=0, upper=0)
                sums[here] = total
                terms = [(total, 1)]
        return sums[position]

    def _shut_out(self) -> None:
        """Add what follows: full before one position is full before all later ones, and empty."""
        by_place: dict[int, dict[int, mathopt.Variable]] = {}
        for (number, position, more), full in self._full.items():
            if more == 1:
                by_place.setdefault(number, {})[position] = full
        for number, full_at in by_place.items():
            place = self.market.places[number]
            if place.level == "group":
                continue
            positions = sorted(full_at)
            for earlier, later in pairwise(positions):
                self.add_row([(full_at[earlier], 1), (full_at[later], -1)], upper=0)
            self._empty_behind(place, positions, full_at)

    def _empty_behind(
        self, place: Place, positions: list[int], full_at: Mapping[int, mathopt.Variable]
    ) -> None:
        for position, block in place.blocks.items():
            before = bisect_left(positions, position) - 1
            if before < 0:
                continue
            by_student: dict[StudentId, Terms] = {}
            for index in block:
                terms = by_student.setdefault(self.market.pairs[index].student, [])
                terms.append((self.x[index], 1))
            for terms in by_student.values():
                self.add_row([*terms, (full_at[positions[before]], 1)], upper=1)
