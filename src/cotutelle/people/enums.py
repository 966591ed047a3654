"""Roles and how long they last."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody may be, on a unit and for a period."""

    SYSTEM_ADMINISTRATOR = "system_administrator", _("System administrator")
    GRADUATE_OFFICER = "graduate_officer", _("Graduate-school officer")
    DEPARTMENT_SECRETARY = "department_secretary", _("Department secretary")
    DISCIPLINE_LEAD = "discipline_lead", _("Discipline lead")
    RESIDENCY_OFFICE = "residency_office", _("Residency office")
    BASE_SECRETARY = "base_secretary", _("Training-base secretary")
    MENTOR = "mentor", _("Mentor")
    BEDSIDE_TEACHER = "bedside_teacher", _("Bedside teacher")
    STUDENT = "student", _("Student")
    STUDENT_ADVISER = "student_adviser", _("Student adviser")
    PARTNER_OFFICER = "partner_officer", _("Partner officer")
    COUNSELLOR = "counsellor", _("Psychological counsellor")
    INSPECTOR = "inspector", _("Inspector")
    LEADER = "leader", _("Leader (read only)")


# Roles that act for an institution: a setting makes a second factor required for them.
STAFF_ROLES = frozenset(
    {
        Role.SYSTEM_ADMINISTRATOR,
        Role.GRADUATE_OFFICER,
        Role.DEPARTMENT_SECRETARY,
        Role.DISCIPLINE_LEAD,
        Role.RESIDENCY_OFFICE,
        Role.BASE_SECRETARY,
        Role.STUDENT_ADVISER,
        Role.PARTNER_OFFICER,
        Role.COUNSELLOR,
        Role.INSPECTOR,
        Role.LEADER,
    }
)

# Nobody is both: the adviser must never hold what the counsellor hears.
EXCLUSIVE_ROLES = (Role.STUDENT_ADVISER, Role.COUNSELLOR)
