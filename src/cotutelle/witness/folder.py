"""The folder of a witness: its name, its keys, and the store beside them."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from cotutelle.engines.translog import Algorithm, Signer, Verifier

IDENTITY_FILE = "witness.json"
KEY_FILES = {Algorithm.COSIGNATURE: "ed25519.key", Algorithm.COSIGNATURE_MLDSA44: "mldsa44.key"}
SEED_BYTES = 32
MAX_NAME_BYTES = 255
NAME = re.compile(r"[^\s+\x00-\x1f]+")


class WitnessProblem(Exception):
    """A sentence for the person at the terminal."""


class Folder:
    """
    The identity of one witness, opened.

    Attributes
    ----------
    path
        The folder.
    name
        The name that stands in every signature line.
    signers
        One for each key, Ed25519 first.
    """

    def __init__(self, path: Path, name: str, signers: Sequence[Signer]) -> None:
        self.path = path
        self.name = name
        self.signers = tuple(signers)

    @property
    def vkeys(self) -> list[str]:
        """Return what others need to check this witness's cosignatures, one line a key."""
        return [signer.verifier.vkey for signer in self.signers]

    @property
    def verifiers(self) -> list[Verifier]:
        """Return the same, ready to use."""
        return [signer.verifier for signer in self.signers]

    @classmethod
    def create(
        cls, path: Path, name: str, *, mldsa: bool = False, exist_ok: bool = False
    ) -> Folder:
        """
        Make new keys in an empty folder.

        With ``exist_ok`` a finished folder of the same name is opened instead. Keys are never
        written over: an unfinished folder is refused, since whoever made it may still need it.

        Raises
        ------
        WitnessProblem
            When the folder holds anything else, or the name cannot be one.
        """
        if not NAME.fullmatch(name) or len(name.encode()) > MAX_NAME_BYTES:
            raise WitnessProblem(
                f"{name!r} cannot name a witness: it needs 1 to {MAX_NAME_BYTES} bytes without"
                " spaces and plus signs, for example witness.example/bjc"
            )
        if exist_ok and (path / IDENTITY_FILE).exists():
            return cls._opened_as(path, name)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(path.iterdir()):
            raise WitnessProblem(f"{path} is not empty; a witness needs a folder of its own")
        path.chmod(0o700)
        algorithms = list(KEY_FILES)[: 2 if mldsa else 1]
        for algorithm in algorithms:
            seed = base64.b64encode(secrets.token_bytes(SEED_BYTES))
            _write_once(path / KEY_FILES[algorithm], seed + b"\n")
        signers = [_signer(path, name, algorithm) for algorithm in algorithms]
        identity = {"v": 1, "name": name, "keys": [signer.verifier.vkey for signer in signers]}
        _write_once(path / IDENTITY_FILE, json.dumps(identity, indent=1).encode() + b"\n")
        return cls(path, name, signers)

    @classmethod
    def open(cls, path: Path) -> Folder:
        """
        Open a folder that :meth:`create` made.

        Raises
        ------
        WitnessProblem
            When it is none, or a key file is missing, changed, or readable by others.
        """
        try:
            identity = json.loads((path / IDENTITY_FILE).read_text(encoding="utf-8"))
            name, vkeys = str(identity["name"]), list(identity["keys"])
        except (OSError, ValueError, KeyError, TypeError):
            raise WitnessProblem(
                f"{path} holds no witness; make one with: cotutelle witness init {path} --name …"
            ) from None
        signers = [
            _signer(path, name, algorithm)
            for algorithm, file_name in KEY_FILES.items()
            if (path / file_name).exists()
        ]
        if [signer.verifier.vkey for signer in signers] != vkeys:
            raise WitnessProblem(f"The keys in {path} are not those that {IDENTITY_FILE} names")
        return cls(path, name, signers)

    @classmethod
    def _opened_as(cls, path: Path, name: str) -> Folder:
        folder = cls.open(path)
        if folder.name != name:
            raise WitnessProblem(f"{path} is already the witness {folder.name}")
        return folder


def _signer(path: Path, name: str, algorithm: Algorithm) -> Signer:
    file = path / KEY_FILES[algorithm]
    if file.stat().st_mode & 0o077:
        raise WitnessProblem(f"Others may read {file}; make new keys, or: chmod 600 {file}")
    try:
        seed = base64.b64decode(file.read_bytes().strip(), validate=True)
        return Signer(name, algorithm, seed)
    except ValueError:
        raise WitnessProblem(f"{file} is damaged") from None


def _write_once(path: Path, content: bytes) -> None:
    # A lost key is a lost witness: the file and its place in the folder are flushed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
