"""Writes about cohorts, students and their profiles."""

from cotutelle.programmes.services.admission import (
    StudentData,
    admit_late,
    admit_student,
    change_admission,
    change_student,
    set_score,
)
from cotutelle.programmes.services.cohorts import create_cohort, edit_cohort
from cotutelle.programmes.services.profile import attach_file, detach_file, save_profile

__all__ = [
    "StudentData",
    "admit_late",
    "admit_student",
    "attach_file",
    "change_admission",
    "change_student",
    "create_cohort",
    "detach_file",
    "edit_cohort",
    "save_profile",
    "set_score",
]
