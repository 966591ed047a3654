"""The papers of this room: their numbers, names, and who sees them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cotutelle.documents.kinds import register
from cotutelle.people.models import Person
from cotutelle.programmes.models import Leave
from cotutelle.programmes.queries.leave import leaves_visible_to
from cotutelle.programmes.services.slips import LEAVE_SLIP


def _seen_leave(person: Person) -> Q:
    mine = leaves_visible_to(person).values("pk")
    return Q(subject_type=Leave._meta.label_lower, subject_id__in=mine)


register(LEAVE_SLIP, code="QJ", label=_("Leave slip"), visible=_seen_leave)
