"""Words of the history: departments, curricula, wards."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields
from cotutelle.rotations.enums import CurriculumState, DepartmentFamily, WardState

register(
    {
        "rotations.department.created": _("Department added"),
        "rotations.department.edited": _("Department changed"),
        "rotations.curriculum.created": _("Curriculum drafted"),
        "rotations.curriculum.edited": _("Curriculum changed"),
        "rotations.curriculum.content_changed": _("Blocks of the curriculum changed"),
        "rotations.curriculum.confirmed": _("Example confirmed by the school"),
        "rotations.curriculum.in_force": _("Curriculum put in force"),
        "rotations.curriculum.retired": _("Curriculum replaced"),
        "rotations.curriculum.deleted": _("Draft of a curriculum deleted"),
        "rotations.ward.created": _("Ward added"),
        "rotations.ward.edited": _("Ward changed"),
        "rotations.ward.closed": _("Ward closed"),
        "rotations.ward.opened": _("Ward opened"),
        "rotations.ward.accredited": _("Accreditation of the ward changed"),
        "rotations.ward.months_set": _("Places of the ward changed"),
        "rotations.ward.occupancy_set": _("Other trainees of the ward entered"),
        "rotations.regional.imported": _("List of the regional platform imported"),
    }
)
_NAMES = {
    "code": pgettext_lazy("rotations", "Code"),
    "name_zh": _("Name in Chinese"),
    "name_en": _("Name in English"),
}
register_fields(
    "rotations.department",
    _NAMES | {"family": _("Family")},
    values={"family": {str(v): label for v, label in DepartmentFamily.choices}},
)
register_fields(
    "rotations.curriculum",
    _NAMES
    | {
        "specialty_code": _("Specialty"),
        "edition": _("Edition"),
        "months": _("Months"),
        "state": _("State"),
        "blocks": _("Blocks"),
        "groups": _("Elective groups"),
        "orders": _("Orders"),
    },
    values={"state": {str(v): label for v, label in CurriculumState.choices}},
)
register_fields(
    "rotations.ward",
    _NAMES
    | {
        "upper": _("Most trainees a month"),
        "lower": _("Fewest trainees a month"),
        "research_half_days": _("Research half-days a week"),
        "state": _("State"),
        "reason": _("Reason"),
        "department": pgettext_lazy("rotations", "Department"),
        "starts_on": _("From"),
        "ends_on": _("Until"),
        "months": _("Months"),
        "people": _("Trainees"),
        "note": pgettext_lazy("ward", "Note"),
    },
    values={"state": {str(v): label for v, label in WardState.choices}},
)
access.register("rotations.curriculum", access.by_permission("rotations.view_curriculum"))
access.register("rotations.ward", access.by_permission("rotations.view_ward"))
