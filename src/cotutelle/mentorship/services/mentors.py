"""Appointing mentors, their profiles, and teams of two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.services import grant_role

PROFILE_FIELDS = ("interests_zh", "interests_en", "bio_zh", "bio_en", "homepage", "discipline")
OFFICE_FIELDS = ("category", "title", "track", "retires_on", "unit", "is_archived")


@transaction.atomic
def appoint_mentor(
    person: Person, unit: Unit, *, actor: Person, other_units: Iterable[Unit] = (), **fields: Any
) -> Mentor:
    """
    Make ``person`` a mentor of ``unit``, with the role. Refuses with ``mentor.exists``.

    A mentor of two institutions is one row with ``other_units``: one account, one person.
    """
    check(actor, "mentorship.import_mentors", unit)
    try:
        with transaction.atomic():
            mentor = Mentor.objects.create(person=person, unit=unit, **fields)
    except IntegrityError as error:
        raise RuleViolation(
            "mentor.exists", _("This person is a mentor already."), field="person"
        ) from error
    mentor.other_units.set(other_units)
    if not person.grants.filter(role=Role.MENTOR).exists():
        grant_role(person, Role.MENTOR, unit, starts_on=today(), actor=None)
    record("mentorship.mentor.appointed", actor=actor, subject=mentor, after=_facts(mentor))
    return mentor


@transaction.atomic
def edit_profile(mentor: Mentor, changes: dict[str, Any], *, actor: Person) -> bool:
    """Change what a mentor says about themselves (`PROFILE_FIELDS`); tell whether anything changed."""
    check(actor, "mentorship.change_mentor", mentor)
    return _change(mentor, changes, PROFILE_FIELDS, actor)


@transaction.atomic
def edit_appointment(
    mentor: Mentor,
    changes: dict[str, Any],
    *,
    actor: Person,
    other_units: Iterable[Unit] | None = None,
) -> bool:
    """Change title, category, track, unit, retirement or archive a mentor; for the office."""
    check(actor, "mentorship.appoint_mentor", mentor)
    changed = _change(mentor, changes, OFFICE_FIELDS + PROFILE_FIELDS, actor)
    if other_units is not None:
        wanted = {u.pk for u in other_units}
        if wanted != set(mentor.other_units.values_list("pk", flat=True)):
            mentor.other_units.set(wanted)
            record("mentorship.mentor.units_changed", actor=actor, subject=mentor)
            changed = True
    return changed


@transaction.atomic
def edit_imported(mentor: Mentor, changes: dict[str, Any], *, actor: Person) -> bool:
    """Change a mentor as a spreadsheet of their unit says; tell whether anything changed."""
    check(actor, "mentorship.import_mentors", mentor)
    return _change(mentor, changes, OFFICE_FIELDS + PROFILE_FIELDS, actor)


def _change(mentor: Mentor, changes: dict[str, Any], allowed: Iterable[str], actor: Person) -> bool:
    if unknown := set(changes) - set(allowed):
        raise ValueError(f"changes: {sorted(unknown)} cannot be changed here")
    different = {n: v for n, v in changes.items() if getattr(mentor, n) != v}
    if not different:
        return False
    before = {n: _shown(getattr(mentor, n)) for n in different}
    for name, value in different.items():
        setattr(mentor, name, value)
    mentor.save(update_fields=list(different))
    record(
        "mentorship.mentor.changed", actor=actor, subject=mentor, before=before,
        after={n: _shown(v) for n, v in different.items()},
    )  # fmt: skip
    return True


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, Unit) else value


def _facts(mentor: Mentor) -> dict[str, Any]:
    return {n: _shown(getattr(mentor, n)) for n in OFFICE_FIELDS if n != "is_archived"}


@transaction.atomic
def form_team(
    first: Mentor, second: Mentor, unit: Unit, *, name_zh: str, name_en: str, actor: Person
) -> Team:
    """
    Let two mentors take students together.

    Refuses with ``team.same`` (one mentor twice), ``team.exists`` (in either order),
    ``team.archived`` (a mentor no longer takes students).
    """
    check(actor, "mentorship.manage_teams", unit)
    if first.pk == second.pk:
        raise RuleViolation("team.same", _("A team has two different mentors."), field="second")
    if first.is_archived or second.is_archived:
        raise RuleViolation(
            "team.archived", _("A mentor who is archived cannot join a team."), field="second"
        )
    message = _("These two mentors are a team already.")
    if Team.objects.filter(first=second, second=first).exists():
        raise RuleViolation("team.exists", message, field="second")
    try:
        with transaction.atomic():
            team = Team.objects.create(
                first=first, second=second, unit=unit, name_zh=name_zh, name_en=name_en
            )
    except IntegrityError as error:
        raise RuleViolation("team.exists", message, field="second") from error
    record(
        "mentorship.team.formed", actor=actor, subject=team,
        after={"first": str(first), "second": str(second)},
    )  # fmt: skip
    return team


@transaction.atomic
def edit_team(team: Team, *, name_zh: str, name_en: str, is_archived: bool, actor: Person) -> Team:
    """Rename or archive a team; its past offers stay."""
    check(actor, "mentorship.manage_teams", team)
    before = {"name_zh": team.name_zh, "name_en": team.name_en, "is_archived": team.is_archived}
    team.name_zh, team.name_en, team.is_archived = name_zh, name_en, is_archived
    team.save()
    after = {"name_zh": name_zh, "name_en": name_en, "is_archived": is_archived}
    if before != after:
        record("mentorship.team.changed", actor=actor, subject=team, before=before, after=after)
    return team
