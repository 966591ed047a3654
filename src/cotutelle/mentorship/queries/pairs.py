"""Reading pairs of mentors: who sees them, what is on their pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cotutelle.institutions.queries import below
from cotutelle.mentorship.enums import PairRecordKind, PairState
from cotutelle.mentorship.models import (
    ConflictOfInterest,
    Mentor,
    Pair,
    PairConsent,
    PairRecord,
)
from cotutelle.mentorship.rules import COLLEGE
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.programmes.models import Student

_PARTIES = (
    "student__person", "student__unit", "student__cohort",
    "first__mentor__person", "first__mentor__unit",
    "second__mentor__person", "second__mentor__unit",
    "agreement",
)  # fmt: skip


def pairs_visible_to(actor: Person) -> QuerySet[Pair]:
    """
    Return the pairs of which ``actor`` is a part, whose student's college they are, or for which
    their institution lends a mentor.
    """
    staffed = [g.unit for g in actor.active_grants if g.role in COLLEGE]
    lending = [g.unit for g in actor.active_grants if g.role == Role.PARTNER_OFFICER]
    part = (
        Q(student__person=actor) | Q(first__mentor__person=actor) | Q(second__mentor__person=actor)
    )
    found = part | below(staffed, "student__unit__path")
    if lending:
        found |= below(lending, "first__mentor__unit__path")
        found |= below(lending, "second__mentor__unit__path")
    return Pair.objects.filter(found).select_related(*_PARTIES)


def search_pairs(rows: QuerySet[Pair], text: str) -> QuerySet[Pair]:
    """Narrow to pairs in which somebody is called so."""
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(student__person__in=people)
        | Q(first__mentor__person__in=people)
        | Q(second__mentor__person__in=people)
    )


def with_open_counts(rows: QuerySet[Pair]) -> QuerySet[Pair]:
    """Add how many items of the plan are open."""
    still = PairRecord.objects.filter(
        pair=OuterRef("pk"), kind=PairRecordKind.PLAN, done_at=None, withdrawn_at=None
    )
    number = still.order_by().values("pair").annotate(number=Count("pk")).values("number")
    # Counted over a join, PostgreSQL would think for longer about the fifteen tables than it reads.
    return rows.annotate(open_items=Coalesce(Subquery(number), 0))


def pair_of(student: Student) -> Pair | None:
    """Return the pair that supervises ``student`` now."""
    rows = Pair.objects.filter(student=student, state=PairState.ACTIVE)
    return rows.select_related(*_PARTIES).first()


def pairs_by_student(students: QuerySet[Student] | list[int]) -> dict[int, Pair]:
    """Return student key → the pair that supervises them now."""
    rows = Pair.objects.filter(student__in=students, state=PairState.ACTIVE)
    return {pair.student_id: pair for pair in rows}


def parties_of(pair: Pair) -> list[Person]:
    """Return the first mentor, the second and the student, in this order."""
    return [pair.first.mentor.person, pair.second.mentor.person, pair.student.person]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """An arrangement, who has agreed and who has not."""

    record: PairRecord
    agreed: tuple[tuple[Person, PairConsent], ...]
    missing: tuple[Person, ...]

    @property
    def holds(self) -> bool:
        """It holds once everybody has agreed."""
        return not self.missing

    def waits_for(self, person: Person) -> bool:
        """Tell whether ``person`` is still asked."""
        return person in self.missing


def records_of(pair: Pair, kind: PairRecordKind) -> list[PairRecord]:
    """Return what counts of one kind: the plan by day, notes and arrangements newest first."""
    rows = PairRecord.objects.filter(pair=pair, kind=kind, withdrawn_at=None)
    rows = rows.select_related("author", "attachment")
    if kind == PairRecordKind.PLAN:
        return sorted(
            rows, key=lambda r: (r.done_at is not None, r.due_on is None, str(r.due_on), r.pk)
        )
    return list(rows)


def arrangements_of(pair: Pair) -> list[Arrangement]:
    """Return the arrangements with everybody's word, newest first."""
    rows = records_of(pair, PairRecordKind.ARRANGEMENT)
    given: dict[tuple[int, int], PairConsent] = {
        (one.record_id, one.person_id): one
        for one in PairConsent.objects.filter(record__in=[row.pk for row in rows])
    }
    people = parties_of(pair)
    return [
        Arrangement(
            row,
            tuple((p, given[row.pk, p.pk]) for p in people if (row.pk, p.pk) in given),
            tuple(p for p in people if (row.pk, p.pk) not in given),
        )
        for row in rows
    ]


def earlier_pairs(pair: Pair, actor: Person) -> list[Pair]:
    """Return ended pairs of the same student that ``actor`` may read, newest first."""
    rows = pairs_visible_to(actor).filter(student=pair.student, state=PairState.ENDED)
    return list(rows.exclude(pk=pair.pk).order_by("-ends_on", "-pk"))


def conflicts_of_mentor(mentor: Mentor, actor: Person) -> QuerySet[ConflictOfInterest]:
    """Return the conflicts of ``mentor`` with students of the units whose college ``actor`` is."""
    units = [g.unit for g in actor.active_grants if g.role in COLLEGE]
    if not units:
        return ConflictOfInterest.objects.none()
    rows = ConflictOfInterest.objects.filter(below(units, "student__unit__path"), mentor=mentor)
    return rows.select_related("student__person", "student__cohort", "declared_by").order_by(
        "-declared_at", "-pk"
    )
