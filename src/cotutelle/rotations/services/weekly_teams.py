"""What is held every week, proposed from the mentorships and the plan in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import below
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import PairState, Track
from cotutelle.mentorship.models import Mentor, Pair
from cotutelle.people.models import Person
from cotutelle.rotations.enums import MemberRole, SeriesKind, TermState
from cotutelle.rotations.models import Meeting, Series, SeriesMember, Stay, Term, Ward
from cotutelle.rotations.queries.weekly import PLACED
from cotutelle.rotations.queries.weekly_grid import Grid
from cotutelle.rotations.services.weekly_calendar import publish_meetings
from cotutelle.rotations.services.weekly_terms import require_open

ROUND_MINUTES = 120
DEBRIEFING_MINUTES = 60
_CLINICAL = {Track.CLINICAL: 2, Track.BOTH: 1, Track.RESEARCH: 0}
NAMES = {
    SeriesKind.JOINT_ROUND: ("{}团队联合查房", "Joint round of {}"),
    SeriesKind.DEBRIEFING: ("{}课题组汇报", "Debriefing with {}"),
}


@dataclass(slots=True)
class Team:
    """A clinical mentor with the research mentors and students they share."""

    clinical: Mentor
    research: dict[int, Mentor] = field(default_factory=dict)
    students: dict[int, Person] = field(default_factory=dict)


@dataclass(slots=True)
class Proposed:
    """What a proposal added."""

    rounds: int = 0
    half_days: int = 0
    debriefings: int = 0
    joined: int = 0
    without_clinical: int = 0

    @property
    def count(self) -> int:
        """How many series are new."""
        return self.rounds + self.half_days + self.debriefings


def teams_of(term: Term) -> tuple[list[Team], int]:
    """
    Return the teams whose clinical mentor works under the term's unit, by the mentor's key.

    Of two mentors the one on the clinical track is the clinical mentor; of two who are on both,
    the first. Pairs of two research mentors have no joint round: the second value counts them.
    """
    rows = (
        Pair.objects.filter(state=PairState.ACTIVE, starts_on__lte=term.ends_on)
        .select_related("student__person", "first__mentor__person", "second__mentor__person",
                        "first__mentor__unit", "second__mentor__unit")
        .order_by("pk")
    )  # fmt: skip
    teams: dict[int, Team] = {}
    without = 0
    for pair in rows:
        mentors = [pair.first.mentor, pair.second.mentor]
        mentors.sort(key=lambda mentor: -_CLINICAL[Track(mentor.track)])
        clinical, research = mentors
        if not clinical.unit.path.startswith(term.unit.path):
            continue
        if clinical.track == Track.RESEARCH:
            without += 1
            continue
        team = teams.setdefault(clinical.pk, Team(clinical))
        team.research[research.pk] = research
        team.students[pair.student.person_id] = pair.student.person
    return [teams[key] for key in sorted(teams)], without


@transaction.atomic
def propose_series(
    term: Term,
    *,
    actor: Person,
    rounds: bool = True,
    half_days: bool = True,
    debriefings: bool = False,
) -> Proposed:
    """
    Add what the mentorships and the plan in force ask for; what is there is completed, not doubled.

    A joint round of two hours for each clinical mentor's team, with every research mentor of
    their students (who may be remote): per single student only where nobody is shared. Research
    half-days as the ward of most of the term grants them; whole weeks of research need none.

    Refuses: ``term.state``, ``term.no_teams``.
    """
    check(actor, "rotations.plan_week", term)
    term = Term.objects.select_for_update().select_related("unit").get(pk=term.pk)
    require_open(term)
    teams, without = teams_of(term)
    result = Proposed(without_clinical=without)
    if rounds:
        for team in teams:
            _propose_round(term, team, result)
    if debriefings:
        _propose_debriefings(term, teams, result)
    if half_days:
        _propose_half_days(term, result)
    if not teams and not result.count:
        raise RuleViolation(
            "term.no_teams",
            _("No mentor pair has its clinical mentor in this unit. Add weekly times by hand."),
        )
    if result.joined and term.state == TermState.PUBLISHED:
        _tell_calendars(term)
    record("rotations.term.proposed", actor=actor, subject=term, after={"count": result.count})
    return result


def _tell_calendars(term: Term) -> None:
    """Put the meetings to come of a published week into the calendars of whoever joined."""
    ahead = Meeting.objects.filter(
        series__term=term, series__ended_at__isnull=True, starts_at__gt=now(), state__in=PLACED
    )
    publish_meetings(ahead.select_related("series__term__unit"))


def _live(term: Term, kind: SeriesKind, role: MemberRole, person: Person) -> Series | None:
    return (
        term.series.filter(
            kind=kind, ended_at__isnull=True, members__person=person, members__role=role
        )
        .order_by("pk")
        .first()
    )


def _propose_round(term: Term, team: Team, result: Proposed) -> None:
    lead = team.clinical.person
    series = _live(term, SeriesKind.JOINT_ROUND, MemberRole.CLINICAL_MENTOR, lead)
    if series is None:
        series = _new(term, SeriesKind.JOINT_ROUND, ROUND_MINUTES, lead)
        result.rounds += 1
    wanted = {lead.pk: (MemberRole.CLINICAL_MENTOR, False)}
    wanted |= {m.person_id: (MemberRole.RESEARCH_MENTOR, True) for m in team.research.values()}
    wanted |= dict.fromkeys(team.students, (MemberRole.STUDENT, False))
    result.joined += _join(series, wanted)


def _propose_debriefings(term: Term, teams: Sequence[Team], result: Proposed) -> None:
    groups: dict[int, dict[int, Person]] = defaultdict(dict)
    leads: dict[int, Person] = {}
    for team in teams:
        for mentor in team.research.values():
            leads[mentor.person_id] = mentor.person
    pairs = Pair.objects.filter(
        state=PairState.ACTIVE, student__person__in=[p for t in teams for p in t.students]
    ).select_related("student__person", "first__mentor", "second__mentor")
    for pair in pairs:
        for mentor in (pair.first.mentor, pair.second.mentor):
            if mentor.person_id in leads:
                groups[mentor.person_id][pair.student.person_id] = pair.student.person
    for key in sorted(groups):
        lead = leads[key]
        series = _live(term, SeriesKind.DEBRIEFING, MemberRole.RESEARCH_MENTOR, lead)
        if series is None:
            series = _new(term, SeriesKind.DEBRIEFING, DEBRIEFING_MINUTES, lead, needs_room=True)
            result.debriefings += 1
        wanted = {key: (MemberRole.RESEARCH_MENTOR, True)}
        result.joined += _join(
            series, wanted | dict.fromkeys(groups[key], (MemberRole.STUDENT, False))
        )


def _propose_half_days(term: Term, result: Proposed) -> None:
    length = Grid(term).half_day()
    there: dict[int, int] = defaultdict(int)
    for person in SeriesMember.objects.filter(
        series__term=term,
        series__kind=SeriesKind.RESEARCH_HALF_DAY,
        series__ended_at__isnull=True,
        role=MemberRole.STUDENT,
    ).values_list("person", flat=True):
        there[person] += 1
    whole_week = 2 * term.weekdays
    for person, ward in _wards_of_students(term).items():
        if ward.research_half_days >= whole_week:
            continue
        for _n in range(there[person], ward.research_half_days):
            series = _new(term, SeriesKind.RESEARCH_HALF_DAY, length, None, ward=ward)
            _join(series, {person: (MemberRole.STUDENT, False)})
            result.half_days += 1


def _wards_of_students(term: Term) -> dict[int, Ward]:
    """Return, by the key of each person, the ward in which most days of the term are spent."""
    best: dict[int, tuple[int, Ward]] = {}
    rows = (
        Stay.objects.filter(
            below(term.unit, "ward__hospital__path"),
            starts_on__lte=term.ends_on,
            ends_on__gte=term.starts_on,
        )
        .select_related("ward", "participant__student")
        .order_by("starts_on", "pk")
    )
    for stay in rows:
        days = (min(stay.ends_on, term.ends_on) - max(stay.starts_on, term.starts_on)).days + 1
        person = stay.participant.student.person_id
        if person not in best or days > best[person][0]:
            best[person] = (days, stay.ward)
    return {person: best[person][1] for person in sorted(best)}


def _new(
    term: Term,
    kind: SeriesKind,
    minutes: int,
    lead: Person | None,
    *,
    ward: Ward | None = None,
    needs_room: bool = False,
) -> Series:
    names = NAMES.get(kind, ("", ""))
    return Series.objects.create(
        term=term,
        kind=kind,
        name_zh=names[0].format(lead.name_zh or lead.name_en) if lead else "",
        name_en=names[1].format(lead.name_en or lead.name_zh) if lead else "",
        minutes=minutes,
        ward=ward,
        needs_room=needs_room,
    )


def _join(series: Series, wanted: Mapping[int, tuple[MemberRole, bool]]) -> int:
    present = set(series.members.values_list("person", flat=True))
    fresh = [
        SeriesMember(series=series, person_id=person, role=role, may_be_remote=remote)
        for person, (role, remote) in wanted.items()
        if person not in present
    ]
    SeriesMember.objects.bulk_create(fresh)
    return len(fresh)
