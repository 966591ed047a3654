"""A last dump before the software under the data changes."""

from __future__ import annotations

from pathlib import Path

import psycopg

from cotutelle.database import Server, dumps, upgrades


def test_data_are_kept_before_a_migration_or_another_version_and_only_then(
    server: Server, tmp_path: Path
) -> None:
    address = server.address()
    assert upgrades.dump_before_change(address, tmp_path, migrates=True) is None  # nothing to keep
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '影像' AS name")
    upgrades.remember_version(tmp_path)
    assert upgrades.dump_before_change(address, tmp_path, migrates=False) is None
    assert upgrades.dump_before_change(address, tmp_path, migrates=True) is not None
    (tmp_path / upgrades.VERSION_NAME).write_text("cotutelle 0.0.1, PostgreSQL 18.0\n")
    kept = upgrades.dump_before_change(address, tmp_path, migrates=False)
    assert kept is not None
    with psycopg.connect(server.url()) as connection:
        connection.execute("DROP TABLE kept")
    dumps.load(address, kept)
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT name FROM kept").fetchone() == ("影像",)
