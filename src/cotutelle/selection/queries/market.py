"""Which pairs of a round may not be matched, and why: one rule for lists, runs and pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cotutelle.mentorship.models import ConflictOfInterest, Mentor
from cotutelle.programmes.models import Student
from cotutelle.selection.models import Offer
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.second_stage import SecondStage, second_stage

CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What decides whom an offer is for."""

    routes: frozenset[str]
    degree_types: frozenset[str]
    discipline: str
    supervisors: tuple[int, ...]
    track: str = ""

    @classmethod
    def of(cls, offer: Offer) -> OfferFacts:
        """Read them from an offer loaded with its mentors."""
        return cls(
            frozenset(offer.routes),
            frozenset(offer.degree_types),
            offer.discipline or offer.supervisors[0].discipline,
            tuple(mentor.pk for mentor in offer.supervisors),
            offer.track,
        )


def forbidden(
    rules: RoundRules,
    offer: OfferFacts,
    *,
    route: str,
    degree_type: str,
    discipline: str,
    student: int = 0,
    stage: SecondStage | None = None,
) -> str:
    """
    Return the rule that keeps a student from an offer, or nothing.

    ``route``, ``degree_type`` and ``discipline``; where the round finds second mentors
    (``stage``, see `second_stage`) also what that says of ``student``, a key.
    """
    if offer.routes and route not in offer.routes:
        return "route"
    if offer.degree_types and degree_type not in offer.degree_types:
        return "degree_type"
    if rules.same_discipline_only and offer.discipline and offer.discipline != discipline:
        return "discipline"
    return stage.forbids(student, offer.supervisors, offer.track) if stage else ""


def hindrance(rules: RoundRules, offer: Offer, student: Student) -> str:
    """Return ``conflict`` or the rule that keeps ``student`` from ``offer``, or nothing."""
    facts = OfferFacts.of(offer)
    if has_conflict(facts.supervisors, student):
        return CONFLICT
    return forbidden(
        rules,
        facts,
        route=student.route,
        degree_type=student.degree_type,
        discipline=student.discipline,
        student=student.pk,
        stage=second_stage(offer.round, [student.pk]),
    )


def has_conflict(mentor_keys: Iterable[int], student: Student) -> bool:
    """Tell whether a conflict of interest with one of the mentors is declared."""
    return ConflictOfInterest.objects.filter(mentor_id__in=mentor_keys, student=student).exists()


def conflicts_of(student: Student) -> frozenset[int]:
    """Return the keys of the mentors with whom the student has a conflict of interest."""
    return frozenset(
        ConflictOfInterest.objects.filter(student=student).values_list("mentor_id", flat=True)
    )


def conflicts_in(student_keys: Iterable[int]) -> set[tuple[int, int]]:
    """Return (student key, mentor key) of every declared conflict of these students."""
    return set(
        ConflictOfInterest.objects.filter(student_id__in=student_keys).values_list(
            "student_id", "mentor_id"
        )
    )


def clashes(pairs: set[tuple[int, int]], student: int, supervisors: Iterable[int]) -> bool:
    """Tell whether one of the supervisors has a conflict with the student."""
    return any((student, mentor) in pairs for mentor in supervisors)


def conflicted_students(mentors: Iterable[Mentor]) -> frozenset[int]:
    """Return the keys of the students with a conflict with one of ``mentors``."""
    return frozenset(
        ConflictOfInterest.objects.filter(mentor_id__in=[m.pk for m in mentors]).values_list(
            "student_id", flat=True
        )
    )
