"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from cotutelle.files.models import StoredFile
from cotutelle.files.services import delete_file
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.forgetting import register_words
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
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


def _numbers(person: Person) -> list[str]:
    return list(Student.objects.filter(person=person).values_list("candidate_number", flat=True))


register_words(_numbers)
register_exporter("student", export_student)
register_eraser("student", erase_student)
