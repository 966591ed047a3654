"""Talking to a node: one connection, and every way it may fail turned into an AnchorProblem."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cotutelle.ledger.anchoring.problems import AnchorProblem

if TYPE_CHECKING:
    from web3 import Web3

REVERTED = "execution reverted"
# Clients word the same refusal differently: geth, Besu, Nethermind, Erigon, anvil.
KNOWN_ALREADY = ("already known", "alreadyknown", "known transaction", "already imported")
REFUSALS = (
    ("anchor.nonce_used", ("nonce too low", "oldnonce", "nonce_too_low")),
    ("anchor.no_funds", ("insufficient funds", "insufficient balance", "exceeds account balance")),
    (
        "anchor.underpriced",
        (
            "underpriced",
            "gas price too low",
            "less than block base fee",
            "fee too low",
            "feetoolow",
        ),
    ),
)
WORDS = {
    "anchor.nonce_used": "Another transaction of this account has taken this one's place.",
    "anchor.no_funds": "The account cannot pay for the transaction.",
    "anchor.underpriced": "The node finds the offered fee too low.",
}


def load_web3() -> None:
    """
    Load the chain's library and undo what a part of it does to the whole process.

    py_ecc raises the recursion limit to 100,000 when it is imported: from then on a deeply nested
    text from anybody would end the process instead of raising RecursionError.
    """
    limit = sys.getrecursionlimit()
    try:
        import web3  # noqa: F401, PLC0415 - the extra "anchor", slow to load
    finally:
        sys.setrecursionlimit(limit)


def connect(url: str, *, timeout_s: float) -> Web3:
    """
    Return a connection to the JSON-RPC node at ``url``; nothing is asked yet.

    Chains of appointed makers (Clique, IBFT, QBFT) put more than 32 bytes into a block's extra
    data; the middleware lets such blocks pass and changes nothing on other chains.
    """
    try:
        load_web3()
        from web3 import HTTPProvider, Web3  # noqa: PLC0415
        from web3.middleware import ExtraDataToPOAMiddleware  # noqa: PLC0415
    except ImportError as error:
        raise AnchorProblem(
            "anchor.not_installed", "The anchor needs the extra: pip install 'cotutelle[anchor]'."
        ) from error
    # Our own tasks try again; three silent tries inside a request would only hide a dead node.
    provider = HTTPProvider(
        url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None
    )
    web3 = Web3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return web3


@contextlib.contextmanager
def asking(url: str) -> Iterator[None]:
    """
    Raise an AnchorProblem for whatever goes wrong while the node at ``url`` is asked.

    Codes: ``anchor.unreachable``, ``anchor.refused`` (the contract's own reason is the message),
    ``anchor.nonce_used``, ``anchor.no_funds``, ``anchor.underpriced``, ``anchor.node_error``.
    """
    load_web3()
    import requests  # noqa: PLC0415 - comes with web3
    from web3.exceptions import (  # noqa: PLC0415
        ContractLogicError,
        Web3Exception,
        Web3RPCError,
    )

    try:
        yield
    except requests.HTTPError as error:
        raise _node_error(url, str(error)) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise AnchorProblem(
            "anchor.unreachable", f"The node at {url} does not answer.", retry=True
        ) from error
    except ContractLogicError as error:
        raise AnchorProblem("anchor.refused", revert_reason(error.message)) from error
    except Web3RPCError as error:
        raise _refusal(url, error) from error
    except (Web3Exception, requests.RequestException, ValueError) as error:
        raise _node_error(url, f"{type(error).__name__}: {error}") from error


def revert_reason(message: str | None) -> str:
    """Return the contract's own words out of what a node says about a reverted call."""
    said = (message or "").strip()
    if said.lower().startswith(REVERTED):
        said = said[len(REVERTED) :].lstrip(": ")
    return said or REVERTED


def is_known_already(problem: AnchorProblem) -> bool:
    """Whether the node refused a transaction only because it has it."""
    said = str(problem).lower()
    return problem.code == "anchor.node_error" and any(words in said for words in KNOWN_ALREADY)


def _refusal(url: str, error: Exception) -> AnchorProblem:
    response = getattr(error, "rpc_response", None) or {}
    told = response.get("error")
    said = str(told.get("message", "")) if isinstance(told, dict) else str(told or error)
    for code, phrases in REFUSALS:
        if any(phrase in said.lower() for phrase in phrases):
            return AnchorProblem(code, f"{WORDS[code]} ({said})", retry=True)
    return _node_error(url, said)


def _node_error(url: str, said: str) -> AnchorProblem:
    return AnchorProblem("anchor.node_error", f"The node at {url} says: {said}", retry=True)
