"""Computing how near offers stand to what students wrote. It advises; it decides nothing."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.mentorship.models import ConflictOfInterest
from cotutelle.people.models import Person
from cotutelle.selection.enums import OfferState, ParticipantState
from cotutelle.selection.models import AffinityScore, Offer, Participant, Round
from cotutelle.selection.queries.affinity_texts import Item, offer_items, written_by

if TYPE_CHECKING:
    from cotutelle.engines.affinity import (
        AffinityProblem,
        AffinityRow,
        ItemMatch,
        Models,
        VectorCache,
    )
    from cotutelle.engines.affinity.index import Method

log = logging.getLogger(__name__)
JOB = "selection.affinity"
ENGINE = "2"
# Bounds the rows, not the time: a row takes 0.8 KB, and a student with 800 offers 0.05 s either way.
KEPT = 200
REASONS = 3
SENTENCES_FOR = 10
_STUDENTS_AT_ONCE = 10

Progress = Callable[[int, int], object]
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Computed:
    """
    What a computation did.

    ``encoded`` counts the texts a model read, ``unread`` are the names of attached files without a readable text, by participant.
    """

    students: int
    encoded: int
    unread: Mapping[int, tuple[str, ...]]


class _Stopped(Exception):
    """Somebody asked to stop; the vectors of the ``read`` texts are kept."""

    def __init__(self, read: int) -> None:
        super().__init__(read)
        self.read = read


def refresh_affinity(
    round_: Round, *, actor: Person, participant: Participant | None = None
) -> Job:
    """
    Start computing the affinity of one participant, or of the whole round.

    A job that is already on its way for the same people is returned instead of a second one.
    """
    if participant is not None:
        check(actor, "selection.choose_offers", participant)
    else:
        check(actor, "selection.manage_round", round_)
    subject = participant or round_
    waiting = Job.objects.filter(
        kind=JOB,
        actor=actor,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        state__in=[JobState.QUEUED, JobState.RUNNING],
    ).first()
    if waiting:
        return waiting
    return start_affinity(round_, actor=actor, participant=participant)


def start_affinity(round_: Round, *, actor: Person, participant: Participant | None = None) -> Job:
    """Queue the computation in the caller's transaction; for services that have checked."""
    args = {"round_id": round_.pk, "participant_id": participant.pk if participant else None}
    return start_job(JOB, actor=actor, unit=round_.unit, subject=participant or round_, args=args)


def installed_models() -> Models | None:
    """Return the text models; without them, or with others than ours, words alone are compared."""
    from cotutelle.engines.affinity.models import ModelMismatch, available  # noqa: PLC0415  heavy

    try:
        return available()
    except ModelMismatch:
        log.exception("A text model is not the expected one; affinity compares words alone.")
        return None


def model_version(models: Models | None) -> str:
    """Name the engine, the models with their files, and the scale."""
    from cotutelle.engines.affinity.calibration import CALIBRATION  # noqa: PLC0415  heavy

    if models is None:
        return f"{ENGINE}/tfidf"
    both = f"{models.english.version}+{models.multilingual.version}"
    files = hashlib.sha256(both.encode("ascii")).hexdigest()[:8]
    return f"{ENGINE}/{models.english.name}/{files}/{CALIBRATION.version}"


def cache_folder() -> Path:
    """Return where vectors are kept: beside the data, not in backups; it may be deleted."""
    return Path(settings.COTUTELLE_DATA_DIR) / "cache" / "affinity"


def forget_vectors() -> None:
    """
    Empty the cache once this transaction holds: a vector still says what its text was about.

    Everybody's are read anew, since they are kept by their text and not by person.
    """
    from cotutelle.engines.affinity import VectorCache  # noqa: PLC0415  heavy

    transaction.on_commit(lambda: VectorCache(cache_folder()).clear())


