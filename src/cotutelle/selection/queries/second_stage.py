"""The second stage: who still needs a second mentor, and whom they may take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.core.clock import today
from cotutelle.institutions.queries import time_zone_of
from cotutelle.mentorship.enums import ChangeState, EligibilityState, PairRole, PairState, Track
from cotutelle.mentorship.models import Eligibility, MentorChange, Mentorship, Pair
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import PlacementState, Stage
from cotutelle.selection.models import Answer, Placement, Round
from cotutelle.selection.policy import RoundRules

# Admissions with which a student takes part.
JOINS = (AdmissionState.PROVISIONAL, AdmissionState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class FirstMentor:
    """Who supervises a student already, and under which unit the student stands."""

    mentor: int
    track: str
    path: str


@dataclass(frozen=True, slots=True)
class SecondStage:
    """
    What decides whom a student may take as second mentor. Keys are of students and mentors.

    ``lent`` (mentor → paths of the units whose agreements lend them) is ``None`` where the rules
    do not ask for an agreement; ``other_track`` where they ask for the other track.
    """

    first: Mapping[int, FirstMentor]
    former: Mapping[int, frozenset[int]]
    broken: frozenset[frozenset[int]]
    lent: Mapping[int, Sequence[str]] | None
    other_track: bool

    def forbids(self, student: int, mentors: Iterable[int], track: str) -> str:
        """
        Return the rule that keeps ``student`` from an offer of ``mentors`` on ``track``.

        ``no_first`` (nobody to be second to), ``own_mentor``, ``former_mentor``, ``broken_pair``
        (the two mentors ended a pair early), ``track`` and ``agreement``; nothing otherwise.
        """
        own = self.first.get(student)
        if own is None:
            return "no_first"
        mentors = frozenset(mentors)
        former = self.former.get(student, frozenset())
        rules = {
            "own_mentor": own.mentor in mentors,
            "former_mentor": not former.isdisjoint(mentors),
            "broken_pair": any(frozenset((own.mentor, one)) in self.broken for one in mentors),
            "track": self.other_track and own.track == track != Track.BOTH,
            "agreement": not all(self._is_lent(one, own.path) for one in mentors),
        }
        return next((rule for rule, holds in rules.items() if holds), "")

    def _is_lent(self, mentor: int, path: str) -> bool:
        """Tell whether an agreement of a unit at or above ``path`` lends the mentor."""
        if self.lent is None:
            return True
        return any(path.startswith(unit) for unit in self.lent.get(mentor, ()))


def second_stage(round_: Round, students: Iterable[int] | None = None) -> SecondStage | None:
    """
    Return what decides about second mentors in ``round_``; ``None`` where it finds first ones.

    ``students``: keys to read for, everybody who takes part otherwise. Four queries.
    """
    if round_.stage != Stage.SECOND:
        return None
    rules = RoundRules.from_parameters(round_.policy.parameters)
    if students is None:
        students = round_.participants.values_list("student_id", flat=True)
    keys = list(students)
    return SecondStage(
        first=_first_mentors(keys),
        former=_former_mentors(keys) if rules.second_avoid_ended else {},
        broken=_broken_pairs() if rules.second_avoid_ended else frozenset(),
        lent=_lent(round_) if rules.second_in_agreement else None,
        other_track=rules.second_other_track,
    )


def _first_mentors(students: Sequence[int]) -> dict[int, FirstMentor]:
    rows = Mentorship.objects.filter(
        student_id__in=students, role=PairRole.FIRST, state=PairState.ACTIVE
    ).values_list("student_id", "mentor_id", "mentor__track", "student__unit__path")
    return {student: FirstMentor(mentor, track, path) for student, mentor, track, path in rows}


def _former_mentors(students: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = Mentorship.objects.filter(student_id__in=students, state=PairState.ENDED)
    for student, mentor in rows.values_list("student_id", "mentor_id"):
        found[student].add(mentor)
    return {student: frozenset(mentors) for student, mentors in found.items()}


def _broken_pairs() -> frozenset[frozenset[int]]:
    """Mentors whose pair ended because the student changed one of them."""
    changed = MentorChange.objects.filter(
        Q(mentorship=OuterRef("first")) | Q(mentorship=OuterRef("second")),
        state=ChangeState.APPROVED,
    )
    rows = Pair.objects.filter(Exists(changed), state=PairState.ENDED)
    return frozenset(
        frozenset(mentors) for mentors in rows.values_list("first__mentor", "second__mentor")
    )


def lines_in_force(round_: Round) -> QuerySet[AgreementMentor]:
    """Return the mentors lent under agreements in force today, oldest agreement first."""
    day = today(time_zone_of(round_.unit))
    return AgreementMentor.objects.filter(
        agreement__state=AgreementState.IN_FORCE,
        agreement__starts_on__lte=day,
        agreement__ends_on__gte=day,
    ).order_by("agreement_id", "id")


def _lent(round_: Round) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for mentor, path in lines_in_force(round_).values_list("mentor_id", "agreement__unit__path"):
        found[mentor].append(path)
    return found


def agreements_of(round_: Round, mentors: Iterable[int]) -> dict[int, list[Agreement]]:
    """Return mentor key → the agreements in force that lend them."""
    found: dict[int, list[Agreement]] = defaultdict(list)
    rows = lines_in_force(round_).filter(mentor_id__in=list(mentors))
    for line in rows.select_related("agreement__unit", "agreement__partner"):
        found[line.mentor_id].append(line.agreement)
    return found


def needs_second(first_round: Round) -> QuerySet[Student]:
    """Return the students placed in a confirmed first round who have a first mentor and no second."""
    placed = Placement.objects.filter(
        round=first_round, state=PlacementState.CONFIRMED, participant__student=OuterRef("pk")
    )
    active = Mentorship.objects.filter(student=OuterRef("pk"), state=PairState.ACTIVE)
    return (
        Student.objects.filter(
            Exists(placed),
            Exists(active.filter(role=PairRole.FIRST)),
            ~Exists(active.filter(role=PairRole.SECOND)),
            state__in=JOINS,
        )
        .select_related("person", "unit")
        .order_by("person__name_sort", "pk")
    )


def may_join(round_: Round) -> QuerySet[Student]:
    """
    Return the students who may take part in ``round_``.

    Of a second stage those who need a second mentor; of any other round those without a mentor.
    """
    if round_.stage == Stage.SECOND and round_.first_round is not None:
        return needs_second(round_.first_round)
    active = Mentorship.objects.filter(student=OuterRef("pk"), state=PairState.ACTIVE)
    return Student.objects.filter(~Exists(active), state__in=JOINS)


def second_places(round_: Round, answers: Sequence[Answer]) -> dict[int, int]:
    """
    Return answer key → places of second mentors: what the answer says, none for suspended ones.

    They are no places of the quota account, which counts students by their first mentor.
    """
    suspended = set(
        Eligibility.objects.filter(
            year=round_.quota_year, state=EligibilityState.SUSPENDED
        ).values_list("mentor_id", flat=True)
    )
    return {
        answer.pk: 0
        if suspended.intersection(mentor.pk for mentor in answer.supervisors)
        else answer.places
        for answer in answers
    }


def in_words(rule: str) -> str:
    """Return the sentence for a rule of `SecondStage.forbids`; nothing for other rules."""
    return {
        "no_first": _("There is no first mentor any more to whom a second could be added."),
        "own_mentor": _("This is the student's first mentor already."),
        "former_mentor": _("This mentor supervised the student before."),
        "broken_pair": _("These two mentors ended a pair early before."),
        "track": _("The second mentor comes from the other track than the first."),
        "agreement": _("The second mentor must be lent under an agreement in force."),
    }.get(rule, "")
