"""
A chain on one's own machine: what the demonstration anchors to, and what the tests ask.

It is foundry's ``anvil`` from npm. It proves nothing to anybody (its owner may write what he
likes); it shows the real client at work against a real node.
"""

from __future__ import annotations

import platform
from pathlib import Path

from cotutelle.ledger.anchoring.chains import Chain
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.problems import AnchorProblem
from cotutelle.ledger.anchoring.sending import carry_out
from cotutelle.ledger.anchoring.signing import Account, key_account

PORT = 8545
CHAIN_ID = 31337
KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Anvil's first development account: known to the whole world, worth nothing anywhere."""
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
"""Where that account's first contract comes to lie, on any chain."""
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


def account() -> Account:
    """Return who signs in the demonstration."""
    return key_account(KEY)


def demo_chain_environment(port: int = PORT) -> dict[str, str]:
    """Return the settings that let the web process and the worker anchor to the demonstration."""
    return {
        "COTUTELLE_ANCHOR_URL": f"http://127.0.0.1:{port}",
        "COTUTELLE_ANCHOR_CHAIN_ID": str(CHAIN_ID),
        "COTUTELLE_ANCHOR_CONTRACT": CONTRACT,
        "COTUTELLE_ANCHOR_CONFIRMATIONS": "1",
        "COTUTELLE_ANCHOR_MINUTES": "1",
        "COTUTELLE_ANCHOR_ACCOUNT": "cotutelle.ledger.anchoring.demo.account",
    }


def ensure_contract(chain: Chain) -> None:
    """
    Make the contract where ``chain`` is a new chain of the demonstration; else do nothing.

    Raises
    ------
    AnchorProblem
        The node cannot be asked.
    """
    if (chain.chain_id, chain.contract) != (CHAIN_ID, CONTRACT):
        return
    client = Client(chain)
    try:
        client.owner()
    except AnchorProblem as problem:
        if problem.code != "anchor.no_contract":
            raise
        deployment = client.sign_deployment(account())
        if deployment.nonce:  # somebody else's chain on this port: not a new one of ours
            raise
        carry_out(client, deployment, account())
