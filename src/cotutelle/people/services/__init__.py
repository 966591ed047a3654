"""Changing people: one topic a file."""

from __future__ import annotations

from cotutelle.people.services.erasing import erase_person, export_person
from cotutelle.people.services.keys import (
    create_token,
    delete_view,
    remove_second_factor,
    revoke_token,
    save_view,
)
from cotutelle.people.services.persons import (
    change_own_profile,
    change_person,
    create_person,
    deactivate_people,
    reactivate_people,
)
from cotutelle.people.services.roles import end_grant, grant_role

__all__ = [
    "change_own_profile",
    "change_person",
    "create_person",
    "create_token",
    "deactivate_people",
    "delete_view",
    "end_grant",
    "erase_person",
    "export_person",
    "grant_role",
    "reactivate_people",
    "remove_second_factor",
    "revoke_token",
    "save_view",
]
