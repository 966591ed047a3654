"""What a what-if says where the market it starts from has no result to compare with."""

from __future__ import annotations

from django.utils import translation

from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.selection.views import scenario_words as words

NOW = {"size": 113, "status": "optimal"}


def test_headline_compares_only_with_a_result() -> None:
    moved = [{"student": "s"}]
    with translation.override("en"):
        alone = words.headline(
            {"before": {"size": 0, "status": "infeasible"}, "now": NOW, "moved": moved}
        )
        beside = words.headline(
            {"before": {"size": 112, "status": "stable"}, "now": NOW, "moved": moved}
        )
    assert alone == "113 students would have a place; without the changes there is no result"
    assert beside.startswith("113 instead of 112 students")


def test_work_that_ended_early_is_done() -> None:
    assert Job(state=JobState.DONE, done=0, total=3).percent == 100
    assert Job(state=JobState.RUNNING, done=0, total=3).percent == 0
