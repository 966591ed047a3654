"""From a signed transaction to a lasting one, through dropped, stuck and outbid ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from cotutelle.ledger.anchoring.chains import Outcome, Signed
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.problems import AnchorProblem
from cotutelle.ledger.anchoring.signing import Account

PAUSE_S = 0.5
STUCK_S = 180.0
PATIENCE_S = 1800.0


def advance(
    client: Client,
    attempts: Sequence[Signed],
    account: Account,
    *,
    stuck: bool,
    keep: Callable[[Signed], None],
) -> Outcome:
    """
    Do the next step of what was signed, and say what had become of it before.

    What the node does not have is sent (again). What is stuck, or too cheap for the node, is
    signed anew for more; ``keep`` gets the new attempt before it is sent.

    Parameters
    ----------
    attempts
        All that was signed under this nonce, oldest first; at least one.
    stuck
        Whether the last attempt has waited long enough to be outbid.
    """
    outcome = client.outcome(*attempts)
    try:
        if outcome.state == "dropped":
            try:
                client.send(attempts[-1])
            except AnchorProblem as problem:
                if problem.code != "anchor.underpriced":
                    raise
                _outbid(client, attempts[-1], account, keep)
        elif outcome.state == "waiting" and stuck:
            _outbid(client, attempts[-1], account, keep)
    except AnchorProblem as problem:
        # An earlier attempt was mined in this very moment: the next look shows which.
        if problem.code != "anchor.nonce_used":
            raise
    return outcome


def carry_out(
    client: Client,
    first: Signed,
    account: Account,
    *,
    patience_s: float = PATIENCE_S,
    stuck_s: float = STUCK_S,
) -> Outcome:
    """
    Send ``first`` and wait until it lasts: for commands; tasks call `advance` now and then.

    Raises
    ------
    AnchorProblem
        ``anchor.refused`` with the contract's reason, ``anchor.replaced``: the account was used
        elsewhere at the same time; ``anchor.slow``: not lasting within ``patience_s``.
    """
    attempts = [first]
    begun = last_sent = time.monotonic()
    while True:
        count = len(attempts)
        stuck = time.monotonic() - last_sent > stuck_s
        outcome = advance(client, attempts, account, stuck=stuck, keep=attempts.append)
        if outcome.state == "confirmed":
            return outcome
        if outcome.state == "failed":
            raise AnchorProblem("anchor.refused", outcome.reason)
        if outcome.state == "replaced":
            raise AnchorProblem(
                "anchor.replaced", "Another transaction of the account took its place.", retry=True
            )
        if len(attempts) > count:
            last_sent = time.monotonic()
        if time.monotonic() - begun > patience_s:
            raise AnchorProblem(
                "anchor.slow", f"Transaction {attempts[-1].tx} still does not last.", retry=True
            )
        if outcome.state != "dropped":
            time.sleep(PAUSE_S)


def _outbid(client: Client, last: Signed, account: Account, keep: Callable[[Signed], None]) -> None:
    again = client.sign_again(last, account)
    keep(again)
    client.send(again)
