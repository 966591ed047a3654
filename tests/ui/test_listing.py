from __future__ import annotations

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.template import engines
from django.utils import translation

from cotutelle.ui import listing
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rows() -> None:
    ContentType.objects.bulk_create(
        ContentType(app_label=f"room{n % 3}", model=f"thing{n:03}") for n in range(120)
    )


def make(**params: str) -> Listing[ContentType]:
    with translation.override("en"):
        return Listing(
            params,
            ContentType.objects.filter(app_label__startswith="room"),
            sorts=[
                Sort("model", "model", ["model"]),
                Sort("-model", "model, backwards", ["-model"]),
            ],
            choices=[
                Choice("room", "Room", [("room0", "First"), ("room1", "Second")], "app_label"),
                Choice("half", "Half", [("low", "Lower")], apply=_half),
            ],
            toggles=[Toggle("zero", "Ends in zero", lambda q: q.filter(model__endswith="0"))],
            search=Search(["model", "app_label"], "Name"),
        )


def _half(rows: Any, value: str) -> Any:
    return rows.filter(model__lt="thing060")


def test_first_page_holds_fifty_rows_in_order() -> None:
    page = make()
    assert [row.model for row in page.rows] == [f"thing{n:03}" for n in range(50)]
    assert (page.total, page.pages, page.page, page.first, page.last) == (120, 3, 1, 1, 50)
    assert page.previous_url == ""
    assert page.next_url == "?page=2"


def test_last_page_is_short_and_has_no_next() -> None:
    page = make(page="3")
    assert (page.first, page.last, len(page.rows)) == (101, 120, 20)
    assert page.next_url == ""
    assert page.previous_url == "?page=2"


@pytest.mark.parametrize(("asked", "shown"), [("999", 3), ("0", 1), ("-4", 1), ("x", 1), ("²", 1)])
def test_page_that_does_not_exist_falls_back(asked: str, shown: int) -> None:
    assert make(page=asked).page == shown


def test_filters_narrow_together_and_stand_in_every_link() -> None:
    page = make(room="room1", half="low", zero="1", sort="-model")
    assert [row.model for row in page.all_rows] == ["thing040", "thing010"]
    assert page.query_string == "room=room1&half=low&zero=1&sort=-model"
    assert page.xlsx_url == "?room=room1&half=low&zero=1&sort=-model&format=xlsx"
    assert page.sort_links[0].url == "?room=room1&half=low&zero=1"
    assert page.sort_links[1].current


def test_search_needs_every_word_somewhere() -> None:
    assert [row.model for row in make(q="room2 thing00").rows] == [
        "thing002",
        "thing005",
        "thing008",
    ]
    assert make(q="room2 nothing").total == 0


def test_search_survives_a_null_byte_and_percent_signs() -> None:
    assert make(q="thing\x00").total == 120
    assert make(q="%").total == 0


def test_unknown_values_are_ignored() -> None:
    page = make(room="room9", sort="evil", zero="yes", other="1")
    assert page.total == 120
    assert page.query_string == ""


def test_chips_remove_one_filter_each() -> None:
    page = make(room="room0", q="thing")
    with translation.override("en"):
        chips = [(chip.label, chip.remove_url) for chip in page.chips]
    assert chips == [("contains “thing”", "?room=room0"), ("Room: First", "?q=thing")]
    assert [menu.label for menu in page.menus] == ["Half"]
    assert page.menus[0].options[0].url == "?q=thing&room=room0&half=low"
    assert [link.url for link in page.toggles] == ["?q=thing&room=room0&zero=1"]


def test_column_head_sorts_and_turns_round() -> None:
    assert _head(make()) == (
        '<th scope="col" class="num" aria-sort="ascending"><a href="?sort=-model">Model'
        '<i class="ti ti-arrow-up" aria-hidden="true"></i></a></th>'
    )
    assert 'aria-sort="descending"><a href="?">' in _head(make(sort="-model"))


def _head(page: Listing[ContentType]) -> str:
    source = '{% load ct %}{% sort_head page "model" "Model" "num" %}'
    return engines["django"].from_string(source).render({"page": page})


def test_search_form_carries_the_other_filters_along() -> None:
    page = make(room="room0", q="thing", sort="-model")
    assert page.hidden_inputs == [("room", "room0"), ("sort", "-model")]
    assert page.search is not None
    assert page.search.value == "thing"


def test_counting_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_BOUND", 30)
    page = make()
    with translation.override("en"):
        assert page.total_text == "more than 30"
    assert page.total == 31


def test_a_page_costs_two_queries(django_assert_num_queries: Any) -> None:
    page = make(room="room0")
    with django_assert_num_queries(2):
        assert page.rows
        assert page.total_text == "40"
        assert page.chips
        assert page.next_url == ""
