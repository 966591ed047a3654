"""
The one database: PostgreSQL, embedded or named by ``COTUTELLE_DATABASE_URL``.

Nothing here imports Django. ``lease()`` is what a command uses: it yields the URL of a running
database and gives the embedded server back at the end; the last one out stops it.
"""

from __future__ import annotations

from cotutelle.database.errors import DatabaseProblem
from cotutelle.database.keys import secret_key
from cotutelle.database.location import data_dir
from cotutelle.database.server import Server, Status, database_url, lease, temporary_server
from cotutelle.database.url import Address, django_settings, parse

__all__ = [
    "Address",
    "DatabaseProblem",
    "Server",
    "Status",
    "data_dir",
    "database_url",
    "django_settings",
    "lease",
    "parse",
    "secret_key",
    "temporary_server",
]
