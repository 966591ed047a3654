"""
A chain on one's own machine: what the demonstration anchors to, and what the tests ask.

It is foundry's ``anvil`` from npm. It proves nothing to anybody (its owner may write what he
likes); it shows the real client at work against a real node.
"""

from __future__ import annotations

import platform
from pathlib import Path

PORT = 8545
CHAIN_ID = 31337
KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Anvil's first development account: known to the whole world, worth nothing anywhere."""
SAVE_EVERY_S = "10"
PLATFORMS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
ROOT = Path(__file__).resolve().parents[4]


def anvil_binary() -> Path | None:
    """Return anvil's program where npm put it in this checkout, None where it is not."""
    machine = PLATFORMS.get(platform.machine().lower(), "")
    package = f"anvil-{platform.system().lower()}-{machine}"
    found = ROOT / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
    return found if found.is_file() else None


def demo_chain_command(data_dir: Path, port: int = PORT) -> list[str] | None:
    """
    Return the command of the demonstration's chain, None where anvil is not installed.

    The chain survives restarts in ``chain/state.json`` of the data folder; killed, it loses its
    last seconds, and what was anchored in them is anchored again. London is the oldest rule
    set on which what is deployed must run.
    """
    binary = anvil_binary()
    if binary is None:
        return None
    folder = data_dir / "chain"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [str(binary), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--chain-id", str(CHAIN_ID), "--hardfork", "london", "--no-cors"]
    command += ["--cache-path", str(folder / "cache"), "--prune-history"]
    return [*command, "--state", str(folder / "state.json"), "--state-interval", SAVE_EVERY_S]
