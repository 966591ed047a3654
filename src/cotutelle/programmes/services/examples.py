"""The programmes shipped with the product: examples, to be confirmed by the school."""

from __future__ import annotations

from django.db import transaction

from cotutelle.core.access import check
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, MilestoneKind, PhaseKind, Route, TemplateKind
from cotutelle.programmes.models import Template
from cotutelle.programmes.services.templates import (
    PhaseData,
    RouteData,
    TemplateData,
    create_template,
)

_NOTE_ZH = "示例，须经学校确认：年限、阶段与节点请按本校培养方案修改后再生效。"
_NOTE_EN = (
    "Example, to be confirmed by the school: set lengths, phases and milestones as its own "
    "curriculum says before putting it in force."
)
_CLINICAL_GATES = {
    MilestoneKind.PROPOSAL.value: 12,
    MilestoneKind.LICENCE_EXAM.value: 14,
    MilestoneKind.MIDTERM.value: 18,
    MilestoneKind.RESIDENCY_EXAM.value: 33,
    MilestoneKind.DEFENCE.value: 34,
}
_ACADEMIC_GATES = {
    MilestoneKind.PROPOSAL.value: 12,
    MilestoneKind.MIDTERM.value: 18,
    MilestoneKind.DEFENCE.value: 34,
}


def _phase(kind: PhaseKind, start: int, months: int, *, clinical: bool = False) -> PhaseData:
    return PhaseData(kind.value, start, months, has_clinical_authority=clinical)


_HALF_YEAR = PhaseData(
    PhaseKind.PRE_ENTRY.value, -6, 6, "提前进组", "Half-year in the mentor's group",
    needs_agreement=True, needs_insurance=True,
)  # fmt: skip
_CLINICAL = (
    _phase(PhaseKind.COURSES, 0, 3),
    _phase(PhaseKind.ROTATION, 0, 33, clinical=True),
    _phase(PhaseKind.THESIS, 33, 3),
)


def _example(code: str, kind: TemplateKind, zh: str, en: str, **more: object) -> TemplateData:
    values: dict[str, object] = {
        "degree_type": DegreeType.PROFESSIONAL.value,
        "months": 36,
        "is_example": True,
        "note_zh": _NOTE_ZH,
        "note_en": _NOTE_EN,
    }
    return TemplateData(code=code, kind=kind.value, name_zh=zh, name_en=en, **(values | more))  # type: ignore[arg-type]


EXAMPLES: tuple[TemplateData, ...] = (
    _example(
        "CM53", TemplateKind.FIVE_THREE,
        "临床医学专业学位“5+3”培养方案", "Clinical medicine 5+3",
        routes={r: RouteData() for r in ("recommended", "unified_exam", "five_plus_three")},
        gates=_CLINICAL_GATES, phases=_CLINICAL,
    ),
    _example(
        "CM4535", TemplateKind.FOUR_HALF,
        "临床医学专业学位“4.5+3.5”培养方案", "Clinical medicine 4.5+3.5",
        routes={
            Route.RECOMMENDED.value: RouteData(9, 3),
            Route.FIVE_PLUS_THREE.value: RouteData(9, 3),
            Route.UNIFIED_EXAM.value: RouteData(),
        },
        gates=_CLINICAL_GATES, phases=(_HALF_YEAR, *_CLINICAL),
    ),
    _example(
        "MT", TemplateKind.TECHNOLOGY, "医学技术（影像）培养方案", "Medical technology (imaging)",
        needs_licence=False, needs_residency=False,
        routes={r: RouteData() for r in ("recommended", "unified_exam")},
        gates=_ACADEMIC_GATES,
        phases=(
            _phase(PhaseKind.COURSES, 0, 10),
            PhaseData(PhaseKind.PRACTICE.value, 10, 8, "企业实践（合作单位）",
                      "Enterprise practice at a partner", needs_agreement=True,
                      needs_insurance=True),
            _phase(PhaseKind.RESEARCH, 18, 15),
            _phase(PhaseKind.THESIS, 33, 3),
        ),
    ),
    _example(
        "CMH", TemplateKind.OTHER,
        "临床医学学术学位（合作单位联合培养）培养方案", "Clinical research with a hosted year",
        degree_type=DegreeType.ACADEMIC.value, needs_licence=False, needs_residency=False,
        routes={r: RouteData() for r in ("recommended", "unified_exam")},
        gates=_ACADEMIC_GATES,
        phases=(
            _phase(PhaseKind.COURSES, 0, 12),
            PhaseData(PhaseKind.HOSTED.value, 12, 12, "合作单位联合培养",
                      "Year at a partner institution", needs_agreement=True,
                      needs_insurance=True),
            _phase(PhaseKind.RESEARCH, 24, 9),
            _phase(PhaseKind.THESIS, 33, 3),
        ),
    ),
)  # fmt: skip


@transaction.atomic
def install_examples(unit: Unit, *, actor: Person) -> list[Template]:
    """Draft the shipped examples under ``unit``; codes it has already are left alone."""
    check(actor, "programmes.manage_template", unit)
    known = set(Template.objects.filter(unit=unit).values_list("code", flat=True))
    return [create_template(unit, data, actor=actor) for data in EXAMPLES if data.code not in known]
