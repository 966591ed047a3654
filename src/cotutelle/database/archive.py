"""
One file that holds everything: database, files and keys.

A tar of ``database.dump`` (PostgreSQL's custom format), ``files/``, ``keys/`` and, last,
``manifest.json`` with the SHA-256 of every other member, so that a damaged or altered archive is
refused before anything changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cotutelle.database import binaries, dumps
from cotutelle.database.errors import DatabaseProblem, explained
from cotutelle.database.keys import make_data_folder
from cotutelle.database.url import Address

FORMAT = "cotutelle-backup"
FORMAT_VERSION = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
FOLDERS = ("files", "keys")
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    created_at: datetime
    cotutelle_version: str
    postgresql_version: str
    members: dict[str, str]

    def to_bytes(self) -> bytes:
        """Return the manifest as stored."""
        data = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "created_at": self.created_at.isoformat(),
            "cotutelle_version": self.cotutelle_version,
            "postgresql_version": self.postgresql_version,
            "sha256": self.members,
        }
        return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True).encode()


def back_up(address: Address, folder: Path, target: Path) -> Manifest:
    """Write database, files and keys to ``target``, readable by the caller alone."""
    target = target.absolute()
    with (
        explained(target.parent),
        tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as name,
    ):
        staging = Path(name)
        dumps.dump(address, staging / DUMP)
        archive = staging / "archive.tar"
        archive.touch(mode=0o600)
        with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
            members = {DUMP: _add(tar, staging / DUMP, DUMP)}
            for path in _own_files(folder):
                member = path.relative_to(folder).as_posix()
                members[member] = _add(tar, path, member)
            manifest = Manifest(
                created_at=datetime.now(tz=UTC),
                cotutelle_version=importlib.metadata.version("cotutelle"),
                postgresql_version=binaries.version(),
                members=members,
            )
            _add_bytes(tar, manifest.to_bytes(), MANIFEST)
        with archive.open("rb") as stream:
            os.fsync(stream.fileno())
        archive.replace(target)
    return manifest


def restore(address: Address, folder: Path, source: Path, *, replace: bool) -> Manifest:
    """Put an archive back; nothing changes unless every member has the hash it should have."""
    with explained(folder):
        make_data_folder(folder)
        staging = Path(tempfile.mkdtemp(prefix="restoring-", dir=folder))
    try:
        manifest = _unpack(source, staging)
        dumps.server_version(address)
        if not replace and not _is_vacant(address, folder):
            raise DatabaseProblem(
                "The database is not empty; add --replace to put the backup in its place."
            )
        with explained(folder), _folders_swapped(staging, folder):
            dumps.replace_database(address, staging / DUMP)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Check an archive without restoring it."""
    with tempfile.TemporaryDirectory(prefix="cotutelle-check-") as name:
        return _unpack(source, Path(name))


def _own_files(folder: Path) -> Iterator[Path]:
    for part in FOLDERS:
        for path in sorted((folder / part).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def _is_vacant(address: Address, folder: Path) -> bool:
    return dumps.is_empty(address) and not any((folder / "files").rglob("*"))


class _Hashing(io.RawIOBase):
    """Reads through and remembers the hash of what was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.digest.update(data)
        return data


def _add(tar: tarfile.TarFile, path: Path, name: str) -> str:
    with path.open("rb") as stream:
        info = tarfile.TarInfo(name)
        found = os.fstat(stream.fileno())
        info.size, info.mtime, info.mode = found.st_size, int(found.st_mtime), 0o600
        hashing = _Hashing(stream)
        tar.addfile(info, hashing)
    return hashing.digest.hexdigest()


def _add_bytes(tar: tarfile.TarFile, data: bytes, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    tar.addfile(info, io.BytesIO(data))


def _unpack(source: Path, staging: Path) -> Manifest:
    if not source.is_file():
        raise DatabaseProblem(f"There is no backup {source}.")
    found: dict[str, str] = {}
    try:
        with tarfile.open(source, "r:") as tar:
            for info in tar:
                name = _safe_name(info, source)
                if name in found:
                    raise DatabaseProblem(f"The backup {source} holds {name} twice.")
                stream = tar.extractfile(info)
                if stream is None:
                    raise DatabaseProblem(f"The backup {source} holds {name}, which is no file.")
                found[name] = _write(stream, staging / name)
    except (tarfile.TarError, EOFError) as error:
        raise DatabaseProblem(f"{source} is no Cotutelle backup, or was cut short.") from error
    except PermissionError as error:
        raise DatabaseProblem(f"The backup {source} may not be read.") from error
    return _checked_manifest(source, staging, found)


def _safe_name(info: tarfile.TarInfo, source: Path) -> str:
    path = PurePosixPath(info.name)
    known = info.name in {DUMP, MANIFEST} or path.parts[0] in FOLDERS
    if not info.isreg() or not known or path.is_absolute() or ".." in path.parts:
        raise DatabaseProblem(f"{source} is no Cotutelle backup: it holds {info.name}.")
    return info.name


def _write(stream: IO[bytes], path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    path.touch(mode=0o600)
    with path.open("wb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _checked_manifest(source: Path, staging: Path, found: dict[str, str]) -> Manifest:
    try:
        data: dict[str, Any] = json.loads((staging / MANIFEST).read_bytes())
        if data["format"] != FORMAT or data["format_version"] != FORMAT_VERSION:
            raise DatabaseProblem(f"{source} has a format this Cotutelle does not know.")
        manifest = Manifest(
            created_at=datetime.fromisoformat(data["created_at"]),
            cotutelle_version=str(data["cotutelle_version"]),
            postgresql_version=str(data["postgresql_version"]),
            members=dict(data["sha256"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatabaseProblem(f"{source} is no Cotutelle backup, or was cut short.") from error
    del found[MANIFEST]
    wrong = sorted(
        name
        for name in found.keys() | manifest.members.keys()
        if found.get(name) != manifest.members.get(name)
    )
    if wrong or DUMP not in found:
        raise DatabaseProblem(
            f"The backup {source} was damaged or altered: {', '.join(wrong[:5]) or DUMP} "
            "is not what its manifest says; nothing was changed."
        )
    return manifest


@contextlib.contextmanager
def _folders_swapped(staging: Path, folder: Path) -> Iterator[None]:
    """Put the restored folders in place for the body; a failure inside puts the old ones back."""
    swapped: list[str] = []
    try:
        for part in FOLDERS:
            (staging / part).mkdir(mode=0o700, exist_ok=True)
            swapped.append(part)
            if (folder / part).exists():
                (folder / part).rename(staging / f"{part}.before")
            (staging / part).rename(folder / part)
        yield
    except BaseException:
        for part in swapped:
            if not (staging / part).exists():
                (folder / part).rename(staging / part)
            if (staging / f"{part}.before").exists():
                (staging / f"{part}.before").rename(folder / part)
        raise
