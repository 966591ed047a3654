"""What is said about a chain: where the contract is, what it holds, what became of a transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Chain:
    """
    Where the contract is.

    Attributes
    ----------
    url
        The node's JSON-RPC address.
    chain_id
        What the node must say it is: no root is ever written on the wrong chain.
    contract
        Address of the contract; empty before it is made.
    confirmations
        Blocks, its own included, after which a transaction counts as lasting: 1 where blocks are
        final at once (IBFT, QBFT), half the makers and one more (Clique), 64 (Ethereum).
    fees
        ``auto``: as the last block says; ``legacy``: one gas price, zero on many consortium chains.
    max_fee_wei
        The most a unit of gas may cost; None = whatever the node says.
    """

    url: str
    chain_id: int
    contract: str = ""
    confirmations: int = 12
    fees: Literal["auto", "legacy"] = "auto"
    max_fee_wei: int | None = None
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Head:
    """What the contract holds for one log: entries, root, and when a block took it."""

    size: int
    root: bytes
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Lag:
    """How far an anchor is behind its log: entries not yet anchored, age of what is (or None)."""

    entries: int
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction: all that is needed to send it once more or to replace it."""

    tx: str
    raw: str
    sender: str
    to: str
    data: str
    nonce: int
    gas: int
    limit: int
    tip: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of a transaction, as the node sees it now.

    ``state`` is ``waiting`` (the node has it), ``mined``, ``confirmed``, ``failed`` (mined, but
    the contract refused: ``reason``), ``dropped`` (nobody has it: send it again) or ``replaced``
    (another transaction took its nonce).
    """

    state: Literal["waiting", "mined", "confirmed", "failed", "dropped", "replaced"]
    tx: str = ""
    block: int = 0
    at: dt.datetime | None = None
    confirmations: int = 0
    gas_used: int = 0
    contract: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one transaction takes: units of gas, and wei at the most."""

    gas: int
    wei: int
