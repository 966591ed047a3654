"""Where the demonstration's students rotate: departments, wards with their places, curricula."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from cotutelle.core.clock import at
from cotutelle.rotations.models import Department, Ward
from cotutelle.rotations.months import add_months, first_of, months_from
from cotutelle.rotations.services.setup_curricula import (
    confirm_example,
    install_examples,
    put_in_force,
)
from cotutelle.rotations.services.setup_departments import install_departments
from cotutelle.rotations.services.setup_wards import (
    Range,
    WardData,
    accredit_ward,
    create_ward,
    set_months,
    set_occupancy,
)
from cotutelle.web.demo.state import Demo

OPENED, CONFIRMED = -400, -380
OWNER = "YL1"
SPECIALTIES = ("0100", "0900", "2600")
BACK, AHEAD = 3, 12


@dataclass(frozen=True, slots=True)
class Place:
    """A ward: unit, number, names, departments, most and fewest trainees, half-days, others."""

    unit: str
    code: str
    zh: str
    en: str
    departments: str
    upper: int | None
    lower: int = 0
    half_days: int = 1
    others: int = 0


PLACES = (
    Place("YL1-RD", "RESP", "呼吸内科病区", "Respiratory ward", "RESP INF", 14, 1, 1, 3),
    Place("YL1-CV", "CARD", "心血管内科病区", "Cardiology ward", "CARD ECG", 14, 1, 1, 3),
    Place("YL1-GE", "GI", "消化内科病区", "Gastroenterology ward", "GI", 12, 1, 1, 2),
    Place("YL1-NE", "NEUR", "神经内科病区", "Neurology ward", "NEUR", 10, 0, 1, 2),
    Place("YL1-GS", "GENS", "普通外科病区", "General surgery ward", "GENS", 16, 1, 1, 3),
    Place("YL1-GS", "UROL", "泌尿外科病区", "Urology ward", "UROL", 8, 0, 1, 1),
    Place("YL1-GS", "THOR", "胸外科与心脏外科病区", "Thoracic and cardiac surgery ward", "THOR CSUR", 10, 0, 0, 2),
    Place("YL1-OR", "ORTH", "骨科病区", "Orthopaedic ward", "ORTH", 10, 0, 1, 2),
    Place("YL1-OR", "NEUS", "神经外科病区", "Neurosurgical ward", "NEUS", 8, 0, 0, 1),
    Place("YL1-RA", "RAD", "放射诊断组", "Diagnostic radiology", "RAD", 18, 1, 2, 3),
    Place("YL1-RA", "INTV", "介入与核医学组", "Interventional and nuclear medicine", "INTV NUCL", 8, 0, 1, 1),
    Place("YL1", "EMER", "急诊科", "Emergency department", "EMER", 14, 2, 0, 4),
    Place("YL1", "ICU", "重症医学科", "Intensive care unit", "ICU", 10, 1, 0, 3),
    Place("YL1", "RES", "科研保护月（一附院）", "Protected research months (First Hospital)", "RES", None, 0, 10),
    Place("YL2-ON", "ONC", "肿瘤科病区", "Oncology ward", "ONC", 10, 0, 1, 2),
    Place("YL2-EN", "ENDO", "内分泌与风湿免疫病区", "Endocrine and rheumatology ward", "ENDO RHEUM", 14, 1, 1, 3),
    Place("YL2-NP", "NEPH", "肾脏内科病区", "Nephrology ward", "NEPH", 10, 0, 1, 2),
    Place("YL2-HE", "HAEM", "血液内科病区", "Haematology ward", "HAEM", 10, 0, 1, 2),
    Place("YL2-IM", "CARD", "心血管内科病区（二附院）", "Cardiology ward (Second Hospital)", "CARD", 8, 0, 1, 2),
    Place("YL2-IM", "INF", "感染与消化病区", "Infection and digestive ward", "INF GI", 10, 0, 1, 2),
    Place("YL2-AN", "ANES", "麻醉与重症组", "Anaesthesia and critical care", "ANES ICU", 10, 0, 0, 2),
    Place("YL2", "PLAS", "整形烧伤与病理组", "Plastic surgery, burns and pathology", "PLAST BURN PATH", 8, 0, 1, 1),
    Place("YL2", "RES", "科研保护月（二附院）", "Protected research months (Second Hospital)", "RES", None, 0, 10),
    Place("BJC-EM", "EMER", "急诊与重症病区", "Emergency and critical care ward", "EMER ICU", 10, 1, 0, 3),
    Place("BJC-RH", "REHAB", "康复病区", "Rehabilitation ward", "REHAB", 8, 0, 2, 1),
    Place("BJC-US", "US", "超声诊断组", "Diagnostic ultrasound", "US", 10, 0, 1, 2),
    Place("BJC-CV", "CARD", "心血管内科病区（滨江）", "Cardiology ward (Riverside)", "CARD ECG", 8, 0, 1, 2),
)  # fmt: skip
# Wards with fewer places for some months: (hospital, code, months ahead, how many, most, why).
FEWER = (
    ("YL1", "ICU", 4, 2, 8, "设备更新（演示数据）"),
    ("YL2", "CARD", 6, 3, 6, "病区装修（演示数据）"),
)


def seed_rotation_setup(demo: Demo) -> None:
    """
    Add departments, wards with places and other trainees, and the example curricula.

    Those of internal medicine, surgery and imaging are in force; all belong to the first hospital.
    """
    with at(demo.moment(OPENED)):
        install_departments(actor=demo.staff["officer"])
        wards = [_ward(demo, place) for place in PLACES]
        _narrow(demo, wards)
    with at(demo.moment(CONFIRMED)):
        _curricula(demo)


def _ward(demo: Demo, place: Place) -> Ward:
    officer = demo.staff["officer"]
    made = create_ward(
        demo.units[place.unit],
        WardData(place.code, place.zh, place.en, place.upper, place.lower, place.half_days),
        actor=officer,
    )
    starts = dt.date(demo.year - 3, 1, 1)
    for department in Department.objects.filter(code__in=place.departments.split()):
        accredit_ward(made, department, starts_on=starts, actor=officer)
    set_occupancy(made, dict(_others(demo, place)), actor=officer)
    return made


def _others(demo: Demo, place: Place) -> Iterator[tuple[tuple[dt.date, str], int]]:
    """Spread the other trainees over kinds, a little different from month to month."""
    if not place.others:
        return
    for n, month in enumerate(months_from(add_months(demo.day, -BACK), BACK + AHEAD)):
        social = max(0, place.others - 1 - (n + len(place.code)) % 2)
        yield (month, "social"), social
        yield (month, "employed"), place.others - social
        if month.month in {3, 4, 5}:
            yield (month, "intern"), 1


def _narrow(demo: Demo, wards: list[Ward]) -> None:
    by_code = {(w.hospital.code, w.code): w for w in wards}
    for hospital, code, ahead, n, upper, why in FEWER:
        ward = by_code[hospital, code]
        months = months_from(first_of(demo.day), ahead + n)[ahead:]
        wanted = Range(upper, ward.lower, why)
        set_months(ward, dict.fromkeys(months, wanted), actor=demo.staff["officer"])


def _curricula(demo: Demo) -> None:
    officer = demo.staff["residency"]
    for curriculum in install_examples(demo.units[OWNER], actor=officer):
        if curriculum.specialty_code in SPECIALTIES:
            confirm_example(curriculum, actor=officer)
            put_in_force(curriculum, actor=officer)
