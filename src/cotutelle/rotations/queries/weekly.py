"""Reading terms, series, meetings and what was raised at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.rotations.enums import MeetingState, SeriesKind, TermState
from cotutelle.rotations.models import (
    ClinicalProblem,
    Meeting,
    MeetingRoom,
    Series,
    SeriesMember,
    Term,
)
from cotutelle.rotations.rules.weekly import (
    MEETING_READERS,
    MENTOR_ROLES,
    WEEK_KEEPERS,
    WEEK_PLANNERS,
    WEEK_READERS,
)

PLACED = (MeetingState.PLANNED, MeetingState.MOVED)


def _units(actor: Person, roles: tuple[str, ...]) -> list[Unit]:
    return [g.unit for g in actor.active_grants if g.role in roles]


def _around(units: list[Unit], path: str) -> Q:
    """What is owned by one of ``units``, below it, or above it: a term above concerns it too."""
    found = below(units, path)
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    return found | Q(**{f"{path.removesuffix('__path')}__in": above})


def terms_visible_to(actor: Person) -> QuerySet[Term]:
    """Return the terms of the actor's units and of those above them."""
    return (
        Term.objects.filter(_around(_units(actor, WEEK_READERS), "unit__path"))
        .select_related("unit", "run")
        .order_by("-starts_on", "id")
    )


def terms_of(person: Person) -> QuerySet[Term]:
    """Return the terms not over for which ``person`` may say when they are taken."""
    mine = Q(series__members__person=person)
    units = {g.unit for g in person.active_grants}
    if person.unit is not None:
        units.add(person.unit)
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    return (
        Term.objects.filter(mine | Q(unit__in=above))
        .exclude(state=TermState.ARCHIVED)
        .select_related("unit")
        .distinct()
        .order_by("starts_on", "id")
    )


def week_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units for which ``actor`` plans weeks."""
    return Unit.objects.filter(
        below(_units(actor, WEEK_PLANNERS), "path"), state="active"
    ).order_by("path")


def keeping_units(actor: Person) -> QuerySet[Unit]:
    """Return the active units whose rooms and people's times ``actor`` keeps."""
    return Unit.objects.filter(below(_units(actor, WEEK_KEEPERS), "path"), state="active").order_by(
        "path"
    )


def people_kept_by(actor: Person) -> QuerySet[Person]:
    """Return mentors and students of the units whose weekly times ``actor`` keeps."""
    return (
        Person.objects.filter(below(_units(actor, WEEK_KEEPERS)), is_active=True)
        .filter(Q(mentor__isnull=False) | Q(student__isnull=False))
        .select_related("unit")
        .distinct()
    )


def rooms_visible_to(actor: Person) -> QuerySet[MeetingRoom]:
    """Return the meeting rooms of the actor's units."""
    return MeetingRoom.objects.filter(below(_units(actor, WEEK_KEEPERS))).select_related("unit")


def series_of(term: Term) -> QuerySet[Series]:
    """Return the live series of a term with who takes part."""
    return (
        term.series.filter(ended_at__isnull=True)
        .select_related("room", "ward", "term__unit")
        .prefetch_related("members__person")
        .order_by("kind", "name_zh", "id")
    )


def meetings_visible_to(actor: Person) -> QuerySet[Meeting]:
    """Return the meetings in which ``actor`` takes part, and those of their units."""
    staffed = _units(actor, MEETING_READERS)
    part = Q(series__in=SeriesMember.objects.filter(person=actor).values("series"))
    rows = Meeting.objects.filter(part | below(staffed, "series__term__unit__path"))
    return rows.select_related("series__term__unit", "room")


def rounds_visible_to(actor: Person) -> QuerySet[Meeting]:
    """Return the joint rounds among `meetings_visible_to`, with who takes part."""
    return (
        meetings_visible_to(actor)
        .filter(series__kind=SeriesKind.JOINT_ROUND)
        .prefetch_related("series__members__person", "attendances")
        .annotate(raised=Count("problems", distinct=True))
    )


def problems_visible_to(actor: Person) -> QuerySet[ClinicalProblem]:
    """Return the clinical problems of meetings the actor sees."""
    rows = meetings_visible_to(actor).order_by()
    return ClinicalProblem.objects.filter(meeting__in=rows.values("pk")).select_related(
        "meeting__series__term__unit", "raised_by"
    )


def search_series(rows: QuerySet[Series], text: str) -> QuerySet[Series]:
    """Narrow to series called so, or with somebody called so."""
    people = search(Person.objects.all(), text)
    found = Q(name_zh__icontains=text) | Q(name_en__icontains=text)
    return rows.filter(
        found | Q(pk__in=SeriesMember.objects.filter(person__in=people).values("series"))
    )


def search_rounds(rows: QuerySet[Meeting], text: str) -> QuerySet[Meeting]:
    """Narrow to rounds of somebody called so, or of a series called so."""
    people = search(Person.objects.all(), text)
    found = Q(series__name_zh__icontains=text) | Q(series__name_en__icontains=text)
    return rows.filter(
        found | Q(series__in=Series.objects.filter(members__person__in=people).values("pk"))
    )


def joint_rounds_of(mentor: Person, first: dt.date, last: dt.date) -> QuerySet[Meeting]:
    """
    Return the held joint rounds that count toward a mentor's duties.

    Parameters
    ----------
    mentor
        The person; those rounds count to which they came, in the room or remotely.
    first, last
        Days, both included.
    """
    return Meeting.objects.filter(
        series__kind=SeriesKind.JOINT_ROUND,
        state=MeetingState.HELD,
        original_on__range=(first, last),
        series__members__in=mentor.series_places.filter(role__in=MENTOR_ROLES),
        attendances__in=mentor.attendances.filter(presence__in=["present", "remote"]),
    ).select_related("series")


def rounds_by_mentor(
    actor: Person, term: Term | None = None
) -> list[tuple[Person, dict[str, int]]]:
    """Return, for every mentor with joint rounds the actor sees, how many came out how."""
    rows = meetings_visible_to(actor).filter(series__kind=SeriesKind.JOINT_ROUND).order_by()
    if term is not None:
        rows = rows.filter(series__term=term)
    keys = rows.values("pk")
    counts: dict[int, dict[str, int]] = {}
    for person, state, n in (
        Meeting.objects.filter(pk__in=keys, series__members__role__in=MENTOR_ROLES)
        .values_list("series__members__person", "state")
        .annotate(n=Count("pk", distinct=True))
        .order_by()
    ):
        counts.setdefault(person, {})[state] = n
    came = dict(
        Meeting.objects.filter(
            pk__in=keys, state=MeetingState.HELD, attendances__presence__in=["present", "remote"]
        )
        .values_list("attendances__person")
        .annotate(n=Count("pk", distinct=True))
        .order_by()
    )
    people = Person.objects.filter(pk__in=counts).select_related("unit").order_by("name_sort", "pk")
    return [(p, counts[p.pk] | {"came": came.get(p.pk, 0)}) for p in people]


def people_of(term: Term) -> int:
    """Return how many people take part in what is held."""
    members = SeriesMember.objects.filter(series__term=term, series__ended_at__isnull=True)
    return members.values("person").distinct().count()


def people_who_said(term: Term) -> int:
    """Return how many of them have said when they are taken."""
    members = SeriesMember.objects.filter(series__term=term, series__ended_at__isnull=True)
    said = term.busy_times.filter(person__in=members.values("person"))
    return said.values("person").distinct().count()


def people_in(series: Iterable[int]) -> int:
    """Return how many people take part in these series."""
    members = SeriesMember.objects.filter(series__in=list(series))
    return members.values("person").distinct().count()
