"""
Places above the mentor: which units and agreements bound a round, and what lies below them.

A mentor or team counts in the agreement that lends them where that is capped (the oldest of
several), otherwise in the nearest capped unit at or above theirs; an agreement lies in the
nearest capped unit at or above its partner, a unit in the nearest one above it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement, AgreementMentor
from cotutelle.agreements.queries import agreements_visible_to, in_force
from cotutelle.core.access import why_not
from cotutelle.core.clock import today
from cotutelle.engines import matching
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import time_zone_of
from cotutelle.people.models import Person
from cotutelle.selection.enums import OfferState
from cotutelle.selection.models import Answer, Offer, PlaceCap, Round

Node = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class CapTree:
    """
    The caps of a round that bound something, by key.

    ``parent`` says which cap a cap lies in, ``lent`` in which agreement's cap a mentor counts.
    """

    caps: Mapping[int, PlaceCap]
    parent: Mapping[int, int | None]
    by_unit: Mapping[int, int]
    lent: Mapping[int, int]

    def cap_of(self, answer: Answer) -> int | None:
        """Return the cap in which the mentor or team counts first."""
        for mentor in answer.supervisors:
            if mentor.pk in self.lent:
                return self.lent[mentor.pk]
        return self.nearest(answer.owning_unit.path)

    def chain(self, answer: Answer) -> list[int]:
        """Return every cap in which the mentor or team counts, the innermost first."""
        found, key = [], self.cap_of(answer)
        while key is not None:
            found.append(key)
            key = self.parent[key]
        return found

    def nearest(self, path: str) -> int | None:
        """Return the cap of the nearest unit on ``path``, from its end upwards."""
        keys = (int(key) for key in reversed(path.split("/")) if key)
        return next((self.by_unit[key] for key in keys if key in self.by_unit), None)

    def groups(self, priority: Sequence[Sequence[str]]) -> dict[str, matching.Group]:
        """Return the caps as the engine takes them; all share the order ``priority``."""
        return {
            str(cap.public_id): matching.Group(
                quota=cap.places,
                lower_quota=cap.places_min,
                parent_id=self.group_id(self.parent[key]),
                priority=priority,
            )
            for key, cap in self.caps.items()
        }

    def group_id(self, key: int | None) -> str | None:
        """Return what the engine calls a cap."""
        return None if key is None else str(self.caps[key].public_id)


def cap_tree(round_: Round) -> CapTree:
    """Read the caps that bound something now: of units, and of agreements in force."""
    rows = round_.caps.filter(
        Q(places__isnull=False) | Q(places_min__gt=0),
        Q(agreement__isnull=True) | Q(agreement__state=AgreementState.IN_FORCE),
    ).select_related("unit", "agreement__partner")
    caps = {cap.pk: cap for cap in rows.order_by("pk")}
    by_unit = {cap.unit_id: key for key, cap in caps.items() if cap.unit_id}
    by_agreement = {cap.agreement_id: key for key, cap in caps.items() if cap.agreement_id}
    lent: dict[int, int] = {}
    lines = AgreementMentor.objects.filter(agreement__in=by_agreement).order_by("agreement_id")
    for mentor, agreement in lines.values_list("mentor_id", "agreement_id"):
        lent.setdefault(mentor, by_agreement[agreement])
    tree = CapTree(caps, {}, by_unit, lent)
    parent = {key: tree.nearest(_above(cap)) for key, cap in caps.items()}
    return CapTree(caps, parent, by_unit, lent)


def places_taken(counts: Mapping[int, int]) -> Counter[Node]:
    """Return (mentor, team) → places taken, where ``counts`` gives the students of each offer."""
    found: Counter[Node] = Counter()
    rows = Offer.objects.filter(pk__in=list(counts))
    for key, mentor, team, weight in rows.values_list("pk", "mentor_id", "team_id", "weight"):
        found[mentor, team] += counts[key] * weight
    return found


def room_above(
    round_: Round, taken: Mapping[Node, int]
) -> tuple[dict[Node, int], dict[PlaceCap, int]]:
    """
    Say what the caps of a round leave beside the places ``taken`` there.

    Returns (mentor, team) → places left in the fullest cap they count in, absent where no upper
    bound stands above them, and cap → places taken below it.
    """
    tree = cap_tree(round_)
    used = dict.fromkeys(tree.caps, 0)
    chains: dict[Node, list[int]] = {}
    answers = round_.answers.select_related(
        "mentor__unit", "team__unit", "team__first", "team__second"
    )
    for answer in answers if used else ():
        node = (answer.mentor_id, answer.team_id)
        chains[node] = tree.chain(answer)
        for key in chains[node]:
            used[key] += taken.get(node, 0)
    left = {k: cap.places - used[k] for k, cap in tree.caps.items() if cap.places is not None}
    bounds = {node: [left[key] for key in chain if key in left] for node, chain in chains.items()}
    room = {node: min(found) for node, found in bounds.items() if found}
    return room, {tree.caps[key]: count for key, count in used.items()}


def _above(cap: PlaceCap) -> str:
    """Return the path of units in which the cap lies."""
    if cap.agreement:
        return cap.agreement.partner.path
    assert cap.unit  # noqa: S101  a constraint of the row
    return cap.unit.path.removesuffix(f"{cap.unit_id}/")


# ---------------------------------------------------------------- the page


@dataclass(frozen=True, slots=True)
class CapRow:
    """
    A unit or an agreement on the page of caps.

    ``offered``: places of mentors below with open offers; ``faults``: codes of `FAULTS` with the
    numbers they speak of.
    """

    thing: Unit | Agreement
    depth: int
    offered: int
    mentors: int
    cap: PlaceCap | None
    faults: Sequence[tuple[str, Mapping[str, int]]] = ()

    @property
    def key(self) -> str:
        """How the form calls it."""
        kind = "agreement" if isinstance(self.thing, Agreement) else "unit"
        return f"{kind}:{self.thing.public_id}"

    @property
    def is_agreement(self) -> bool:
        """Whether it is an agreement."""
        return isinstance(self.thing, Agreement)

    @property
    def most(self) -> int | None:
        """The upper bound, if there is one."""
        return self.cap.places if self.cap else None

    @property
    def least(self) -> int:
        """The lower bound."""
        return self.cap.places_min if self.cap else 0


def agreements_for(round_: Round) -> list[Agreement]:
    """Return the agreements in force that concern the round's unit, and those it has caps of."""
    above = [int(key) for key in round_.unit.path.split("/") if key]
    concerns = Q(unit__in=above) | Q(unit__path__startswith=round_.unit.path)
    now = in_force(today(time_zone_of(round_.unit))).filter(concerns)
    found = Agreement.objects.filter(Q(pk__in=now.values("pk")) | Q(round_caps__round=round_))
    return list(found.select_related("unit", "partner").distinct().order_by("number", "pk"))


