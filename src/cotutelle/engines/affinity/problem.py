"""What is asked and what is answered: plain data, no computation."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

ENOUGH_ITEMS = 3


@dataclass(frozen=True, slots=True)
class AffinityProblem:
    """
    The texts of two groups of people.

    Parameters
    ----------
    mentors, students
        Person id → that person's items (a paper's title and abstract, a project, a statement of
        interest), in the person's own order. Items may be empty, lists may be empty. The order of
        the keys is irrelevant.

    Raises
    ------
    ValueError
        An id or an item is not a string, or a person's items are one bare string; the message
        names the argument, the person and the item.
    """

    mentors: Mapping[str, Sequence[str]]
    students: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        _check("mentors", self.mentors)
        _check("students", self.students)


Route = Literal["words", "en-en", "zh-zh", "zh-en"]
ROUTES: tuple[Route, ...] = ("words", "en-en", "zh-zh", "zh-en")
PACKED = [
    *(("own", "<i4"), ("other", "<i4"), ("route", "u1")),
    *(("similarity", "<f8"), ("meaning", "<f8"), ("words", "<f8")),
]
_MATCH = struct.Struct("<iiBddd")


class ItemMatch(NamedTuple):
    """
    One item of the mentor beside one item of the student; both count from 0.

    ``similarity`` is ``meaning`` + ``words``, what each channel of the ``route`` says. Without text
    models the route is "words" for every pair of items, and ``meaning`` is 0.
    """

    student_item: int
    mentor_item: int
    similarity: float
    route: Route = "words"
    meaning: float = 0.0
    words: float = 0.0


def unpack(packed: bytes) -> tuple[ItemMatch, ...]:
    """Return matches from their bytes: one after the other, each laid out as ``PACKED`` says."""
    return tuple(
        ItemMatch(own, other, similarity, ROUTES[route], meaning, words)
        for own, other, route, similarity, meaning, words in _MATCH.iter_unpack(packed)
    )


@dataclass(frozen=True, slots=True)
class AffinityRow:
    """
    One pair.

    ``score`` is rounded to six decimals: what is printed is what was ranked. Higher is nearer, and
    scores compare across students and mentors. Without text models it lies in 0–1; with them 0 is
    what unrelated items reach, and it may be negative.

    ``terms`` are the shared terms that carried it, strongest first. ``packed`` is ``nearest`` as it
    travels between processes. ``channels`` are the parts of the score, "meaning" and "words": they
    add up to it. ``items`` is how many items of the mentor say something.
    """

    student_id: str
    mentor_id: str
    score: float
    terms: tuple[str, ...]
    packed: bytes = field(repr=False)
    channels: Mapping[str, float] = field(default_factory=dict, hash=False)
    items: int = 0

    @property
    def nearest(self) -> tuple[ItemMatch, ...]:
        """For each item of the mentor that counted, the student's item nearest to it, best first."""
        return unpack(self.packed)

    @property
    def is_thin(self) -> bool:
        """Tell whether the mentor has too few items to be judged; the score stands all the same."""
        return self.items < ENOUGH_ITEMS

    def __reduce__(self) -> tuple[Any, ...]:
        return AffinityRow, tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class AffinityTable:
    """Rows by student id, then score downwards, then mentor id."""

    rows: tuple[AffinityRow, ...]
    _places: dict[str, tuple[int, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places: dict[str, tuple[int, int]] = {}
        for place, row in enumerate(self.rows):
            first, _ = places.get(row.student_id, (place, place))
            places[row.student_id] = (first, place + 1)
        object.__setattr__(self, "_places", places)

    def __iter__(self) -> Iterator[AffinityRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def for_student(self, student_id: str) -> tuple[AffinityRow, ...]:
        """Return this student's rows, best first; empty for an id that has none."""
        first, end = self._places.get(student_id, (0, 0))
        return self.rows[first:end]

    def is_flat(self, student_id: str) -> bool:
        """
        Tell whether a student's rows, two or more, all have the same score.

        Their order is then that of the mentor ids and must not be shown or used as a ranking.
        """
        scores = {row.score for row in self.for_student(student_id)}
        return len(scores) == 1 and len(self.for_student(student_id)) > 1


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (not included) of one item."""

    item: int
    start: int
    end: int


class SharedTerm(NamedTuple):
    """Where a term of the row stands in the items that counted."""

    term: str
    student: tuple[Span, ...]
    mentor: tuple[Span, ...]


class SentencePair(NamedTuple):
    """
    The two sentences nearest in meaning inside the nearest pair of items.

    ``similarity`` is the cosine of the route's model: it compares sentences, and is no part of the
    score.
    """

    student: Span
    mentor: Span
    similarity: float


@dataclass(frozen=True, slots=True)
class PairReason:
    """
    Everything behind one score.

    ``counted`` holds, for each item of the student that says anything, the best items of the mentor:
    the score is the mean over these groups of the mean similarity inside each. ``shared`` shows the
    row's terms in both texts, ``sentences`` the best pair of sentences; None where nothing counted.
    """

    row: AffinityRow
    counted: tuple[tuple[ItemMatch, ...], ...]
    shared: tuple[SharedTerm, ...] = ()
    sentences: SentencePair | None = None


def _check(argument: str, people: Mapping[str, Sequence[str]]) -> None:
    if not isinstance(people, Mapping):
        raise ValueError(f"{argument}: expected a mapping of ids to lists of texts")
    for person, items in people.items():
        if not isinstance(person, str):
            raise ValueError(f"{argument}: id {person!r} is not a string")
        if isinstance(items, str | bytes) or not isinstance(items, Sequence):
            raise ValueError(f"{argument}[{person!r}]: expected a list of texts")
        for number, item in enumerate(items):
            if not isinstance(item, str):
                raise ValueError(f"{argument}[{person!r}][{number}]: {item!r} is not a string")
