"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

import tests.patience  # noqa: F401  sets how long Chromium is waited for
from cotutelle.database.testing import shared_server
from tests.factories.databases import Migrated
from tests.factories.demo import KeptDemos

# No test is timed: on a busy machine drawing examples may be slow, and that is no fault. The
# examples are the same in every run: `--hypothesis-profile=default` looks for others.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


# Long files with few tests: begun last, one of them would run while the other core waits. The
# second needs no database, so that who begins with it finds one that the other has migrated.
FIRST = ("rules/test_access_matrix.py", "engines/rotation/", "e2e/", "crash/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, in this order; the order within a file stays."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((i for i, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any, migrated: Migrated
) -> Iterator[None]:
    """Run PostgreSQL while tests need it; tests without a database never start it."""
    server = nullcontext() if os.environ.get("COTUTELLE_DATABASE_URL") else shared_server().lease()
    with server, migrated.begun(django_db_blocker):
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    """Return the empty database that the processes of this run share."""
    return Migrated(tmp_path_factory.getbasetemp().parent)


@pytest.fixture(scope="session")
def kept_demos(tmp_path_factory: pytest.TempPathFactory) -> KeptDemos:
    """Return the demonstrations that have been made in this run; its processes share them."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    return KeptDemos(shared / "demos")


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: Any, migrated: Migrated
) -> Iterator[None]:
    """Before the database is dropped, end the sessions that threads of tests left behind."""
    with django_db_blocker.unblock():
        migrated.made()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND usename = current_user"  # those of PostgreSQL itself are not ours to end
        )
