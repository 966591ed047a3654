"""What people type about students, programmes and leave."""

from cotutelle.programmes.forms.students import (
    AdmissionForm,
    AttachmentForm,
    CohortForm,
    LateAdmissionForm,
    ProfileForm,
    StudentForm,
    UnitField,
)

__all__ = [
    "AdmissionForm",
    "AttachmentForm",
    "CohortForm",
    "LateAdmissionForm",
    "ProfileForm",
    "StudentForm",
    "UnitField",
]
