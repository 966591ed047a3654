"""
Tiles of a transparency log: 256 hashes of one tree level in one immutable file.

A tile on level ``l`` holds tree nodes of level ``8 * l``. All functions speak of paths below the
log's prefix (``tile/0/x001/067.p/12``) and of bytes; reading and writing is the caller's.

Source of all of it: C2SP tlog-tiles, "Merkle Tree", "Partial Tiles", "Log entries".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from cotutelle.engines.translog.errors import TranslogError
from cotutelle.engines.translog.merkle import Nodes, node_hash, nodes_of, range_root
from cotutelle.engines.translog.strict import HASH_BYTES, MAX_SIZE, is_hash, is_number

TILE_WIDTH = 256
TILE_HEIGHT = 8
MAX_ENTRY_BYTES = 2**16 - 1
_MAX_LEVEL = 63
_HELD_TILES = 64  # of a TiledTree; 0.5 MB at most


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """
    Return where a tile lies: ``tile/0/x001/067`` or, partial, ``tile/0/x001/067.p/12``.

    Parameters
    ----------
    level
        0 (leaf hashes) to 63.
    index
        Tile within the level, from 0.
    width
        Hashes in the tile, 1 to 256.
    """
    _refuse_outside("level", level, 0, _MAX_LEVEL)
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return where a bundle of entries lies: ``tile/entries/x001/067[.p/W]``."""
    return f"tile/entries/{_index_path(index, width)}"


def _index_path(index: int, width: int) -> str:
    _refuse_outside("index", index, 0, MAX_SIZE)
    _refuse_outside("width", width, 1, TILE_WIDTH)
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return "/".join(reversed(parts)) + partial


def tiles_of(tree: Nodes | Sequence[bytes], size: int) -> dict[str, bytes]:
    """Return every tile, full and partial, of the first ``size`` leaves, by path."""
    return new_tiles(tree, 0, size)


