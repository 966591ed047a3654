"""Addresses of databases, as URLs and as Django settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from cotutelle.database.errors import DatabaseProblem

VARIABLE = "COTUTELLE_DATABASE_URL"
SCHEMES = frozenset({"postgres", "postgresql"})


@dataclass(frozen=True, slots=True)
class Address:
    """A database named by a URL."""

    host: str
    port: str
    user: str
    password: str
    name: str
    options: tuple[tuple[str, str], ...] = ()

    def url(self) -> str:
        """Return the URL that names this database; a socket folder becomes the query ``host``."""
        login = quote(self.user, safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        options = list(self.options)
        if self.host.startswith("/"):
            options.insert(0, ("host", self.host))
            place = ""
        else:
            place = f"[{self.host}]" if ":" in self.host else self.host
        place += f":{self.port}" if self.port else ""
        query = "?" + urlencode(options) if options else ""
        at = f"{login}@" if login else ""
        return f"postgresql://{at}{place}/{quote(self.name, safe='')}{query}"

    def with_name(self, name: str) -> Address:
        """Return another database on the same server."""
        return replace(self, name=name)

    def parameters(self) -> dict[str, str]:
        """Return keyword arguments for ``psycopg.connect``."""
        named = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.name,
            **dict(self.options),
        }
        return {key: value for key, value in named.items() if value}

    def environment(self) -> dict[str, str]:
        """Return the environment for PostgreSQL's programs: no password on a command line."""
        names = {
            "host": "PGHOST",
            "port": "PGPORT",
            "user": "PGUSER",
            "password": "PGPASSWORD",
            "dbname": "PGDATABASE",
            "sslmode": "PGSSLMODE",
            "sslrootcert": "PGSSLROOTCERT",
            "sslcert": "PGSSLCERT",
            "sslkey": "PGSSLKEY",
            "options": "PGOPTIONS",
            "connect_timeout": "PGCONNECT_TIMEOUT",
        }
        given = self.parameters()
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return kept | {names[key]: value for key, value in given.items() if key in names}


def parse(url: str) -> Address:
    """Read a ``postgresql://`` URL; the password never appears in the refusal."""
    split = urlsplit(url.strip())
    if split.scheme not in SCHEMES:
        raise DatabaseProblem(f"{VARIABLE} must begin with postgresql:// and name a database.")
    try:
        port = str(split.port) if split.port else ""
    except ValueError as error:
        raise DatabaseProblem(f"{VARIABLE} has a port that is not a number.") from error
    name = unquote(split.path.removeprefix("/"))
    if not name or "/" in name:
        raise DatabaseProblem(f"{VARIABLE} must name one database after the host.")
    query = dict(parse_qsl(split.query))
    host = query.pop("host", "") or unquote(split.hostname or "")
    port = query.pop("port", "") or port
    return Address(
        host=host,
        port=port,
        user=unquote(split.username or "") or query.pop("user", ""),
        password=unquote(split.password or "") or query.pop("password", ""),
        name=name,
        options=tuple(sorted(query.items())),
    )


def django_settings(url: str, *, pool: bool = True) -> dict[str, Any]:
    """Return ``DATABASES["default"]``; ``pool`` keeps connections open between requests."""
    address = parse(url)
    options: dict[str, Any] = dict(address.options)
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": address.host,
        "PORT": address.port,
        "USER": address.user,
        "PASSWORD": address.password,
        "NAME": address.name,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
