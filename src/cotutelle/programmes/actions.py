"""How the history of students and cohorts is read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import why_not
from cotutelle.files import access as files
from cotutelle.files.models import StoredFile
from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields
from cotutelle.people.models import Person
from cotutelle.programmes.enums import (
    AdmissionState,
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    LeaveState,
    MilestoneKind,
    PathWish,
    Route,
    TemplateKind,
    TemplateState,
)
from cotutelle.programmes.models import Enrolment, Leave, Student
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.programmes.queries.leave import EVIDENCE, reads_reason
from cotutelle.programmes.services.enrolments import AGREEMENT

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
        "programmes.template.drafted": _("Programme drafted"),
        "programmes.template.changed": _("Draft of the programme changed"),
        "programmes.template.put_in_force": _("Programme put in force"),
        "programmes.template.retired": _("Programme taken out of force"),
        "programmes.enrolment.assigned": _("Put on a programme"),
        "programmes.enrolment.pre_entry_granted": _("Half-year before enrolment granted"),
        "programmes.enrolment.enrolled": _("Enrolled"),
        "programmes.enrolment.moved": _("Enrolment changed"),
        "programmes.enrolment.milestone": _("Milestone noted"),
        "programmes.enrolment.certificate": _("Certificate entered"),
        "programmes.enrolment.track_asked": _("Asked to choose a track"),
        "programmes.enrolment.track_chosen": _("Track chosen"),
        "programmes.enrolment.track_followed": _("Plans follow the track"),
        "programmes.enrolment.extended": _("End of training moved because of leave"),
        "programmes.leave_rules.kept": _("Rules on leave kept"),
        "programmes.extension_rule.kept": _("Rule on extensions kept"),
        "programmes.extension_rule.dropped": _("Rule on extensions dropped"),
    }
)
register(
    {
        "programmes.leave.asked": _("Leave asked for"),
        "programmes.leave.decided_for_mentor": _("Step of a leave decided"),
        "programmes.leave.approved": _("Leave approved"),
        "programmes.leave.refused": _("Leave refused"),
        "programmes.leave.withdrawn": _("Leave withdrawn"),
        "programmes.leave.returned": _("Return reported"),
        "programmes.leave.return_confirmed": _("Return confirmed"),
    },
    is_private=True,
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
register_fields(
    "programmes.template",
    {
        "code": _("Programme code"),
        "edition": _("Edition"),
        "name_zh": _("Name in Chinese"),
        "name_en": _("Name in English"),
        "kind": _("Kind of programme"),
        "degree_type": _("Degree type"),
        "months": _("Months"),
        "routes": _("Admission routes"),
        "pre_entry_routes": _("Routes with a half-year before enrolment"),
        "needs_licence": _("Medical licence needed"),
        "needs_residency": _("Residency needed"),
        "is_example": _("Example"),
        "gates": _("Milestones"),
        "phases": _("Phases"),
        "note_zh": _("Note in Chinese"),
        "note_en": _("Note in English"),
        "state": _("State"),
    },
    values={
        "state": {str(v): label for v, label in TemplateState.choices},
        "kind": {str(v): label for v, label in TemplateKind.choices},
        "degree_type": {str(v): label for v, label in DegreeType.choices},
    },
)
register_fields(
    "programmes.enrolment",
    {
        "template": _("Programme"),
        "edition": _("Edition"),
        "starts_on": _("First day"),
        "ends_on": _("Last day"),
        "pre_entry_on": _("First day before enrolment"),
        "insured_until": _("Insured until"),
        "number": _("Student number"),
        "candidate_number": _("Candidate number"),
        "state": _("State"),
        "reason": _("Reason"),
        "milestone": _("Milestone"),
        "done_on": _("Reached on"),
        "certificate": _("Which certificate"),
        "attainment": _("State of the certificate"),
        "held_on": _("Held since"),
        "awaited_until": _("Awaited until"),
        "due_on": _("Due by"),
        "track": _("Degree track"),
        "extended_days": _("Days of extension"),
    },
    values={
        "state": {str(v): label for v, label in EnrolmentState.choices},
        "milestone": {str(v): label for v, label in MilestoneKind.choices},
        "certificate": {str(v): label for v, label in AttainmentKind.choices},
        "attainment": {str(v): label for v, label in AttainmentState.choices},
        "track": {str(v): label for v, label in DegreeType.choices},
    },
)
register_fields(
    "programmes.leave",
    {
        "state": _("State"),
        "starts_on": _("First day"),
        "ends_on": _("Last day"),
        "returned_on": _("First day back"),
    },
    values={"state": {str(v): label for v, label in LeaveState.choices}},
)
access.register("programmes.template", access.by_permission("programmes.view_templates"))
access.register("programmes.enrolment", access.by_permission("programmes.view_enrolment"))
access.register("programmes.leave", access.by_permission("programmes.view_leave"))
access.register("programmes.student", access.by_permission("programmes.view_student"))
access.register("programmes.cohort", access.by_permission("programmes.manage_cohort"))


def _may_read_record(actor: Person, person: Person) -> bool:
    """The student's mentors and the graduate school follow what the log holds of a student."""
    student = Student.objects.filter(person=person).select_related("unit").first()
    return student is not None and why_not(actor, "programmes.view_record", student) is None


access.register_trace_reader(_may_read_record)


def _why_not_read(actor: Person, file: StoredFile) -> str | None:
    student = Student.objects.filter(person_id=file.owner_id).select_related("unit").first()
    if student is None:
        return str(_("Only the student who attached this file may read it."))
    return why_not(actor, "programmes.view_profile", student)


files.register(ATTACHMENT, _why_not_read)


def _why_not_read_agreement(actor: Person, file: StoredFile) -> str | None:
    enrolment = Enrolment.objects.filter(bachelor_agreement=file).select_related("student").first()
    if enrolment is None:
        return str(_("Only the student and the offices of their unit read this agreement."))
    return why_not(actor, "programmes.view_enrolment", enrolment)


def _why_not_read_evidence(actor: Person, file: StoredFile) -> str | None:
    leave = Leave.objects.filter(evidence=file).select_related("enrolment__student").first()
    if leave is not None and reads_reason(actor, leave):
        return None
    return str(_("Only the student and those who decide this leave read its papers."))


files.register(AGREEMENT, _why_not_read_agreement)
files.register(EVIDENCE, _why_not_read_evidence)
