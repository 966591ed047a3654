"""Reading a log over HTTP (C2SP tlog-tiles), with a bound on everything it may send."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

from cotutelle.engines.translog import TiledTree, entries_path, split_bundle
from cotutelle.engines.translog.tiles import MAX_ENTRY_BYTES, TILE_WIDTH

CHECKPOINT_LIMIT = 1024 * 1024
BUNDLE_LIMIT = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
FILE_S = 60.0


class LogReader:
    """
    The public files of one log.

    Parameters
    ----------
    client
        Speaks HTTP; its time limits bound each read.
    url
        The log's prefix, without a slash at the end.
    """

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url

    def checkpoint(self) -> str:
        """
        Return the signed note the log shows now.

        Raises
        ------
        OSError
            When it does not answer, or with something else than UTF-8 of a reasonable size.
        """
        try:
            return self.read("checkpoint", CHECKPOINT_LIMIT).decode("utf-8")
        except UnicodeDecodeError as error:
            raise OSError("the checkpoint is not UTF-8") from error

    def tree(self, size: int) -> TiledTree:
        """Return the tree of this size, read tile by tile when it is asked."""
        return TiledTree(self.read, size)

    def entries(self, start: int, size: int) -> Iterator[bytes]:
        """
        Yield the entries from index ``start`` up to the tree size.

        Raises
        ------
        OSError
            When a bundle cannot be read.
        ValueError
            When a bundle is malformed or has another number of entries.
        """
        for index in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            first = index * TILE_WIDTH
            width = min(size - first, TILE_WIDTH)
            yield from self._bundle(index, width)[max(start - first, 0) : width]

    def _bundle(self, index: int, width: int) -> list[bytes]:
        path, expected = entries_path(index, width), width
        try:
            data = self.read(path)
        except OSError:
            if width == TILE_WIDTH:
                raise
            # A log may drop a partial bundle once the full one is there.
            path, expected = entries_path(index), TILE_WIDTH
            data = self.read(path)
        entries = split_bundle(data)
        if len(entries) != expected:
            raise ValueError(f"{path} has {len(entries)} entries instead of {expected}")
        return entries

    def read(self, path: str, most: int = BUNDLE_LIMIT) -> bytes:
        """
        Return one file.

        Raises
        ------
        OSError
            When it cannot be read, is longer than ``most`` bytes, or takes longer than a minute.
        """
        until = time.monotonic() + FILE_S
        pieces: list[bytes] = []
        length = 0
        try:
            with self._client.stream("GET", f"{self._url}/{path}") as answer:
                if answer.status_code != httpx.codes.OK:
                    raise OSError(f"{path}: HTTP {answer.status_code}")
                for piece in answer.iter_bytes():
                    pieces.append(piece)
                    length += len(piece)
                    if length > most:
                        raise OSError(f"{path}: longer than {most} bytes")
                    if time.monotonic() > until:
                        raise OSError(f"{path}: slower than {FILE_S:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{path}: {type(error).__name__}") from error
        return b"".join(pieces)
