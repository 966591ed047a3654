"""
Made-up problems with a known optimum.

Every trainee has one schedule, drawn first; the rest of the problem is drawn around these. Costs are what a person would count: 1 for each block in the ward wished most, 2 more for
each rank further down, 2 for each change of hospital, 3 for each idle month.

That the planted plan is optimal: let a trainee's planted schedule have n stays in k hospitals.
It costs n + 2(k − 1) + 3i with i idle months, because it visits every hospital in one go.
In any other schedule of this trainee,

* n stays are done too (groups say exactly how many), and if m of them are not the planted block
  in its planted ward, each of these costs at least 3: wards cost 2 more from rank to rank, and
  every ward of an elective that was not planted costs at least 3. In all at least n + 2m.
* at least k − m hospitals are visited: each deviating stay replaces one planted stay. So there
  are at least k − 1 − m changes, and the 2m above pay for those saved.
* as many months are occupied (blocks of one group are equally long), so the last occupied one is
  at the earliest where the planted schedule has it, which uses every month from the first on
  except the trainee's absences. So at least i months are idle.

Everybody's own score is therefore at its maximum, hence also the sum and the lowest of them; no
ward is above target. The prices of `Evidence` that prove it are all zero, with the whole weight of
fairness on the trainee whose best is lowest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from cotutelle.engines.rotation.plan import Evidence, Plan
from cotutelle.engines.rotation.problem import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    Ward,
)
from cotutelle.engines.rotation.scoring import Score, score_of, ward_by_period

BASE = 400
"""A trainee's own score is this less the cost of the schedule."""

_RANK_COST = 2
_CHANGE_COST = 2
_IDLE_COST = 3
_WARD_SCORE = 20
_CURRICULA = 5
RESEARCH = "research"
"""The ward without a bound."""

_RESEARCH_MONTHS = 3
_ELECTIVE_MONTHS = 2


@dataclass(frozen=True, slots=True)
class _Part:
    """A block of a curriculum."""

    id: str
    department: str
    months: int
    group: str


def planted_cost(problem: RotationProblem, score: int) -> int:
    """
    Return the cost of a plan for a problem of `planted`, greater than 0.

    Parameters
    ----------
    problem
        As `planted` returned it.
    score
        The score of any plan for it.
    """
    return BASE * (len(problem.trainees) + problem.fairness) - score


def planted(
    trainees: int, months: int = 36, wards: int = 70, seed: int = 0
) -> tuple[RotationProblem, int, Plan]:
    """
    Return a problem, its greatest possible score, and a plan that reaches it.

    Wards in several hospitals with places close to the planted plan, minimums on some of them,
    five curricula of blocks, electives, windows, orders, leave, late starts, forbidden
    hospitals, limits per hospital and pins.

    Parameters
    ----------
    trainees
        At least 1.
    months
        Horizon, from 12 to 60.
    wards
        Number of wards, one of them for research without a bound; at least 8.
    seed
        Another number, another problem.

    Raises
    ------
    ValueError
        One of the numbers is out of range.
    """
    for name, value, least, most in (
        ("trainees", trainees, 1, 100_000),
        ("months", months, 12, 60),
        ("wards", wards, 8, 1_000),
    ):
        if not least <= value <= most:
            raise ValueError(f"{name}: {value} is not from {least} to {most}")
    draw = Random(f"planted {trainees} {months} {wards} {seed}")  # noqa: S311
    places = _draw_places(draw, wards)
    curricula = [_draw_curriculum(draw, months, places) for _ in range(_CURRICULA)]
    people: list[Trainee] = []
    stays: dict[str, tuple[Stay, ...]] = {}
    for number in range(trainees):
        person = _Drawn(draw, f"t{number:04d}", months, curricula[number % _CURRICULA], places)
        people.append(person.trainee())
        stays[person.id] = person.stays
    bare = RotationProblem(months, places, tuple(people), fairness=1, smooth=1)
    problem = replace(bare, wards=_draw_bounds(draw, bare, stays))
    score = score_of(problem, stays)
    return problem, score.total, _plan(problem, stays, score)


