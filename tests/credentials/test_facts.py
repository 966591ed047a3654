"""What is stated for a certificate: cleaned, or refused at its field."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind
from cotutelle.credentials.facts import clean_facts
from tests.factories.credentials import STATED


@pytest.mark.parametrize("kind", AchievementKind)
def test_what_fits_is_taken(kind: AchievementKind) -> None:
    given = STATED[kind]
    assert bool(clean_facts(kind, given)) == bool(given)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        pytest.param(AchievementKind.COURSE, "course_en", "\x00", id="nul"),
        pytest.param(AchievementKind.COURSE, "course_en", "\ud800", id="half-a-letter"),
        pytest.param(AchievementKind.COURSE, "course_zh", "字" * 301, id="long"),
        (AchievementKind.COURSE, "course_zh", ["统计"]),
        pytest.param(AchievementKind.COURSE, "credits", 10**400, id="huge"),
        (AchievementKind.COURSE, "credits", float("nan")),
        (AchievementKind.COURSE, "credits", True),
        (AchievementKind.COURSE, "credits", {}),
        (AchievementKind.GATE, "level", 2.5),
        (AchievementKind.GATE, "passedOn", "yesterday"),
        pytest.param(AchievementKind.GATE, "passedOn", 10**400, id="no-day"),
        (AchievementKind.EVALUATION, "value", 101),
    ],
)
def test_what_cannot_be_stated_is_refused_at_its_field(
    kind: AchievementKind, name: str, value: Any
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        clean_facts(kind, STATED[kind] | {name: value})

    assert (refusal.value.code, refusal.value.field) == ("award.fact", name)
