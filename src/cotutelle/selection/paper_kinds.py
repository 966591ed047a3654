"""Papers of a season: their numbers, names, and who sees them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cotutelle.documents.kinds import register
from cotutelle.people.models import Person
from cotutelle.selection.models import Participant
from cotutelle.selection.services.papers import INTENTION, NOTICE, REPORT, SUMMARY


def _own_form(person: Person) -> Q:
    mine = Participant.objects.filter(student__person=person).values("pk")
    return Q(subject_type=Participant._meta.label_lower, subject_id__in=mine)


register(INTENTION, code="YX", label=_("Intention form"), visible=_own_form)
register(NOTICE, code="GS", label=_("Public notice"))
register(SUMMARY, code="HZ", label=_("Summary to be sealed"))
register(REPORT, code="JB", label=_("Report for the leader"))
