"""What stands in the left bar and on the phone's bottom bar, by role. At most seven entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cotutelle.people.enums import Role


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    key: str
    icon: str
    label: str | Promise
    url_name: str


HOME = Place("home", "home", _("Home"), "web:home")
ROUNDS = Place("selection", "arrows-exchange", _("Selection"), "selection:rounds")
FIND = Place("selection", "arrows-exchange", _("My choices"), "selection:find")
RESULT = Place("result", "clipboard-check", _("My result"), "selection:result")
APPLICANTS = Place("selection", "arrows-exchange", _("Applicants"), "selection:applicants-home")
MY_OFFERS = Place("offers", "list-details", _("My offers"), "selection:my-offers")
MY_STUDENTS = Place("my-students", "school", _("My students"), "selection:my-students")
MENTORS = Place("mentors", "users", _("Mentors"), "mentorship:mentors")
STUDENTS = Place("students", "school", _("Students"), "programmes:students")
PEOPLE = Place("people", "address-book", _("People"), "people:people")
UNITS = Place("units", "building-hospital", _("Units"), "institutions:units")
DOCUMENTS = Place("documents", "files", _("Documents"), "documents:documents")
BOARD = Place("tasks", "list-check", _("Who owes what"), "workflow:board")
AGREEMENTS = Place("agreements", "file-certificate", _("Agreements"), "agreements:agreements")
TASKS = Place("tasks", "list-check", _("My tasks"), "workflow:tasks")
IMPORT = Place("import", "file-spreadsheet", _("Import"), "exchange:home")
HISTORY = Place("history", "history", _("History"), "ledger:entries")
MY_MENTOR_PROFILE = Place("profile", "id-badge-2", _("My mentor profile"), "mentorship:my-profile")
MY_STUDENT_PROFILE = Place("profile", "id-badge-2", _("My profile"), "programmes:my-profile")
ROTATIONS = Place("rotations", "calendar-event", _("Rotations"), "rotations:cycles")
WARDS = Place("rotations", "calendar-event", _("Rotations"), "rotations:wards")
MY_PLAN = Place("rotations", "calendar-event", _("My plan"), "rotations:my-plan")
STUDENTS_PLANS = Place("rotations", "calendar-event", _("Rotations"), "rotations:students-plans")
CHANGES = Place("changes", "switch-horizontal", _("Mentor changes"), "mentorship:changes")
CERTIFICATES = Place("certificates", "certificate", _("Certificates"), "credentials:credentials")
AWARDS = Place("certificates", "certificate", _("Certificates"), "credentials:awards")
MY_CERTIFICATES = Place(
    "certificates", "certificate", _("My certificates"), "credentials:my-certificates"
)
MY_RECORD = Place("record", "timeline", _("My record"), "log:mine")
KEYS = Place("keys", "key", _("Keys of institutions"), "credentials:keys")
LOG = Place("log", "timeline", _("The log"), "log:status")
ISSUED = Place("issued", "timeline", _("Entries in our name"), "log:issued")

OFFICE = (HOME, ROUNDS, ROTATIONS, STUDENTS, MENTORS, CERTIFICATES, BOARD)
WARD_OFFICE = (HOME, ROUNDS, ROTATIONS, STUDENTS, MENTORS, AWARDS, BOARD)
OFFICES = frozenset(
    {
        Role.GRADUATE_OFFICER,
        Role.DEPARTMENT_SECRETARY,
        Role.BASE_SECRETARY,
        Role.RESIDENCY_OFFICE,
    }
)
READER = (HOME, ROUNDS, ROTATIONS, MENTORS, STUDENTS, UNITS, DOCUMENTS)
PLACES: dict[Role, tuple[Place, ...]] = {
    Role.GRADUATE_OFFICER: OFFICE,
    Role.DEPARTMENT_SECRETARY: OFFICE,
    Role.PARTNER_OFFICER: (HOME, ROUNDS, AGREEMENTS, WARDS, MENTORS, STUDENTS, CERTIFICATES),
    Role.BASE_SECRETARY: WARD_OFFICE,
    Role.RESIDENCY_OFFICE: OFFICE,
    Role.SYSTEM_ADMINISTRATOR: (HOME, PEOPLE, UNITS, IMPORT, BOARD, HISTORY, LOG),
    Role.MENTOR: (
        HOME,
        APPLICANTS,
        MY_STUDENTS,
        STUDENTS_PLANS,
        AWARDS,
        MY_MENTOR_PROFILE,
        TASKS,
    ),
    Role.STUDENT: (HOME, MY_PLAN, FIND, RESULT, MY_RECORD, MY_CERTIFICATES, MY_STUDENT_PROFILE),
    Role.DISCIPLINE_LEAD: READER,
    Role.STUDENT_ADVISER: (HOME, STUDENTS, ROUNDS, TASKS),
    Role.INSPECTOR: (HOME, ROUNDS, ROTATIONS, HISTORY, LOG, DOCUMENTS),
    Role.LEADER: READER,
    Role.BEDSIDE_TEACHER: (HOME, WARDS, TASKS),
    Role.COUNSELLOR: (HOME, TASKS),
}
# What the bar has no room for; the home page leads there.
ALSO: dict[Role, tuple[Place, ...]] = {
    Role.GRADUATE_OFFICER: (IMPORT, LOG, ISSUED),
    Role.DEPARTMENT_SECRETARY: (IMPORT,),
    Role.BASE_SECRETARY: (IMPORT,),
    Role.RESIDENCY_OFFICE: (IMPORT,),
    Role.PARTNER_OFFICER: (IMPORT, ISSUED),
    Role.SYSTEM_ADMINISTRATOR: (DOCUMENTS, KEYS, ISSUED),
    Role.INSPECTOR: (ISSUED,),
    Role.MENTOR: (MY_OFFERS,),
    Role.STUDENT: (MENTORS, CHANGES),
}
# Whoever holds several roles sees the bar of the first that stands here.
PRECEDENCE = tuple(PLACES)


def leading_role(roles: Iterable[Role]) -> Role | None:
    """Return the role whose bar and home page a person sees."""
    held = frozenset(roles)
    return next((role for role in PRECEDENCE if role in held), None)


def places_of(roles: Iterable[Role]) -> tuple[Place, ...]:
    """Return the entries of the bar: those of the leading role, then of the others, up to seven."""
    held = frozenset(roles)
    places = [p for role in PRECEDENCE if role in held for p in PLACES[role]]
    unique = {p.key: p for p in reversed(places)}
    ordered = list(dict.fromkeys(p.key for p in places))
    return tuple(unique[key] for key in ordered)[:7] or (HOME,)


def also_of(roles: Iterable[Role]) -> tuple[Place, ...]:
    """Return the places that belong to ``roles`` and do not stand in their bar."""
    held = frozenset(roles)
    shown = {place.url_name for place in places_of(held)}
    found = [place for role in PRECEDENCE if role in held for place in ALSO.get(role, ())]
    return tuple(dict.fromkeys(place for place in found if place.url_name not in shown))


def address(place: Place) -> str:
    """Return where an entry leads."""
    return reverse(place.url_name)
