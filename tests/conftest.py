"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cotutelle.database.testing import shared_server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Run PostgreSQL while tests need it; tests without a database never start it."""
    if os.environ.get("COTUTELLE_DATABASE_URL"):
        yield
        return
    with shared_server().lease():
        yield
