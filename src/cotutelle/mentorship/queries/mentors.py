"""Reading mentors and teams."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import OuterRef, Q, QuerySet, Subquery

from cotutelle.institutions.queries import below
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentor, Mentorship, Pair, Team
from cotutelle.mentorship.rules import READERS
from cotutelle.people.models import Person
from cotutelle.people.validators import fold
from cotutelle.programmes.models import Student


def mentors_visible_to(actor: Person) -> QuerySet[Mentor]:
    """Return all mentors who are not archived; staff also see the archived ones of their units."""
    rows = Mentor.objects.select_related("person", "unit")
    if not actor.is_authenticated:
        return rows.none()
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    return rows.filter(Q(is_archived=False) | Q(person=actor) | below(units))


visible_to = mentors_visible_to


def mentors_staffed_by(actor: Person) -> QuerySet[Mentor]:
    """Return the mentors of the units whose staff ``actor`` is, visiting ones included."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    own = below(units)
    visiting = Mentor.other_units.through.objects.filter(below(units)).values("mentor_id")
    return Mentor.objects.filter(own | Q(pk__in=visiting)).select_related("person", "unit")


def search_mentors(rows: QuerySet[Mentor], text: str) -> QuerySet[Mentor]:
    """Narrow to mentors whose name, pinyin, discipline, interests or papers hold every word."""
    for word in fold(text).split():
        rows = rows.filter(
            Q(person__search_text__contains=word)
            | Q(discipline__icontains=word)
            | Q(interests_zh__icontains=word)
            | Q(interests_en__icontains=word)
            | Q(unit__name_zh__contains=word)
            | Q(unit__name_en__icontains=word)
        )
    return rows


def mentor_of(person: Person) -> Mentor | None:
    """Return the mentor row of ``person``, if there is one."""
    return Mentor.objects.filter(person=person).select_related("person", "unit").first()


def teams_visible_to(actor: Person) -> QuerySet[Team]:
    """Return teams of the actor's units, and those the actor belongs to."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    mine = Q(first__person=actor) | Q(second__person=actor)
    return Team.objects.filter(below(units) | mine).select_related(
        "first__person", "second__person", "first__unit", "second__unit", "unit"
    )


def pairs_of(mentor: Mentor) -> QuerySet[Mentorship]:
    """Return the students whom ``mentor`` supervises now, with the ``page`` of a pair if it is one."""
    pair = Pair.objects.filter(student=OuterRef("student"), state=PairState.ACTIVE)
    return (
        Mentorship.objects.filter(mentor=mentor, state=PairState.ACTIVE)
        .annotate(page=Subquery(pair.values("public_id")[:1]))
        .select_related("student__person", "student__cohort", "student__unit")
        .order_by("-student__cohort__year", "student__person__name_sort", "id")
    )


def names_of_mentors(public_ids: Collection[str]) -> dict[str, str]:
    """Return the names of mentors in the reader's language, by public identifier."""
    rows = Mentor.objects.filter(public_id__in=public_ids).select_related("person")
    return {str(one.public_id): one.display_name for one in rows}


def supervisors_of(*students: Student) -> QuerySet[Person]:
    """Return the active people who supervise one of ``students`` now."""
    pairs = Mentorship.objects.filter(student__in=students, state=PairState.ACTIVE)
    return Person.objects.filter(is_active=True, pk__in=pairs.values("mentor__person"))