def cap_rows(round_: Round) -> list[CapRow]:
    """Return units below the round's unit that offer something or are capped, as a tree."""
    answers = _offering(round_)
    caps = list(round_.caps.select_related("unit", "agreement__partner"))
    agreements = agreements_for(round_)
    units = _units(round_, answers, caps, agreements)
    lent = _lent(agreements)
    of_unit = {cap.unit_id: cap for cap in caps if cap.unit_id}
    of_agreement = {cap.agreement_id: cap for cap in caps if cap.agreement_id}
    top = round_.unit.path.count("/")
    rows = []
    for unit in units:
        below = [a for a in answers if unit.covers(a.owning_unit)]
        depth = unit.path.count("/") - top
        rows.append(CapRow(unit, depth, _places(below), len(below), of_unit.get(unit.pk)))
        for one in agreements:
            if one.partner_id == unit.pk:
                mine = [a for a in answers if lent[one.pk].intersection(_keys(a))]
                rows.append(
                    CapRow(one, depth + 1, _places(mine), len(mine), of_agreement.get(one.pk))
                )
    return _with_faults(round_, rows)


def rows_for(round_: Round, actor: Person) -> list[CapRow]:
    """Return `cap_rows` without agreements that ``actor`` is no party of; reviewers see all."""
    rows = cap_rows(round_)
    if why_not(actor, "selection.view_review", round_) is None:
        return rows
    own = set(agreements_visible_to(actor).values_list("pk", flat=True))
    return [row for row in rows if not row.is_agreement or row.thing.pk in own]