def new_tiles(tree: Nodes | Sequence[bytes], old_size: int, size: int) -> dict[str, bytes]:
    """
    Return the tiles that a log of ``size`` leaves needs and one of ``old_size`` did not have.

    Parameters
    ----------
    tree
        At least ``size`` leaves.
    old_size, size
        ``0 <= old_size <= size``.

    Returns
    -------
    dict
        Path to bytes (32 a hash); lower levels and indices first.
    """
    _refuse_outside("size", size, 0, len(tree))
    _refuse_outside("old_size", old_size, 0, size)
    nodes = nodes_of(tree)
    found = {}
    level = 0
    while count := size >> TILE_HEIGHT * level:
        old_count = old_size >> TILE_HEIGHT * level
        if count == old_count:
            break
        for index in range(old_count // TILE_WIDTH, -(-count // TILE_WIDTH)):
            start, stop = index * TILE_WIDTH, min((index + 1) * TILE_WIDTH, count)
            found[tile_path(level, index, stop - start)] = _span(
                nodes, TILE_HEIGHT * level, start, stop
            )
        level += 1
    return found


class _Spanning(Protocol):
    def span(self, level: int, start: int, stop: int) -> bytes: ...


def _span(nodes: Nodes, level: int, start: int, stop: int) -> bytes:
    if hasattr(nodes, "span"):
        return cast("_Spanning", nodes).span(level, start, stop)
    return b"".join(nodes.node(level, index) for index in range(start, stop))


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """
    Return 1 to 256 entries as one bundle, each led by its length in two bytes, big-endian.

    Raises
    ------
    ValueError
        When there are none or too many, or one exceeds 65,535 bytes.
    """
    _refuse_outside("number of entries", len(entries), 1, TILE_WIDTH)
    parts = []
    for entry in entries:
        _refuse_outside("length of an entry", len(entry), 0, MAX_ENTRY_BYTES)
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def split_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises ``ValueError`` when it is cut, empty or too long."""
    entries = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise ValueError("data ends within an entry")
        entries.append(data[start:at])
    _refuse_outside("number of entries", len(entries), 1, TILE_WIDTH)
    return entries


class TiledTree:
    """
    A tree read from its tiles: proofs cost a few tiles, whatever the size.

    Parameters
    ----------
    read
        Returns the bytes at a path; raises ``LookupError`` or ``OSError`` where there are none.
        A missing partial tile is looked for in the full one.
    size
        Leaves of the tree, of which all tiles must be readable.
    """

    def __init__(self, read: Callable[[str], bytes], size: int) -> None:
        _refuse_outside("size", size, 0, MAX_SIZE)
        self._read = read
        self._size = size
        self._held: dict[tuple[int, int], bytes] = {}
        self._edge: dict[int, bytes] = {}  # the last tile of a level, where it is known already

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> bytes:
        """Return leaf hash ``index``; raises ``IndexError`` outside."""
        if not is_number(index) or not 0 <= index < self._size:
            raise IndexError(f"no leaf {index!r} in a tree of {self._size}")
        return self.node(0, index)

    def tile(self, level: int, index: int) -> bytes:
        """
        Return the hashes of a tile as far as the tree fills it, 32 bytes each.

        Raises
        ------
        TranslogError
            ``tile.length`` when what was read has another length; what ``read`` raises passes.
        """
        held = self._held.get((level, index))
        if held is not None:
            return held
        width = min((self._size >> TILE_HEIGHT * level) - index * TILE_WIDTH, TILE_WIDTH)
        if 0 < width < TILE_WIDTH and level in self._edge:
            return self._edge[level]
        data = self._read_tile(level, index, width)
        if len(self._held) == _HELD_TILES:
            self._held.clear()
        self._held[level, index] = data
        return data

    def _read_tile(self, level: int, index: int, width: int) -> bytes:
        path = tile_path(level, index, width)
        expected = width
        try:
            data = self._read(path)
        except (LookupError, OSError):
            if width == TILE_WIDTH:
                raise
            path, expected = tile_path(level, index), TILE_WIDTH
            data = self._read(path)
        if len(data) != expected * HASH_BYTES:
            evidence = {"path": path, "length": len(data), "expected": expected * HASH_BYTES}
            raise TranslogError("tile.length", f"{path} has the wrong length", evidence)
        return data[: width * HASH_BYTES]

    def node(self, level: int, index: int) -> bytes:
        """Return the root of leaves ``[index * 2**level, (index + 1) * 2**level)``."""
        start = index << level % TILE_HEIGHT
        tile = self.tile(level // TILE_HEIGHT, start // TILE_WIDTH)
        at = start % TILE_WIDTH * HASH_BYTES
        return _fold(tile[at : at + (HASH_BYTES << level % TILE_HEIGHT)])

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all by default). Source: RFC 6962 2.1."""
        size = self._size if size is None else size
        _refuse_outside("size", size, 0, self._size)
        return range_root(self, 0, size)

    def appended(self, leaf_hashes: Sequence[bytes]) -> tuple[TiledTree, dict[str, bytes]]:
        """
        Return the tree with more leaves, and the tiles that must be written for it.

        Only the right edge is read: one partial tile a level. The new tree holds its own right
        edge, so that its root can be signed, and more be appended, before anything is written;
        proofs read what was written.

        Parameters
        ----------
        leaf_hashes
            32 bytes each.
        """
        if not all(map(is_hash, leaf_hashes)):
            raise ValueError("leaf_hashes must be 32 bytes each")
        grown = TiledTree(self._read, self._size + len(leaf_hashes))
        grown._edge |= self._edge
        added: dict[str, bytes] = {}
        row = b"".join(leaf_hashes)
        level = 0
        while row:
            first, width = divmod(self._size >> TILE_HEIGHT * level, TILE_WIDTH)
            row = (self.tile(level, first) if width else b"") + row
            above = []
            for index, at in enumerate(range(0, len(row), TILE_WIDTH * HASH_BYTES), first):
                data = row[at : at + TILE_WIDTH * HASH_BYTES]
                added[tile_path(level, index, len(data) // HASH_BYTES)] = data
                grown._edge[level] = data
                if len(data) == TILE_WIDTH * HASH_BYTES:
                    above.append(_fold(data))
            row = b"".join(above)
            level += 1
        return grown, added


def _fold(hashes: bytes) -> bytes:
    """Return the root over a power of two of hashes. Source: RFC 6962 2.1."""
    row = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _refuse_outside(name: str, value: int, least: int, most: int) -> None:
    if not is_number(value) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
