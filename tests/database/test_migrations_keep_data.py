"""An installation of the last landing is brought to this one with its data in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from cotutelle.core.clock import now
from cotutelle.ledger.models import Entry, Pending
from cotutelle.mentorship.enums import PairRole
from cotutelle.mentorship.models import Mentorship, Pair
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import PlacementSource, PlacementState, RoundState
from cotutelle.selection.models import AffinityScore, Placement
from tests.factories.mentorship import make_mentor
from tests.factories.programmes import StudentFactory
from tests.factories.selection import make_list, make_offer, make_round

LANDED = Path(__file__).parents[1] / "data" / "landed_migrations.json"


def test_every_room_is_listed_with_a_migration_it_has() -> None:
    landed = json.loads(LANDED.read_text())
    known = MigrationLoader(None).disk_migrations
    with_migrations = {app for app, _name in known if _is_ours(app)}
    assert set(landed) == with_migrations
    assert all((app, name) in known for app, name in landed.items() if name)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_data_of_the_last_landing_survive_the_way_up() -> None:
    landed = json.loads(LANDED.read_text())
    _a_season_with_a_confirmed_pair()
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        _migrate([(app, name) for app, name in landed.items()])
        before = _everything()
    finally:
        _migrate(newest)
    after = _everything()
    assert sum(len(rows) for rows in before.values()) > 10
    for table, rows in before.items():
        kept = [
            {name: row[name] for name in old}
            for row, old in zip(after[table][: len(rows)], rows, strict=True)
        ]
        assert kept == rows, table
    pair, made = Pair.objects.order_by("id")
    assert pair.student == Placement.objects.get().participant.student
    assert (made.first.role, made.second.role) == (PairRole.FIRST, PairRole.SECOND)
    waiting = Pending.objects.order_by("entry_id").values_list("entry_id", flat=True)
    decided = Entry.objects.filter(decision=True).order_by("id").values_list("id", flat=True)
    assert list(waiting) == list(decided)
    assert waiting


def _a_season_with_a_confirmed_pair() -> None:
    round_ = make_round(RoundState.CONFIRMED)
    mentor = make_mentor(unit=round_.unit)
    offer = make_offer(round_, mentor=mentor)
    participant = make_list(round_, [offer])
    Placement.objects.create(
        round=round_,
        participant=participant,
        offer=offer,
        source=PlacementSource.RUN,
        state=PlacementState.CONFIRMED,
    )
    Entry.objects.create(
        subject_type="selection.round",
        subject_id=round_.pk,
        action="selection.round.confirmed",
        decision=True,
        at=now(),
    )
    first, second = _two_mentors(participant.student)
    Pair.objects.create(
        student=participant.student, first=first, second=second, starts_on=now().date()
    )
    _two_mentors(StudentFactory.create(cohort=participant.student.cohort))
    AffinityScore.objects.create(
        participant=participant,
        offer=offer,
        score=0.5,
        rank=1,
        above=90,
        compared=10,
        model_version="tfidf-1",
        computed_at=now(),
    )


def _two_mentors(student: Student) -> tuple[Mentorship, Mentorship]:
    """Give a student two mentors; that alone is no pair yet."""
    first, second = (
        Mentorship.objects.create(
            student=student,
            mentor=make_mentor(unit=student.unit),
            role=role,
            is_first_responsible=role == PairRole.FIRST,
            starts_on=now().date(),
        )
        for role in (PairRole.FIRST, PairRole.SECOND)
    )
    return first, second


def _migrate(targets: Any) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)


def _is_ours(app: str) -> bool:
    return app in {c.label for c in apps.get_app_configs() if c.name.startswith("cotutelle.")}


def _everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of our tables as they are in the database now, by table and key."""
    found = {}
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            if _is_ours(table.split("_")[0]):
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608  our own names
                names = [column.name for column in cursor.description]
                found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found
