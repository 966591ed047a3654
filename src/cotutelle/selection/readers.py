"""What this room adds to others: who reads files and profiles, and what an admission sets off."""

from __future__ import annotations

from typing import Any

from cotutelle.core.access import why_not
from cotutelle.files import access
from cotutelle.files.models import StoredFile
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.models import Student
from cotutelle.selection import services
from cotutelle.selection.models import Objection, Override
from cotutelle.selection.queries import own_answers
from cotutelle.selection.queries.answers import applicants


def reads_minutes(actor: Any, file: StoredFile) -> str | None:
    """Let those read the minutes who see the assignment."""
    override = Override.objects.filter(minutes=file).first()
    return why_not(actor, "selection.view_overrides", override)


def reads_evidence(actor: Any, file: StoredFile) -> str | None:
    """Let those read the evidence who answer the objection."""
    objection = Objection.objects.filter(evidence=file).first()
    return why_not(actor, "selection.answer_objection", objection)


def reads_applicant(actor: Person, student: Student) -> bool:
    """Let mentors read the profiles of their applicants."""
    answers = own_answers(actor).filter(round__participants__student=student)
    return any(applicants(answer).filter(student=student).exists() for answer in answers)


access.register(services.MINUTES, reads_minutes)
access.register(services.EVIDENCE, reads_evidence)
hooks.on_admission_change(services.follow_admission)
hooks.let_read_profiles(reads_applicant)
