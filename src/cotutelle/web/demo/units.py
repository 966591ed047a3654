"""The invented consortium: its partners, their departments and the days on which they work."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cotutelle.institutions.enums import DayKind, UnitKind
from cotutelle.institutions.models import Calendar, Unit
from cotutelle.institutions.services import create_calendar, create_unit, set_days

DEMO_MARK = "（演示数据）"


@dataclass(frozen=True, slots=True)
class Department:
    """A department with the field its mentors work in and how many of them there are."""

    parent: str
    code: str
    zh: str
    en: str
    field: str = ""
    mentors: int = 0
    kind: str = UnitKind.DEPARTMENT


INSTITUTIONS = (
    (UnitKind.UNIVERSITY, "YLMU", "云岭医科大学", "Yunling Medical University", "云医大", "Yunling"),
    (UnitKind.HOSPITAL, "YL1", "云岭医科大学第一附属医院",
     "First Affiliated Hospital of Yunling Medical University", "一附院", "First Hospital"),
    (UnitKind.HOSPITAL, "YL2", "云岭医科大学第二附属医院",
     "Second Affiliated Hospital of Yunling Medical University", "二附院", "Second Hospital"),
    (UnitKind.HOSPITAL, "BJC", "滨江中心医院", "Riverside Central Hospital", "滨江医院", "Riverside"),
    (UnitKind.UNIVERSITY, "HDUT", "海东理工大学", "Haidong University of Technology", "海东理工", "Haidong"),
    (UnitKind.ENTERPRISE, "CVI", "澄影医疗科技有限公司", "Clearview Imaging", "澄影医疗", "Clearview"),
)  # fmt: skip

DEPARTMENTS = (
    Department("YLMU", "YLMU-GS", "研究生院", "Graduate School"),
    Department("YLMU", "YLMU-CM", "临床医学院", "School of Clinical Medicine", kind=UnitKind.COLLEGE),
    Department("YLMU", "YLMU-BM", "基础医学院", "School of Basic Medicine", "basic", 3, UnitKind.COLLEGE),
    Department("YLMU", "YLMU-PH", "公共卫生学院", "School of Public Health", "public", 2, UnitKind.COLLEGE),
    Department("YLMU", "YLMU-PS", "药学院", "School of Pharmacy", "drugs", 2, UnitKind.COLLEGE),
    Department("YLMU", "YLMU-MT", "医学技术学院", "School of Medical Technology", "computing", 2,
               UnitKind.COLLEGE),
    Department("YL1", "YL1-RD", "呼吸与危重症医学科", "Respiratory and Critical Care Medicine", "lung", 3),
    Department("YL1", "YL1-CV", "心血管内科", "Cardiology", "heart", 3),
    Department("YL1", "YL1-GE", "消化内科", "Gastroenterology", "gut", 2),
    Department("YL1", "YL1-NE", "神经内科", "Neurology", "brain", 2),
    Department("YL1", "YL1-GS", "普通外科", "General Surgery", "surgery", 3),
    Department("YL1", "YL1-OR", "骨科", "Orthopaedics", "bone", 2),
    Department("YL1", "YL1-RA", "医学影像科", "Radiology", "imaging", 3),
    Department("YL1", "YL1-RO", "住培管理科", "Residency Office"),
    Department("YL2", "YL2-ON", "肿瘤科", "Oncology", "tumour", 3),
    Department("YL2", "YL2-EN", "内分泌科", "Endocrinology", "endocrine", 2),
    Department("YL2", "YL2-NP", "肾脏内科", "Nephrology", "kidney", 2),
    Department("YL2", "YL2-OG", "妇产科", "Obstetrics and Gynaecology", "women", 2),
    Department("YL2", "YL2-PD", "儿科", "Paediatrics", "children", 2),
    Department("YL2", "YL2-AN", "麻醉科", "Anaesthesiology", "anaesthesia", 2),
    Department("YL2", "YL2-HE", "血液内科", "Haematology", "blood", 1),
    Department("YL2", "YL2-IM", "内科住培基地", "Internal Medicine Training Base",
               kind=UnitKind.TRAINING_BASE),
    Department("BJC", "BJC-EM", "急诊与重症医学科", "Emergency and Critical Care", "critical", 3),
    Department("BJC", "BJC-RH", "康复医学科", "Rehabilitation", "rehab", 2),
    Department("BJC", "BJC-US", "超声医学科", "Ultrasound", "ultrasound", 2),
    Department("BJC", "BJC-CV", "心血管内科", "Cardiology", "heart", 2),
    Department("HDUT", "HDUT-BE", "生物医学工程学院", "School of Biomedical Engineering", "engineering", 3,
               UnitKind.COLLEGE),
    Department("HDUT", "HDUT-CS", "计算机学院", "School of Computer Science", "computing", 2,
               UnitKind.COLLEGE),
    Department("CVI", "CVI-AL", "算法研究部", "Algorithm Research", "computing", 2),
    Department("CVI", "CVI-CA", "临床应用部", "Clinical Applications", "imaging", 1),
)  # fmt: skip

# (first, last, 中文, English); those of 2027 are invented until the State Council names them.
HOLIDAYS = (
    ("2025-01-01", "2025-01-01", "元旦", "New Year"),
    ("2025-01-28", "2025-02-04", "春节", "Spring Festival"),
    ("2025-04-04", "2025-04-06", "清明节", "Qingming"),
    ("2025-05-01", "2025-05-05", "劳动节", "Labour Day"),
    ("2025-05-31", "2025-06-02", "端午节", "Dragon Boat Festival"),
    ("2025-10-01", "2025-10-08", "国庆节、中秋节", "National Day and Mid-Autumn"),
    ("2026-01-01", "2026-01-03", "元旦", "New Year"),
    ("2026-02-15", "2026-02-23", "春节", "Spring Festival"),
    ("2026-04-04", "2026-04-06", "清明节", "Qingming"),
    ("2026-05-01", "2026-05-05", "劳动节", "Labour Day"),
    ("2026-06-19", "2026-06-21", "端午节", "Dragon Boat Festival"),
    ("2026-09-25", "2026-09-27", "中秋节", "Mid-Autumn Festival"),
    ("2026-10-01", "2026-10-07", "国庆节", "National Day"),
    ("2027-01-01", "2027-01-03", "元旦", "New Year"),
    ("2027-02-05", "2027-02-11", "春节", "Spring Festival"),
    ("2027-04-03", "2027-04-05", "清明节", "Qingming"),
    ("2027-05-01", "2027-05-05", "劳动节", "Labour Day"),
    ("2027-06-09", "2027-06-09", "端午节", "Dragon Boat Festival"),
    ("2027-09-15", "2027-09-15", "中秋节", "Mid-Autumn Festival"),
    ("2027-10-01", "2027-10-07", "国庆节", "National Day"),
)
ADJUSTED = (
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04",
    "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10", "2027-02-14",
    "2027-02-20", "2027-05-08", "2027-09-26", "2027-10-09",
)  # fmt: skip
VACATIONS = {
    "YLMU": (
        ("2026-01-19", "2026-03-01", "寒假", "Winter vacation"),
        ("2026-07-13", "2026-08-30", "暑假", "Summer vacation"),
        ("2027-01-18", "2027-02-28", "寒假", "Winter vacation"),
        ("2027-07-12", "2027-08-29", "暑假", "Summer vacation"),
    ),
    "HDUT": (
        ("2026-01-26", "2026-03-08", "寒假", "Winter vacation"),
        ("2026-07-06", "2026-08-23", "暑假", "Summer vacation"),
        ("2027-01-25", "2027-03-07", "寒假", "Winter vacation"),
        ("2027-07-05", "2027-08-22", "暑假", "Summer vacation"),
    ),
}


def build_units() -> dict[str, Unit]:
    """Create the tree with its calendars; return the units by their codes."""
    root = create_unit(
        parent=None,
        kind=UnitKind.CONSORTIUM,
        code="YLJT",
        name_zh="云岭联合培养联合体" + DEMO_MARK,
        name_en="Yunling Joint Training Consortium (demo)",
        short_zh="云岭联合体",
        short_en="Yunling Consortium",
        time_zone="Asia/Shanghai",
        actor=None,
    )
    units = {"YLJT": root}
    for kind, code, zh, en, short_zh, short_en in INSTITUTIONS:
        units[code] = create_unit(
            parent=root, kind=kind, code=code, name_zh=zh, name_en=en, short_zh=short_zh,
            short_en=short_en, actor=None,
        )  # fmt: skip
    for one in DEPARTMENTS:
        units[one.code] = create_unit(
            parent=units[one.parent], kind=one.kind, code=one.code, name_zh=one.zh,
            name_en=one.en, actor=None,
        )  # fmt: skip
    for code in ("YLJT", "YLMU", "HDUT"):
        _fill(create_calendar(units[code], name_zh="校历", name_en="Calendar", actor=None), code)
    return {unit.code: unit for unit in Unit.objects.select_related("parent", "calendar")}


def _fill(calendar: Calendar, code: str) -> None:
    """Write vacations first: holidays and adjusted days in them win."""
    for row in VACATIONS.get(code, ()):
        _set(calendar, DayKind.VACATION, row)
    for row in HOLIDAYS:
        _set(calendar, DayKind.HOLIDAY, row)
    for day in ADJUSTED:
        _set(calendar, DayKind.WORKDAY, (day, day, "调休上班", "Adjusted working day"))


def _set(calendar: Calendar, kind: str, row: tuple[str, str, str, str]) -> None:
    first, last, zh, en = row
    set_days(
        calendar, dt.date.fromisoformat(first), dt.date.fromisoformat(last), kind,
        name_zh=zh, name_en=en, actor=None,
    )  # fmt: skip
