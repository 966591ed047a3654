"""Logical dumps by PostgreSQL's own programs, and the swap of one database for another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from cotutelle.database import binaries
from cotutelle.database.cluster import last_line
from cotutelle.database.errors import DatabaseProblem, explained
from cotutelle.database.url import Address

MAINTENANCE_DATABASES = ("postgres", "template1")
OLDEST_MAJOR = 15
FIRST_WITH_TRANSACTION_TIMEOUT = 17
HEAD_BYTES = 1024
SWAP_ATTEMPTS = 5


def connect(address: Address) -> psycopg.Connection[tuple[object, ...]]:
    """Open a connection outside any transaction, or say in one sentence why not."""
    try:
        return psycopg.connect(address.url(), autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseProblem(
            f"The database {address.name} does not answer: {last_line(str(error))}."
        ) from error


def server_version(address: Address) -> int:
    """Return the server's major version; older than 15 is refused."""
    with connect(address) as connection:
        major = connection.info.server_version // 10_000
    if major < OLDEST_MAJOR:
        raise DatabaseProblem(
            f"The server runs PostgreSQL {major}; Cotutelle needs {OLDEST_MAJOR} or newer."
        )
    return major


def is_empty(address: Address) -> bool:
    """Whether the database holds no table of ours."""
    with connect(address) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchone()
    return found is None


def size_bytes(address: Address) -> int:
    """Return what the database takes on the disk."""
    with connect(address) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(str(row[0])) if row else 0


def dump(address: Address, path: Path) -> None:
    """Write the database to ``path`` in PostgreSQL's custom format; a full file or none."""
    server_version(address)
    staging = path.with_name(path.name + ".part")
    with explained(path.parent):
        staging.touch(mode=0o600)
    try:
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--file={staging}"], address)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def load(address: Address, path: Path) -> None:
    """Read a dump into the empty database ``address``, wholly or not at all."""
    script = path.with_name(path.name + ".sql")
    try:
        with explained(path.parent):
            script.touch(mode=0o600)
        command = ["pg_restore", "--no-owner", "--no-acl", "--no-comments", f"--file={script}"]
        _run([*command, str(path)], address)
        if server_version(address) < FIRST_WITH_TRANSACTION_TIMEOUT:
            _silence_transaction_timeout(script)
        loading = ["psql", "--quiet", "--no-psqlrc", "--single-transaction"]
        loading += ["--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--file={script}"]
        _run(loading, address)
    finally:
        script.unlink(missing_ok=True)


def _silence_transaction_timeout(script: Path) -> None:
    """Make a comment of the one opening line that newer programs write and older servers refuse."""
    line = b"SET transaction_timeout = 0;"
    with script.open("r+b") as stream:
        head = stream.read(HEAD_BYTES)
        at = head.find(line)
        if at >= 0:
            stream.seek(at)
            stream.write(b"---" + line[3:])


def replace_database(address: Address, path: Path) -> None:
    """
    Put the database in ``path`` in the place of ``address``.

    The dump is loaded beside the old database first; the two names change in one transaction, so
    that a failure at any moment leaves the old one as it was.
    """
    fresh = address.with_name(f"{address.name}_restoring")
    old = address.with_name(f"{address.name}_replaced")
    with connect(_maintenance(address)) as connection:
        try:
            _drop(connection, fresh.name)
            _drop(connection, old.name)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(fresh.name)
                )
            )
        except psycopg.Error as error:
            raise DatabaseProblem(
                f"The account {address.user} could not make a database to restore into: "
                f"{last_line(str(error))}; allow it with ALTER ROLE ... CREATEDB."
            ) from error
        try:
            load(fresh, path)
            _swap(connection, address.name, fresh.name, old.name)
        except (DatabaseProblem, psycopg.Error) as error:
            _drop(connection, fresh.name)
            if isinstance(error, psycopg.Error):
                raise DatabaseProblem(
                    f"The restored database could not take its place: {last_line(str(error))}."
                ) from error
            raise
        _drop(connection, old.name)


def _maintenance(address: Address) -> Address:
    for name in MAINTENANCE_DATABASES:
        other = address.with_name(name)
        try:
            psycopg.connect(other.url()).close()
        except psycopg.OperationalError:
            continue
        return other
    raise DatabaseProblem(
        f"The account {address.user} may enter neither {' nor '.join(MAINTENANCE_DATABASES)} on "
        "the server, so it cannot put a restored database in place."
    )


def _drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def _swap(
    connection: psycopg.Connection[tuple[object, ...]], name: str, fresh: str, old: str
) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    for attempt in range(SWAP_ATTEMPTS):
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = ANY(%s) AND usename = current_user AND pid <> pg_backend_pid()",
            [[name, fresh]],
        )
        try:
            with connection.transaction():
                if known:
                    connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
                connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            # A web process reconnected in between; PostgreSQL itself waited five seconds.
            if attempt == SWAP_ATTEMPTS - 1:
                raise
        else:
            return


def _run(command: list[str], address: Address) -> None:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [str(binaries.program(command[0])), *command[1:]],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=address.environment(),
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", errors="replace")
        if "No space left on device" in said:
            raise DatabaseProblem("The disk is full; free some space and retry.")
        raise DatabaseProblem(f"{command[0]} failed: {last_line(said)}.")
