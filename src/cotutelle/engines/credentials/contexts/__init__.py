"""
The JSON-LD contexts this program knows. They are pinned by hash and never fetched.

The files are written at set-up from locked npm packages (``scripts/copy_assets.py``). What a context
says decides what a signature means, so a file with another hash is refused when it is loaded.

Sources: W3C *Verifiable Credentials Data Model 2.0*, appendix B.1 (base context); 1EdTech *Open
Badges 3.0*, appendix D. The context of W3C's examples is a single ``@vocab`` and stands here itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cotutelle.engines.credentials.names import CREDENTIALS_V2, OPEN_BADGES

_EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
_FILES = {
    CREDENTIALS_V2: (
        "credentials-v2.json",
        "e6907c22961bf603737c0411f72d9799f52b5011ac2e1cc5715a16ade4ef320d",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context.json": (
        "ob-3.0.json",
        "c2aa97ff14b890f70aa57bdf5c77618380af6f9950a42776915db52c76b2fd5a",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": (
        "ob-3.0.1.json",
        "1da1e84c6e39ebedf167c068ac0cfe92774c27f917b7c3a33d6a84adbf79cd15",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": (
        "ob-3.0.2.json",
        "4111b36bbc026a7ec968c496604bb518d2ddde3db86b90a18741c22c0d10b550",
    ),
    OPEN_BADGES: (
        "ob-3.0.3.json",
        "5ae30ca9c45027ca2d45317e4f3f64f847ab1d114b2d380b18c19635ef1aa6cf",
    ),
}


def _load() -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {
        _EXAMPLES: {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
    }
    for url, (name, digest) in _FILES.items():
        data = files(__name__).joinpath(name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise RuntimeError(f"{name} is not the context that is pinned; run scripts/setup.sh")
        found[url] = json.loads(data)
    return found


PINNED: Mapping[str, Mapping[str, Any]] = MappingProxyType(_load())
"""Context document by URL."""
