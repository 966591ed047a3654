"""
What people state about somebody before a certificate of a kind can be issued.

The paths are those of the schemas of `cotutelle.engines.credentials`, so that what is kept with a
proposal is what the certificate says; forms, spreadsheets, the interface for programs and the
pages all read this list.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.core.errors import RuleViolation
from cotutelle.core.i18n import localized
from cotutelle.credentials.enums import AchievementKind
from cotutelle.ui.dates import format_date

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

FactType = Literal["text", "integer", "decimal", "date"]
LONGEST_TEXT = 300
LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Fact:
    """
    One thing to state.

    Attributes
    ----------
    path
        Where it stands in the facts: ``("gate", "zh")``.
    low, high
        Bounds of a number, both included.
    headers
        Headers in a spreadsheet, Chinese first.
    """

    path: tuple[str, ...]
    label: StrOrPromise
    headers: tuple[str, str]
    type: FactType = "text"
    required: bool = True
    low: float | None = None
    high: float | None = None
    help: StrOrPromise = ""

    @property
    def name(self) -> str:
        """Name of the field in forms, spreadsheets and the interface: ``gate_zh``."""
        return "_".join(self.path)


def _both(name: str, zh: StrOrPromise, en: StrOrPromise, heads: tuple[str, str]) -> list[Fact]:
    """Return a text in both languages: a certificate is read in both."""
    return [
        Fact((name, "zh"), zh, (f"{heads[0]}(中文)", f"{heads[1]} in Chinese")),
        Fact((name, "en"), en, (f"{heads[0]}(英文)", f"{heads[1]} in English")),
    ]


FACTS: dict[AchievementKind, tuple[Fact, ...]] = {
    AchievementKind.GATE: (
        *_both("gate", gettext_lazy("Gate in Chinese"), gettext_lazy("Gate in English"), ("操作授权", "Gate")),
        Fact(("level",), gettext_lazy("Entrustment level"), ("置信等级", "Level"), "integer", False, 1, 9),
        Fact(("passedOn",), gettext_lazy("Passed on"), ("通过日期", "Passed on"), "date"),
    ),
    AchievementKind.ROTATION: (
        Fact(("exitAssessment",), gettext_lazy("Result of the exit assessment"), ("出科考核结果", "Exit assessment"), required=False),
    ),
    AchievementKind.COURSE: (
        *_both("course", gettext_lazy("Course in Chinese"), gettext_lazy("Course in English"), ("课程", "Course")),
        Fact(("code",), gettext_lazy("Code of the course"), ("课程代码", "Code"), required=False),
        Fact(("credits",), gettext_lazy("Credits"), ("学分", "Credits"), "decimal", low=0.1, high=200),
        Fact(("grade",), gettext_lazy("Grade"), ("成绩", "Grade"), required=False),
        Fact(("finishedOn",), gettext_lazy("Finished on"), ("修完日期", "Finished on"), "date", False),
    ),
    AchievementKind.PROJECT: (
        *_both("project", gettext_lazy("Project in Chinese"), gettext_lazy("Project in English"), ("项目", "Project")),
        *_both("stage", gettext_lazy("Stage in Chinese"), gettext_lazy("Stage in English"), ("阶段", "Stage")),
        Fact(("reachedOn",), gettext_lazy("Reached on"), ("完成日期", "Reached on"), "date"),
    ),
    AchievementKind.EVALUATION: (
        Fact(("value",), gettext_lazy("Value"), ("综合评价值", "Value"), "decimal"),
        Fact(
            ("standardError",), gettext_lazy("Standard error"), ("测量标准误", "Standard error"),
            "decimal", low=0, help=gettext_lazy("In the unit of the value; a value is not stated without it."),
        ),
        Fact(("scale", "min"), gettext_lazy("Lowest value of the scale"), ("量尺下限", "Scale from"), "decimal"),
        Fact(("scale", "max"), gettext_lazy("Highest value of the scale"), ("量尺上限", "Scale to"), "decimal"),
        Fact(("observations",), gettext_lazy("Ratings it rests on"), ("评分次数", "Ratings"), "integer", False, 1),
        Fact(("asOf",), gettext_lazy("As of"), ("截至日期", "As of"), "date", False),
    ),
    AchievementKind.FINAL: (),
    AchievementKind.GENERIC: tuple(
        _both("text", gettext_lazy("What is certified, in Chinese"), gettext_lazy("What is certified, in English"), ("内容", "Text"))
    ),
}  # fmt: skip

# How the pages call what a certificate states, in the order in which it is read.
LABELS: dict[str, StrOrPromise] = {
    "gate": gettext_lazy("Gate"),
    "level": gettext_lazy("Entrustment level"),
    "passedOn": gettext_lazy("Passed on"),
    "department": gettext_lazy("Ward"),
    "site": gettext_lazy("Hospital"),
    "course": gettext_lazy("Course"),
    "code": gettext_lazy("Code of the course"),
    "credits": gettext_lazy("Credits"),
    "grade": gettext_lazy("Grade"),
    "finishedOn": gettext_lazy("Finished on"),
    "project": gettext_lazy("Project"),
    "stage": gettext_lazy("Stage"),
    "reachedOn": gettext_lazy("Reached on"),
    "value": gettext_lazy("Value"),
    "standardError": gettext_lazy("Standard error"),
    "scale": gettext_lazy("Scale"),
    "observations": gettext_lazy("Ratings it rests on"),
    "asOf": gettext_lazy("As of"),
    "programme": gettext_lazy("Programme"),
    "from": gettext_lazy("First day"),
    "until": gettext_lazy("Last day"),
    "weeks": gettext_lazy("Weeks"),
    "exitAssessment": gettext_lazy("Result of the exit assessment"),
    "homeInstitution": gettext_lazy("Home institution"),
    "mentors": gettext_lazy("Mentors"),
    "text": gettext_lazy("What is certified"),
}


def facts_of(kind: str) -> tuple[Fact, ...]:
    """Return what people state for a certificate of ``kind``."""
    return FACTS[AchievementKind(kind)]


def clean_facts(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what was stated in the shape of the schema of ``kind``: trimmed and in bounds.

    Parameters
    ----------
    given
        By the names of the fields: ``{"gate_zh": …, "level": 3}``.

    Raises
    ------
    RuleViolation
        ``award.fact``: something is missing, of the wrong type, out of bounds or not asked for;
        its ``field`` names it.
    """
    wanted = {fact.name: fact for fact in facts_of(kind)}
    if unknown := sorted(set(given) - set(wanted)):
        raise RuleViolation(
            "award.fact",
            _("“%(name)s” is not stated in a certificate of this kind.") % {"name": unknown[0]},
            field=unknown[0],
        )
    cleaned: dict[str, Any] = {}
    for fact in wanted.values():
        value = given.get(fact.name)
        value = value.strip() if isinstance(value, str) else value
        if value is None or value == "":
            if fact.required:
                raise _wrong(fact, _("%(fact)s: this is needed."))
            continue
        inner = cleaned
        for step in fact.path[:-1]:
            inner = inner.setdefault(step, {})
        inner[fact.path[-1]] = _clean(fact, value)
    scale = cleaned.get("scale")
    if scale and not scale["min"] <= cleaned["value"] <= scale["max"]:
        raise _wrong(wanted["value"], _("%(fact)s: this lies outside of its scale."))
    return cleaned


