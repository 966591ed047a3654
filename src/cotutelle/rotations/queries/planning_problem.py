"""From a cycle to the problem an engine can plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from cotutelle.core.errors import RuleViolation
from cotutelle.engines.rotation import (
    Block,
    Order,
    RotationProblem,
    Stay,
    Trainee,
    validate_problem,
)
from cotutelle.engines.rotation import Ward as PlannedWard
from cotutelle.rotations.enums import DepartmentFamily, WishKind
from cotutelle.rotations.models import BlockOrder, Cycle, Wish
from cotutelle.rotations.policy import PlanRules
from cotutelle.rotations.queries.planning_inputs import Inputs, Person, load_inputs
from cotutelle.rotations.queries.planning_keys import Part, parts_by_key, parts_of, ward_key
from cotutelle.rotations.queries.planning_months import runs
from cotutelle.rotations.queries.planning_places import places_of

MAX_HORIZON = 60


def build_problem(cycle: Cycle, *, rules: PlanRules, keeps_plan: bool = False) -> RotationProblem:
    """
    Return what is to be planned in ``cycle`` as it stands.

    Trainees, blocks and wards are named as in `planning_keys`. Divisible blocks come as their
    parts in a fixed order; windows count from each trainee's first month; leave, wishes and
    events bind; what has begun of the plan in force is pinned.

    Parameters
    ----------
    cycle
        Its participants, wishes, pins, events and (once published) stays are read.
    rules
        Weights and limits.
    keeps_plan
        Whether the plan in force is ``previous``, from which changes cost.

    Raises
    ------
    InvalidProblem
        The rows contradict each other (pins in wards that do not train for a block, circles).
    """
    inputs = load_inputs(cycle)
    horizon = min(
        MAX_HORIZON, max([cycle.months, *(_months(p, inputs, rules) for p in inputs.people)])
    )
    trainees = tuple(_Trainees(inputs, rules, horizon).make(person) for person in inputs.people)
    used = {ward for t in trainees for block in t.blocks for ward in block.wards}
    used |= {pin.ward for t in trainees for pin in t.pins}
    previous = _previous(inputs, trainees) if keeps_plan else {}
    used |= {stay.ward for own in previous.values() for stay in own}
    places = used | {inputs.wards[key].hospital.code for key in used}
    trainees = tuple(replace(t, forbidden=t.forbidden & places) for t in trainees)
    problem = RotationProblem(
        horizon=horizon,
        wards=_wards(inputs, rules, horizon, used, trainees),
        trainees=trainees,
        fairness=rules.fairness,
        smooth=rules.smooth,
        previous=previous,
        keep=rules.keep if keeps_plan else 0,
    )
    validate_problem(problem)
    return problem


def _end(person: Person, inputs: Inputs, rules: PlanRules) -> int:
    """Return the last period that a trainee may use: leave and what has begun make it later."""
    if person.last is not None:
        return person.last
    months = person.curriculum_months + rules.slack_months + len(person.away(rules.leave_days))
    begun = [stay for stay in person.stays if stay.start < inputs.frozen]
    last = max(person.first + months - 1, *_periods(begun, person), 0)
    return min(MAX_HORIZON - 1, last)


def _months(person: Person, inputs: Inputs, rules: PlanRules) -> int:
    """Return how many periods a trainee needs: also those of stays that are too late today."""
    return max(_end(person, inputs, rules), *_periods(person.stays, person), 0) + 1


def _periods(stays: Iterable[Stay], person: Person) -> set[int]:
    """Return the periods of stays."""
    months = person.months_of
    return {p for s in stays for p in range(s.start, s.start + months.get(s.block, 1))}


def _previous(inputs: Inputs, trainees: tuple[Trainee, ...]) -> dict[str, tuple[Stay, ...]]:
    blocks = {t.id: {block.id for block in t.blocks} for t in trainees}
    return {
        person.id: tuple(stay for stay in person.stays if stay.block in blocks[person.id])
        for person in inputs.people
        if person.stays
    }


@dataclass(frozen=True, slots=True)
class _Trainees:
    inputs: Inputs
    rules: PlanRules
    horizon: int

    def make(self, person: Person) -> Trainee:
        rules, frozen = self.rules, self.inputs.frozen
        away = self._away(person)
        begun = tuple(
            stay
            for stay in person.stays
            if stay.start < frozen and not self._is_interrupted(person, stay, away)
        )
        if person.leaves_at is not None:
            return self._leaving(person, away, begun)
        away -= _periods(begun, person)
        parts = [part for block in person.blocks for part in parts_of(block)]
        fixed = {stay.block: stay for stay in person.pins if stay.start >= frozen}
        fixed |= {stay.block: stay for stay in begun}
        research, kept_free = self._lay_research(person, parts, fixed, away)
        pins = {stay.block: stay for stay in research} | fixed
        forbidden = self._forbidden(person)
        been = {place for stay in begun for place in (stay.ward, stay.ward.partition("/")[0])}
        return Trainee(
            id=person.id,
            blocks=tuple(self._block(person, part, pins, forbidden & been) for part in parts),
            groups={group.code: group.choose for group in person.groups},
            orders=(*_curriculum_orders(person.orders), *_part_orders(parts)),
            away=frozenset(away | kept_free),
            forbidden=frozenset(forbidden - been),
            pins=tuple(pins[key] for key in sorted(pins)),
            most_in_hospital=rules.most_in_hospital,
            idle_cost=rules.idle_cost,
            change_cost=rules.change_cost,
        )

    def _away(self, person: Person) -> set[int]:
        """Return leave, wishes to be away, and what lies outside the trainee's own months."""
        last = min(_end(person, self.inputs, self.rules), self.horizon - 1)
        outside = {p for p in range(self.horizon) if not person.first <= p <= last}
        if self.inputs.frozen >= self.horizon:  # nothing may be planned any more
            outside.add(self.horizon - 1)
        leave = {p for p in person.away(self.rules.leave_days) if 0 <= p < self.horizon}
        return outside | leave

    def _is_interrupted(self, person: Person, stay: Stay, away: set[int]) -> bool:
        """Whether leave in months to come cuts a stay that has begun: it is done again."""
        return any(p in away for p in _periods([stay], person) if p >= self.inputs.frozen)

    def _leaving(self, person: Person, away: set[int], begun: tuple[Stay, ...]) -> Trainee:
        """
        Return somebody who leaves: what they have begun remains, and what they do before.

        The rest of their curriculum is asked of them no more.
        """
        parts = {part.key: part for block in person.blocks for part in parts_of(block)}
        leaves_at = person.leaves_at or 0
        whole = [
            stay
            for stay in person.stays
            if stay.block in parts and stay.start + parts[stay.block].months <= leaves_at
        ]
        pins = [stay for stay in whole if stay in begun]
        blocks = [Block(pin.block, parts[pin.block].months, {pin.ward: 0}) for pin in pins]
        forbidden = self._forbidden(person)
        for stay in whole:
            block = self._block(person, parts[stay.block], {}, forbidden)
            if stay in pins or not block.wards or _periods([stay], person) & away:
                continue
            ahead = self.inputs.frozen
            blocks.append(replace(block, group="", earliest=ahead, latest=leaves_at - 1))
        gone = set(range(leaves_at, self.horizon))
        return Trainee(
            id=person.id,
            blocks=tuple(blocks),
            away=frozenset((away | gone) - _periods(pins, person)),
            pins=tuple(pins),
        )

    def _block(
        self, person: Person, part: Part, pins: Mapping[str, Stay], passed: set[str]
    ) -> Block:
        """Return a part as it may be done; ``passed`` are forbidden places that they were in."""
        block, rules = part.block, self.rules
        wards = {
            ward_key(ward): self._points(person, ward_key(ward))
            for ward in self.inputs.options.get(block.department_id, ())
            if not passed & {ward_key(ward), ward.hospital.code}
        }
        pin = pins.get(part.key)
        earliest = person.first + block.earliest
        latest = None if block.latest is None else person.first + block.latest
        if pin is None:
            earliest = max(earliest, self.inputs.frozen)
        else:
            wards.setdefault(pin.ward, 0)
            if pin.start < self.inputs.frozen:  # has begun: no window changes that
                earliest = min(earliest, pin.start)
                latest = None if latest is None else max(latest, pin.start + part.months - 1)
        return Block(
            id=part.key,
            months=part.months,
            wards=wards,
            score=rules.block_points,
            group=block.group.code if block.group else "",
            earliest=min(earliest, self.horizon - 1),
            latest=None if latest is None else min(max(latest, earliest), self.horizon - 1),
        )

    def _points(self, person: Person, ward: str) -> int:
        hospital = ward.partition("/")[0]
        points = 0
        for wish in person.wishes:
            if wish.kind == WishKind.PREFER_WARD and wish.ward and ward_key(wish.ward) == ward:
                points += wish.weight * self.rules.ward_points
            if wish.kind == WishKind.PREFER_HOSPITAL and wish.hospital is not None:
                points += (
                    wish.weight * self.rules.hospital_points
                    if wish.hospital.code == hospital
                    else 0
                )
        return points

    def _forbidden(self, person: Person) -> set[str]:
        """Return forbidden wards and hospitals that occur in this problem."""
        known = {
            ward_key(w): w.hospital.code for ward in self.inputs.options.values() for w in ward
        }
        asked = set()
        for wish in person.wishes:
            if wish.kind == WishKind.FORBID_WARD and wish.ward is not None:
                asked.add(ward_key(wish.ward))
            if wish.kind == WishKind.FORBID_HOSPITAL and wish.hospital is not None:
                asked.add(wish.hospital.code)
        return asked & (set(known) | set(known.values()))

    def _lay_research(
        self, person: Person, parts: list[Part], fixed: Mapping[str, Stay], away: set[int]
    ) -> tuple[list[Stay], set[int]]:
        """
        Pin parts of research blocks to the months in which research is protected.

        Return the pins, and the protected months that no research block fills. What the plan in
        force has in protected months stays there.
        """
        research = [p for p in parts if p.block.department.family == DepartmentFamily.RESEARCH]
        free = [part for part in research if part.key not in fixed]
        coming = {s.block: s for s in person.stays if s.start >= self.inputs.frozen}
        months = self._protected(person) - _periods(fixed.values(), person) - away
        pins: list[Stay] = []
        for part in [part for part in free if part.key in coming]:
            free.remove(part)
            own = _periods([coming[part.key]], person)
            if own <= months:
                pins += [coming[part.key]] if self._may_stay(person, part, coming[part.key]) else []
                months -= own
        room = _room(person, {**coming, **fixed})
        left: set[int] = set()
        for first, last in runs(months):
            period = first
            while found := next((p for p in free if _has_room(p, room)), None):
                wards = self.inputs.options.get(found.block.department_id, ())
                if not wards or period + found.months - 1 > last:
                    break
                best = max(wards, key=lambda w: (self._points(person, ward_key(w)), ward_key(w)))
                pins.append(Stay(found.key, ward_key(best), period))
                free.remove(found)
                room[found.block.group_id] = room.get(found.block.group_id, 0) - 1
                period += found.months
            left |= set(range(period, last + 1))
        return pins, left

    def _protected(self, person: Person) -> set[int]:
        """Return the months to come in which research is protected."""
        wishes = person.wishes_of(WishKind.RESEARCH)
        months = {p for wish in wishes for p in range(wish.first or 0, _last(wish) + 1)}
        return {p for p in months if self.inputs.frozen <= p < self.horizon}

    def _may_stay(self, person: Person, part: Part, stay: Stay) -> bool:
        """Whether a research stay is where nothing could drive it out: no bound, not forbidden."""
        ward = self.inputs.wards[stay.ward]
        is_open = ward in self.inputs.options.get(part.block.department_id, ())
        is_forbidden = {stay.ward, ward.hospital.code} & self._forbidden(person)
        unbounded = places_of(ward, self.inputs, self.horizon)[0] is None
        return is_open and unbounded and not is_forbidden


