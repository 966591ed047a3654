"""A round as a problem of the matching engine: read in a dozen queries, however large."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from cotutelle.engines import matching
from cotutelle.mentorship.enums import EligibilityState, MentorCategory
from cotutelle.mentorship.models import Eligibility
from cotutelle.mentorship.services.quota import held_for_references
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    MentorAnswer,
    OfferState,
    OverrideState,
    ParticipantState,
    SilentMentor,
    Stage,
    Verdict,
)
from cotutelle.selection.models import Answer, AnswerLine, Offer, Override, Preference, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.caps import CapTree, cap_tree
from cotutelle.selection.queries.market import OfferFacts, clashes, conflicts_in, forbidden
from cotutelle.selection.queries.second_stage import SecondStage, second_places, second_stage


@dataclass(frozen=True, slots=True)
class StudentFacts:
    """What a run needs to know of a student; no names."""

    key: int
    public_id: str
    student: int
    route: str
    degree_type: str
    discipline: str
    score: Decimal | None
    listed: bool


@dataclass(frozen=True, slots=True)
class Market:
    """
    A round as the engine takes it, and what the ids stand for.

    Students are called by the public id of their participation, mentors and teams by that of
    their answer: a certificate carries no name and no score.
    """

    problem: matching.MatchingProblem
    participants: Mapping[str, int]
    offers: Mapping[str, int]
    silent: Sequence[str]


def build_problem(
    round_: Round,
    *,
    seed: str,
    extra_pins: Mapping[str, str] | None = None,
    as_answered: bool = False,
) -> Market:
    """
    Return the market of ``round_`` as it stands.

    Parameters
    ----------
    seed
        Of the lottery.
    extra_pins
        Student → offer, as if approved already: for a preview.
    as_answered
        Take the places that the answers name, whatever is held by now: to look back at a round
        whose places are seats.

    Raises
    ------
    InvalidProblem
        A pin against a conflict of interest or beyond the places.
    """
    rules = RoundRules.from_parameters(round_.policy.parameters)
    students = _students(round_)
    offers = _offers(round_)
    answers = _answers(round_)
    by_key = {s.key: s for s in students}
    choices = _choices(round_, by_key, offers)
    applicants = _applicants(students, choices, offers)
    silent = [a for a in answers if a.state == AnswerState.OPEN and applicants.get(a.node_id)]
    node_ids = {a.node_id: str(a.public_id) for a in answers}
    pins = _pins(round_, extra_pins or {})
    tree = cap_tree(round_)
    mentors = _mentors(
        round_, rules, answers, applicants, by_key, tree=tree, as_answered=as_answered
    )
    problem = matching.MatchingProblem(
        student_preferences={
            s.public_id: [str(offers[key].public_id) for key in choices.get(s.key, ())]
            for s in students
        },
        offers={
            str(o.public_id): _as_offer(o, node_ids[o.node_id], mentors)
            for o in offers.values()
            if o.node_id in node_ids
        },
        mentors=mentors,
        pins=pins,
        bans=_bans(rules, students, offers, choices, pins, second_stage(round_)),
        seed=seed,
        groups=tree.groups(_order_of_units(rules, students)),
    )
    return Market(
        problem=problem,
        participants={s.public_id: s.key for s in students},
        offers={str(o.public_id): o.pk for o in offers.values()},
        silent=sorted(str(a.public_id) for a in silent),
    )


def _students(round_: Round) -> list[StudentFacts]:
    rows = round_.participants.filter(state=ParticipantState.ACTIVE).values_list(
        "pk",
        "public_id",
        "student_id",
        "student__route",
        "student__degree_type",
        "student__discipline",
        "student__admission_score",
        "list_state",
    )
    return [
        StudentFacts(
            key, str(public_id), student, route, degree, field_, score, state == ListState.SUBMITTED
        )
        for key, public_id, student, route, degree, field_, score, state in rows.order_by("pk")
    ]


def _offers(round_: Round) -> dict[int, Offer]:
    """Open offers that have an answer to speak for them."""
    rows = round_.offers.filter(state=OfferState.OPEN).select_related(
        "mentor", "team__first", "team__second"
    )
    spoken = set(round_.answers.values_list("mentor_id", "team_id"))
    return {offer.pk: offer for offer in rows if (offer.mentor_id, offer.team_id) in spoken}


def _answers(round_: Round) -> list[Answer]:
    return list(
        round_.answers.select_related(
            "mentor__unit", "team__unit", "team__first", "team__second"
        ).order_by("pk")
    )


def _choices(
    round_: Round, students: Mapping[int, StudentFacts], offers: Mapping[int, Offer]
) -> dict[int, list[int]]:
    """Participant → open offers in order; only submitted lists count."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = Preference.objects.filter(participant__round=round_).order_by("participant", "position")
    for participant, offer in rows.values_list("participant_id", "offer_id"):
        if offer in offers and participant in students and students[participant].listed:
            found[participant].append(offer)
    return found


