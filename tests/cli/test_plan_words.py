"""Conflicts in sentences."""

from __future__ import annotations

from cotutelle.cli._plan_words import change_sentence, core_sentences, month_words
from cotutelle.engines.rotation import Rule


def test_places_of_many_months_are_one_sentence() -> None:
    rules = [Rule("capacity", ("icu",), (), (month, month), month % 3) for month in range(9)]
    pin = Rule("pin", ("x",), ("t1",), (0, 1), 0)
    assert core_sentences([*rules, pin]) == [
        "ward 'icu' has 9 place-months in all in months 1 to 9",
        "trainee 't1': block 'x' is pinned in months 1 to 2",
    ]
    assert core_sentences(rules[1:2]) == ["ward 'icu' has 1 place in month 2"]


def test_changes_say_what_to_do() -> None:
    assert month_words(None) == ""
    change = Rule("capacity", ("icu",), (), (3, 5), 2)
    assert change_sentence(change) == "ward 'icu' takes 2 more in months 4 to 6"
