"""The steps of an import. Nothing but the run itself changes before `apply_now`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from cotutelle.core import clock
from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import queries, registry
from cotutelle.exchange.checking import Check
from cotutelle.exchange.enums import RunState
from cotutelle.exchange.importing import Counts, Importer, Progress
from cotutelle.exchange.mapping import Header, find_header, header_at, match_columns, valid_mapping
from cotutelle.exchange.models import ColumnMapping, ImportRun
from cotutelle.exchange.reading import Book, Unreadable, letter, read_book
from cotutelle.exchange.runs import check_run, digest_of, findings_of, move_run, wrong_state
from cotutelle.files.services import store_file
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

JOB_KIND = "exchange.import"
FILE_PURPOSE = "import"


def start_import(
    kind: str,
    *,
    actor: Person,
    unit: Unit,
    content: bytes,
    name: str,
    options: Mapping[str, Any] | None = None,
) -> ImportRun:
    """
    Keep an uploaded file, find its header and guess its columns.

    Where this unit has mapped the same header before, the mapping is taken over and the run is
    ``mapped`` at once.

    Raises
    ------
    Refused
        ``access.denied``.
    RuleViolation
        ``exchange.unknown_kind``, ``exchange.option``, and everything `read_book` refuses.
    """
    importer = registry.find(kind)
    check(actor, importer.permission, unit)
    chosen = _checked_options(importer, actor, unit, options or {})
    book = read_book(content, name, max_bytes=settings.COTUTELLE_UPLOAD_MAX_BYTES)
    header = find_header(book, importer.columns)
    if header is None:
        raise Unreadable("empty", _("The file is empty."))
    known = queries.remembered_mapping(unit, kind, header.signature)
    guess = valid_mapping(known or {}, header, importer.columns)
    complete = bool(known) and not _missing(importer, guess)
    with transaction.atomic():
        run = ImportRun.objects.create(
            kind=kind,
            unit=unit,
            actor=actor,
            file=store_file(
                content,
                name=_honest_name(content, name),
                actor=actor,
                unit=unit,
                purpose=FILE_PURPOSE,
            ),
            options=chosen,
            mapping=guess if complete else match_columns(header, importer.columns),
            state=RunState.MAPPED if complete else RunState.UPLOADED,
            total=_count_rows(book, header),
            created_at=clock.now(),
            **_place(header),
        )
        record(
            "exchange.import.uploaded",
            actor=actor,
            subject=run,
            after={"file": name},
        )
    return run


def choose_header(run: ImportRun, sheet: int, row: int, *, actor: Person) -> ImportRun:
    """
    Say where the header is, when it was not found: sheet from 0, row from 1.

    Raises
    ------
    RuleViolation
        ``exchange.header`` when there is no such row; ``exchange.state``.
    """
    check(actor, "exchange.change_import", run)
    loaded = queries.load(run)
    if not 0 <= sheet < len(loaded.book.sheets) or not 1 <= row <= len(
        loaded.book.sheets[sheet].rows
    ):
        raise RuleViolation(
            "exchange.header", _("The sheet has no such row."), status=422, field="header_row"
        )
    header = header_at(loaded.book.sheets[sheet], sheet, row - 1, 1)
    mapping = match_columns(header, loaded.importer.columns)
    with transaction.atomic():
        state = RunState.UPLOADED if run.state == RunState.UPLOADED else RunState.MAPPED
        move_run(
            run,
            state,
            mapping=mapping,
            total=_count_rows(loaded.book, header),
            **_place(header),
        )
    return run


def map_columns(run: ImportRun, mapping: Mapping[str, int], *, actor: Person) -> ImportRun:
    """
    Say which column of the sheet is what, and remember it for the unit's next file.

    Raises
    ------
    RuleViolation
        ``exchange.unmapped`` naming required columns left out; ``exchange.column_twice``;
        ``exchange.state``.
    """
    check(actor, "exchange.change_import", run)
    loaded = queries.load(run)
    valid = valid_mapping(mapping, loaded.header, loaded.importer.columns)
    if len(valid) < len(mapping):
        raise RuleViolation(
            "exchange.column_twice",
            _("One column of the sheet was chosen for two fields."),
            status=422,
        )
    if missing := _missing(loaded.importer, valid):
        raise RuleViolation(
            "exchange.unmapped",
            _("Choose a column for: %(names)s.") % {"names": _("; ").join(missing)},
            status=422,
        )
    with transaction.atomic():
        before = dict(run.mapping)
        move_run(run, RunState.MAPPED, mapping=valid, decisions={}, keep_first=False)
        ColumnMapping.objects.update_or_create(
            unit=run.unit, kind=run.kind, signature=run.signature, defaults={"mapping": valid}
        )
        record(
            "exchange.import.mapped",
            actor=actor,
            subject=run,
            before={"mapping": _readable(loaded, before)},
            after={"mapping": _readable(loaded, valid)},
        )
    return run


def check_import(
    run: ImportRun,
    *,
    actor: Person,
    decisions: Mapping[str, str] | None = None,
    keep_first: bool | None = None,
) -> ImportRun:
    """
    Read every row and compare it with the database; write down problems and counts only.

    Parameters
    ----------
    decisions
        Further answers to questions, by their key.
    keep_first
        Whether of duplicates the first is kept and the others are left out.

    Raises
    ------
    RuleViolation
        ``exchange.state``.
    """
    check(actor, "exchange.change_import", run)
    check(actor, registry.find(run.kind).permission, run.unit)
    run.decisions = {**run.decisions, **(decisions or {})}
    if keep_first is not None:
        run.keep_first = keep_first
    found = check_run(run)
    with transaction.atomic():
        move_run(
            run,
            RunState.CHECKED,
            decisions=run.decisions,
            keep_first=run.keep_first,
            **findings_of(found),
        )
        record(
            "exchange.import.checked",
            actor=actor,
            subject=run,
            after={"rows": run.total, "problems": run.problem_count},
        )
    return run


def apply_import(run: ImportRun, *, actor: Person, good_only: bool = False) -> Job:
    """
    Start the job that imports the rows.

    Raises
    ------
    RuleViolation
        ``exchange.not_clean`` when there are problems and ``good_only`` was not asked for;
        ``exchange.nothing_to_import``; ``exchange.state`` also when the button was pressed
        twice.
    """
    check(actor, "exchange.change_import", run)
    check(actor, registry.find(run.kind).permission, run.unit)
    if run.problem_count and not good_only:
        raise RuleViolation(
            "exchange.not_clean",
            _("There are problems left. Correct them, or import the good rows only."),
        )
    if not run.good_count:
        raise RuleViolation("exchange.nothing_to_import", _("No row can be imported."))
    with transaction.atomic():
        move_run(run, RunState.APPLYING)
        job = start_job(
            JOB_KIND,
            actor=actor,
            unit=run.unit,
            subject=run,
            args={"run": str(run.public_id), "good_only": good_only},
        )
        ImportRun.objects.filter(pk=run.pk).update(job=job)
        run.job = job
    return job


def apply_now(run: ImportRun, *, good_only: bool, progress: Progress) -> Counts | None:
    """
    Import the rows in one transaction, after checking them again inside it.

    Returns
    -------
    Counts or None
        ``None`` when the database has changed so that there are new problems: nothing is
        imported, the run is ``checked`` again and shows them. A run that is imported already
        answers with its counts, so that a job may be repeated.
    """
    try:
        with transaction.atomic():
            return _apply_locked(run, good_only=good_only, progress=progress)
    except _Changed as changed:
        found = changed.found
    except IntegrityError:
        found = check_run(run)
        if digest_of(found.problems) == run.problem_digest:
            raise
    with transaction.atomic():
        move_run(run, RunState.CHECKED, **findings_of(found))
    return None


def release_import(run: ImportRun) -> None:
    """Return a run whose job failed or was stopped to ``checked``: nothing was imported."""
    _back(run)


def discard_import(run: ImportRun, *, actor: Person) -> ImportRun:
    """
    Give the import up; its record stays.

    Raises
    ------
    RuleViolation
        ``exchange.state``.
    """
    check(actor, "exchange.change_import", run)
    with transaction.atomic():
        move_run(run, RunState.DISCARDED, problems=[], questions=[])
        record("exchange.import.discarded", actor=actor, subject=run)
    return run


class _Changed(Exception):
    """The check inside the transaction found other problems than the person saw."""

    def __init__(self, found: Check) -> None:
        super().__init__("the data changed since the check")
        self.found = found


def _apply_locked(run: ImportRun, *, good_only: bool, progress: Progress) -> Counts:
    _one_at_a_time(run)
    run.refresh_from_db(from_queryset=ImportRun.objects.select_for_update(of=("self",)))
    if run.state == RunState.APPLIED:
        return Counts(**{name: int(run.counts.get(name, 0)) for name in asdict(Counts())})
    if run.state != RunState.APPLYING:
        raise wrong_state()
    importer = registry.find(run.kind)
    check(run.actor, importer.permission, run.unit)
    found = check_run(run)
    if digest_of(found.problems) != run.problem_digest or (found.problems and not good_only):
        raise _Changed(found)
    done = importer.apply(found.good, queries.context_of(run), progress)
    counts = Counts(done.created, done.updated, done.unchanged, len(found.rows) - len(found.good))
    move_run(
        run,
        RunState.APPLIED,
        applied_at=clock.now(),
        counts={**run.counts, **asdict(counts)},
    )
    record(
        "exchange.import.applied",
        actor=run.actor,
        subject=run,
        after={**asdict(counts), **({"decisions": run.decisions} if run.decisions else {})},
    )
    return counts


def _honest_name(content: bytes, name: str) -> str:
    """Return ``name`` with the end its content calls for: many a ``.xls`` is something else."""
    ends = (".xlsx", ".xlsm") if content.startswith(b"PK") else (".csv", ".txt")
    return name if name.lower().endswith(ends) else f"{name}{ends[0]}"


def _checked_options(
    importer: Importer, actor: Person, unit: Unit, options: Mapping[str, Any]
) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for option in importer.options:
        value = str(options.get(option.name, ""))
        if value not in {str(v) for v, _label in option.choices(actor, unit)}:
            raise RuleViolation(
                "exchange.option",
                _("Choose: %(name)s.") % {"name": option.label},
                status=422,
                field=option.name,
            )
        chosen[option.name] = value
    return chosen


def _missing(importer: Importer, mapping: Mapping[str, int]) -> list[str]:
    return [c.label for c in importer.columns if c.required and c.name not in mapping]


def _readable(loaded: queries.Loaded, mapping: Mapping[str, int]) -> str:
    """Return which column of the sheet is what, for the history: ``number=A, name_zh=B``."""
    return ", ".join(
        f"{c.name}={letter(mapping[c.name])}" for c in loaded.importer.columns if c.name in mapping
    )


def _place(header: Header) -> dict[str, Any]:
    return {
        "sheet": header.sheet,
        "header_row": header.top,
        "header_height": header.height,
        "signature": header.signature,
    }


def _count_rows(book: Book, header: Header) -> int:
    rows = book.sheets[header.sheet].rows[header.first_data_row :]
    return sum(any(cell.strip() for cell in row) for row in rows)


def _back(run: ImportRun) -> None:
    ImportRun.objects.filter(pk=run.pk, state=RunState.APPLYING).update(state=RunState.CHECKED)
    run.refresh_from_db()


def _one_at_a_time(run: ImportRun) -> None:
    """Let two imports of one kind wait for each other until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"exchange:{run.kind}"])
