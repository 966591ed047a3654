"""
The embedded server: start, stop, share.

Two locks in the data folder keep processes apart. ``start.lock`` is held while somebody starts or
stops the server. ``users.lock`` is held, shared, by everybody who uses it; whoever can take it
alone at the end is the last one and stops the server. Both vanish with their process, so a kill -9
leaves nothing to clean up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql

from cotutelle.database import binaries, cluster
from cotutelle.database.accounts import Account, choose_account
from cotutelle.database.errors import DatabaseProblem, explained
from cotutelle.database.keys import keep_secret, make_data_folder
from cotutelle.database.location import data_dir, socket_dir
from cotutelle.database.settings import SMALL_MACHINE, THROW_AWAY, read_settings
from cotutelle.database.url import VARIABLE, Address

ROLE = "cotutelle"
DATABASE = "cotutelle"
DEFAULT_PORT = "5432"
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.02
LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the embedded server from outside."""

    folder: Path
    sockets: Path
    pid: int | None
    version: str

    @property
    def is_running(self) -> bool:
        """Whether a process serves the data."""
        return self.pid is not None


@dataclass(frozen=True, slots=True)
class Server:
    """The embedded PostgreSQL whose data lie in ``folder``."""

    folder: Path = field(default_factory=data_dir)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> Path:
        """The data files."""
        return self.folder / "postgres"

    @property
    def sockets(self) -> Path:
        """The private folder of the Unix socket."""
        return socket_dir(self.folder)

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.folder / "postgres.log"

    def address(self) -> Address:
        """Return the database of the application; it answers only while the server runs."""
        # The port is part of the socket's name; said aloud, a PGPORT of the caller does no harm.
        port = self.options.get("port", DEFAULT_PORT)
        return Address(str(self.sockets), port, ROLE, self._password(), DATABASE)

    def url(self) -> str:
        """Return ``address()`` as a URL."""
        return self.address().url()

    def status(self) -> Status:
        """Return what is known without starting anything."""
        pid = cluster.server_pid(self.cluster)
        return Status(self.folder, self.sockets, pid, binaries.version())

    def start(self) -> None:
        """Start the server unless it runs, and make the application's role and database."""
        self._prepare_folder()
        with self._locked("start.lock", fcntl.LOCK_EX):
            self._start()

    def stop(self) -> None:
        """Stop the server cleanly; no harm when it does not run."""
        with self._locked("start.lock", fcntl.LOCK_EX):
            self._stop()

    @contextlib.contextmanager
    def lease(self) -> Iterator[str]:
        """Yield the URL of the running server; the last lease that ends stops it."""
        self._prepare_folder()
        with self._locked("start.lock", fcntl.LOCK_EX):
            users = self._open_lock("users.lock")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._start()
            except BaseException:
                os.close(users)
                raise
        try:
            yield self.url()
        finally:
            with self._locked("start.lock", fcntl.LOCK_EX):
                if _is_last(users):
                    self._stop()
                os.close(users)

    def _prepare_folder(self) -> None:
        with explained(self.folder):
            make_data_folder(self.folder)
            descriptor, name = tempfile.mkstemp(prefix="writable-", dir=self.folder)
            os.close(descriptor)
            Path(name).unlink()

    def _password(self) -> str:
        return keep_secret(self.folder / "database.password")

    def _start(self) -> None:
        account = choose_account(self.cluster)
        if not self.cluster.exists():
            self._create(account)
        cluster.check_version(self.cluster)
        if cluster.server_pid(self.cluster) is None:
            self._launch(account)
        self._wait_until_ready(None)
        self._provide_database()

    def _create(self, account: Account) -> None:
        programs = binaries.reachable_programs(account, self.folder)
        cluster.create(self.cluster, account=account, programs=programs, password=self._password())

    def _launch(self, account: Account) -> None:
        self._make_socket_folder(account)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            cluster.remove_stale_pid(self.cluster)
            with explained(self.log):
                begin = self._rotate_log()
            process = self._spawn(account)
            try:
                return self._wait_until_ready(process)
            except DatabaseProblem:
                said = self._log_since(begin)
                # The workers of a killed server need a moment to notice; PostgreSQL guards the data.
                if "still in use" not in said or time.monotonic() > deadline:
                    raise self._refusal(said) from None
                time.sleep(10 * POLL_S)

    def _spawn(self, account: Account) -> subprocess.Popen[bytes]:
        programs = binaries.reachable_programs(account, self.folder)
        settings = {**SMALL_MACHINE, **self.options, **read_settings(self.folder)}
        settings.setdefault("listen_addresses", "")
        settings.setdefault("port", DEFAULT_PORT)
        settings["unix_socket_directories"] = str(self.sockets)
        settings["unix_socket_permissions"] = "0700"
        command = [str(programs / "postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with explained(self.log), self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own programs
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=cluster.ENVIRONMENT,
                cwd="/",
                umask=0o077,
                # Ctrl-C at the terminal must reach web and worker first, the database last.
                start_new_session=True,
                **account.process_options(),
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes] | None) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (cluster.server_pid(self.cluster) and cluster.is_ready(self.cluster)):
            gone = process is not None and process.poll() is not None
            if gone or time.monotonic() > deadline:
                raise DatabaseProblem(f"PostgreSQL did not start; its log is {self.log}.")
            time.sleep(POLL_S)

    def _refusal(self, said: str) -> DatabaseProblem:
        cluster.refuse_full_disk(said, self.folder)
        if "Permission denied" in said or "invalid permissions" in said:
            return DatabaseProblem(
                f"PostgreSQL may not use {self.cluster} ({cluster.last_line(said)}); "
                "the folder must belong to the account that runs it, with mode 0700."
            )
        return DatabaseProblem(
            f"PostgreSQL did not start: {cluster.last_line(said)} (log: {self.log})."
        )

    def _make_socket_folder(self, account: Account) -> None:
        folder = self.sockets
        with explained(folder):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                os.chown(folder, account.uid, account.gid)
            found = folder.lstat()
        if folder.is_symlink() or not folder.is_dir() or found.st_uid != account.uid:
            raise DatabaseProblem(
                f"{folder} belongs to somebody else; remove it, the database socket goes there."
            )
        folder.chmod(0o700)

    def _provide_database(self) -> None:
        address = self.address()
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(address.url(), connect_timeout=10).close()
            return
        administrator = replace(address, user=cluster.ADMINISTRATOR, name="postgres")
        try:
            with psycopg.connect(administrator.url(), autocommit=True) as connection:
                _create_role(connection, self._password())
        except psycopg.Error as error:
            raise DatabaseProblem(
                f"PostgreSQL runs but refuses the password in {self.folder / 'database.password'}: "
                f"{cluster.last_line(str(error))}."
            ) from error

    def _stop(self) -> None:
        pid = cluster.server_pid(self.cluster)
        if pid is None:
            return
        for number, patience_s in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGQUIT, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                _reap(pid)
                if cluster.server_pid(self.cluster) is None:
                    shutil.rmtree(self.sockets, ignore_errors=True)
                    return
                time.sleep(POLL_S)
        raise DatabaseProblem(f"PostgreSQL (process {pid}) does not stop; its log is {self.log}.")

    def _rotate_log(self) -> int:
        if not self.log.exists():
            self.log.touch(mode=0o600)
        if self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
            self.log.touch(mode=0o600)
        return self.log.stat().st_size

    def _log_since(self, begin: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            return log.read().decode("utf-8", errors="replace")

    def _open_lock(self, name: str) -> int:
        path = self.folder / name
        with explained(path):
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextlib.contextmanager
    def _locked(self, name: str, kind: int) -> Iterator[None]:
        descriptor = self._open_lock(name)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise
    return True


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _create_role(connection: psycopg.Connection[tuple[object, ...]], password: str) -> None:
    # Not a superuser: what the application may not do on a hospital's server it may not do here.
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
    verb = "ALTER" if known else "CREATE"
    connection.execute(
        sql.SQL(verb + " ROLE {} LOGIN CREATEDB PASSWORD {}").format(
            sql.Identifier(ROLE), sql.Literal(password)
        )
    )
    if not connection.execute(
        "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
    ).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                sql.Identifier(DATABASE), sql.Identifier(ROLE)
            )
        )


def database_url() -> str:
    """Return ``COTUTELLE_DATABASE_URL``, or the URL the embedded server has while it runs."""
    return os.environ.get(VARIABLE, "").strip() or Server().url()


@contextlib.contextmanager
def lease() -> Iterator[str]:
    """Yield the URL of a running database: the named server, or the embedded one for a while."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        yield named
        return
    with Server().lease() as url:
        yield url


@contextlib.contextmanager
def temporary_server(options: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Yield a running server in a folder of its own that vanishes at the end."""
    with tempfile.TemporaryDirectory(prefix="cotutelle-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            folder.chmod(0o711)
        server = Server(folder, {**THROW_AWAY, **(options or {})})
        with server.lease():
            yield server
