"""The result to oneself first: what one student and one mentor would read. Publishes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.enums import PlacementSource, PlacementState, RoundState
from cotutelle.selection.models import Placement, Round
from cotutelle.selection.services._common import require_state, round_url, rules_of
from cotutelle.selection.services.publication import (
    mentor_params,
    result_params,
    unplaced_params,
    with_offers,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A notice as it would be sent: its kind, what it says, and the place it speaks of."""

    kind: str
    params: Mapping[str, Any]
    placement: Placement | None = None


def samples_of(round_: Round) -> list[Sample]:
    """
    Return the notices of a result under review, one of each sort; real cases without a name.

    First a student with a place (an ordinary one if there is any), then one without, then the
    mentor with the most students.
    """
    proposed = round_.placements.filter(state=PlacementState.PROPOSED)
    rows = list(with_offers(proposed).order_by("student_rank", "pk"))
    until = deadline(round_.unit, now(), rules_of(round_).notice_days)
    found = []
    if rows:
        usual = next((p for p in rows if p.source != PlacementSource.OVERRIDE), rows[0])
        found.append(Sample("selection.result", result_params(usual, round_, until), usual))
    if round_.participants.filter(state="active").count() > len(rows):
        found.append(Sample("selection.no_result", unplaced_params(round_, until)))
    if rows:
        mine = _most(rows)
        found.append(Sample("selection.mentor_result", mentor_params(mine, round_, until)))
    return found


def _most(rows: Sequence[Placement]) -> list[Placement]:
    counts = Counter(m.pk for row in rows for m in row.offer.supervisors)
    mentor = min(counts, key=lambda key: (-counts[key], key))
    return [row for row in rows if any(m.pk == mentor for m in row.offer.supervisors)]


@transaction.atomic
def send_samples(round_: Round, *, actor: Person) -> int:
    """
    Send the samples to ``actor`` alone, over the channels they chose; nothing is published.

    Refuses with ``round.state`` unless the result is under review.
    """
    check(actor, "selection.publish_round", round_)
    require_state(round_, RoundState.MATCHED)
    found = samples_of(round_)
    for sample in found:
        notify(
            [actor],
            sample.kind.replace("selection.", "selection.sample_"),
            params=sample.params,
            url=f"{round_url(round_)}preview/",
            unit=round_.unit,
        )
    record("selection.round.previewed", actor=actor, subject=round_, after={"count": len(found)})
    return len(found)
