"""
What a room says about a kind of spreadsheet it can take in.

A room writes one `Importer` per kind in its ``importers.py`` and registers it with
`cotutelle.exchange.registry.register`. Reading, mapping, checking, the pages, the job and the
transaction are this room's matter. `docs/reference/importers.md` has a whole example.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from cotutelle.core.i18n import localized
from cotutelle.exchange.parsing import text

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from cotutelle.institutions.models import Unit
    from cotutelle.people.models import Person
else:
    StrOrPromise = str

Key: TypeAlias = tuple[Hashable, ...]
Parse: TypeAlias = Callable[[str], Any]
_PLAIN_TEXT: Parse = text()


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column of a kind.

    Parameters
    ----------
    name
        Key of the value in a `Row`.
    labels
        How headers call it. The first is the Chinese header of the template, the second the
        English one; further ones are other usual names. Case, spaces, width, asterisks and
        remarks in brackets do not matter.
    required
        The column must be mapped and no cell of it may be empty.
    parse
        Text of a cell that is not empty → value; raises ``ValueError`` with a translated
        sentence. See `cotutelle.exchange.parsing`.
    examples
        Shown on the help sheet of the template.
    """

    name: str
    labels: tuple[str, ...]
    required: bool = False
    help: StrOrPromise = ""
    parse: Parse = _PLAIN_TEXT
    examples: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The header in the active language."""
        return localized(self.labels[0], self.labels[1] if len(self.labels) > 1 else "")

    @property
    def choices(self) -> tuple[str, ...]:
        """What a cell may say, where ``parse`` knows it; becomes a list in the template."""
        options = getattr(self.parse, "options", None)
        return tuple(options()) if callable(options) else ()


@dataclass(frozen=True, slots=True)
class Row:
    """
    A row of the file after parsing.

    ``row[name]`` is the value; ``None`` for an empty cell, a cell that could not be read, and
    a column the file does not have. ``name in row`` tells whether the file has a readable cell
    for it: an update changes only those.
    """

    number: int
    """Row number in the sheet, from 1, as the spreadsheet program shows it."""
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value, or ``default`` where there is none."""
        value = self.values.get(name)
        return default if value is None else value

    def key(self, names: Sequence[str]) -> Key | None:
        """Return the values of ``names``; ``None`` when one is missing."""
        values = tuple(self.values.get(name) for name in names)
        return None if any(v is None or v == "" for v in values) else values


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question the file raises."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the side-by-side view: what the file says, what is already known."""

    label: str
    in_file: str
    known: str


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something wrong with a cell, or a question about it that only a person can answer.

    A problem with ``choices`` is a question; ``key`` names it stably (not by row number) and
    ``facts`` are shown side by side. Always return it: answered questions are taken out of
    the problems by this room, and the answer is ``ctx.decision(key)``.
    """

    row: int
    column: str
    code: str
    message: str
    value: str = ""
    key: str = ""
    choices: tuple[Choice, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import does, or did, in rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """For whom and into what the file is read."""

    unit: Unit
    actor: Person
    options: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    keep_first: bool = False
    """The person asked that of duplicates the first be kept (also inside a cell)."""

    def decision(self, key: str) -> str | None:
        """Return the answer to the question ``key``; ``None`` while there is none."""
        return self.decisions.get(key)


Progress: TypeAlias = Callable[[int], None]
CheckRows: TypeAlias = Callable[[Sequence[Row], Context], list[Problem]]
CurrentRows: TypeAlias = Callable[[Sequence[Row], Context], Mapping[Key, Mapping[str, Any]]]
ApplyRows: TypeAlias = Callable[[Sequence[Row], Context, Progress], Counts]
Choices: TypeAlias = Callable[["Person", "Unit"], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose before the upload, for example the round; it is required."""

    name: str
    label: StrOrPromise
    choices: Choices
    help: StrOrPromise = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """
    A kind of spreadsheet.

    Parameters
    ----------
    kind
        Stable name, also in the URL: ``people``.
    permission
        Asked on the unit the file is imported into.
    key
        Columns that identify a row; two rows with one key are duplicates. Rows that miss one
        are not compared.
    current
        Rows → what the database holds now, by `Row.key`, with values comparable to the parsed
        ones. Keys that are not in it would be created. Few queries, however many rows.
    check
        Rows → problems beyond single cells: unknown references, rules, namesakes. Rows with
        unreadable cells are included, with ``None`` there. Few queries.
    apply
        Writes clean rows, inside a transaction that this room opens; calls ``progress(done)``
        now and then (it raises when the person pressed stop: let it pass). Writes its own
        ledger entries through the services of its room.
    options
        Asked before the upload; the values are in ``ctx.options``.
    """

    kind: str
    label: StrOrPromise
    columns: tuple[Column, ...]
    permission: str
    key: tuple[str, ...]
    current: CurrentRows
    check: CheckRows
    apply: ApplyRows
    options: tuple[Option, ...] = ()
    help: StrOrPromise = ""

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True, slots=True)
class Change:
    """A row that exists already and differs in ``after``."""

    row: Row
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows by what they would do."""

    create: tuple[Row, ...]
    update: tuple[Change, ...]
    unchanged: tuple[Row, ...]

    @property
    def counts(self) -> Counts:
        """How many rows each."""
        return Counts(len(self.create), len(self.update), len(self.unchanged))


def split_rows(
    rows: Sequence[Row], key: Sequence[str], current: Mapping[Key, Mapping[str, Any]]
) -> Split:
    """
    Sort ``rows`` into new, changed and unchanged ones.

    Only columns the file has and ``current`` knows are compared. An empty cell changes nothing:
    nobody's telephone number is lost because a list left it out.
    """
    create: list[Row] = []
    update: list[Change] = []
    unchanged: list[Row] = []
    for row in rows:
        found = row.key(key)
        known = current.get(found) if found is not None else None
        if known is None:
            create.append(row)
            continue
        after = {
            name: value
            for name, value in row.values.items()
            if name in known and value is not None and value != known[name]
        }
        if after:
            update.append(Change(row, {n: known[n] for n in after}, after))
        else:
            unchanged.append(row)
    return Split(tuple(create), tuple(update), tuple(unchanged))
