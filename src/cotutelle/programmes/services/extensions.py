"""Long leave extends the training: by what is above the threshold of the province."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import day
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.models import Attainment, Enrolment, Extension, Leave
from cotutelle.programmes.queries.leave import away_of, extension_rule_for


@transaction.atomic
def recount_extension(
    enrolment: Enrolment, *, leave: Leave | None, actor: Person | None
) -> Extension | None:
    """
    Count the days away again; when more or fewer are above the threshold, the end moves.

    What was due at the end moves with it. Returns the new `Extension`, or ``None`` when nothing
    changed. Parameters: ``leave`` is the one that changed.
    """
    locked = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
    rule = extension_rule_for(enrolment.owning_unit)
    away = away_of(locked, rule)
    before, old_end = locked.extended_days, locked.ends_on
    if away.over == before:
        return None
    end = old_end + dt.timedelta(days=away.over - before)
    Enrolment.objects.filter(pk=enrolment.pk).update(extended_days=away.over, ends_on=end)
    Attainment.objects.filter(enrolment=enrolment, due_on=old_end).update(due_on=end)
    enrolment.extended_days, enrolment.ends_on = away.over, end
    made = Extension.objects.create(
        enrolment=enrolment, rule=rule, leave=leave, days_away=away.days, days=away.over,
        at=now(), actor=actor,
    )  # fmt: skip
    record(
        "programmes.enrolment.extended",
        actor=actor,
        subject=enrolment,
        before={"extended_days": before, "ends_on": old_end},
        after={"extended_days": away.over, "ends_on": end},
        decision=True,
    )
    hooks.extensions.tell(enrolment, before)
    notify(
        [enrolment.student.person],
        "programmes.extended",
        params={"days": away.over, "day": day(end)},
        url="/students/me/programme/",
        unit=enrolment.owning_unit,
    )
    return made
