"""A result before anybody sees it: figures, fill, who is left over and why, what changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cotutelle.decisions.models import Run
from cotutelle.decisions.queries import runs_of
from cotutelle.institutions.models import Unit
from cotutelle.selection.enums import (
    OfferState,
    ParticipantState,
    PlacementSource,
    PlacementState,
)
from cotutelle.selection.models import Answer, Application, Offer, Participant, Preference, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.market import OfferFacts, clashes, conflicts_in, forbidden
from cotutelle.selection.queries.second_stage import second_stage
from cotutelle.selection.queries.vacancies import free_places, without_place
from cotutelle.selection.queries.why import Why, why_no_step, why_unplaced

RUN_KIND = "selection.matching"
_FITTING = 5


@dataclass(frozen=True, slots=True)
class Fill:
    """Places of a unit, how many are taken, and how many of these by a first choice."""

    unit: Unit
    places: int
    taken: int
    first: int

    @property
    def percent(self) -> int:
        """Taken places in whole percent."""
        return round(100 * self.taken / self.places) if self.places else 0


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A student without a place, the closest reason, and vacancies that would fit."""

    participant: Participant
    choices: int
    why: Why
    fitting: Sequence[Offer]
    fitting_count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A student who moved between two runs.

    ``cause``: ``override`` (assigned, or no longer), ``list`` (another list), ``answer`` (a
    mentor of either place answered otherwise), ``places`` (other quotas there), ``rule`` (a
    conflict or rule), ``lottery`` (another seed) or ``chain`` (moved because somebody else did).
    """

    participant: Participant
    before: Offer | None
    after: Offer | None
    cause: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of students between two runs."""

    earlier: Run
    later: Run
    moved: Sequence[Difference]
    newly_placed: Sequence[Difference]
    newly_unplaced: Sequence[Difference]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Review:
    """
    Everything an officer looks at before publishing.

    ``rank_profile``: students by rank of what they hold; ``previous_profile`` that of the run
    before. ``tolerated``: pairs that only an assignment or a ban keeps apart.
    """

    run: Run | None
    previous: Run | None
    students: int
    placed: int
    assigned: int
    rank_profile: Sequence[int]
    previous_profile: Sequence[int]
    fill: Sequence[Fill]
    unmatched: Sequence[Unmatched]
    tolerated: Sequence[Mapping[str, Any]]
    silent: Sequence[Answer]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class _Seat:
    """Somebody's place in a result: the offer, its unit, which choice it was, if assigned."""

    participant: int
    offer: int
    unit: int
    rank: int | None
    assigned: bool


def runs_in(round_: Round, kind: str = RUN_KIND) -> list[Run]:
    """Return the runs of the round of one kind, newest first; trials are a kind of their own."""
    return list(runs_of(round_, kind).order_by("-number"))


def review_of(round_: Round, trial: Run | None = None) -> Review:
    """
    Return the review of the round's result, by its run or by what mentors accepted.

    With ``trial``, of what that trial would have given.
    """
    run = trial or round_.official_run
    previous = None
    if run is not None:
        previous = next((r for r in runs_in(round_, run.kind) if r.number < run.number), None)
    seats = _seats_of_run(trial) if trial else _seats(round_)
    ranks = Counter(seat.rank for seat in seats if seat.rank)
    return Review(
        run=run,
        previous=previous,
        students=round_.participants.filter(state=ParticipantState.ACTIVE).count(),
        placed=len(seats),
        assigned=sum(seat.assigned for seat in seats),
        rank_profile=[ranks[place] for place in range(1, max(ranks, default=0) + 1)],
        previous_profile=previous.result["rank_profile"] if previous else (),
        fill=_fill(round_, seats),
        unmatched=_unmatched(round_, run, seats),
        tolerated=run.verdict.get("tolerated", ()) if run else (),
        silent=_silent(round_, run),
        comparison=compare_runs(previous, run) if run and previous else None,
    )


def _seats(round_: Round) -> list[_Seat]:
    rows = round_.placements.exclude(state=PlacementState.VACATED).values_list(
        "participant_id", "offer_id", "offer__unit_id", "student_rank", "source"
    )
    return [
        _Seat(person, offer, unit, rank, source == PlacementSource.OVERRIDE)
        for person, offer, unit, rank, source in rows
    ]


def _seats_of_run(run: Run) -> list[_Seat]:
    given, lists = run.result["offer_of"], run.certificate["inputs"]["students"]
    pinned = set(run.result["pinned"])
    people = dict(Participant.objects.filter(public_id__in=given).values_list("public_id", "pk"))
    offers = {
        str(key): (pk, unit)
        for key, pk, unit in Offer.objects.filter(public_id__in=set(given.values())).values_list(
            "public_id", "pk", "unit_id"
        )
    }
    return [
        _Seat(
            pk,
            *offers[given[str(key)]],
            _rank(lists.get(str(key), ()), given[str(key)]),
            str(key) in pinned,
        )
        for key, pk in people.items()
    ]


def _rank(listed: Sequence[str], offer: str) -> int | None:
    return listed.index(offer) + 1 if offer in listed else None