def compute_affinity(
    round_: Round,
    *,
    participants: Iterable[Participant] | None = None,
    progress: Progress = lambda done, total: None,
    should_stop: Stop = lambda: False,
    load: Callable[[], Models | None] = installed_models,
) -> Computed:
    """
    Compute and store the nearest offers of ``participants`` (all who take part, without them).

    ``progress`` counts texts that a model has to read and then students. Safe to repeat and to
    stop: each student's rows are replaced in one transaction, vectors are kept as they are made.
    """
    from cotutelle.engines.affinity import AffinityProblem, VectorCache  # noqa: PLC0415  heavy

    people = _participants(round_, participants)
    items = offer_items(Offer.objects.filter(round=round_, state=OfferState.OPEN))
    written = written_by(people)
    wrote = {pk: found.items for pk, found in written.items()}
    unread = {pk: found.unread for pk, found in written.items() if found.unread}
    problem = AffinityProblem(
        {_key(pk): [i.text for i in found] for pk, found in items.items()},
        {_key(p.pk): [i.text for i in wrote[p.pk]] for p in people if wrote[p.pk]},
    )
    work = _Work(
        people, items, wrote, _conflicts(round_, people), load(), VectorCache(cache_folder())
    )
    try:
        read = _read_new_texts(problem, work, progress, should_stop)
    except _Stopped as stopped:
        return Computed(0, stopped.read, unread)
    done = 0
    for batch in _batches(work, problem):
        done += _store(batch)
        progress(read + done, read + len(people))
        if done < len(people) and should_stop():
            break
    return Computed(done, read, unread)


@dataclass(frozen=True, slots=True)
class _Work:
    people: Sequence[Participant]
    items: Mapping[int, Sequence[Item]]
    wrote: Mapping[int, Sequence[Item]]
    conflicts: Mapping[int, frozenset[int]]
    models: Models | None
    cache: VectorCache

    @property
    def method(self) -> Method:
        from cotutelle.engines.affinity.index import Method  # noqa: PLC0415  heavy

        return Method(self.models, self.cache)

    @property
    def asked(self) -> int:
        """Rows a student needs: one more than is kept tells whether the last one has equals."""
        return KEPT + max((len(c) for c in self.conflicts.values()), default=0) + 1


def _participants(round_: Round, chosen: Iterable[Participant] | None) -> list[Participant]:
    rows = Participant.objects.filter(round=round_, state=ParticipantState.ACTIVE)
    if chosen is not None:
        rows = rows.filter(pk__in=[p.pk for p in chosen])
    return list(rows.select_related("student").order_by("id"))


def _key(pk: int) -> str:
    return f"{pk:012}"


def _read_new_texts(
    problem: AffinityProblem, work: _Work, progress: Progress, should_stop: Stop
) -> int:
    """Let the models read what is new before anything is compared; return how many texts that was."""
    if work.models is None:
        return 0
    read = 0

    def tell(done: int, total: int) -> None:
        progress(read + done, read + total + len(work.people))
        if should_stop():
            raise _Stopped(read + done)

    for model, texts in _texts_by_model(problem, work.models):
        before = work.cache.encoded
        work.cache.encode(model, texts, progress=tell)
        read += work.cache.encoded - before
    return read


def _texts_by_model(problem: AffinityProblem, models: Models) -> Iterator[tuple[Any, list[str]]]:
    """Yield which model will be asked for which texts: English pairs need the English one alone."""
    from cotutelle.engines.affinity.models import language_of  # noqa: PLC0415  heavy

    sides = [
        {text: language_of(text) for texts in side.values() for text in texts}
        for side in (problem.mentors, problem.students)
    ]
    english: list[str] = []
    multilingual: list[str] = []
    for own, other in (sides, sides[::-1]):
        met = set(other.values())
        english += [text for text, language in own.items() if language == "en" and "en" in met]
        multilingual += [text for text, language in own.items() if "zh" in met | {language}]
    yield models.english, english
    yield models.multilingual, multilingual


def _batches(
    work: _Work, problem: AffinityProblem
) -> Iterator[list[tuple[Participant, list[AffinityScore]]]]:
    """Yield a few students at a time with their rows; those who wrote nothing last, with none."""
    from cotutelle.engines.affinity import iter_affinity  # noqa: PLC0415  heavy

    by_key = {_key(p.pk): p for p in work.people}
    rows = iter_affinity(problem, top=work.asked, models=work.models, cache=work.cache)
    batch = []
    for key, found in groupby(rows, key=lambda row: row.student_id):
        one = by_key.pop(key)
        batch.append((one, _scores(one, list(found), work)))
        if len(batch) == _STUDENTS_AT_ONCE:
            yield batch
            batch = []
    yield batch + [(one, []) for one in by_key.values()]


