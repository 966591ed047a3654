"""Reading cohorts and students."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from cotutelle.core.access import why_not
from cotutelle.files.models import StoredFile
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import at_or_below, below
from cotutelle.people.models import Person
from cotutelle.programmes.models import Cohort, Student
from cotutelle.programmes.rules import READERS, SCORE_READERS

ATTACHMENT = "student.attachment"


def students_visible_to(actor: Person) -> QuerySet[Student]:
    """Return the students of the actor's units, those they supervise, and the actor's own row."""
    from cotutelle.mentorship.models import Mentorship  # noqa: PLC0415  the sibling imports us

    read = below([g.unit for g in actor.active_grants if g.role in READERS])
    supervised = Mentorship.objects.filter(
        student=OuterRef("pk"), mentor__person=actor, state="active"
    )
    return Student.objects.filter(read | Q(person=actor) | Q(Exists(supervised))).select_related(
        "person", "unit", "cohort"
    )


visible_to = students_visible_to


def staff_list(actor: Person) -> QuerySet[Student]:
    """Return the students of the units whose staff ``actor`` is: the list page."""
    found = below([g.unit for g in actor.active_grants if g.role in READERS])
    return Student.objects.filter(found).select_related("person", "unit", "cohort")


def cohorts_visible_to(actor: Person) -> QuerySet[Cohort]:
    """Return the cohorts of the actor's units and of units above them, with counts."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    found = below(units) | Q(unit_id__in=above)
    return (
        Cohort.objects.filter(found)
        .select_related("unit")
        .annotate(count=Count("students"))
        .order_by("-year", "name_zh", "id")
    )


def student_of(person: Person) -> Student | None:
    """Return the student row of ``person``, if there is one."""
    return Student.objects.filter(person=person).select_related("person", "unit", "cohort").first()


def sees_scores(actor: Person, student: Student) -> bool:
    """Tell whether ``actor`` may read the scores of ``student``."""
    return why_not(actor, "programmes.view_scores", student) is None


def score_paths(actor: Person) -> tuple[str, ...]:
    """Return the paths of units whose students' scores ``actor`` may read: for whole lists."""
    return tuple(g.unit.path for g in actor.active_grants if g.role in SCORE_READERS)


def attachments_of(student: Student) -> QuerySet[StoredFile]:
    """Return what the student attached to the profile, newest first."""
    return StoredFile.objects.filter(owner=student.person, purpose=ATTACHMENT).order_by(
        "-uploaded_at", "-id"
    )


def units_of(actor: Person, *roles: str) -> QuerySet[Unit]:
    """Return the active units at or below those on which ``actor`` holds one of ``roles``."""
    units = [g.unit for g in actor.active_grants if g.role in roles]
    return at_or_below(units).filter(state="active").order_by("path")
