"""The embedded server: private, never root, and back after any death."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cotutelle.database import DatabaseProblem, Server, binaries, cluster, temporary_server
from cotutelle.database.accounts import Account
from cotutelle.database.errors import explain
from cotutelle.database.location import SOCKET_NAME, SOCKET_PATH_LIMIT_BYTES, socket_dir
from cotutelle.database.settings import THROW_AWAY
from tests.database.conftest import run_python


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def show(server: Server, setting: str) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def kill_server(server: Server) -> int:
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        while server.status().is_running:
            pass
    return pid


def test_data_and_socket_are_private_and_there_is_no_tcp(server: Server) -> None:
    assert mode(server.cluster) == 0o700
    assert mode(server.sockets) == 0o700
    assert mode(server.folder / "database.password") == 0o600
    assert show(server, "listen_addresses") == ""
    assert show(server, "data_checksums") == "on"
    assert show(server, "server_encoding") == "UTF8"
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(
            "SELECT datctype, datcollate FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("C.UTF-8", "C.UTF-8")


def test_ordinary_settings_keep_every_row_on_the_disk(tmp_path: Path) -> None:
    server = Server(tmp_path)
    if os.geteuid() == 0:
        open_to_accounts(tmp_path)
    with server.lease():
        assert show(server, "fsync") == "on"
        assert show(server, "synchronous_commit") == "on"


def open_to_accounts(folder: Path) -> None:
    for path in (folder, *folder.parents[:-2]):
        path.chmod(mode(path) | 0o011)


def test_a_wrong_password_does_not_enter(server: Server) -> None:
    address = server.address().parameters() | {"password": "guess"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**address)


def test_root_never_runs_the_server(server: Server) -> None:
    pid = server.status().pid
    assert pid is not None
    owner = Path(f"/proc/{pid}").stat().st_uid
    assert owner != 0
    assert owner == server.cluster.stat().st_uid


def test_the_application_is_no_superuser_but_may_make_databases(server: Server) -> None:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True, False)


def test_rows_survive_a_killed_server() -> None:
    with temporary_server({"fsync": "on", "synchronous_commit": "on"}) as server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept (name text)")
            connection.execute("INSERT INTO kept VALUES ('影像')")
        killed = kill_server(server)
        assert not server.status().is_running
        server.start()
        assert server.status().pid != killed
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT name FROM kept").fetchall() == [("影像",)]


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(server: Server) -> None:
    server.stop()
    account = server.cluster.stat()
    options = {} if account.st_uid == os.geteuid() else {"user": account.st_uid}
    with subprocess.Popen(["/bin/sleep", "60"], **options) as stranger:
        try:
            pid_file = server.cluster / "postmaster.pid"
            pid_file.write_text(f"{stranger.pid}\n{server.cluster}\n1\n5432\n\n\n0 0\nready\n")
            os.chown(pid_file, account.st_uid, account.st_gid)
            pid_file.chmod(0o600)
            assert server.status().pid is None
            server.start()
            assert server.status().pid not in {None, stranger.pid}
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_stopping_twice_and_starting_twice_is_no_harm(server: Server) -> None:
    first = server.status().pid
    server.start()
    assert server.status().pid == first
    server.stop()
    server.stop()
    assert not server.status().is_running
    assert not server.sockets.exists()


def test_the_last_lease_stops_the_server_and_no_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with temporary_server() as server:
        with server.lease(), server.lease():
            first = server.status().pid
        assert server.status().pid == first
    assert not server.status().is_running


def test_a_killed_user_does_not_hold_the_server_up(server: Server) -> None:
    code = (
        "import sys; from pathlib import Path; from cotutelle.database import Server\n"
        "with Server(Path(sys.argv[1])).lease():\n print('in', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(server.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"in\n"
        user.kill()
    with server.lease():
        pass
    assert server.status().is_running  # the fixture still uses it


@pytest.mark.parametrize("depth", [1, 40])
def test_the_socket_path_fits_however_deep_the_data_lie(tmp_path: Path, depth: int) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * depth)
    assert len(os.fsencode(str(socket_dir(deep)) + SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES


def test_a_half_made_cluster_does_not_count(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        open_to_accounts(tmp_path)
    (tmp_path / "making-interrupted" / "cluster").mkdir(parents=True)
    server = Server(tmp_path, THROW_AWAY)
    with server.lease():
        assert show(server, "server_encoding") == "UTF8"
    assert not (tmp_path / "making-interrupted").exists()


def test_data_of_another_major_version_are_refused_with_the_way_over(server: Server) -> None:
    server.stop()
    version = server.cluster / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseProblem, match=r"written by PostgreSQL 17 .*`cotutelle db restore"):
        server.start()
    version.write_text(f"{binaries.major_version()}\n")
    server.start()


def test_the_operator_changes_settings_but_not_safety(server: Server) -> None:
    server.stop()
    (server.folder / "database.conf").write_text("# ours\nwork_mem = '16MB'  # more\n")
    server.start()
    assert show(server, "work_mem") == "16MB"
    server.stop()
    (server.folder / "database.conf").write_text("listen_addresses = '*'\n")
    with pytest.raises(DatabaseProblem, match="line 1: listen_addresses cannot be changed"):
        server.start()
    (server.folder / "database.conf").unlink()
    server.start()


def test_a_setting_postgresql_refuses_is_one_sentence(server: Server) -> None:
    server.stop()
    conf = server.folder / "database.conf"
    conf.write_text("shared_buffers = plenty\n")
    with pytest.raises(DatabaseProblem, match="did not start: invalid value") as refused:
        server.start()
    assert "\n" not in str(refused.value)
    conf.unlink()
    server.start()


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DatabaseProblem, match="is not a folder; name another"):
        Server(tmp_path / "data").start()


def test_a_socket_folder_of_somebody_else_is_refused(server: Server, stranger: Account) -> None:
    server.stop()
    server.sockets.mkdir()
    os.chown(server.sockets, stranger.uid, stranger.gid)
    with pytest.raises(DatabaseProblem, match="belongs to somebody else"):
        server.start()
    server.sockets.rmdir()
    server.start()


def test_a_data_folder_closed_to_the_server_account_is_one_sentence(
    tmp_path: Path, stranger: Account
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseProblem, match="closed to the account"):
        Server(closed / "data").start()


def test_programs_are_copied_where_the_account_can_reach_them(
    tmp_path: Path, stranger: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_accounts(tmp_path)
    site = binaries.program("postgres").parents[3]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in (*binaries.PARTS, binaries.LIBRARIES):
        shutil.copytree(site / part, closed / "site" / part)
    monkeypatch.setattr(binaries, "_site", lambda: closed / "site")
    with temporary_server() as server:
        copied = server.folder / "postgres-programs" / binaries.version()
        assert Path(f"/proc/{server.status().pid}/exe").readlink().is_relative_to(copied)
        assert show(server, "server_encoding") == "UTF8"


def test_a_normal_user_runs_it_as_itself(tmp_path: Path, stranger: Account) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, stranger.uid, stranger.gid)
    open_to_accounts(tmp_path)
    code = (
        "import os, psycopg\n"
        "from cotutelle.database import Server, lease\n"
        "with lease() as url, psycopg.connect(url) as connection:\n"
        "    owner = os.stat(f'/proc/{Server().status().pid}').st_uid\n"
        "    print(os.getuid(), owner, connection.execute('SELECT 1').fetchone()[0])\n"
        "print(Server().status().is_running)\n"
    )
    done = run_python(code, account=stranger, home=home)
    assert done.stderr == ""
    assert done.stdout.split() == [str(stranger.uid), str(stranger.uid), "1", "False"]
    assert mode(home / ".local/share/cotutelle") == 0o700


def test_an_unwritable_folder_is_one_sentence_to_a_normal_user(
    tmp_path: Path, stranger: Account
) -> None:
    open_to_accounts(tmp_path)
    code = (
        "from pathlib import Path; from cotutelle.database import DatabaseProblem, Server\n"
        f"try:\n Server(Path({str(tmp_path / 'data')!r})).start()\n"
        "except DatabaseProblem as problem:\n print(problem)\n"
    )
    done = run_python(code, account=stranger, home=tmp_path)
    assert done.stderr == ""
    assert "cannot be written; fix its owner or permissions" in done.stdout


def test_last_line_prefers_the_error_over_the_hint() -> None:
    said = "LOG:  starting\nFATAL:  could not map memory\nHINT:  ask for less\n"
    assert cluster.last_line(said) == "could not map memory"


def test_a_full_disk_is_one_sentence(tmp_path: Path, stranger: Account) -> None:
    small = tmp_path / "small"
    small.mkdir()
    open_to_accounts(tmp_path)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=711", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        with pytest.raises(DatabaseProblem, match=r"The disk that holds .* is full; free some"):
            Server(small).start()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_disk_filled_by_a_copy_is_the_same_sentence(tmp_path: Path) -> None:
    failed = shutil.Error([("from", "to", str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))])

    assert "is full; free some space" in str(explain(failed, tmp_path))