def _conflicts(round_: Round, people: Sequence[Participant]) -> dict[int, frozenset[int]]:
    """Return the offers each participant must not be matched with: conflicts come first."""
    by_student = {p.student_id: p.pk for p in people}
    pairs = ConflictOfInterest.objects.filter(student__in=list(by_student)).values_list(
        "student_id", "mentor_id"
    )
    barred: dict[int, set[int]] = {}
    for student, mentor in pairs:
        barred.setdefault(mentor, set()).add(by_student[student])
    found: dict[int, set[int]] = {}
    offers = Offer.objects.filter(round=round_, state=OfferState.OPEN).select_related("team")
    for offer in offers.iterator() if barred else ():
        keys = [offer.team.first_id, offer.team.second_id] if offer.team else [offer.mentor_id]
        for key in keys:
            for participant in barred.get(key or 0, ()):
                found.setdefault(participant, set()).add(offer.pk)
    return {pk: frozenset(offers_) for pk, offers_ in found.items()}


def _scores(
    participant: Participant, rows: Sequence[AffinityRow], work: _Work
) -> list[AffinityScore]:
    """Rank one student's offers; where all are equally near, all stand first above none."""
    barred = work.conflicts.get(participant.pk, frozenset())
    near = [row for row in rows if row.nearest and int(row.mentor_id) not in barred]
    compared = len(work.items) - len(barred)
    cut_off = len(rows) < len(work.items)
    equal = bool(near) and near[0].score == near[-1].score
    if cut_off and not equal:
        near = [row for row in near if row.score > rows[-1].score]
    flat = equal and (cut_off or len(near) == compared)
    places = {row.score: place for place, row in enumerate(near, 1)}
    version, moment = model_version(work.models), now()
    ranks: dict[float, int] = {}
    made: list[AffinityScore] = []
    for place, row in enumerate(near[:KEPT], 1):
        offer = int(row.mentor_id)
        made.append(
            AffinityScore(
                participant=participant,
                offer_id=offer,
                score=row.score,
                rank=ranks.setdefault(row.score, place),
                above=0 if flat else 100 * (compared - places[row.score]) // compared,
                compared=compared,
                terms=list(row.terms),
                nearest=_nearest(row, participant, work, sentences=place <= SENTENCES_FOR),
                channels=dict(row.channels),
                items=row.items,
                model_version=version,
                computed_at=moment,
            )
        )
    return made


def _nearest(
    row: AffinityRow, participant: Participant, work: _Work, *, sentences: bool
) -> list[dict[str, Any]]:
    """
    Return the nearest texts as references: the texts themselves stay where they are.

    Across languages, where no term can be shared, the nearest sentences come with them.
    """
    own, theirs = work.wrote[participant.pk], work.items[int(row.mentor_id)]
    matches = [match for match in row.nearest if match.similarity > 0][:REASONS]
    found = [_reference(match, own, theirs) for match in matches]
    for match, reference in zip(matches, found, strict=True):
        if sentences and match.route == "zh-en":
            reference["sentences"] = _sentences(match, own, theirs, work.method)
    return found


def _reference(match: ItemMatch, own: Sequence[Item], theirs: Sequence[Item]) -> dict[str, Any]:
    mine, other = own[match.student_item], theirs[match.mentor_item]
    return {
        "kind": other.kind,
        "title": other.title,
        "digest": other.digest,
        "item": mine.kind,
        "own_digest": mine.digest,
    }


def _sentences(
    match: ItemMatch, own: Sequence[Item], theirs: Sequence[Item], method: Method
) -> list[list[int]]:
    """Return where the two nearest sentences stand in their texts: the student's, the mentor's."""
    from cotutelle.engines.affinity.highlights import nearest_sentences  # noqa: PLC0415  heavy

    pair = nearest_sentences(match, [i.text for i in own], [i.text for i in theirs], method)
    if pair.similarity <= 0:
        return []
    return [[pair.student.start, pair.student.end], [pair.mentor.start, pair.mentor.end]]


def _store(batch: Sequence[tuple[Participant, list[AffinityScore]]]) -> int:
    with transaction.atomic():
        AffinityScore.objects.filter(participant__in=[one.pk for one, _rows in batch]).delete()
        AffinityScore.objects.bulk_create(
            [row for _one, rows in batch for row in rows], batch_size=2000
        )
    return len(batch)
