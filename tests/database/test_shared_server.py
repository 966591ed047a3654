"""The server that the tests of every room use."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.django_db
def test_tests_run_on_postgresql_with_the_trusted_extensions() -> None:
    with connection.cursor() as cursor:
        for name in ("btree_gist", "pg_trgm", "unaccent"):
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT similarity('医学影像学', '医学影像')")
        assert cursor.fetchone()[0] > 0.5
