"""What contradicts itself in a curriculum, against cases made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cotutelle.rotations.queries.setup_faults import (
    BlockLine,
    Content,
    GroupLine,
    OrderLine,
    faults_of,
    totals_of,
)
from cotutelle.rotations.services.setup_curricula import EXAMPLES, _content
from cotutelle.rotations.services.setup_departments import usual_departments

SOUND = Content(
    months=9,
    blocks=(
        BlockLine("A", "CARD", 3),
        BlockLine("B", "ICU", 4, part_months=2, earliest=3),
        BlockLine("E1", "NEUR", 2, group="EL"),
        BlockLine("E2", "ONC", 2, group="EL"),
    ),
    groups=(GroupLine("EL", "选修"),),
    orders=(OrderLine("A", "B"),),
)


def codes(content: Content, **more: frozenset[str]) -> list[str]:
    return [fault.code for fault in faults_of(content, **more)]


def test_a_sound_curriculum_has_no_faults_and_adds_up() -> None:
    assert codes(SOUND) == []
    totals = totals_of(SOUND)
    assert (totals.mandatory, totals.electives_least, totals.electives_most) == (7, 2, 2)
    assert totals.fits


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"months": 10}, ["total"]),
        ({"blocks": ()}, ["empty", "group"]),
        ({"groups": (GroupLine("EL", "选修", choose=3),)}, ["total", "group"]),
        ({"orders": (OrderLine("A", "B"), OrderLine("B", "A"))}, ["circle"]),
        ({"orders": (OrderLine("A", "E1"), OrderLine("E1", "B"), OrderLine("B", "A"))}, ["circle"]),
    ],
)
def test_each_contradiction_is_named(changed: dict[str, object], expected: list[str]) -> None:
    content = replace(SOUND, **changed)
    if not content.blocks:
        content = replace(content, orders=())
    assert codes(content) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (BlockLine("A", "CARD", 3, latest=1), ["window"]),
        (BlockLine("A", "CARD", 3, latest=12), ["window_end"]),
        (BlockLine("A", "CARD", 3, part_months=3), ["parts"]),
        (BlockLine("A", "CARD", 3, earliest=5), ["order"]),
    ],
)
def test_windows_parts_and_orders_are_checked(block: BlockLine, expected: list[str]) -> None:
    assert codes(replace(SOUND, blocks=(block, *SOUND.blocks[1:]))) == expected


def test_electives_of_different_length_are_a_fault() -> None:
    longer = replace(SOUND, blocks=(*SOUND.blocks[:3], BlockLine("E2", "ONC", 3, group="EL")))
    assert codes(longer) == ["total"]
    assert (totals_of(longer).least, totals_of(longer).most) == (9, 10)


def test_departments_without_an_open_ward_are_named() -> None:
    found = faults_of(SOUND, accredited=frozenset({"CARD", "ICU", "NEUR"}))
    assert [f.code for f in found] == ["ward"]
    assert "ONC" in found[0].message


def test_the_shipped_examples_are_sound_with_33_months_and_3_of_research() -> None:
    known = {d.code for d in usual_departments()}
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    assert {e["name_zh"] for e in examples} >= {"内科", "外科", "儿科", "放射科"}
    for one in examples:
        content = _content(one)
        assert faults_of(content, accredited=frozenset(known)) == []
        research = sum(b.months for b in content.blocks if b.department == "RES")
        assert (totals_of(content).least - research, research) == (33, 3)
