"""Planning a week: part by part, each proven where time allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, process_time

from cotutelle.engines.weekly._naming import complete, name_rooms
from cotutelle.engines.weekly._pools import Pool, find_pools
from cotutelle.engines.weekly._search import search
from cotutelle.engines.weekly._week import Decision, Week, read_week, slots_of
from cotutelle.engines.weekly.fixes import find_fixes
from cotutelle.engines.weekly.problem import Placement, WeeklyPlan, WeeklyProblem
from cotutelle.engines.weekly.validation import validate_problem

LARGEST_SEARCH = 8
"""Most activities of a part that is searched without the solver."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Told while the planner works: parts done of all, activities placed in those."""

    seconds: float
    parts_done: int
    parts: int
    placed: int


Report = Callable[[Progress], bool]
"""Called now and then; returning ``False`` stops the planner, which keeps its best plan."""


def plan_week(
    problem: WeeklyProblem,
    *,
    time_limit: float = 30.0,
    seed: int = 0,
    report: Report | None = None,
) -> WeeklyPlan:
    """
    Place the activities of a week.

    Most placed first, then most unchanged against ``previous``, then least cost. Activities that
    share no contended slot and no scarce room are parts of their own; small parts are searched,
    the others are solved by CP-SAT with one thread, rooms counted by kind and named afterwards.

    Parameters
    ----------
    problem
        The week.
    time_limit
        Seconds of wall time, > 0. What is not proven by then is the best that was found.
    seed
        Of the solver. The same problem and seed give the same plan where all is proven in time.
    report
        Told of progress; may stop the work.

    Returns
    -------
    WeeklyPlan
        Always a plan that `check_week` accepts; unplaced activities come with `find_fixes`.

    Raises
    ------
    InvalidProblem
        With every mistake of the problem.
    ValueError
        When ``time_limit`` is not positive.
    """
    if not time_limit > 0:
        raise ValueError(f"time_limit: {time_limit!r} must be above 0 seconds")
    validate_problem(problem)
    began, cpu = monotonic(), process_time()
    week = read_week(problem)
    work = _Work(week, began + time_limit, seed, report, began)
    parts = sorted(find_parts(week), key=lambda part: (len(part.tasks), part.tasks))
    work.parts = len(parts)
    waiting = sum(len(part.tasks) for part in parts)
    for part in parts:
        work.solve(part, share=len(part.tasks) / waiting)
        waiting -= len(part.tasks)
    named, _ = name_rooms(week, work.decisions)
    work.decisions, named = complete(week, work.decisions, named)
    return _result(work, named, cpu)


@dataclass(frozen=True, slots=True)
class Part:
    """Tasks that may stand in each other's way, and the pools of rooms that bind them."""

    tasks: tuple[int, ...]
    pools: tuple[Pool, ...]


def find_parts(week: Week) -> Iterator[Part]:
    """Yield the parts of a week, each by itself as good as all together."""
    root = list(range(len(week.tasks)))

    def find(task: int) -> int:
        while root[task] != task:
            root[task] = root[root[task]]
            task = root[task]
        return task

    first: dict[tuple[object, int], int] = {}
    for number in range(len(week.tasks)):
        for key, mask in _wants(week, number):
            for slot in slots_of(mask & week.contended.get(key, 0)):
                root[find(number)] = find(first.setdefault((key, slot), number))
    binding = [pool for pool in find_pools(week) if pool.binds]
    for pool in binding:
        for number in pool.tasks[1:]:
            root[find(number)] = find(pool.tasks[0])
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(week.tasks)):
        members[find(number)].append(number)
    pools: dict[int, list[Pool]] = defaultdict(list)
    for pool in binding:
        pools[find(pool.tasks[0])].append(pool)
    for key, tasks in members.items():
        yield Part(tuple(tasks), tuple(pools[key]))


def _wants(week: Week, number: int) -> Iterator[tuple[object, int]]:
    """Yield what a task may use: a party or a room to keep, and the mask of slots."""
    task = week.tasks[number]
    mask = 0
    coming: dict[str, int] = defaultdict(int)
    for choice in task.choices:
        mask |= choice.window
        for party, _ in choice.open:
            coming[party] |= choice.window
        if choice.keep_room is not None:
            yield ("room", choice.keep_room), choice.window
    for party in task.activity.needed:
        yield party, mask
    yield from coming.items()


