"""Publications of mentors: material for affinity."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor, Publication
from cotutelle.mentorship.services.publication_formats import (
    Found,
    fingerprint_of,
    guess_format,
    read_publications,
)
from cotutelle.people.models import Person


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the dry run."""

    found: Found
    is_known: bool

    @property
    def key(self) -> str:
        """What picks this row."""
        return self.found.fingerprint


def preview_publications(mentor: Mentor, text: str, fmt: str = "") -> list[Candidate]:
    """Return what ``text`` holds and which of it is known; changes nothing. Refuses as reading does."""
    known = known_prints(mentor)
    return [
        Candidate(f, is_known=f.fingerprint in known or f.title_print in known)
        for f in read_publications(text, fmt)
    ]


def known_prints(mentor: Mentor) -> set[str]:
    """Return the fingerprints of what the mentor has, by DOI and by title."""
    rows = mentor.publications.values_list("fingerprint", "title")
    return {print_ for one, title in rows for print_ in (one, fingerprint_of(title))}


@transaction.atomic
def add_publications(
    mentor: Mentor, text: str, fmt: str = "", *, only: Collection[str] | None = None, actor: Person
) -> int:
    """
    Add the new publications of ``text`` (those in ``only``); return how many.

    Duplicates by DOI or title are left out, also when two sessions add at once.
    """
    check(actor, "mentorship.change_mentor", mentor)
    fresh = [
        c.found
        for c in preview_publications(mentor, text, fmt)
        if not c.is_known and (only is None or c.key in only)
    ]
    source = fmt or guess_format(text)
    before = mentor.publications.count()
    Publication.objects.bulk_create(
        [
            Publication(
                mentor=mentor, title=f.title, abstract=f.abstract, authors=f.authors,
                venue=f.venue, year=f.year, doi=f.doi, source=source, fingerprint=f.fingerprint,
            )
            for f in fresh
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    added = mentor.publications.count() - before
    if added:
        record(
            "mentorship.publications.added",
            actor=actor, subject=mentor, after={"publications": added, "source": source},
        )  # fmt: skip
    return added


@transaction.atomic
def remove_publications(mentor: Mentor, keys: Sequence[int], *, actor: Person) -> int:
    """Remove publications of ``mentor``; return how many. Refuses with ``publications.none``."""
    check(actor, "mentorship.change_mentor", mentor)
    removed, _by_model = mentor.publications.filter(pk__in=keys).delete()
    if not removed:
        raise RuleViolation("publications.none", _("Select the publications to remove."))
    record(
        "mentorship.publications.removed",
        actor=actor, subject=mentor, before={"publications": removed},
    )  # fmt: skip
    return removed
