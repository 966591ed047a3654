"""The empty database of the tests: migrated once in a run, then copied."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.db import connection


class Migrated:
    """
    What one process of a test run migrated, for the others; alone, a process keeps nothing.

    Parameters
    ----------
    folder
        Shared by the processes of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        self.path = folder / "migrated"
        self.mine = False
        self.lock: IO[str] | None = None

    @contextmanager
    def begun(self, blocker: Any) -> Iterator[None]:
        """Copy what is there when the database is made; else let the others wait for it."""
        if not self.worker:
            yield
            return
        self._hold()
        if self.path.exists():
            connection.settings_dict["TEST"]["TEMPLATE"] = self.path.read_text(encoding="utf-8")
            self._let_go()
        try:
            yield
        finally:
            if self.mine:
                self._hold()
                self.path.unlink()
                with blocker.unblock():
                    self._run(f'DROP DATABASE "{self._name()}"')
            self._let_go()

    def made(self) -> None:
        """The database stands: keep a copy of it, unless it is one."""
        if self.lock is None:
            return
        connection.close()
        self._run(f'DROP DATABASE IF EXISTS "{self._name()}"')
        self._run(f'CREATE DATABASE "{self._name()}" TEMPLATE "{connection.settings_dict["NAME"]}"')
        self.path.write_text(self._name(), encoding="utf-8")
        self.mine = True
        self._let_go()

    def _name(self) -> str:
        return f"{connection.settings_dict['TEST']['NAME'].removesuffix(self.worker)}migrated"

    def _run(self, sql: str) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(sql)

    def _hold(self) -> None:
        self.lock = self.path.with_suffix(".lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def _let_go(self) -> None:
        if self.lock is not None:
            self.lock.close()
            self.lock = None
