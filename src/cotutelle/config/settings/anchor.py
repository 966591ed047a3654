"""Where heads of the log are anchored; nothing is where no address is set (docs/explanation/anchor.md)."""

from __future__ import annotations

import os

# The node of a chain, what it must say it is, and our contract there.
COTUTELLE_ANCHOR_URL = os.environ.get("COTUTELLE_ANCHOR_URL", "")
COTUTELLE_ANCHOR_CHAIN_ID = int(os.environ.get("COTUTELLE_ANCHOR_CHAIN_ID", "0"))
COTUTELLE_ANCHOR_CONTRACT = os.environ.get("COTUTELLE_ANCHOR_CONTRACT", "")
COTUTELLE_ANCHOR_CONFIRMATIONS = int(os.environ.get("COTUTELLE_ANCHOR_CONFIRMATIONS", "12"))
# "auto" or "legacy"; the most that a unit of gas may cost, in wei ("" = whatever the node says).
COTUTELLE_ANCHOR_FEES = os.environ.get("COTUTELLE_ANCHOR_FEES", "auto")
COTUTELLE_ANCHOR_MAX_FEE_WEI = os.environ.get("COTUTELLE_ANCHOR_MAX_FEE_WEI", "")
# A function that returns the account that signs: a key file in the data folder, or another one.
COTUTELLE_ANCHOR_ACCOUNT = os.environ.get(
    "COTUTELLE_ANCHOR_ACCOUNT", "cotutelle.ledger.services.anchors.file_key"
)
# A growing log is anchored at most this often.
COTUTELLE_ANCHOR_MINUTES = int(os.environ.get("COTUTELLE_ANCHOR_MINUTES", "60"))

# A time-stamping authority (RFC 3161), and files of certificates it must go back to, parted by ":".
COTUTELLE_TSA_URL = os.environ.get("COTUTELLE_TSA_URL", "")
COTUTELLE_TSA_ROOTS = [p for p in os.environ.get("COTUTELLE_TSA_ROOTS", "").split(os.pathsep) if p]
