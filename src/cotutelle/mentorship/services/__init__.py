"""Writes about mentors, their quota and their pairs: one topic a file."""

from cotutelle.mentorship.services.changes import (
    answer_as_present,
    answer_as_receiving,
    ask_change,
    decide_change,
    withdraw_change,
)
from cotutelle.mentorship.services.mentors import (
    appoint_mentor,
    edit_appointment,
    edit_profile,
    edit_team,
    form_team,
)
from cotutelle.mentorship.services.publications import (
    add_publications,
    preview_publications,
    remove_publications,
)
from cotutelle.mentorship.services.quota import grant_places, reduce_places
from cotutelle.mentorship.services.reviews import (
    close_window,
    open_window,
    remove_cap,
    review_mentors,
    set_cap,
)

__all__ = [
    "add_publications",
    "answer_as_present",
    "answer_as_receiving",
    "appoint_mentor",
    "ask_change",
    "close_window",
    "decide_change",
    "edit_appointment",
    "edit_profile",
    "edit_team",
    "form_team",
    "grant_places",
    "open_window",
    "preview_publications",
    "reduce_places",
    "remove_cap",
    "remove_publications",
    "review_mentors",
    "set_cap",
    "withdraw_change",
]
