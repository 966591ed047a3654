"""Each partner is told once a month what was entered into the log in its name."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse

from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.ledger.queries import issuer_of
from cotutelle.ledger.queries.overview import issued_by
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.queries import holders

DIGEST = "credentials.log_digest"


@transaction.atomic
def tell_partners(month: dt.date) -> int:
    """
    Tell the officers of every institution how many entries bear its name; return how many people.

    An institution without entries in the month of ``month`` is not bothered.
    """
    first = month.replace(day=1)
    after = (first + dt.timedelta(days=31)).replace(day=1)
    told = 0
    for unit in Unit.objects.filter(kind__in=INSTITUTION_KINDS).order_by("id"):
        rows = issued_by([issuer_of(unit)]).filter(day__gte=first, day__lt=after)
        if not (count := rows.count()):
            continue
        officers = holders(unit, Role.PARTNER_OFFICER, Role.GRADUATE_OFFICER)
        told += notify(
            officers.filter(grants__unit=unit).distinct(),
            DIGEST,
            params={
                "institution": bilingual(unit),
                "count": count,
                "month": f"{first:%Y-%m}",
            },
            url=reverse("log:issued"),
            unit=unit,
        )
    return told