def caps_for(round_: Round, actor: Person) -> QuerySet[PlaceCap]:
    """Return the caps of the round without those of agreements that ``actor`` is no party of."""
    if why_not(actor, "selection.view_review", round_) is None:
        return round_.caps.all()
    return round_.caps.filter(Q(agreement=None) | Q(agreement__in=agreements_visible_to(actor)))


def _offering(round_: Round) -> list[Answer]:
    """Mentors and teams with an open offer."""
    nodes = set(
        round_.offers.filter(state=OfferState.OPEN).values_list("mentor_id", "team_id").distinct()
    )
    rows = round_.answers.select_related(
        "mentor__unit", "team__unit", "team__first", "team__second"
    ).order_by("pk")
    return [a for a in rows if (a.mentor_id, a.team_id) in nodes]


def _keys(answer: Answer) -> list[int]:
    return [mentor.pk for mentor in answer.supervisors]


def _places(answers: Iterable[Answer]) -> int:
    return sum(a.places for a in answers)


def _lent(agreements: Sequence[Agreement]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    lines = AgreementMentor.objects.filter(agreement__in=[a.pk for a in agreements])
    for agreement, mentor in lines.values_list("agreement_id", "mentor_id"):
        found[agreement].add(mentor)
    return found


def _units(
    round_: Round,
    answers: Iterable[Answer],
    caps: Iterable[PlaceCap],
    agreements: Iterable[Agreement],
) -> list[Unit]:
    """Every unit that has something to show and what lies between it and the round's unit."""
    paths = {a.owning_unit.path for a in answers} | {c.unit.path for c in caps if c.unit}
    paths |= {a.partner.path for a in agreements}
    keys = {int(key) for path in paths for key in path.split("/") if key} | {round_.unit_id}
    found = Unit.objects.filter(pk__in=keys, path__startswith=round_.unit.path)
    outside = Unit.objects.filter(pk__in=[a.partner_id for a in agreements]).exclude(
        path__startswith=round_.unit.path
    )
    return sorted([*found, *outside], key=lambda u: [int(key) for key in u.path.split("/") if key])


def _with_faults(round_: Round, rows: Sequence[CapRow]) -> list[CapRow]:
    tree = cap_tree(round_)
    row_of = {row.cap.pk: row for row in rows if row.cap}
    students = round_.participants.filter(state="active").count()
    minima: dict[int, int] = defaultdict(int)
    for key, above in tree.parent.items():
        if above is not None:
            minima[above] += tree.caps[key].places_min
    return [
        CapRow(
            row.thing, row.depth, row.offered, row.mentors, row.cap,
            _faults(row, tree, row_of, minima, students) if row.cap else (),
        )
        for row in rows
    ]  # fmt: skip


def _faults(
    row: CapRow,
    tree: CapTree,
    row_of: Mapping[int, CapRow],
    minima: Mapping[int, int],
    students: int,
) -> list[tuple[str, Mapping[str, int]]]:
    cap = row.cap
    assert cap  # noqa: S101  asked for capped rows alone
    if cap.pk not in tree.caps:
        return [("void", {})] if cap.agreement else []
    found: list[tuple[str, Mapping[str, int]]] = []
    if cap.places_min > row.offered:
        found.append(("too_much_asked", {"offered": row.offered}))
    elif cap.places_min > students:
        found.append(("too_few_students", {"students": students}))
    if cap.places is not None and minima[cap.pk] > cap.places:
        found.append(("minima_above", {"minima": minima[cap.pk]}))
    above = tree.parent[cap.pk]
    while above is not None:
        outer = row_of[above].most if above in row_of else tree.caps[above].places
        if cap.places is not None and outer is not None and cap.places >= outer:
            found.append(("outer_binds", {"outer": outer}))
            break
        above = tree.parent[above]
    else:
        if cap.places is not None and cap.places >= row.offered:
            found.append(("never_binds", {"offered": row.offered}))
    first = cap.agreement.first_mentor_most if cap.agreement else None
    if first is not None and (cap.places is None or cap.places > first):
        found.append(("more_than_agreed", {"first": first}))
    return found
