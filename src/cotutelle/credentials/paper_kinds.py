"""The papers of this room: their numbers, names, and who sees them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cotutelle.credentials.models import Credential
from cotutelle.credentials.queries.credentials import credentials_visible_to
from cotutelle.credentials.services.papers import CERTIFICATE, TRANSCRIPT
from cotutelle.documents.kinds import register
from cotutelle.people.models import Person


def _seen(person: Person) -> Q:
    mine = credentials_visible_to(person).values("pk")
    return Q(subject_type=Credential._meta.label_lower, subject_id__in=mine)


register(CERTIFICATE, code="CR", label=_("PDF certificate"), visible=_seen)
register(TRANSCRIPT, code="TS", label=_("PDF transcript"), visible=_seen, is_private=True)
