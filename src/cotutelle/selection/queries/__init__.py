"""Reads of a season, by topic."""

from cotutelle.selection.queries.answers import Applicant, applicant_ids, applicants, applicants_of
from cotutelle.selection.queries.market import hindrance
from cotutelle.selection.queries.problem import Market, build_problem
from cotutelle.selection.queries.review import (
    Comparison,
    Difference,
    Fill,
    Review,
    Unmatched,
    compare_runs,
    review_of,
    runs_in,
)
from cotutelle.selection.queries.vacancies import free_places, unplaced
from cotutelle.selection.queries.visibility import (
    answers_visible_to,
    applications_visible_to,
    notices_visible_to,
    objections_visible_to,
    offers_visible_to,
    overrides_visible_to,
    own_answers,
    own_offers,
    participants_visible_to,
    placements_visible_to,
    rounds_visible_to,
    visible_to,
)
from cotutelle.selection.queries.why import Why, why_for_mentor, why_for_student, why_unplaced

__all__ = [
    "Applicant",
    "Comparison",
    "Difference",
    "Fill",
    "Market",
    "Review",
    "Unmatched",
    "Why",
    "answers_visible_to",
    "applicant_ids",
    "applicants",
    "applicants_of",
    "applications_visible_to",
    "build_problem",
    "compare_runs",
    "free_places",
    "hindrance",
    "notices_visible_to",
    "objections_visible_to",
    "offers_visible_to",
    "overrides_visible_to",
    "own_answers",
    "own_offers",
    "participants_visible_to",
    "placements_visible_to",
    "review_of",
    "rounds_visible_to",
    "runs_in",
    "unplaced",
    "visible_to",
    "why_for_mentor",
    "why_for_student",
    "why_unplaced",
]