def _plan(problem: RotationProblem, stays: Mapping[str, tuple[Stay, ...]], score: Score) -> Plan:
    worst = min(score.trainees, key=lambda id_: (score.trainees[id_], id_))
    return Plan(
        stays=stays,
        score=score.total,
        bound=float(score.total),
        status="optimal",
        trainee_scores=score.trainees,
        best_alone=score.trainees,
        evidence=Evidence({}, {worst: float(problem.fairness)}),
    )


def _draw_places(draw: Random, wards: int) -> tuple[Ward, ...]:
    """Departments, each in some of the hospitals, and one ward for research."""
    hospitals = [f"h{number}" for number in range(min(6, max(3, wards // 12)))]
    departments = [f"dep{number:02d}" for number in range((wards + 1) // 3)]
    pairs = {(department, draw.choice(hospitals)) for department in departments}
    others = [(d, h) for d in departments for h in hospitals if (d, h) not in pairs]
    chosen = sorted(pairs | set(draw.sample(others, min(len(others), wards - 1 - len(pairs)))))
    clinical = (Ward(f"{d}@{h}", h, department=d) for d, h in chosen)
    return (*clinical, Ward(RESEARCH, "academy", department=RESEARCH))


def _draw_curriculum(draw: Random, months: int, places: Sequence[Ward]) -> tuple[_Part, ...]:
    """Blocks that fill all months but up to three; 13 to 17 of them for 36 months."""
    count = max(5, round(months / 2.75) + draw.randint(-2, 2))
    total = months - draw.randint(0, 3)
    lengths = [1] * (count - 3)
    for _ in range(total - _RESEARCH_MONTHS - 2 * _ELECTIVE_MONTHS - len(lengths)):
        lengths[draw.randrange(len(lengths))] += 1
    departments = sorted({ward.department for ward in places} - {RESEARCH})
    draw.shuffle(departments)
    lengths += [_ELECTIVE_MONTHS] * 4
    parts = [
        _Part(
            id=f"b{number:02d}",
            department=departments[number % len(departments)],
            months=length,
            group="" if number < count - 3 else "elective",
        )
        for number, length in enumerate(lengths)
    ]
    return (_Part("research", RESEARCH, _RESEARCH_MONTHS, ""), *parts)


def _one_in(draw: Random, number: int) -> bool:
    return draw.randrange(number) == 0


class _Drawn:
    """One trainee: the planted schedule, and rules and wishes around it."""

    def __init__(
        self,
        draw: Random,
        id_: str,
        months: int,
        curriculum: Sequence[_Part],
        places: Sequence[Ward],
    ) -> None:
        self.draw, self.id, self.months = draw, id_, months
        self.curriculum = curriculum
        self.wards: dict[str, list[Ward]] = defaultdict(list)
        for ward in places:
            self.wards[ward.department].append(ward)
        offered = [part for part in curriculum if part.group]
        missed = draw.sample(offered, 2)
        self.done = [part for part in curriculum if part not in missed]
        self.hospital_of = {ward.id: ward.hospital for ward in places}
        self.away = self._draw_away()
        self.stays = self._draw_stays()

    def _draw_away(self) -> frozenset[int]:
        """Some start late or take leave, as far as the months left over allow."""
        left = self.months - sum(part.months for part in self.done)
        self.leave = 0
        if not left or not _one_in(self.draw, 5):
            return frozenset()
        length = self.draw.randint(1, left)
        if _one_in(self.draw, 2):
            return frozenset(range(length))
        self.leave = length
        return frozenset()

    def _draw_stays(self) -> tuple[Stay, ...]:
        """One hospital after the other without a gap, except where the trainee is away."""
        hospitals = sorted(set(self.hospital_of.values()))
        home = self.draw.sample(hospitals, min(3, len(hospitals)))
        ward_of = {}
        for part in self.done:
            near = [ward for ward in self.wards[part.department] if ward.hospital in home]
            ward_of[part.id] = self.draw.choice(near or self.wards[part.department])
        self.draw.shuffle(hospitals)
        parts = self.draw.sample(self.done, len(self.done))
        parts.sort(key=lambda part: hospitals.index(ward_of[part.id].hospital))
        before_leave = self.draw.randint(1, len(parts) - 1) if self.leave else 0
        start, stays = len(self.away), []
        for number, part in enumerate(parts):
            if self.leave and number == before_leave:
                self.away = frozenset(range(start, start + self.leave))
                start += self.leave
            stays.append(Stay(part.id, ward_of[part.id].id, start))
            start += part.months
        return tuple(stays)

    def trainee(self) -> Trainee:
        """Return the trainee with rules that the planted schedule keeps."""
        planted = {stay.block: stay for stay in self.stays}
        blocks = [self._draw_block(part, planted.get(part.id)) for part in self.curriculum]
        rest = BASE - _WARD_SCORE * len(self.done)
        blocks[0] = replace(blocks[0], score=rest)
        used = Counter(self.hospital_of[stay.ward] for stay in self.stays)
        unused = sorted(set(self.hospital_of.values()) - used.keys())
        most = max(used.values()) + self.draw.randint(0, 1)
        return Trainee(
            id=self.id,
            blocks=tuple(blocks),
            groups={"elective": 2},
            orders=self._draw_orders(),
            away=self.away,
            forbidden=frozenset(unused[:1] if _one_in(self.draw, 10) else ()),
            pins=self.stays[:1] if _one_in(self.draw, 30) else (),
            most_in_hospital=most if _one_in(self.draw, 10) else None,
            idle_cost=_IDLE_COST,
            change_cost=_CHANGE_COST,
        )

    def _draw_block(self, part: _Part, planted: Stay | None) -> Block:
        wards = [ward.id for ward in self.wards[part.department]]
        self.draw.shuffle(wards)
        if planted is not None:
            wards.sort(key=lambda ward: ward != planted.ward)
        first = 1 if planted is not None else 1 + _RANK_COST
        earliest, latest = 0, None
        if planted is not None and _one_in(self.draw, 3):
            last = planted.start + part.months - 1
            earliest = max(0, planted.start - self.draw.randint(0, 8))
            latest = min(self.months - 1, last + self.draw.randint(0, 8))
        return Block(
            id=part.id,
            months=part.months,
            wards={w: _WARD_SCORE - first - _RANK_COST * rank for rank, w in enumerate(wards)},
            group=part.group,
            earliest=earliest,
            latest=latest,
        )

    def _draw_orders(self) -> tuple[Order, ...]:
        orders = []
        for _ in range(self.draw.randint(0, 3)):
            first, second = sorted(self.draw.sample(range(len(self.stays)), 2))
            needed = _one_in(self.draw, 2)
            orders.append(Order(self.stays[first].block, self.stays[second].block, needed=needed))
        return tuple(orders)


def _draw_bounds(
    draw: Random, problem: RotationProblem, stays: Mapping[str, Sequence[Stay]]
) -> tuple[Ward, ...]:
    """Places close above the planted load everywhere, minimums close below it in some wards."""
    load: Counter[tuple[str, int]] = Counter()
    for trainee in problem.trainees:
        for period, ward_id in ward_by_period(trainee, stays[trainee.id]).items():
            load[ward_id, period] += 1
    wards = []
    for ward in problem.wards:
        loads = [load[ward.id, period] for period in range(problem.horizon)]
        if ward.department == RESEARCH:
            wards.append(ward)
            continue
        upper = [n if _one_in(draw, 2) else n + 1 + n // 8 for n in loads]
        lower = [n - draw.randint(0, n) for n in loads] if _one_in(draw, 7) else []
        target = loads if _one_in(draw, 3) else []
        wards.append(replace(ward, upper=tuple(upper), lower=tuple(lower), target=tuple(target)))
    return tuple(wards)
