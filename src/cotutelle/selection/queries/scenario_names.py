"""What the ids of a market stand for: names for the pages of the what-if room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.selection.models import Answer, Offer, Participant, PlaceCap, Round

_PEOPLE = ("mentor__person", "team__first__person", "team__second__person")


class Names:
    """
    Names of students, offers, mentors and units, read when they are asked for.

    Ids that stand for nothing any more are given shortened.
    """

    def __init__(self, round_: Round) -> None:
        self._round = round_
        self._known: dict[tuple[str, str], str] = {}

    def load(
        self,
        *,
        students: Iterable[str] = (),
        offers: Iterable[str] = (),
        mentors: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> Names:
        """Read many names at once; one query a sort."""
        wanted: Mapping[
            str, tuple[Iterable[str], QuerySet[Participant | Offer | Answer | PlaceCap]]
        ]
        wanted = {
            "student": (students, students_of(self._round)),
            "offer": (offers, offers_of(self._round)),
            "mentor": (mentors, mentors_of(self._round)),
            "group": (groups, PlaceCap.objects.select_related("unit", "agreement")),
        }
        for sort, (keys, rows) in wanted.items():
            ids = [key for key in set(keys) if is_uuid(key) and (sort, key) not in self._known]
            if ids:
                for row in rows.filter(public_id__in=ids):
                    self._known[sort, str(row.public_id)] = label_of(row)
            left = [key for key in ids if sort == "group" and (sort, key) not in self._known]
            for unit in Unit.objects.filter(public_id__in=left) if left else ():
                self._known[sort, str(unit.public_id)] = unit.display_name
        return self

    def of(self, sort: str, key: str | None) -> str:
        """Return the name of ``key``: a ``student``, ``offer``, ``mentor`` or ``group``."""
        if key is None:
            return _("No place")
        if (sort, key) not in self._known:
            self.load(**{f"{sort}s": [key]})
        return self._known.get((sort, key), key[:8])


def label_of(row: Participant | Offer | Answer | PlaceCap) -> str:
    """Return how a row of a market is called on the pages."""
    if isinstance(row, Offer):
        people = _(", ").join(mentor.display_name for mentor in row.supervisors)
        return _("%(mentors)s: %(offer)s") % {"mentors": people, "offer": row.title}
    if isinstance(row, Participant):
        return row.student.display_name
    return str(row)


def is_uuid(key: str) -> bool:
    """Tell whether ``key`` can be asked for in the database."""
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def students_of(round_: Round, text: str = "") -> QuerySet[Participant]:
    """Return the students of the round, those gone too; ``text`` searches names and numbers."""
    rows = round_.participants.select_related("student__person", "student__unit")
    if text:
        rows = rows.filter(
            Q(student__person__in=search(Person.objects.all(), text))
            | Q(student__candidate_number__contains=text)
        )
    return rows.order_by("student__person__name_sort", "pk")


def offers_of(round_: Round, text: str = "") -> QuerySet[Offer]:
    """Return the offers of the round; ``text`` searches titles, numbers and mentors."""
    rows = round_.offers.select_related("unit", *_PEOPLE)
    if text:
        people = search(Person.objects.all(), text)
        rows = rows.filter(
            Q(title_zh__icontains=text)
            | Q(title_en__icontains=text)
            | Q(number__icontains=text)
            | _of_people(people)
        )
    return rows.order_by("number", "pk")


def mentors_of(round_: Round, text: str = "") -> QuerySet[Answer]:
    """Return the mentors and teams of the round; ``text`` searches their names."""
    rows = round_.answers.select_related(*_PEOPLE)
    if text:
        rows = rows.filter(_of_people(search(Person.objects.all(), text)))
    return rows.order_by("pk")


def _of_people(people: QuerySet[Person]) -> Q:
    return (
        Q(mentor__person__in=people)
        | Q(team__first__person__in=people)
        | Q(team__second__person__in=people)
    )
