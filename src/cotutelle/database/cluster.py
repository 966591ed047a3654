"""One cluster of data files: making it, and knowing whether a process really serves it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cotutelle.database import binaries
from cotutelle.database.accounts import Account
from cotutelle.database.errors import DatabaseProblem, explain, explained

ADMINISTRATOR = "postgres"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def create(cluster: Path, *, account: Account, programs: Path, password: str) -> None:
    """Make an empty cluster beside ``cluster`` and rename it, so that a half-made one never counts."""
    for stale in cluster.parent.glob("making-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with explained(cluster.parent):
        staging = Path(tempfile.mkdtemp(prefix="making-", dir=cluster.parent))
        secret = staging / "password"
        try:
            secret.touch(mode=0o600)
            secret.write_text(password, encoding="ascii")
            os.chown(secret, account.uid, account.gid)
            os.chown(staging, account.uid, account.gid)
            made = staging / "cluster"
            _initialise(made, secret, account=account, programs=programs)
            made.rename(cluster)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _initialise(made: Path, secret: Path, *, account: Account, programs: Path) -> None:
    if not account.can_reach(made.parent.parent) and not account.is_caller:
        raise DatabaseProblem(
            f"The data folder {made.parent.parent} lies inside a folder closed to the account that "
            "runs PostgreSQL (root never does); name another one in COTUTELLE_DATA_DIR."
        )
    command = [str(programs / "initdb"), "--pgdata", str(made), "--username", ADMINISTRATOR]
    command += ["--pwfile", str(secret), "--auth=scram-sha-256", "--data-checksums"]
    command += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions"]
    done = subprocess.run(  # noqa: S603 - our own programs
        command,
        check=False,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd="/",
        **account.process_options(),
    )
    if done.returncode != 0:
        refuse_full_disk(done.stderr, made.parent.parent)
        raise DatabaseProblem(
            f"PostgreSQL could not make its data in {made.parent.parent}: {last_line(done.stderr)}"
        )


def refuse_full_disk(said: str, folder: Path) -> None:
    """Raise the sentence for a full disk when a program complained of one."""
    if os.strerror(errno.ENOSPC) in said:
        raise explain(OSError(errno.ENOSPC, ""), folder)


def last_line(text: str) -> str:
    """Return what matters of a program's complaint: its error line, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        for mark in ("FATAL:", "PANIC:", "error:", "ERROR:"):
            if mark in line:
                return line.split(mark, maxsplit=1)[1].strip()
    return lines[-1] if lines else "it gave no reason"


def check_version(cluster: Path) -> None:
    """Refuse data of another major version, with the way over."""
    with explained(cluster):
        found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    wanted = str(binaries.major_version())
    if found != wanted:
        raise DatabaseProblem(
            f"The data in {cluster} were written by PostgreSQL {found} and this Cotutelle brings "
            f"{wanted}: make a backup with the Cotutelle that wrote them (`cotutelle db backup "
            f"FILE`), move {cluster} aside, and run `cotutelle db restore FILE` with this one."
        )


def server_pid(cluster: Path) -> int | None:
    """Return the process serving ``cluster``, or None; a stale or reused pid is no server."""
    lines = _pid_file(cluster)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if _is_server(pid, cluster) else None


def is_ready(cluster: Path) -> bool:
    """Whether the running server accepts connections, by its own word in ``postmaster.pid``."""
    lines = _pid_file(cluster)
    return len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 - line 8 is the status


def remove_stale_pid(cluster: Path) -> None:
    """
    Remove a ``postmaster.pid`` whose number now belongs to somebody else's process.

    PostgreSQL refuses to start then. The file of a dead process is left alone: PostgreSQL itself
    checks through it that no orphaned worker still touches the data.
    """
    lines = _pid_file(cluster)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    if _exists(pid) and not _is_server(pid, cluster) and not _anybody_inside(cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_server(pid: int, cluster: Path) -> bool:
    """A server works inside its data folder; without ``/proc`` the number alone must do."""
    if not _exists(pid) or _is_zombie(pid):
        return False
    if not Path("/proc/self").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
    except OSError:
        return False


def _is_zombie(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]


def _anybody_inside(cluster: Path) -> bool:
    inside = cluster.resolve()
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink() == inside:
                return True
        except OSError:
            continue
    return False
