"""
Tiles of a log as files: written once, whole, and durably. Nothing here knows Django.

The folder is laid out as C2SP tlog-tiles has it served (``tile/0/x001/067.p/12``), so that any
web server can serve it as it is. A tile is never changed: writing other bytes to a path that
exists raises, because two contents for one path would be two histories.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_INCOMING = ".incoming"
_TILE = re.compile(
    r"tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}"
    r"(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


class TileConflict(ValueError):
    """A tile exists with other bytes; ``path`` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} exists with other bytes")
        self.path = path


class TileStore:
    """
    The tiles and entry bundles of one log, and its published checkpoint.

    Parameters
    ----------
    folder
        Made when first written to.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def read(self, path: str) -> bytes:
        """
        Return the bytes of a tile, a bundle or ``checkpoint``.

        Raises
        ------
        FileNotFoundError
            When there is none.
        ValueError
            When ``path`` is no path of a log.
        """
        return self._place(path).read_bytes()

    def write(self, tiles: Mapping[str, bytes]) -> None:
        """
        Add tiles; when this returns they outlive a power cut.

        Each appears whole or not at all, in the order given. Those that exist with the same
        bytes stay; after a crash the same call completes what is missing.

        Raises
        ------
        TileConflict
            When one exists with other bytes; tiles before it in the order are written.
        ValueError
            When a path is no path of a tile; nothing is written.
        """
        if "checkpoint" in tiles:
            raise ValueError("checkpoint is published, not written")
        places = {self._place(path): (path, data) for path, data in tiles.items()}
        folders: set[Path] = set()
        for place, (path, data) in places.items():
            self._make_folder(place.parent, folders)
            self._add(place, path, data)
            folders.add(place.parent)
        for folder in folders:
            _sync(folder)

    def publish(self, checkpoint: bytes) -> None:
        """Replace ``checkpoint``, the one file that changes; readers see the old or the new."""
        fresh: set[Path] = {self.folder}
        self._make_folder(self.folder, fresh)
        incoming = self._incoming(checkpoint)
        incoming.replace(self.folder / "checkpoint")
        for folder in fresh:
            _sync(folder)

    def drop_partials(self) -> int:
        """
        Delete partial tiles whose full tile is there, and return how many.

        Source: C2SP tlog-tiles "Partial Tiles", which allows exactly this.
        """
        dropped = 0
        for folder in list(self.folder.glob("tile/**/*.p")):
            if folder.with_suffix("").is_file():
                for partial in folder.iterdir():
                    partial.unlink(missing_ok=True)
                    dropped += 1
                with suppress(OSError):  # somebody wrote another one meanwhile
                    folder.rmdir()
        return dropped

    def _place(self, path: str) -> Path:
        if path != "checkpoint" and not _TILE.fullmatch(path):
            raise ValueError(f"not a path of a log: {path[:200]!r}")
        return self.folder / path

    def _add(self, place: Path, path: str, data: bytes) -> None:
        if not place.exists():
            incoming = self._incoming(data)
            try:
                # A link fails where a file is, so that not even two processes can overwrite.
                with suppress(FileExistsError):
                    os.link(incoming, place)
                    return
            finally:
                incoming.unlink()
        if place.read_bytes() != data:
            raise TileConflict(path)

    def _incoming(self, data: bytes) -> Path:
        """Write bytes durably under a name of their own, beside the tiles."""
        folder = self.folder / _INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
        return Path(name)

    def _make_folder(self, folder: Path, fresh: set[Path]) -> None:
        """Make a folder and note which parents got a new name in them."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir(exist_ok=True)
            fresh.add(made.parent)


def _sync(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