def _fill(round_: Round, seats: Sequence[_Seat]) -> list[Fill]:
    """Places count once per mentor and unit, within what the mentor takes in the round."""
    limit = {a.node_id: a.places for a in round_.answers.all()}
    places: dict[tuple[int, str], int] = {}
    for offer in round_.offers.filter(state=OfferState.OPEN):
        key = (offer.unit_id, offer.node_id)
        total = places.get(key, 0) + offer.places
        places[key] = min(total, limit.get(offer.node_id, 0))
    by_unit: Counter[int] = Counter()
    for (unit_id, _node), count in places.items():
        by_unit[unit_id] += count
    taken = Counter(seat.unit for seat in seats)
    first = Counter(seat.unit for seat in seats if seat.rank == 1)
    units = Unit.objects.select_related("parent").in_bulk({*by_unit, *taken})
    rows = [Fill(units[key], by_unit[key], taken[key], first[key]) for key in units]
    return sorted(rows, key=lambda row: (row.unit.path, row.unit.pk))


def _unmatched(round_: Round, run: Run | None, seats: Sequence[_Seat]) -> list[Unmatched]:
    rules = RoundRules.from_parameters(round_.policy.parameters)
    rows = list(without_place(round_, [seat.participant for seat in seats]))
    free = free_places(round_, Counter(seat.offer for seat in seats))
    chosen = _choices(rows)
    open_ = [
        offer
        for offer in round_.offers.filter(state=OfferState.OPEN).select_related(
            "unit", "mentor__person", "team__first__person", "team__second__person"
        )
        if free.get(offer.pk)
    ]
    facts = {offer.pk: OfferFacts.of(offer) for offer in open_}
    conflicts = conflicts_in(p.student_id for p in rows)
    stage = second_stage(round_, [p.student_id for p in rows])
    steps = {} if run else _steps_of(rows)
    found = []
    for one in rows:
        student = one.student
        fitting = [
            offer
            for offer in open_
            if not clashes(conflicts, student.pk, facts[offer.pk].supervisors)
            and not forbidden(
                rules,
                facts[offer.pk],
                route=student.route,
                degree_type=student.degree_type,
                discipline=student.discipline,
                student=student.pk,
                stage=stage,
            )
        ]
        fitting.sort(key=lambda offer: (_discipline(offer) != student.discipline, offer.number))
        why = why_unplaced(one, run) if run else why_no_step(one, steps.get(one.pk, ()))
        found.append(Unmatched(one, chosen[one.pk], why, fitting[:_FITTING], len(fitting)))
    return found


def _steps_of(rows: Sequence[Participant]) -> dict[int, list[Application]]:
    """Return participant key → the choices that went out, in the sequential regime."""
    found: dict[int, list[Application]] = defaultdict(list)
    for sent in Application.objects.filter(participant__in=[one.pk for one in rows]):
        found[sent.participant_id].append(sent)
    return found


def _choices(rows: Sequence[Participant]) -> Counter[int]:
    """Return how many choices each of them made."""
    return Counter(
        Preference.objects.filter(participant__in=[one.pk for one in rows]).values_list(
            "participant_id", flat=True
        )
    )


def _discipline(offer: Offer) -> str:
    return offer.discipline or offer.supervisors[0].discipline


def _silent(round_: Round, run: Run | None) -> list[Answer]:
    keys = run.result.get("silent", ()) if run else ()
    return list(
        round_.answers.filter(public_id__in=keys).select_related(
            "mentor__person",
            "mentor__unit",
            "team__first__person",
            "team__second__person",
            "team__unit",
        )
    )


def compare_runs(earlier: Run, later: Run) -> Comparison:
    """Return what became of each student of the two runs of a round, and what caused it."""
    before, after = earlier.result["offer_of"], later.result["offer_of"]
    old, new = earlier.certificate["inputs"], later.certificate["inputs"]
    students = set(old["students"]) | set(new["students"])
    changed = sorted(s for s in students if before.get(s) != after.get(s))
    people = {
        str(p.public_id): p
        for p in Participant.objects.filter(public_id__in=changed).select_related(
            "student__person", "student__unit"
        )
    }
    wanted = {key for s in changed for key in (before.get(s), after.get(s)) if key}
    offers = {
        str(o.public_id): o
        for o in Offer.objects.filter(public_id__in=wanted).select_related(
            "unit", "mentor__person", "team__first__person", "team__second__person"
        )
    }
    rows = [
        Difference(
            people[s],
            offers.get(before.get(s, "")),
            offers.get(after.get(s, "")),
            _cause(s, before.get(s), after.get(s), old, new),
        )
        for s in changed
        if s in people
    ]
    return Comparison(
        earlier=earlier,
        later=later,
        moved=[d for d in rows if d.before and d.after],
        newly_placed=[d for d in rows if d.after and not d.before],
        newly_unplaced=[d for d in rows if d.before and not d.after],
        unchanged=len(students) - len(changed),
    )


def _cause(  # noqa: PLR0911  one return a cause
    student: str,
    before: str | None,
    after: str | None,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> str:
    if old["pins"].get(student) != new["pins"].get(student):
        return "override"
    if old["students"].get(student) != new["students"].get(student):
        return "list"
    places = [key for key in (before, after) if key]
    if _bans_of(student, old) != _bans_of(student, new):
        return "rule"
    if any(old["offers"].get(key) != new["offers"].get(key) for key in places):
        return "places"
    for key in places:
        was = old["mentors"].get(old["offers"][key]["mentor"])
        now = new["mentors"].get(new["offers"][key]["mentor"])
        if was and now and was["preferences"] != now["preferences"]:
            return "answer"
        if was != now:
            return "places"
    return "lottery" if old["seed"] != new["seed"] else "chain"


def _bans_of(student: str, inputs: Mapping[str, Any]) -> list[Any]:
    return [ban for ban in inputs["bans"] if ban[0] == student]
