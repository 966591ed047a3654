"""``cotutelle db`` against the embedded server and against a server named by a URL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from cotutelle.database import Address, Server, archive, temporary_server
from cotutelle.database.accounts import Account, choose_account
from tests.database.conftest import SRC
from tests.factories.ports import free_port

OLD_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
ENTRY = "from cotutelle.cli import main; main()"


def cotutelle(*words: str, data: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(data),
        "PYTHONPATH": str(SRC),
        "COTUTELLE_DATA_DIR": str(data),
        "COTUTELLE_DATABASE_URL": url,
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-c", ENTRY, *words],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def named_url() -> Iterator[str]:
    """The URL of a server on TCP, as an institution would name its own."""
    options = {"listen_addresses": "127.0.0.1", "port": str(free_port())}
    with temporary_server(options) as server:
        address = server.address()
        yield Address("127.0.0.1", address.port, address.user, address.password, address.name).url()


def test_the_embedded_database_is_there_for_the_length_of_a_command(data: Path) -> None:
    stopped = cotutelle("db", "status", data=data)
    assert stopped.returncode == 1
    assert "state         stopped" in stopped.stdout
    asked = cotutelle("db", "shell", "--", "-Atc", "SELECT '影' || 1 + 1", data=data)
    assert (asked.returncode, asked.stdout) == (0, "影2\n"), asked.stderr
    assert not Server(data).status().is_running
    with Server(data).lease():
        running = cotutelle("db", "status", data=data)
    assert running.returncode == 0
    assert "state         running" in running.stdout


def test_backup_and_restore_by_command(data: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.tar"
    cotutelle("db", "shell", "--", "-c", "CREATE TABLE kept AS SELECT '影像' AS name", data=data)
    (data / "files").mkdir()
    (data / "files" / "a.txt").write_text("text")
    done = cotutelle("db", "backup", str(saved), data=data)
    assert done.returncode == 0, done.stderr
    assert "the database and 1 files and keys" in done.stdout
    refused = cotutelle("db", "restore", str(saved), data=data)
    assert refused.returncode == 1
    assert "add --replace" in refused.stderr
    nobody = cotutelle("db", "restore", str(saved), "--replace", data=data)
    assert nobody.returncode == 2
    assert "add --yes" in nobody.stderr
    (data / "files" / "a.txt").unlink()
    done = cotutelle("db", "restore", str(saved), "--replace", "--yes", data=data)
    assert done.returncode == 0, done.stderr
    assert (data / "files" / "a.txt").read_text() == "text"
    asked = cotutelle("db", "shell", "--", "-Atc", "SELECT name FROM kept", data=data)
    assert asked.stdout == "影像\n"


def test_the_same_commands_work_on_a_server_named_by_a_url(
    named_url: str, data: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.tar"
    with psycopg.connect(named_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '影像' AS name")
    status = cotutelle("db", "status", data=data, url=named_url)
    assert status.returncode == 0
    assert "127.0.0.1 (COTUTELLE_DATABASE_URL)" in status.stdout
    assert cotutelle("db", "backup", str(saved), data=data, url=named_url).returncode == 0
    with psycopg.connect(named_url) as connection:
        connection.execute("DROP TABLE kept")
    done = cotutelle("db", "restore", str(saved), data=data, url=named_url)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(named_url) as connection:
        assert connection.execute("SELECT name FROM kept").fetchone() == ("影像",)
    assert not (data / "postgres").exists()


def test_a_silent_server_and_a_bad_url_are_one_sentence(data: Path) -> None:
    dead = f"postgresql://ann:hidden@127.0.0.1:{free_port()}/season"
    for url, said in ((dead, "season does not answer"), ("sqlite:///x", "must begin with")):
        done = cotutelle("db", "backup", str(data) + ".tar", data=data, url=url)
        assert done.returncode == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "hidden" not in done.stderr


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[Address]:
    """A PostgreSQL 15 of the machine, the oldest that we support."""
    if not OLD_PROGRAMS.is_dir():
        pytest.skip("no PostgreSQL 15 on this machine")
    account: Account = choose_account(tmp_path / "absent")
    with temporary_server() as neighbour:  # lends its socket folder: short, private, reachable
        folder = neighbour.cluster / "old"
        secret = neighbour.sockets / "secret"
        secret.write_text("pw")
        os.chown(secret, account.uid, account.gid)
        run = partial(
            subprocess.run, check=True, capture_output=True, cwd="/", **account.process_options()
        )
        start = [
            str(OLD_PROGRAMS / "initdb"),
            "-D",
            str(folder),
            "-U",
            "ann",
            "-A",
            "scram-sha-256",
        ]
        run([*start, "--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8"])
        control = [str(OLD_PROGRAMS / "pg_ctl"), "-D", str(folder), "-w", "-l", f"{folder}/log"]
        options = f"-c listen_addresses='' -c port=6015 -k {neighbour.sockets}"
        run([*control, "-o", options, "start"])
        try:
            yield Address(str(neighbour.sockets), "6015", "ann", "pw", "postgres")
        finally:
            run([*control, "-m", "immediate", "stop"])


def test_a_backup_goes_into_the_oldest_server_we_support(
    server: Server, old_server: Address, tmp_path: Path
) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '影像' AS name")
    archive.back_up(server.address(), tmp_path / "data", tmp_path / "saved.tar")
    season = old_server.with_name("season")
    with psycopg.connect(old_server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE season")
    archive.restore(season, tmp_path / "data", tmp_path / "saved.tar", replace=False)
    with psycopg.connect(season.url()) as connection:
        assert connection.execute("SELECT name FROM kept").fetchone() == ("影像",)
    archive.back_up(season, tmp_path / "data", tmp_path / "again.tar")
