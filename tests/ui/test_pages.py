from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from tests.ui.page_checks import find_faults
from tests.ui.samples import PAGES, StillListing, render_page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound_in_both_languages(name: str, language: str) -> None:
    with translation.override(language):
        html = render_page(name)
    assert find_faults(html) == []
    expected = "zh-Hans" if language == "zh-hans" or name == "500" else "en"
    assert f'<html lang="{expected}">' in html


def test_checks_of_pages_find_what_they_look_for() -> None:
    html = (
        '<h1>a</h1><h1>b</h1><p id="x" style="color:red"></p><p id="x" onclick="go()"></p>'
        '<script>1</script><input name="n"><a href="#y"><i></i></a>'
    )
    assert len(find_faults(html)) == 8


def test_page_works_without_a_person() -> None:
    html = render_page("404", person=None)
    assert "ct-bare" in html
    assert "ct-side" not in html


def test_refusal_names_the_rule_and_escapes_it() -> None:
    html = render_page("403", reason="only <b>officers</b>")
    assert "only &lt;b&gt;officers&lt;/b&gt;" in html


def test_server_error_page_needs_no_context() -> None:
    html = render_to_string("500.html")
    assert "系统出了问题" in html
    assert "on our side" in html
    assert "ui/css/error.css" in html


def test_list_without_rows_under_a_filter_offers_to_clear_it() -> None:
    class Nothing(StillListing):
        rows = []
        pages = 1

    with translation.override("en"):
        html = render_page("list", listing=Nothing())
    assert "Nothing matches these filters." in html
    assert "ct-rows" not in html


def test_finished_job_stops_asking() -> None:
    running = render_page("thing")
    job = {"id": "7", "title": "Import", "state_label": "Done", "percent": 100, "finished": True}
    done = render_page("thing", job=job)
    assert 'hx-trigger="every 2s"' in running
    assert "hx-trigger" not in done


def test_failed_verdict_does_not_look_like_a_passed_one() -> None:
    verdict = {
        "passed": False,
        "title": "Fails",
        "checks": [{"label": "x", "count": 1, "kind": "late"}],
    }
    html = render_page("thing", verdict=verdict)
    assert "verdict failed" in html
    assert "ti-shield-x" in html
    assert "ti-shield-check" not in html
