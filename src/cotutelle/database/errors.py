"""What can go wrong, always said in one sentence."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DatabaseProblem(Exception):
    """A sentence for the person at the terminal; never shown with a traceback."""


def explain(error: OSError, path: Path) -> DatabaseProblem:
    """Turn an operating-system error about ``path`` into one sentence."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT} or _copy_filled_the_disk(error):
        return DatabaseProblem(f"The disk that holds {path} is full; free some space and retry.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return DatabaseProblem(
            f"The data folder {path} cannot be written; fix its owner or permissions, "
            "or name another folder in COTUTELLE_DATA_DIR."
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return DatabaseProblem(
            f"The data folder {path} is not a folder; name another one in COTUTELLE_DATA_DIR."
        )
    reason = error.strerror or str(error)
    return DatabaseProblem(f"The data folder {path} cannot be used: {reason}.")


def _copy_filled_the_disk(error: OSError) -> bool:
    """Tell whether ``shutil`` gathered "no space left" from the files it copied."""
    return isinstance(error, shutil.Error) and os.strerror(errno.ENOSPC) in str(error)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise ``DatabaseProblem`` instead of any ``OSError`` about ``path``."""
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error
