"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from cotutelle.files.models import StoredFile
from cotutelle.files.services import delete_file
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import register_words
from cotutelle.people.models import Person
from cotutelle.programmes.models import (
    Attainment,
    Enrolment,
    Leave,
    Milestone,
    Student,
    TrackChoice,
)
from cotutelle.programmes.queries import ATTACHMENT


def export_student(person: Person) -> dict[str, Any]:
    """Return the person's enrolment and profile."""
    student = Student.objects.filter(person=person).select_related("cohort", "unit").first()
    if student is None:
        return {}
    names = (
        "route",
        "degree_type",
        "discipline",
        "candidate_number",
        "admission_score",
        "state",
        "is_late",
        "bachelor_school",
        "statement",
        "career_plan",
        "path_wish",
    )
    return {
        "cohort": student.cohort.name_zh,
        "unit": student.unit.name_zh,
        **{name: getattr(student, name) for name in names},
    }


def erase_student(person: Person) -> None:
    """Destroy what describes the student; that somebody was enrolled stays."""
    for file in StoredFile.objects.filter(owner=person, purpose=ATTACHMENT):
        delete_file(file, actor=None)
    for student in Student.objects.filter(person=person):
        destroy_payloads(student)
    Student.objects.filter(person=person).update(
        candidate_number="",
        admission_score=None,
        bachelor_school="",
        statement="",
        career_plan="",
        path_wish="",
    )


def export_programme(person: Person) -> dict[str, Any]:
    """Return the person's programme, certificates, choice of track and leave."""
    enrolments = Enrolment.objects.filter(student__person=person)
    attainments = Attainment.objects.filter(enrolment__in=enrolments).order_by("id")
    leaves = Leave.objects.filter(enrolment__in=enrolments).order_by("id")
    return {
        "enrolment": list(
            enrolments.values(
                "template__name_zh", "track", "state", "pre_entry_on", "starts_on", "ends_on"
            )
        ),
        "certificates": list(
            attainments.values("kind", "state", "due_on", "held_on", "number", "note")
        ),
        "track_choice": list(
            TrackChoice.objects.filter(enrolment__in=enrolments).values(
                "from_track", "to_track", "reason", "chosen_at"
            )
        ),
        "milestones": list(
            Milestone.objects.filter(enrolment__in=enrolments).values("kind", "due_on", "done_on")
        ),
        "leave": list(
            leaves.values("kind", "starts_on", "ends_on", "reason", "state", "returned_on")
        ),
    }


def erase_programme(person: Person) -> None:
    """Destroy reasons, papers and numbers of certificates; that somebody was away stays."""
    enrolments = Enrolment.objects.filter(student__person=person)
    leaves = Leave.objects.filter(enrolment__in=enrolments)
    files = [one.evidence for one in leaves.filter(evidence__isnull=False)]
    files += [one.bachelor_agreement for one in enrolments.filter(bachelor_agreement__isnull=False)]
    leaves.update(reason="", evidence=None)
    enrolments.update(bachelor_agreement=None)
    for file in files:
        if file is not None:
            delete_file(file, actor=None)
    TrackChoice.objects.filter(enrolment__in=enrolments).update(reason="")
    Attainment.objects.filter(enrolment__in=enrolments).update(number="", note="")
    for thing in (*enrolments, *leaves):
        destroy_payloads(thing)


def _numbers(person: Person) -> list[str]:
    return list(Student.objects.filter(person=person).values_list("candidate_number", flat=True))


register_words(_numbers)
register_exporter("student", export_student)
register_eraser("student", erase_student)
register_exporter("programme", export_programme)
register_eraser("programme", erase_programme)
