"""What the programme knows by itself of a student: a stay in a ward, the two mentors."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind
from cotutelle.institutions.queries import institution_of
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.queries.pairs import pair_of
from cotutelle.programmes.models import Enrolment, Student
from cotutelle.rotations.models import Stay

WEEK_DAYS = 7


def known_facts(kind: AchievementKind, student: Student, stay: Stay | None) -> dict[str, Any]:
    """
    Return the facts that nobody types.

    Refuses with ``award.stay`` (a rotation that is not theirs or has not ended),
    ``award.mentors`` (fewer than two) and ``award.programme`` (not on a programme).
    """
    if kind == AchievementKind.ROTATION:
        return _rotation(student, stay)
    if stay is not None:
        raise RuleViolation(
            "award.stay", _("Only a rotation certificate names a stay."), field="stay"
        )
    return _whole(student) if kind == AchievementKind.FINAL else {}


def both(thing: Any) -> dict[str, str]:
    """Return the names of ``thing`` in both languages; the other one where one is missing."""
    return {"en": thing.name_en or thing.name_zh, "zh": thing.name_zh or thing.name_en}


def _rotation(student: Student, stay: Stay | None) -> dict[str, Any]:
    if stay is None or stay.participant.student_id != student.pk:
        raise RuleViolation(
            "award.stay", _("Choose a stay of this student from the plan in force."), field="stay"
        )
    if stay.ends_on >= today():
        raise RuleViolation("award.stay", _("This stay has not ended yet."), field="stay")
    days = (stay.ends_on - stay.starts_on).days + 1
    weeks = round(days / WEEK_DAYS, 1)
    return {
        "department": both(stay.ward),
        "site": both(stay.ward.hospital),
        "from": stay.starts_on.isoformat(),
        "until": stay.ends_on.isoformat(),
        "weeks": int(weeks) if weeks.is_integer() else weeks,
    }


def _whole(student: Student) -> dict[str, Any]:
    enrolment = Enrolment.objects.filter(student=student).select_related("template").first()
    if enrolment is None:
        raise RuleViolation("award.programme", _("This student is not enrolled on a programme."))
    rows = list(
        Mentorship.objects.filter(student=student, state=PairState.ACTIVE)
        .select_related("mentor__person", "mentor__unit")
        .order_by("role", "id")
    )
    if len({row.mentor.person_id for row in rows}) < 2 or pair_of(student) is None:  # noqa: PLR2004
        raise RuleViolation(
            "award.mentors", _("A dual-mentor certificate needs two mentors of this student.")
        )
    return {
        "programme": both(enrolment.template),
        "from": enrolment.starts_on.isoformat(),
        "until": min(enrolment.ends_on, max(today(), enrolment.starts_on)).isoformat(),
        "homeInstitution": both(institution_of(student.unit)),
        "mentors": [_mentor(row) for row in rows],
    }


def _mentor(row: Mentorship) -> dict[str, Any]:
    role = {"clinical": "clinical", "research": "research"}.get(row.mentor.track)
    return {
        "name": both(row.mentor.person),
        "role": role or ("principal" if row.role == "first" else "other"),
        "institution": both(institution_of(row.mentor.unit)),
    }
