"""What invented students want and what invented mentors think of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from cotutelle.selection.enums import Verdict
from cotutelle.selection.models import Offer
from cotutelle.web.demo.fields import Field, Term
from cotutelle.web.demo.state import DemoStudent

_PAIRS = """
lung-imaging lung-tumour lung-critical heart-ultrasound heart-engineering heart-critical
brain-rehab brain-computing imaging-computing imaging-ultrasound tumour-basic tumour-blood
bone-rehab bone-engineering critical-anaesthesia endocrine-kidney endocrine-public women-children
gut-surgery gut-tumour drugs-basic computing-engineering public-children surgery-anaesthesia
blood-drugs kidney-blood public-drugs basic-women
"""
RELATED = frozenset(frozenset(pair.split("-")) for pair in _PAIRS.split())
_LURE = {"YL1": 1.0, "YL2": 0.6, "BJC": 0.3, "YLMU": 0.3, "HDUT": 0.2, "CVI": 0.1}


@dataclass(frozen=True, slots=True)
class DemoOffer:
    """An offer with the words it was made of."""

    offer: Offer
    field: Field
    topics: tuple[Term, ...]
    institution: str

    def suits(self, one: DemoStudent) -> bool:
        """Whether the student may choose it."""
        routes, degrees = self.offer.routes, self.offer.degree_types
        return (not routes or one.student.route in routes) and (
            not degrees or one.student.degree_type in degrees
        )


def nearness(one: DemoStudent, field: Field, topics: Sequence[Term]) -> float:
    """Return how near a field stands to the student, from 0 to 4."""
    if one.field == field:
        return 3 + 0.5 * len(set(one.topics) & set(topics))
    return 1.5 if frozenset((one.field.key, field.key)) in RELATED else 0


def choices(
    random: Random, one: DemoStudent, offers: Sequence[DemoOffer], *, most: int
) -> list[Offer]:
    """Return what the student ranks, best first: near topics, good houses, some chance."""
    scored = [
        (
            nearness(one, o.field, o.topics) + _LURE[o.institution] + random.gauss(0, 0.7),
            o.offer.pk,
            o.offer,
        )
        for o in offers
        if o.suits(one)
    ]
    scored.sort(key=lambda row: (-row[0], row[1]))
    return [offer for _score, _key, offer in scored[: random.randrange(3, most + 1)]]


def judge(random: Random, one: DemoStudent, field: Field) -> tuple[Verdict, float]:
    """Return a mentor's word on an applicant and what it rests on: interest, score, chance."""
    score = float(one.student.admission_score or 0)
    worth = score / 10 + 1.5 * nearness(one, field, ()) + random.gauss(0, 0.8)
    if worth < 7.6 and random.random() < 0.5:  # noqa: PLR2004  about one in twelve is declined
        return Verdict.DECLINE, worth
    return Verdict.ACCEPT, worth


def tiers(ranked: Sequence[tuple[float, int]]) -> dict[int, int]:
    """Return the tier of each key: the better, the smaller; near values share one."""
    found: dict[int, int] = {}
    tier, last = 0, float("inf")
    for worth, key in sorted(ranked, key=lambda row: (-row[0], row[1])):
        if last - worth > 0.25:  # noqa: PLR2004
            tier, last = tier + 1, worth
        found[key] = tier
    return found
