"""Servers and accounts for the database tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cotutelle.database import Server, temporary_server
from cotutelle.database.accounts import Account

SRC = Path(__file__).parents[2] / "src"


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """
    Yield a folder that the server's account can reach as long as the block lasts.

    Beside that of pytest, which it closes to all other accounts whenever another run begins.
    """
    with tempfile.TemporaryDirectory(prefix="cotutelle-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in which a server of the test can run."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server in a folder of its own."""
    with temporary_server() as running:
        yield running


@pytest.fixture
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An unprivileged account, other than root."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another account")
    return Account(65534, 65534)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that the server's account may reach."""
    for path in (tmp_path, *tmp_path.parents[:-2]):
        if path.owner() == Path.home().owner() or os.geteuid() == 0:
            path.chmod(path.stat().st_mode | 0o011)
    return tmp_path / "data"


def run_python(code: str, *, account: Account, home: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code as another account, with an interpreter that account can reach."""
    site = next(path for path in sys.path if path.endswith("site-packages"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [
        Path(sys.executable),
        Path("/usr/bin") / version,
        Path("/usr/local/bin") / version,
    ]
    python = next((path for path in candidates if account.can_reach(path)), None)
    if python is None or not account.can_reach(Path(site)):
        pytest.skip("no Python and packages that the other account can reach")
    return subprocess.run(
        [str(python), "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": f"{SRC}:{site}"},
        **account.process_options(),
    )
