"""What a student writes about themselves."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.files.models import StoredFile
from cotutelle.files.services import delete_file, store_file
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.programmes.queries import ATTACHMENT, attachments_of

MOST_ATTACHMENTS = 8
LONGEST_TEXT = 6000


@transaction.atomic
def save_profile(
    student: Student, *, statement: str, career_plan: str, path_wish: str, actor: Person
) -> bool:
    """
    Save the profile; safe to repeat, so it may be called by autosave.

    Returns whether anything changed. The history says that it was saved, not the text.
    Refuses with ``profile.long``.
    """
    check(actor, "programmes.write_profile", student)
    for field, text in (("statement", statement), ("career_plan", career_plan)):
        if len(text) > LONGEST_TEXT:
            raise RuleViolation(
                "profile.long", _("At most %(n)s characters.") % {"n": LONGEST_TEXT}, field=field
            )
    new = (statement.strip(), career_plan.strip(), path_wish)
    if new == (student.statement, student.career_plan, student.path_wish):
        return False
    before = {"path_wish": student.path_wish}
    student.statement, student.career_plan, student.path_wish = new
    student.save(update_fields=["statement", "career_plan", "path_wish"])
    record(
        "programmes.profile.saved",
        actor=actor,
        subject=student,
        before=before,
        after={"path_wish": path_wish},
    )
    return True


@transaction.atomic
def attach_file(student: Student, content: bytes, *, name: str, actor: Person) -> StoredFile:
    """Attach a file. Refuses with ``profile.full`` and what ``store_file`` refuses."""
    check(actor, "programmes.write_profile", student)
    if attachments_of(student).count() >= MOST_ATTACHMENTS:
        raise RuleViolation(
            "profile.full",
            _("At most %(n)s files. Remove one first.") % {"n": MOST_ATTACHMENTS},
            field="file",
        )
    stored = store_file(content, name=name, actor=actor, unit=student.unit, purpose=ATTACHMENT)
    record("programmes.profile.attached", actor=actor, subject=student, after={"file": stored.name})
    return stored


@transaction.atomic
def detach_file(student: Student, stored: StoredFile, *, actor: Person) -> None:
    """Take an attachment off the profile. Refuses with ``profile.not_attached``."""
    check(actor, "programmes.write_profile", student)
    if not attachments_of(student).filter(pk=stored.pk).exists():
        raise RuleViolation(
            "profile.not_attached", _("This file is not attached here."), status=404
        )
    record(
        "programmes.profile.detached", actor=actor, subject=student, before={"file": stored.name}
    )
    delete_file(stored, actor=actor)
