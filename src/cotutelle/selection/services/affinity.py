"""Computing how near offers stand to what students wrote. It advises; it decides nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.text import UnreadableText, decode
from cotutelle.files.models import StoredFile
from cotutelle.files.services import read_file
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.mentorship.models import ConflictOfInterest, Mentor, Publication
from cotutelle.people.models import Person
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection.enums import OfferState, ParticipantState
from cotutelle.selection.models import AffinityScore, Offer, Participant, Round

if TYPE_CHECKING:
    from cotutelle.engines.affinity import AffinityRow

JOB = "selection.affinity"
MODEL = "tfidf-1"
# Bounds the rows, not the time: 800 offers × 10 texts take about 0.05 CPU s a student either way.
KEPT = 100
PAPERS = 60
REASONS = 3
LONGEST = 20_000
_STUDENTS_AT_ONCE = 25
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

Progress = Callable[[int, int], object]
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Item:
    """One text of an offer's mentors, and what to call it."""

    kind: str
    title: str
    text: str


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


def compute_affinity(
    round_: Round,
    *,
    participants: Iterable[Participant] | None = None,
    progress: Progress = lambda done, total: None,
    should_stop: Stop = lambda: False,
) -> int:
    """
    Compute and store the nearest offers of ``participants`` (all who take part, without them).

    Returns how many students were done. Safe to repeat and to stop: each student's rows are
    replaced in one transaction.
    """
    from cotutelle.engines.affinity import AffinityProblem, iter_affinity  # noqa: PLC0415  heavy

    people = _participants(round_, participants)
    items = _items(round_)
    wrote = _student_texts(people)
    conflicts = _conflicts(round_, people)
    problem = AffinityProblem(
        {_key(pk): [i.text for i in found] for pk, found in items.items()},
        {_key(p.pk): [text for _kind, text in wrote[p.pk]] for p in people if wrote[p.pk]},
    )
    most = KEPT + max((len(c) for c in conflicts.values()), default=0)
    by_key = {_key(p.pk): p for p in people}
    stale = set(by_key)
    done = 0
    batch: list[tuple[Participant, list[AffinityScore]]] = []
    for key, rows in groupby(iter_affinity(problem, top=most), key=lambda row: row.student_id):
        one = by_key[key]
        stale.discard(key)
        kinds = [kind for kind, _text in wrote[one.pk]]
        found = _scores(one, rows, items, conflicts.get(one.pk, frozenset()), kinds)
        batch.append((one, found))
        if len(batch) == _STUDENTS_AT_ONCE:
            done += _store(batch)
            batch = []
            progress(done, len(people))
            if should_stop():
                return done
    done += _store(batch) + _store([(by_key[key], []) for key in sorted(stale)])
    progress(len(people), len(people))
    return done


def _participants(round_: Round, chosen: Iterable[Participant] | None) -> list[Participant]:
    rows = Participant.objects.filter(round=round_, state=ParticipantState.ACTIVE)
    if chosen is not None:
        rows = rows.filter(pk__in=[p.pk for p in chosen])
    return list(rows.select_related("student").order_by("id"))


def _key(pk: int) -> str:
    return f"{pk:012}"


def _items(round_: Round) -> dict[int, list[Item]]:
    """Return the texts behind every open offer: the offer itself, interests, papers."""
    papers = Prefetch("publications", queryset=Publication.objects.order_by("-year", "id"))
    mentors = Mentor.objects.select_related("person").prefetch_related(papers)
    offers: QuerySet[Offer] = Offer.objects.filter(
        round=round_, state=OfferState.OPEN
    ).prefetch_related(
        Prefetch("mentor", queryset=mentors),
        Prefetch("team__first", queryset=mentors),
        Prefetch("team__second", queryset=mentors),
    )
    of_mentor: dict[int, list[Item]] = {}
    found = {}
    for offer in offers:
        own = Item(
            "offer",
            "",
            _join(offer.title_zh, offer.title_en, offer.description_zh, offer.description_en),
        )
        found[offer.pk] = [own]
        for mentor in offer.supervisors:
            if mentor.pk not in of_mentor:
                of_mentor[mentor.pk] = list(_mentor_items(mentor))
            found[offer.pk] += of_mentor[mentor.pk]
    return found


