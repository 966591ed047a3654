"""
What this room knows about a person, and how it forgets it.

The text of a certificate, its papers and what was stated for it are destroyed; that one was issued,
when and by whom stays, as does its place in the log, which tells nothing without the text. Its bits stay as they
are: what the holder took along keeps verifying. Only the institution has forgotten it. Where a mentor
is erased, the certificates of their students stay the students': a signed text cannot be changed.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Q

from cotutelle.credentials.enums import CredentialState
from cotutelle.credentials.models import Award, Credential, SignOff
from cotutelle.documents.models import Document
from cotutelle.documents.services import forget_contents
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import blank_in, words_of
from cotutelle.people.models import Person

GONE = "–"


def export_credentials(person: Person) -> dict[str, Any]:
    """Return the person's certificates as they were signed, their proposals and signatures."""
    awards = Award.objects.filter(student__person=person).order_by("id")
    return {
        "certificates": [
            {
                "id": str(one.public_id),
                "kind": one.kind,
                "name_zh": one.name_zh,
                "name_en": one.name_en,
                "state": one.state,
                "reason": one.reason,
                "issued_at": one.issued_at,
                "certificate": json.loads(one.body) if one.body else None,
            }
            for one in Credential.objects.filter(person=person).order_by("id")
        ],
        "proposals": list(
            awards.values("achievement__name_zh", "state", "facts", "note", "reason", "proposed_at")
        ),
        "signatures": list(
            SignOff.objects.filter(signer=person)
            .order_by("id")
            .values("award__achievement__name_zh", "role", "agrees", "note", "at")
        ),
    }


def erase_credentials(person: Person) -> None:
    """Destroy texts, papers, facts, reasons and notes about the person, and notes they wrote."""
    awards = Award.objects.filter(student__person=person)
    for award in awards:
        destroy_payloads(award)
    mine = Credential.objects.filter(person=person)
    for credential in mine:
        destroy_payloads(credential)
    papers = Document.objects.filter(
        subject_type=Credential._meta.label_lower, subject_id__in=mine.values("pk")
    )
    forget_contents(papers.select_related("file_zh", "file_en", "scan"))
    awards.update(facts={}, note="", reason="")
    mine.update(body="")
    mine.exclude(state=CredentialState.VALID).update(reason=GONE)
    Award.objects.filter(proposed_by=person).update(note="")
    blank_in(Award.objects.all(), "facts", words_of(person))
    SignOff.objects.filter(Q(signer=person) | Q(award__in=awards)).update(note="")


register_exporter("credentials", export_credentials)
register_eraser("credentials", erase_credentials)
