"""Reading cohorts, students, programmes and leave."""

from cotutelle.programmes.queries.students import (
    ATTACHMENT,
    attachments_of,
    cohorts_visible_to,
    score_paths,
    sees_scores,
    staff_list,
    student_of,
    students_visible_to,
    units_of,
    visible_to,
)

__all__ = [
    "ATTACHMENT",
    "attachments_of",
    "cohorts_visible_to",
    "score_paths",
    "sees_scores",
    "staff_list",
    "student_of",
    "students_visible_to",
    "units_of",
    "visible_to",
]
