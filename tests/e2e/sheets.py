"""The spreadsheets with which a season begins, as a school has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

STUDENTS = [
    ["考生编号", "姓名", "英文姓名", "录取方式", "学位类型", "专业", "成绩"],
    ["109990000000001", "方晓宁", "Fang Xiaoning", "统考", "学硕", "内科学", 86.5],
    ["109990000000002", "程思远", "Cheng Siyuan", "统考", "学硕", "内科学", 84.0],
    ["109990000000003", "何雨晴", "He Yuqing", "统考", "学硕", "外科学", 81.2],
    ["109990000000004", "罗佳怡", "Luo Jiayi", "统考", "学硕", "外科学", 79.9],
]
MENTORS = [
    ["工号", "姓名", "英文姓名", "单位代码", "导师类别", "职称", "轨道", "研究方向"],
    [
        "M001",
        "邓永强",
        "Deng Yongqiang",
        "YL1-RD",
        "硕导",
        "副教授",
        "双轨",
        "肺结节影像与早期筛查",
    ],
    ["M002", "宋丽华", "Song Lihua", "YL1-CV", "硕导", "副教授", "双轨", "心力衰竭队列研究"],
    ["M003", "唐立新", "Tang Lixin", "YL2-ON", "硕导", "主治医师", "科研", "肿瘤免疫治疗耐药"],
]
OFFERS = [
    ["招生编号", "导师工号", "招生方向", "英文名称", "名额", "要求"],
    ["A01", "M001", "肺结节良恶性鉴别", "Pulmonary nodules", 1, "完成轮转"],
    ["A02", "M002", "心力衰竭队列研究", "Heart failure cohorts", 1, "能适应夜班"],
    ["A03", "M003", "肿瘤免疫治疗耐药", "Resistance to immunotherapy", 2, "有实验基础"],
]


def write_sheet(folder: Path, name: str, rows: Sequence[Sequence[object]]) -> Path:
    """Write ``rows`` to an Excel file and return its path."""
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    path = folder / f"{name}.xlsx"
    book.save(path)
    return path