def _room(person: Person, chosen: Iterable[str]) -> dict[int | None, int]:
    """Return how many more blocks of each elective group may be done beside those ``chosen``."""
    room: dict[int | None, int] = {group.pk: group.choose for group in person.groups}
    parts = parts_by_key(person.blocks)
    for key in chosen:
        group = parts[key].block.group_id if key in parts else None
        room[group] = room.get(group, 0) - 1
    return room


def _has_room(part: Part, room: Mapping[int | None, int]) -> bool:
    return part.block.group_id is None or room[part.block.group_id] > 0


def _last(wish: Wish) -> int:
    return wish.last if wish.last is not None else wish.first or 0


def _curriculum_orders(orders: list[BlockOrder]) -> list[Order]:
    """Return the orders of blocks as orders of their last and first parts."""
    return [
        Order(parts_of(o.before)[-1].key, parts_of(o.after)[0].key, o.is_needed) for o in orders
    ]


def _part_orders(parts: list[Part]) -> list[Order]:
    """Return the orders of the parts of each block among themselves."""
    by_block: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        by_block[part.block.pk].append(part)
    return [Order(one.key, other.key) for own in by_block.values() for one, other in pairwise(own)]


def _wards(
    inputs: Inputs,
    rules: PlanRules,
    horizon: int,
    used: set[str],
    trainees: tuple[Trainee, ...],
) -> tuple[PlannedWard, ...]:
    """Return the wards that matter, with the places left in each month."""
    begun = _begun(inputs, trainees)
    able = _able(inputs, trainees) if rules.minimums else Counter()
    found = []
    for key in sorted(used):
        ward = inputs.wards[key]
        upper, lower = places_of(ward, inputs, horizon)
        target: tuple[int, ...] = ()
        if upper is not None:
            upper = tuple(max(n, begun[key, p]) for p, n in enumerate(upper))
            lower = tuple(min(lo, up) for lo, up in zip(lower, upper, strict=True))
            if rules.smooth:
                target = tuple(-(-n * rules.target_percent // 100) for n in upper)
        lower = tuple(min(n, able[key, p]) for p, n in enumerate(lower))
        planned = PlannedWard(id=key, hospital=ward.hospital.code, upper=upper, target=target)
        found.append(replace(planned, lower=lower if any(lower) else ()))
    return tuple(found)


def _able(inputs: Inputs, trainees: tuple[Trainee, ...]) -> Counter[tuple[str, int]]:
    """
    Count who could be in a ward by curriculum and leave, in the months in which everybody trains.

    A cohort is not asked to fill a ward before its curriculum lets anybody in, nor after the
    first of its trainees may have finished.
    """
    staying = [person for person in inputs.people if person.leaves_at is None]
    begin = max([inputs.frozen, *(person.first for person in staying)])
    end = min((person.first + person.curriculum_months for person in staying), default=0)
    count: Counter[tuple[str, int]] = Counter()
    for trainee in trainees:
        cells = {
            (ward, period)
            for block in trainee.blocks
            for ward in block.wards
            for period in range(max(begin, block.earliest), min(end, _after(block, end)))
            if period not in trainee.away
        }
        count.update(cells)
    return count


def _after(block: Block, end: int) -> int:
    return end if block.latest is None else block.latest + 1


def _begun(inputs: Inputs, trainees: tuple[Trainee, ...]) -> dict[tuple[str, int], int]:
    """Count who is in a ward by a stay that has begun: nobody is sent out of it."""
    months = {(t.id, block.id): block.months for t in trainees for block in t.blocks}
    count: dict[tuple[str, int], int] = defaultdict(int)
    for trainee in trainees:
        for pin in trainee.pins:
            if pin.start < inputs.frozen:
                for period in range(pin.start, pin.start + months[trainee.id, pin.block]):
                    count[pin.ward, period] += 1
    return count


def require_people(cycle: Cycle, message: str) -> None:
    """Refuse with ``cycle.empty`` a cycle that nobody takes part in."""
    if not cycle.participants.filter(left_on__isnull=True).exists():
        raise RuleViolation("cycle.empty", message)
