"""
The anchor: size and root of a log, written where its operator cannot take them back.

Two independent places: a contract on an EVM chain (`evm`) and RFC 3161 time-stamps
(`timestamps`). Nothing here imports Django; the chain's library (web3, the extra ``anchor``)
is loaded when a chain is first asked.
"""

from __future__ import annotations

from cotutelle.ledger.anchoring.problems import AnchorProblem

__all__ = ["AnchorProblem"]
