"""Taking over what the regional residency platform has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.rotations.models import Cycle, Participant, RegionalLine, Ward


@dataclass(frozen=True, slots=True)
class RegionalData:
    """A stay as the platform has it; ``ward`` where its name is one of ours."""

    participant: Participant
    department_name: str
    starts_on: dt.date
    ends_on: dt.date
    ward: Ward | None = None


@transaction.atomic
def take_regional_lines(cycle: Cycle, lines: Sequence[RegionalData], *, actor: Person) -> int:
    """
    Replace what is known of the students named by ``lines``; others keep theirs.

    Returns how many lines are kept now. Refuses with ``regional.participant`` and
    ``regional.period``.
    """
    check(actor, "rotations.keep_regional", cycle)
    if any(line.participant.cycle_id != cycle.pk for line in lines):
        raise RuleViolation(
            "regional.participant", _("Only students planned in this cycle can be compared.")
        )
    if any(line.ends_on < line.starts_on for line in lines):
        raise RuleViolation("regional.period", _("A stay ends after it starts."))
    moment = now()
    RegionalLine.objects.filter(
        cycle=cycle, participant__in={line.participant.pk for line in lines}
    ).delete()
    RegionalLine.objects.bulk_create(
        RegionalLine(
            cycle=cycle, participant=line.participant, department_name=line.department_name,
            ward=line.ward, starts_on=line.starts_on, ends_on=line.ends_on, imported_at=moment,
        )
        for line in lines
    )  # fmt: skip
    if lines:
        record(
            "rotations.regional.imported", actor=actor, subject=cycle, after={"lines": len(lines)}
        )
    return len(lines)