def _mentor_items(mentor: Mentor) -> Iterator[Item]:
    if interests := _join(mentor.interests_zh, mentor.interests_en):
        yield Item("interests", "", interests)
    for paper in list(mentor.publications.all())[:PAPERS]:
        yield Item("paper", paper.title, _join(paper.title, paper.abstract))


def _join(*texts: str) -> str:
    return "\n".join(text.strip() for text in texts if text.strip())


def _student_texts(people: Sequence[Participant]) -> dict[int, list[tuple[str, str]]]:
    """Return (kind, text) of what each student wrote and attached."""
    attached: dict[int, list[str]] = {}
    owners = [p.student.person_id for p in people]
    files = StoredFile.objects.filter(purpose=ATTACHMENT, owner__in=owners)
    for stored in files.order_by("id"):
        if text := attachment_text(stored):
            attached.setdefault(stored.owner_id, []).append(text)
    return {
        p.pk: [
            *(("statement", t) for t in [p.student.statement.strip()] if t),
            *(("career_plan", t) for t in [p.student.career_plan.strip()] if t),
            *(("attachment", t) for t in attached.get(p.student.person_id, [])),
        ]
        for p in people
    }


def attachment_text(stored: StoredFile) -> str:
    """Return the text of a Word or text file, cut to a sensible length; nothing of others."""
    name = stored.name.lower()
    try:
        if name.endswith((".txt", ".md")):
            return decode(read_file(stored))[:LONGEST].strip()
        if name.endswith(".docx"):
            return _word_text(read_file(stored))[:LONGEST].strip()
    except (OSError, UnreadableText, zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return ""
    return ""


def _word_text(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.getinfo("word/document.xml").file_size > 20 * 1024 * 1024:
            return ""
        body = archive.read("word/document.xml")
    if b"<!DOCTYPE" in body[:2048]:
        return ""
    root = ElementTree.fromstring(body)  # noqa: S314  no document type, so no entities
    lines = ("".join(t.text or "" for t in p.iter(f"{_WORD}t")) for p in root.iter(f"{_WORD}p"))
    return "\n".join(line for line in lines if line)


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
    participant: Participant,
    rows: Iterable[AffinityRow],
    items: Mapping[int, Sequence[Item]],
    barred: frozenset[int],
    kinds: Sequence[str],
) -> list[AffinityScore]:
    near = [row for row in rows if row.score > 0 and int(row.mentor_id) not in barred]
    compared = len(items) - len(barred)
    places = {row.score: place for place, row in enumerate(near, 1)}
    made: list[AffinityScore] = []
    moment = now()
    rank = 0
    last = -1.0
    for place, row in enumerate(near[:KEPT], 1):
        if row.score != last:
            rank, last = place, row.score
        offer = int(row.mentor_id)
        made.append(
            AffinityScore(
                participant=participant,
                offer_id=offer,
                score=row.score,
                rank=rank,
                above=100 * (compared - places[row.score]) // compared,
                compared=compared,
                terms=list(row.terms),
                nearest=_nearest(row, items[offer], kinds),
                model_version=MODEL,
                computed_at=moment,
            )
        )
    return made


def _nearest(row: AffinityRow, items: Sequence[Item], kinds: Sequence[str]) -> list[dict[str, str]]:
    return [
        {
            "kind": items[match.mentor_item].kind,
            "title": items[match.mentor_item].title,
            "item": kinds[match.student_item],
        }
        for match in row.nearest[:REASONS]
    ]


def _store(batch: Sequence[tuple[Participant, list[AffinityScore]]]) -> int:
    with transaction.atomic():
        AffinityScore.objects.filter(participant__in=[one.pk for one, _rows in batch]).delete()
        AffinityScore.objects.bulk_create(
            [row for _one, rows in batch for row in rows], batch_size=2000
        )
    return len(batch)
