"""How the history of students and cohorts is read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import why_not
from cotutelle.files import access as files
from cotutelle.files.models import StoredFile
from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields
from cotutelle.people.models import Person
from cotutelle.programmes.enums import AdmissionState, DegreeType, PathWish, Route
from cotutelle.programmes.models import Student
from cotutelle.programmes.queries import ATTACHMENT

register(
    {
        "programmes.cohort.created": _("Cohort created"),
        "programmes.cohort.changed": _("Cohort changed"),
        "programmes.student.admitted": _("Student admitted"),
        "programmes.student.changed": _("Student record changed"),
        "programmes.student.score_set": _("Admission score entered"),
        "programmes.student.admission_changed": _("Admission changed"),
        "programmes.student.late_admission": _("Late admission recorded"),
        "programmes.profile.saved": _("Profile saved"),
        "programmes.profile.attached": _("File attached to the profile"),
        "programmes.profile.detached": _("File removed from the profile"),
    }
)
register_fields(
    "programmes.student",
    {
        "state": _("Admission"),
        "route": _("Admission route"),
        "degree_type": _("Degree type"),
        "discipline": _("Discipline"),
        "candidate_number": _("Candidate number"),
        "unit": _("Unit"),
        "cohort": _("Cohort"),
        "is_late": _("Late admission"),
        "reason": _("Reason"),
        "bachelor_school": _("Bachelor's school"),
        "path_wish": _("Wish for the years of training"),
        "file": _("File"),
    },
    values={
        "state": {str(v): label for v, label in AdmissionState.choices},
        "route": {str(v): label for v, label in Route.choices},
        "degree_type": {str(v): label for v, label in DegreeType.choices},
        "path_wish": {str(v): label for v, label in PathWish.choices},
    },
)
register_fields(
    "programmes.cohort",
    {"year": _("Year"), "name_zh": _("Name in Chinese"), "name_en": _("Name in English")},
)
access.register("programmes.student", access.by_permission("programmes.view_student"))
access.register("programmes.cohort", access.by_permission("programmes.manage_cohort"))


def _why_not_read(actor: Person, file: StoredFile) -> str | None:
    student = Student.objects.filter(person_id=file.owner_id).select_related("unit").first()
    if student is None:
        return str(_("Only the student who attached this file may read it."))
    return why_not(actor, "programmes.view_profile", student)


files.register(ATTACHMENT, _why_not_read)
