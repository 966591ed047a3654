"""The dry run: rows parsed, problems found, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from cotutelle.core.text import squeeze
from cotutelle.exchange.importing import (
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Row,
    split_rows,
)
from cotutelle.exchange.mapping import Header
from cotutelle.exchange.reading import Sheet

DUPLICATE = "duplicate"
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Check:
    """
    What a dry run found.

    ``good`` are the rows an import of the good rows would take; ``problems`` are in the order
    of the sheet; ``questions`` holds answered and open ones.
    """

    rows: tuple[Row, ...]
    good: tuple[Row, ...]
    problems: tuple[Problem, ...]
    questions: tuple[Problem, ...]
    counts: Counts

    @property
    def is_clean(self) -> bool:
        """Whether every row may be imported."""
        return not self.problems

    @property
    def has_duplicates(self) -> bool:
        """Whether keeping the first of duplicates would help."""
        return any(p.code == DUPLICATE for p in self.problems)


def check_rows(
    importer: Importer, sheet: Sheet, header: Header, mapping: Mapping[str, int], ctx: Context
) -> Check:
    """
    Parse and check every row below ``header``; the database is read, not written.

    Raises
    ------
    ValueError
        The importer names a row or a column that does not exist.
    """
    rows, problems = _parse(importer, sheet, header, mapping)
    kept, skipped = rows, 0
    doubles = _duplicates(importer, rows)
    if ctx.keep_first:
        later = {row.number for group in doubles for row in group[1:]}
        kept = [row for row in rows if row.number not in later]
        problems = [p for p in problems if p.row not in later]
        skipped = len(later)
    else:
        repeated = _duplicate_problems(importer, doubles)
        problems += _with_values(repeated, importer, sheet, mapping)
    raised = _with_values(importer.check(kept, ctx), importer, sheet, mapping)
    questions = tuple(p for p in raised if p.choices)
    problems += [p for p in raised if not _is_answered(p, ctx)]
    bad = {p.row for p in problems}
    good = tuple(row for row in kept if row.number not in bad)
    counts = split_rows(good, importer.key, importer.current(good, ctx)).counts
    return Check(
        rows=tuple(rows),
        good=good,
        problems=_ordered(importer, mapping, problems),
        questions=questions,
        counts=replace(counts, skipped=skipped),
    )


def _parse(
    importer: Importer, sheet: Sheet, header: Header, mapping: Mapping[str, int]
) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    columns = [(importer.column(name), index) for name, index in mapping.items()]
    for number, cells in enumerate(sheet.rows[header.first_data_row :], header.first_data_row + 1):
        texts = [(c, cell_text(cells, index)) for c, index in columns]
        if not any(text for _column, text in texts):
            continue
        values: dict[str, object] = {}
        for column, text in texts:
            if text:
                try:
                    values[column.name] = column.parse(text)
                except ValueError as error:
                    problems.append(Problem(number, column.name, "cell", str(error), text[:_SHOWN]))
            elif column.required:
                problems.append(Problem(number, column.name, "empty", _("This cell is empty.")))
            else:
                values[column.name] = None
        rows.append(Row(number, values))
    return rows, problems


def cell_text(cells: Sequence[str], index: int) -> str:
    """Return the text of a cell; empty when it holds nothing but spaces."""
    if index >= len(cells):
        return ""
    cell = cells[index].strip()
    return cell if squeeze(cell) else ""


def _duplicates(importer: Importer, rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        if (key := row.key(importer.key)) is not None:
            groups.setdefault(key, []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def _duplicate_problems(importer: Importer, groups: Sequence[Sequence[Row]]) -> list[Problem]:
    """Every row of a group is at fault: which one is right only a person knows."""
    found: list[Problem] = []
    for group in groups:
        for row in group:
            others = ", ".join(str(r.number) for r in group if r is not row)
            found.append(
                Problem(
                    row.number,
                    importer.key[0],
                    DUPLICATE,
                    _("The same entry stands in row %(rows)s as well.") % {"rows": others},
                )
            )
    return found


def _with_values(
    problems: Sequence[Problem], importer: Importer, sheet: Sheet, mapping: Mapping[str, int]
) -> list[Problem]:
    """Add the text of the cell to problems that came without, once per cell and code."""
    names = {c.name for c in importer.columns}
    out: dict[tuple[int, str, str, str], Problem] = {}
    for problem in problems:
        if problem.column not in names or not 0 < problem.row <= len(sheet.rows):
            raise ValueError(
                f"importer {importer.kind!r}: no cell {problem.column!r} in row {problem.row}"
            )
        if problem.choices and not problem.key:
            raise ValueError(f"importer {importer.kind!r}: a question needs a key")
        shown = problem
        if not problem.value and (index := mapping.get(problem.column)) is not None:
            cell = cell_text(sheet.rows[problem.row - 1], index)
            shown = replace(problem, value=cell[:_SHOWN])
        out.setdefault((shown.row, shown.column, shown.code, shown.key), shown)
    return list(out.values())


def _is_answered(problem: Problem, ctx: Context) -> bool:
    return bool(problem.choices) and ctx.decision(problem.key) in {c.value for c in problem.choices}


def _ordered(
    importer: Importer, mapping: Mapping[str, int], problems: Sequence[Problem]
) -> tuple[Problem, ...]:
    last = len(importer.columns) + max(mapping.values(), default=0) + 1
    return tuple(sorted(problems, key=lambda p: (p.row, mapping.get(p.column, last), p.code)))
