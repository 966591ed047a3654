from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import TemplateSyntaxError, engines
from django.utils import translation

from cotutelle.ui import charts
from tests.ui.samples import RANKS, Reader, RoundForm


def render(source: str, **context: Any) -> str:
    with translation.override("en"):
        return engines["django"].from_string("{% load ct %}" + source).render(context)


def test_state_is_a_word_with_an_icon() -> None:
    html = render('{% state label="Late" kind="late" %}')
    assert "ti-alert-circle" in html
    assert re.sub("<[^>]*>", "", html) == "Late"


def test_state_takes_the_label_of_a_choice() -> None:
    class Choice:
        label = "Draft"

    assert ">Draft<" in render("{% state value %}", value=Choice()).replace("</i>", ">")


def test_unknown_state_kind_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="green"):
        render('{% state label="x" kind="green" %}')


def test_person_is_escaped_and_linked() -> None:
    html = render("{% who person role url='/p/' %}", person="<script>", role="a & b")
    assert "<script>" not in html
    assert "a &amp; b" in html
    assert html.startswith('<a class="who" href="/p/">')
    assert "林静" in render("{% who person %}", person=Reader())


def test_share_always_carries_its_n() -> None:
    assert render("{% share 61 118 %}") == "51.7% (n = 118)"
    assert render("{% share 0 0 %}") == "none (n = 0)"


def test_bar_stays_within_its_cell() -> None:
    assert 'width="100"' in render("{% bar 140 %}")
    assert 'width="0"' in render("{% bar -3 %}")


def test_relative_time_carries_the_exact_one() -> None:
    moment = dt.datetime(2020, 1, 2, 3, 4, tzinfo=dt.UTC)
    html = render("{{ moment|ct_when }}", moment=moment)
    assert 'title="2 Jan 2020, 11:04"' in html
    assert 'datetime="2020-01-02T03:04:00+00:00"' in html
    assert render("{{ moment|ct_when }}{{ moment|ct_date }}", moment=None) == ""


def test_numbers_are_grouped_and_absence_is_a_dash() -> None:
    assert (
        render(
            "{{ 4218|ct_number }} {{ none|ct_number }} {{ d|ct_number }}",
            none=None,
            d=Decimal("1234.5"),
        )
        == "4,218 – 1,234.5"
    )


def test_file_sizes() -> None:
    assert render("{% file_size 512 %} {% file_size 88064 %} {% file_size 3145728 %}") == (
        "512 B 86 KB 3.0 MB"
    )


def test_twin_holds_the_same_numbers_as_the_chart() -> None:
    twin = charts.build_twin(RANKS)
    assert twin.heads == ("Choice", "Run 4", "Run 3")
    assert twin.rows[0] == ("1", 61, 59)
    html = render('{% chart "c" data "bar" says="Most." %}', data=RANKS)
    assert html.count("<tr>") == 5
    assert "Most." in html


def test_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' has 1 values for 2"):
        charts.build_twin({"categories": [1, 2], "series": [{"name": "a", "values": [1]}]})


def test_chart_data_cannot_close_their_script() -> None:
    data = {"categories": ["</script>"], "series": [{"name": "n", "values": [1]}]}
    assert html_count(render('{% chart "c" data "bar" says="x" %}', data=data), "</script>") == 1


def html_count(html: str, text: str) -> int:
    return html.count(text)


def test_unknown_chart_kind_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="pie"):
        render('{% chart "c" data "pie" says="x" %}', data=RANKS)


def test_field_ties_help_and_error_to_its_control() -> None:
    html = render("{% field form.name %}", form=RoundForm({"name": ""}))
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described is not None
    assert set(described[1].split()) <= set(re.findall(r'id="([^"]+)"', html))
    assert 'aria-invalid="true"' in html
    assert "is-invalid" in html
    assert '<label for="id_name">' in html


def test_field_keeps_a_class_of_its_widget_and_says_optional() -> None:
    class Form(forms.Form):
        code = forms.CharField(required=False, widget=forms.TextInput(attrs={"class": "mono"}))

    html = render("{% field form.code %}", form=Form())
    assert 'class="form-control mono"' in html
    assert "(optional)" in html


def test_error_summary_links_every_faulty_field_and_shows_general_errors() -> None:
    form = RoundForm({"name": ""})
    form.add_error(None, "Dates overlap.")
    html = render("{% form_fields form %}", form=form)
    assert "Dates overlap." in html
    for target in ("id_name", "id_opens", "id_rule", "id_unit"):
        assert f'<a href="#{target}">' in html
        assert f'id="{target}"' in html


def test_hidden_fields_survive_grouping() -> None:
    assert 'name="token"' in render("{% form_fields form %}", form=RoundForm())


def test_history_marks_proxy_entries_and_shows_old_and_new() -> None:
    entry: dict[str, Any] = {"when": None, "who": "x", "text": "y", "proxy": True}
    entry["changes"] = [
        {"label": "Places", "old": 12, "new": 13},
        {"label": "Route", "old": None, "new": "exam"},
    ]
    html = render('{% include "ui/partials/_history.html" %}', entries=[entry])
    assert "By proxy" in html
    assert "<del>12</del>" in html
    assert html.count("<del>") == 1, "a first value has nothing before it"
    assert "<ins>13</ins>" in html
    empty = render('{% include "ui/partials/_history.html" %}', entries=[])
    assert "Nothing has happened yet." in empty


def test_frozen_preference_list_cannot_be_changed() -> None:
    items = [{"id": 4, "name": "Zhao", "detail": "d"}]
    source = '{% include "ui/partials/_preference_list.html" %}'
    assert 'value="up:4"' in render(source, items=items)
    frozen = render(source, items=items, frozen=True)
    assert "<button" not in frozen
    assert "<input" not in frozen


def test_messages_speak_to_screen_readers() -> None:
    messages = [{"level_tag": "error"}, {"level_tag": "success"}]
    html = render('{% include "ui/partials/_messages.html" %}', messages=messages)
    assert 'class="note late" role="alert"' in html
    assert 'class="note ok" role="status"' in html
