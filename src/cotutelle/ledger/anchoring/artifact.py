"""The compiled contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a chain needs of the contract: its interface and its code."""

    abi: tuple[dict[str, Any], ...]
    bytecode: str
    runtime: str


@cache
def artifact(path: Path = FOLDER / "contract.json") -> Artifact:
    """Return the artifact in ``path``: what ``anchoring.compiling`` printed."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Artifact(tuple(kept["abi"]), kept["bytecode"], kept["runtime"])
