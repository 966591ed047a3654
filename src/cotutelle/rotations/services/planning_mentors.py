"""The stays of students in the calendars of who mentors them now, and of nobody else."""

from __future__ import annotations

from collections import defaultdict

from cotutelle.availability.enums import SpanState
from cotutelle.availability.models import Span
from cotutelle.availability.services import withdraw_sources
from cotutelle.core.clock import today
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.models import Person
from cotutelle.rotations.models import Stay
from cotutelle.rotations.services.planning_stays import (
    MENTOR_SPAN_KIND,
    Written,
    publish_stays,
    source_of,
)


def follow_mentors(students: set[int]) -> None:
    """
    Show the stays of today and to come to the mentors of these students, in the caller's transaction.

    They leave the calendars of mentors who no longer are.
    """
    rows = Stay.objects.filter(participant__student__in=students, ends_on__gte=today())
    stays = {
        source_of(row): row
        for row in rows.select_related("participant__cycle__unit", "participant__student__person")
    }
    _call_off(stays, students)
    by_cycle: dict[int, list[Stay]] = defaultdict(list)
    for row in stays.values():
        by_cycle[row.participant.cycle_id].append(row)
    for own in by_cycle.values():
        people = {row.participant_id: row.participant for row in own}
        publish_stays(own[0].participant.cycle, Written(changed=own), people)


def _call_off(stays: dict[str, Stay], students: set[int]) -> None:
    """Take stays out of the calendars of everybody who does not mentor the student now."""
    pairs = Mentorship.objects.filter(student__in=students, state=PairState.ACTIVE)
    mentors = set(pairs.values_list("student_id", "mentor__person_id"))
    gone: dict[Person, list[str]] = defaultdict(list)
    spans = Span.objects.filter(
        kind=MENTOR_SPAN_KIND, source__in=list(stays), state=SpanState.CONFIRMED
    )
    for span in spans.select_related("person"):
        if (stays[span.source].participant.student_id, span.person_id) not in mentors:
            gone[span.person].append(span.source)
    for person, sources in gone.items():
        withdraw_sources(sources, person=person)
