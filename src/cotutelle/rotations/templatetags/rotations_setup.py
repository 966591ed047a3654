"""``{% load rotations_setup %}``: months, windows and loads in words."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.translation import gettext as _

from cotutelle.core.i18n import is_chinese
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import CurriculumBlock
from cotutelle.rotations.months import month_text
from cotutelle.rotations.queries.setup_wards import MonthLoad

register = template.Library()
_BOARD_NAME = 18
_CLASSES = {
    DepartmentFamily.MEDICINE: "int",
    DepartmentFamily.SURGERY: "sur",
    DepartmentFamily.ACUTE: "acu",
    DepartmentFamily.TECHNOLOGY: "tec",
    DepartmentFamily.PAEDIATRICS: "ped",
    DepartmentFamily.RESEARCH: "res",
    DepartmentFamily.OTHER: "tec",
}


@register.filter
def month(value: dt.date) -> str:
    """``Nov 2026`` or ``2026年11月``."""
    return month_text(value)


@register.filter
def short(text: str) -> str:
    """``text`` as far as it fits the first column of a board; a Chinese character counts twice."""
    width = 0
    for n, character in enumerate(text):
        width += 1 if character.isascii() else 2
        if width > _BOARD_NAME:
            return f"{text[: n - 1]}…"
    return text


@register.filter
def month_short(value: dt.date) -> str:
    """``Nov`` or ``11月``."""
    return f"{value.month}月" if is_chinese() else month_text(value)[:3]


@register.filter
def family(value: str) -> str:
    """The class that colours blocks of a family of departments."""
    return _CLASSES[DepartmentFamily(value)]


@register.filter
def window(block: CurriculumBlock) -> str:
    """When a block may be done, in months of training counted from 1."""
    first, last = block.earliest + 1, block.latest
    if last is None:
        return _("from month %(n)s") % {"n": first} if block.earliest else _("any time")
    if not block.earliest:
        return _("by month %(n)s") % {"n": last + 1}
    return _("months %(first)s to %(last)s") % {"first": first, "last": last + 1}


@register.filter
def load_words(load: MonthLoad) -> str:
    """How full a ward is in a month, for the hint of its cell."""
    values = {
        "month": month_text(load.month), "ours": load.ours, "other": load.other,
        "upper": load.upper, "lower": load.lower,
    }  # fmt: skip
    if load.upper is None:
        return _("%(month)s: %(ours)s planned here, %(other)s others, no bound") % values
    return (
        _("%(month)s: %(ours)s planned here, %(other)s others, %(lower)s to %(upper)s places")
        % values
    )
