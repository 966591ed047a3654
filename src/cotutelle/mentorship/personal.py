"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cotutelle.files.services import delete_file
from cotutelle.ledger.services import destroy_payloads
from cotutelle.mentorship.models import (
    ConflictOfInterest,
    Eligibility,
    Mentor,
    MentorChange,
    Mentorship,
    Pair,
    PairConsent,
    PairRecord,
    Publication,
    QuotaLine,
    Team,
)
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import words_of
from cotutelle.people.models import Person

_PROFILE = ("interests_zh", "interests_en", "bio_zh", "bio_en", "homepage")


def export_mentorship(person: Person) -> dict[str, Any]:
    """Return the mentor's profile and papers, and the person's pairs and changes."""
    mentor = Mentor.objects.filter(person=person)
    pairs = Mentorship.objects.filter(Q(student__person=person) | Q(mentor__person=person))
    changes = MentorChange.objects.filter(mentorship__student__person=person).order_by("id")
    records = PairRecord.objects.filter(author=person).order_by("id")
    return {
        "mentor": list(mentor.values("category", "title", "track", "discipline", *_PROFILE)),
        "publications": list(
            Publication.objects.filter(mentor__person=person).values("title", "authors", "year")
        ),
        "pairs": list(pairs.order_by("id").values("role", "state", "starts_on", "ends_on")),
        "changes": list(changes.values("state", "reason", "requested_at", "college_note")),
        "consents": list(
            PairConsent.objects.filter(person=person)
            .order_by("id")
            .values("record__kind", "record__created_at", "at")
        ),
        "pair_records": list(records.values("kind", "title", "text", "due_on", "created_at")),
    }


def erase_mentorship(person: Person) -> None:
    """Destroy profile, papers, grounds, reasons and notes; pairs and places stay."""
    _erase_mentor(person)
    conflicts = ConflictOfInterest.objects.filter(
        Q(student__person=person) | Q(mentor__person=person) | Q(declared_by=person)
    )
    conflicts.update(ground="")
    changes = MentorChange.objects.filter(
        Q(mentorship__student__person=person)
        | Q(mentorship__mentor__person=person)
        | Q(to_mentor__person=person)
    )
    for change in changes.select_related("evidence"):
        destroy_payloads(change)
        evidence, change.evidence = change.evidence, None
        for name in ("reason", "old_mentor_note", "new_mentor_note", "college_note"):
            setattr(change, name, "")
        change.save()
        if evidence is not None:
            delete_file(evidence, actor=None)
    for pair in Mentorship.objects.filter(Q(student__person=person) | Q(mentor__person=person)):
        destroy_payloads(pair)
    _erase_pairs(person)


def _erase_pairs(person: Person) -> None:
    """Destroy what the person wrote, and everything on the pages that are about them."""
    pairs = Pair.objects.filter(
        Q(student__person=person)
        | Q(first__mentor__person=person)
        | Q(second__mentor__person=person)
    )
    for pair in pairs:
        destroy_payloads(pair)
    rows = PairRecord.objects.filter(Q(author=person) | Q(pair__student__person=person))
    for row in rows.select_related("attachment"):
        kept, row.attachment, row.title, row.text = row.attachment, None, "", ""
        row.save(update_fields=["attachment", "title", "text"])
        if kept is not None:
            delete_file(kept, actor=None)


def _erase_mentor(person: Person) -> None:
    words = words_of(person)
    mentors = Mentor.objects.filter(person=person)
    for mentor in mentors:
        destroy_payloads(mentor)
        for account in mentor.quota_accounts.all():
            destroy_payloads(account)
    Publication.objects.filter(mentor__in=mentors).delete()
    Eligibility.objects.filter(mentor__in=mentors).update(reason="")
    QuotaLine.objects.filter(account__mentor__in=mentors).update(reason="")
    for team in Team.objects.filter(Q(first__in=mentors) | Q(second__in=mentors)):
        destroy_payloads(team)
        for name in ("name_zh", "name_en"):
            if any(word in getattr(team, name) for word in words):
                setattr(team, name, "")
        team.save()
    mentors.update(**dict.fromkeys(_PROFILE, ""))


register_exporter("mentorship", export_mentorship)
register_eraser("mentorship", erase_mentorship)
