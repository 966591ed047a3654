"""
Affinity: how near a student's interests are to a mentor's work, from their texts alone.

A score is a similarity in 0–1 with its reasons: the terms both sides use, and which of the
mentor's items stood closest to which of the student's. It advises people who choose; it decides
nothing. Importing this package stays light: numpy, scipy and jieba load when something is scored.
"""

from __future__ import annotations

from cotutelle.engines.affinity.problem import (
    AffinityProblem,
    AffinityRow,
    AffinityTable,
    ItemMatch,
    PairReason,
)
from cotutelle.engines.affinity.scoring import (
    explain_pair,
    iter_affinity,
    percentiles,
    score_affinity,
)
from cotutelle.engines.affinity.spaces import Encoder, Space, TfidfEncoder

__all__ = [
    "AffinityProblem",
    "AffinityRow",
    "AffinityTable",
    "Encoder",
    "ItemMatch",
    "PairReason",
    "Space",
    "TfidfEncoder",
    "explain_pair",
    "iter_affinity",
    "percentiles",
    "score_affinity",
]
