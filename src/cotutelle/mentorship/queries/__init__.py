"""Reading mentors, accounts and requests: one topic a file."""

from cotutelle.mentorship.queries.accounts import (
    accounts_visible_to,
    cap_of,
    caps_visible_to,
    eligibility_of,
    lines_of,
    review_rows,
)
from cotutelle.mentorship.queries.changes import (
    changes_visible_to,
    open_window_for,
    pair_to_change,
    receiving_mentors,
    windows_visible_to,
)
from cotutelle.mentorship.queries.mentors import (
    mentor_of,
    mentors_staffed_by,
    mentors_visible_to,
    names_of_mentors,
    pairs_of,
    search_mentors,
    supervisors_of,
    teams_visible_to,
)

__all__ = [
    "accounts_visible_to",
    "cap_of",
    "caps_visible_to",
    "changes_visible_to",
    "eligibility_of",
    "lines_of",
    "mentor_of",
    "mentors_staffed_by",
    "mentors_visible_to",
    "names_of_mentors",
    "open_window_for",
    "pair_to_change",
    "pairs_of",
    "receiving_mentors",
    "review_rows",
    "search_mentors",
    "supervisors_of",
    "teams_visible_to",
    "windows_visible_to",
]
