"""The demonstration, made once in a test run: whoever wants the same day again gets a copy."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction

# Beside the rows, the demonstration consists of these folders of COTUTELLE_DATA_DIR.
FOLDERS = ("files", "keys", "witnesses")
# The state of the schema is each database's own; of the queue, nothing is waiting.
LEFT_OUT = ("django_migrations", "procrastinate_")


class KeptDemos:
    """Demonstrations in a folder that the processes of a test run share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, day: dt.date) -> str:
        """
        Fill the database, empty but for what migrations made, with the demonstration of ``day``.

        Within a transaction or without; return what ``seed_demo`` said.
        """
        kept = self.folder / day.isoformat()
        with self._alone(day):
            if not (kept / "said.json").exists():
                return self._make(kept, day)
        with transaction.atomic():
            self._copy_rows_from(kept)
        for name in FOLDERS:
            if (kept / name).exists():
                shutil.copytree(kept / name, _data(name), dirs_exist_ok=True)
        ContentType.objects.clear_cache()
        cache.clear()
        said: str = json.loads((kept / "said.json").read_text(encoding="utf-8"))
        return said

    @contextmanager
    def _alone(self, day: dt.date) -> Iterator[None]:
        self.folder.mkdir(exist_ok=True)
        with (self.folder / f"{day}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self, kept: Path, day: dt.date) -> str:
        out = StringIO()
        call_command("seed_demo", "--today", day.isoformat(), stdout=out)
        kept.mkdir(exist_ok=True)
        for name in FOLDERS:
            if _data(name).exists():
                shutil.copytree(_data(name), kept / name, dirs_exist_ok=True)
        with connection.cursor() as cursor:
            for table in _tables():
                with (
                    (kept / table).open("wb") as rows,
                    cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copied,
                ):
                    rows.writelines(copied)
            cursor.execute(
                "SELECT sequencename, last_value FROM pg_sequences"
                " WHERE schemaname = current_schema() AND last_value IS NOT NULL"
            )
            (kept / "sequences.json").write_text(json.dumps(cursor.fetchall()), encoding="utf-8")
        (kept / "said.json").write_text(json.dumps(out.getvalue()), encoding="utf-8")
        return out.getvalue()

    def _copy_rows_from(self, kept: Path) -> None:
        with connection.cursor() as cursor:
            names = ", ".join(f'"{table}"' for table in _tables())
            cursor.execute(f"TRUNCATE {names}")
            for table in _tables():
                with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copied:
                    copied.write((kept / table).read_bytes())
            for name, last in json.loads((kept / "sequences.json").read_text(encoding="utf-8")):
                # Never back: of the queue, rows of tests before may have stayed.
                cursor.execute(
                    "SELECT setval(%s::regclass, greatest(%s, last_value)) FROM pg_sequences"
                    " WHERE schemaname = current_schema() AND sequencename = %s",
                    [f'"{name}"', last, name],
                )


def _data(name: str) -> Path:
    return Path(settings.COTUTELLE_DATA_DIR) / name


def _tables() -> list[str]:
    names = connection.introspection.table_names()
    return [name for name in sorted(names) if not name.startswith(LEFT_OUT)]