def _applicants(
    students: Iterable[StudentFacts],
    choices: Mapping[int, Sequence[int]],
    offers: Mapping[int, Offer],
) -> dict[str, list[int]]:
    """Node → participants who chose one of its offers, each once."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for student in students:
        for key in choices.get(student.key, ()):
            found[offers[key].node_id][student.key] = None
    return {node: list(keys) for node, keys in found.items()}


def _mentors(
    round_: Round,
    rules: RoundRules,
    answers: Sequence[Answer],
    applicants: Mapping[str, Sequence[int]],
    students: Mapping[int, StudentFacts],
    *,
    tree: CapTree,
    as_answered: bool,
) -> dict[str, matching.Mentor]:
    places: Mapping[int, int] = (
        {a.pk: a.places for a in answers} if as_answered else places_of(round_, answers)
    )
    places = within_rules(round_, rules, answers, places)
    said: dict[int, dict[int, tuple[str, int | None]]] = defaultdict(dict)
    lines = AnswerLine.objects.filter(answer__round=round_, answer__state=AnswerState.SUBMITTED)
    for answer, participant, verdict, tier in lines.values_list(
        "answer_id", "participant_id", "verdict", "tier"
    ):
        said[answer][participant] = (verdict, tier)
    return {
        str(a.public_id): matching.Mentor(
            places[a.pk],
            _tie_groups(rules, a, applicants.get(a.node_id, ()), said[a.pk], students),
            lower_quota=min(a.places_min, places[a.pk]),  # places may have gone since it was set
            group_id=tree.group_id(tree.cap_of(a)),
        )
        for a in answers
    }


def _as_offer(offer: Offer, node: str, mentors: Mapping[str, matching.Mentor]) -> matching.Offer:
    """Ask for no more than there is: the mentor's places may have gone since the minimum was set."""
    least = min(offer.places_min, mentors[node].quota // offer.weight)
    return matching.Offer(node, offer.places, lower_quota=least, weight=offer.weight)


def within_rules(
    round_: Round, rules: RoundRules, answers: Sequence[Answer], places: Mapping[int, int]
) -> Mapping[int, int]:
    """
    Return answer key → the most students a run may place there.

    An off-campus mentor may by the rules be first mentor of few students only; of a team the
    leading mentor counts.
    """
    most = rules.off_campus_most
    if most is None or round_.stage != Stage.FIRST:
        return places
    return {
        a.pk: min(places[a.pk], most)
        if a.supervisors[0].category == MentorCategory.PRACTICE
        else places[a.pk]
        for a in answers
    }


def order_of_units(round_: Round) -> list[list[str]]:
    """Return the order in which bounded units take the students of the round."""
    rules = RoundRules.from_parameters(round_.policy.parameters)
    return _order_of_units(rules, _students(round_))


def _order_of_units(rules: RoundRules, students: Sequence[StudentFacts]) -> list[list[str]]:
    """Order students for units above the mentors: by score where scores count, then by lottery."""
    if not rules.uses_scores:
        return []
    scored = sorted((-s.score, s.public_id) for s in students if s.score is not None)
    return [[key for _s, key in tier] for _score, tier in groupby(scored, lambda one: one[0])]


def places_of(round_: Round, answers: Sequence[Answer]) -> dict[int, int]:
    """
    Return answer key → places that are really held, none for suspended mentors.

    Places of second mentors are not held on an account; see `second_places`.
    """
    if round_.stage == Stage.SECOND:
        return second_places(round_, answers)
    held = held_for_references(a.reference for a in answers)
    suspended = set(
        Eligibility.objects.filter(
            year=round_.quota_year, state=EligibilityState.SUSPENDED
        ).values_list("mentor_id", flat=True)
    )
    found = {}
    for answer in answers:
        keys = [mentor.pk for mentor in answer.supervisors]
        if suspended.intersection(keys):
            found[answer.pk] = 0
        else:
            least = min(held.get((answer.reference, key), 0) for key in keys)
            found[answer.pk] = min(answer.places, max(0, least))
    return found


_ORDER = {Verdict.ACCEPT: 0, Verdict.RESERVE: 1}
_LAST = 1 << 30


def _tie_groups(
    rules: RoundRules,
    answer: Answer,
    applicants: Sequence[int],
    said: Mapping[int, tuple[str, int | None]],
    students: Mapping[int, StudentFacts],
) -> list[list[str]]:
    """Order the applicants whom the mentor accepts; equals stay a tie for the lottery."""
    by_score = rules.uses_scores and (
        rules.ties_by_score or rules.mentor_answer == MentorAnswer.SCREEN
    )

    def score(key: int) -> Decimal:
        value = students[key].score if by_score else None
        return Decimal(1) if value is None else -value

    def place(key: int) -> tuple[int, int, Decimal]:
        verdict, tier = said[key]
        rank = tier if tier is not None and rules.mentor_answer == MentorAnswer.RANK else _LAST
        return _ORDER[Verdict(verdict)], rank, score(key)

    if answer.state == AnswerState.SUBMITTED:
        wanted = [key for key in applicants if said.get(key, ("", None))[0] in _ORDER]
        return _grouped(wanted, place, students)
    if rules.silent_mentor == SilentMentor.RELEASE:
        return []
    by_score = rules.uses_scores
    return _grouped(applicants, lambda key: (0, 0, score(key)), students)


def _grouped(
    keys: Iterable[int], place: Any, students: Mapping[int, StudentFacts]
) -> list[list[str]]:
    ordered = sorted(keys, key=place)
    return [
        sorted(students[key].public_id for key in group) for _p, group in groupby(ordered, place)
    ]


def _pins(round_: Round, extra: Mapping[str, str]) -> dict[str, matching.Pin]:
    rows = Override.objects.filter(
        round=round_,
        state=OverrideState.APPROVED,
        participant__state=ParticipantState.ACTIVE,
    )
    pairs = {
        str(student): str(offer)
        for student, offer in rows.values_list("participant__public_id", "offer__public_id")
    }
    return {s: matching.Pin(o, "override") for s, o in {**pairs, **extra}.items()}


def _bans(  # noqa: PLR0917  the round, part by part
    rules: RoundRules,
    students: Sequence[StudentFacts],
    offers: Mapping[int, Offer],
    choices: Mapping[int, Sequence[int]],
    pins: Mapping[str, matching.Pin],
    stage: SecondStage | None,
) -> dict[tuple[str, str], matching.Ban]:
    """
    Conflicts and policy, for every pair that could be matched.

    A conflict counts whatever the scores, lists and addresses say, and also for a pin; a pin may
    pass over the policy, never over a conflict.
    """
    facts = {key: OfferFacts.of(offer) for key, offer in offers.items()}
    by_public_id = {str(offer.public_id): key for key, offer in offers.items()}
    conflicts = conflicts_in(s.student for s in students)
    bans: dict[tuple[str, str], matching.Ban] = {}
    for s in students:
        pinned = pins.get(s.public_id)
        pinned_key = by_public_id.get(pinned.offer_id) if pinned else None
        for key in {*choices.get(s.key, ()), *([pinned_key] if pinned_key else [])}:
            pair = (s.public_id, str(offers[key].public_id))
            if clashes(conflicts, s.student, facts[key].supervisors):
                bans[pair] = matching.Ban("conflict")
            elif key != pinned_key and (
                rule := forbidden(
                    rules,
                    facts[key],
                    route=s.route,
                    degree_type=s.degree_type,
                    discipline=s.discipline,
                    student=s.student,
                    stage=stage,
                )
            ):
                bans[pair] = matching.Ban("policy", rule)
    return bans


def problem_of(inputs: Mapping[str, Any]) -> matching.MatchingProblem:
    """Return the problem that a certificate of either format holds as its inputs."""
    return matching.MatchingProblem(
        student_preferences=inputs["students"],
        offers={
            k: matching.Offer(v["mentor"], v["quota"], v.get("lower_quota", 0), v.get("weight", 1))
            for k, v in inputs["offers"].items()
        },
        mentors={
            k: matching.Mentor(
                v["quota"], v["preferences"], v.get("lower_quota", 0), v.get("group")
            )
            for k, v in inputs["mentors"].items()
        },
        pins={k: matching.Pin(v["offer"], v["reason"]) for k, v in inputs["pins"].items()},
        bans={(s, o): matching.Ban(kind, reason) for s, o, kind, reason in inputs["bans"]},
        seed=inputs["seed"],
        groups={
            k: matching.Group(v["quota"], v["lower_quota"], v["parent"], v["priority"])
            for k, v in inputs.get("groups", {}).items()
        },
    )
