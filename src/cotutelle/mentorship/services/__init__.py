"""Writes about mentors, their quota and their pairs."""

from cotutelle.mentorship.services.quota import (
    account_of,
    grant_places,
    hold_for_round,
    is_suspended,
    reduce_places,
    release,
    release_holds,
    seat,
    unseat,
)

__all__ = [
    "account_of",
    "grant_places",
    "hold_for_round",
    "is_suspended",
    "reduce_places",
    "release",
    "release_holds",
    "seat",
    "unseat",
]
