"""Cohorts and students, programme templates, enrolments, and leave."""

from cotutelle.programmes.models.cohort import Cohort, Student
from cotutelle.programmes.models.enrolment import Attainment, Enrolment, Milestone, TrackChoice
from cotutelle.programmes.models.leave import Extension, ExtensionRule, Leave, LeaveRule
from cotutelle.programmes.models.template import Phase, RouteCalendar, Template

__all__ = [
    "Attainment",
    "Cohort",
    "Enrolment",
    "Extension",
    "ExtensionRule",
    "Leave",
    "LeaveRule",
    "Milestone",
    "Phase",
    "RouteCalendar",
    "Student",
    "Template",
    "TrackChoice",
]
