"""PostgreSQL's own settings, and how an operator changes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cotutelle.database.errors import DatabaseProblem, explained

FILE_NAME = "database.conf"

SMALL_MACHINE: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "2s",
}

# For tests alone: the rows may vanish with the machine.
THROW_AWAY: Mapping[str, str] = {
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_duration_statement": "-1",
}

# What keeps the data safe and private is not for the operator's file.
RESERVED = frozenset(
    {
        "data_directory",
        "external_pid_file",
        "fsync",
        "full_page_writes",
        "hba_file",
        "listen_addresses",
        "password_encryption",
        "port",
        "unix_socket_directories",
        "unix_socket_permissions",
    }
)


def read_settings(folder: Path) -> dict[str, str]:
    """Return the operator's ``database.conf`` (lines ``name = value``), empty without one."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    with explained(path):
        lines = path.read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.split("#", maxsplit=1)[0].strip()
        if not text:
            continue
        name, separator, value = (part.strip() for part in text.partition("="))
        if not separator or not name.replace("_", "").replace(".", "").isalnum():
            raise DatabaseProblem(f"{path}, line {number}: write `name = value`.")
        if name in RESERVED:
            raise DatabaseProblem(f"{path}, line {number}: {name} cannot be changed here.")
        found[name] = value.strip("'")
    return found
