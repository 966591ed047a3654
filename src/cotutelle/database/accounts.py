"""Which account runs the server: never root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotutelle.database.errors import DatabaseProblem

NAME = "cotutelle"
NOBODY_UID = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system account by number."""

    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """Whether this process already runs under the account."""
        return self.uid == os.geteuid()

    def process_options(self) -> dict[str, Any]:
        """Return the ``subprocess`` arguments that run a program under the account."""
        if self.is_caller:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether the account may enter the folders down to ``path``, or read that file."""
        path = path.resolve()
        return all(self._may(parent, stat.S_IXOTH) for parent in path.parents) and self._may(
            path, stat.S_IXOTH if path.is_dir() else stat.S_IROTH
        )

    def _may(self, path: Path, wanted: int) -> bool:
        try:
            found = path.stat()
        except OSError:
            return False
        if found.st_uid == self.uid:
            wanted <<= 6
        elif found.st_gid == self.gid:
            wanted <<= 3
        return found.st_mode & wanted == wanted


def choose_account(cluster: Path) -> Account:
    """
    Return the account for the server whose data lie in ``cluster``.

    A normal user runs it as itself. Root uses the owner of existing data, else the account named
    in ``COTUTELLE_DATABASE_ACCOUNT``, else ``cotutelle`` (made when possible), ``postgres`` or
    ``nobody``.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if cluster.exists():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    named = os.environ.get("COTUTELLE_DATABASE_ACCOUNT", "").strip()
    if named:
        return _named_account(named)
    for name in (NAME, "postgres"):
        found = _find_account(name) or (_make_account(name) if name == NAME else None)
        if found is not None:
            return found
    return _find_account("nobody") or Account(NOBODY_UID, NOBODY_UID)


def _named_account(name: str) -> Account:
    found = _find_account(name)
    if found is None or found.uid == 0:
        raise DatabaseProblem(
            f"COTUTELLE_DATABASE_ACCOUNT names {name}, which is not an unprivileged account here."
        )
    return found


def _find_account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account(name: str) -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    subprocess.run(  # noqa: S603 - fixed arguments
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
        check=False,
        capture_output=True,
    )
    return _find_account(name)