def _clean(fact: Fact, value: Any) -> Any:
    if fact.type == "text":
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _can_be_kept(value):
            raise _wrong(fact, _("%(fact)s: a text of at most 300 characters is expected."))
        return value
    if fact.type == "date":
        return _day(fact, value).isoformat()
    return _number(fact, value)


def _can_be_kept(text: str) -> bool:
    """Return whether the database takes ``text``: no NUL, and no half of a letter."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _day(fact: Fact, value: Any) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(fact, _("%(fact)s: a day such as 2026-11-21 is expected.")) from None


def _number(fact: Fact, value: Any) -> int | float:
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise _wrong(fact, _("%(fact)s: a number is expected."))
    if fact.type == "integer" and not number.is_integer():
        raise _wrong(fact, _("%(fact)s: a whole number is expected."))
    low = -math.inf if fact.low is None else fact.low
    high = math.inf if fact.high is None else fact.high
    if not low <= number <= high:
        raise _wrong(fact, _("%(fact)s: this number is out of bounds."))
    return int(number) if number.is_integer() else number


def _wrong(fact: Fact, sentence: str) -> RuleViolation:
    return RuleViolation("award.fact", sentence % {"fact": fact.label}, field=fact.name)


def in_words(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts of a proposal or a certificate as (label, value) in the active language."""
    known = [name for name in LABELS if name in facts]
    rest = sorted(set(facts) - set(known))
    return [(str(LABELS.get(name, name)), _text(facts[name])) for name in [*known, *rest]]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, list | tuple):
        return _(", ").join(_text(one) for one in value)
    if isinstance(value, float):
        return f"{value:g}"
    try:
        return format_date(dt.date.fromisoformat(value))
    except (TypeError, ValueError):
        return str(value)


def _from_mapping(value: Mapping[str, Any]) -> str:
    """Return a text in two languages, a scale, or somebody with a name."""
    if "zh" in value:
        return localized(str(value["zh"]), str(value.get("en", "")))
    if "min" in value and "max" in value:
        return f"{_text(value['min'])}–{_text(value['max'])}"
    return _text(value.get("name", ""))
