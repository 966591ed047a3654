"""The small market that the tests of the matching engine turn about."""

from __future__ import annotations

from typing import Any

from cotutelle.engines.matching import MatchingProblem, Mentor, Offer, strict


def small_market(**changes: Any) -> MatchingProblem:
    """Two topics of Wang (one place in all), one of Li; three students."""
    arguments: dict[str, Any] = {
        "student_preferences": {
            "s1": strict(["imaging", "stroke"]),
            "s2": strict(["imaging", "cohort"]),
            "s3": strict(["stroke", "imaging", "cohort"]),
        },
        "offers": {
            "imaging": Offer("wang", 1),
            "stroke": Offer("wang", 1),
            "cohort": Offer("li", 1),
        },
        "mentors": {
            "wang": Mentor(1, strict(["s3", "s2", "s1"])),
            "li": Mentor(1, [["s1", "s2", "s3"]]),
        },
    }
    return MatchingProblem(**arguments | changes)