@dataclass(slots=True)
class _Work:
    """The state of one run."""

    week: Week
    deadline: float
    seed: int
    report: Report | None
    began: float
    decisions: dict[int, Decision] = field(default_factory=dict)
    is_proven: bool = True
    bound: int = 0
    parts: int = 0
    done: int = 0
    stopped: bool = False

    def go_on(self) -> bool:
        """Tell the caller; return whether to go on."""
        if self.report is not None and not self.stopped:
            now = Progress(monotonic() - self.began, self.done, self.parts, len(self.decisions))
            self.stopped = not self.report(now)
        return not self.stopped

    def solve(self, part: Part, share: float) -> None:
        """Decide the tasks of a part within a share of the time left."""
        found = None
        if not part.pools and len(part.tasks) <= LARGEST_SEARCH:
            found = search(self.week, part.tasks)
        if found is None:
            found = self._model(part, share)
        else:
            self.bound += len(found)
        self.decisions |= found
        self.done += 1
        self.go_on()

    def _model(self, part: Part, share: float) -> dict[int, Decision]:
        from cotutelle.engines.weekly._model import Model  # noqa: PLC0415

        if self.stopped:
            self.is_proven, self.bound = False, self.bound + len(part.tasks)
            return {}
        deadline = monotonic() + (self.deadline - monotonic()) * share
        model = Model(self.week, part.tasks, part.pools, by_name=False)
        outcome = model.solve(deadline=deadline, seed=self.seed, stop=self.go_on)
        self.bound += outcome.bound_placed
        named, moved = name_rooms(self.week, outcome.decisions)
        if not moved:
            self.is_proven = self.is_proven and outcome.is_proven
            return dict(outcome.decisions)
        model = Model(self.week, part.tasks, part.pools, by_name=True)
        model.hint(outcome.decisions)
        exact = model.solve(deadline=deadline, seed=self.seed, stop=self.go_on)
        self.is_proven = self.is_proven and exact.is_proven
        changed = _after_moving(outcome.decisions, named, moved)
        return max(changed, dict(exact.decisions), key=_worth)


def _after_moving(
    decisions: Mapping[int, Decision], named: Mapping[int, str | None], moved: frozenset[int]
) -> dict[int, Decision]:
    """Return the decisions with the rooms they got, kept or not."""
    after = {}
    for number, decision in decisions.items():
        room = named[number]
        kept = decision.choice.keeps and room == decision.choice.keep_room
        rooms = () if room is None else (room,)
        after[number] = Decision(decision.choice, decision.attending, kept, rooms)
    return after


def _worth(decisions: Mapping[int, Decision]) -> tuple[int, int, int]:
    every: Sequence[Decision] = list(decisions.values())
    return len(every), sum(d.kept for d in every), -sum(d.cost for d in every)


def _result(work: _Work, named: Mapping[int, str | None], cpu: float) -> WeeklyPlan:
    problem, tasks = work.week.problem, work.week.tasks
    placements, left_out, cost = {}, {}, 0
    for number, decision in work.decisions.items():
        activity = tasks[number].activity
        placements[activity.id] = Placement(decision.choice.start, named[number])
        absent = activity.wished.keys() - {*decision.choice.sure, *decision.attending}
        if absent:
            left_out[activity.id] = tuple(sorted(absent))
        cost += decision.cost
    unplaced = sorted(a.id for a in problem.activities if a.id not in placements)
    return WeeklyPlan(
        placements=dict(sorted(placements.items())),
        unplaced=tuple(unplaced),
        fixes=find_fixes(problem, placements, left_out) if unplaced else {},
        left_out=dict(sorted(left_out.items())),
        unchanged=sum(problem.previous.get(id_) == where for id_, where in placements.items()),
        cost=cost,
        is_optimal=work.is_proven,
        bound_placed=work.bound,
        cpu_seconds=process_time() - cpu,
    )
