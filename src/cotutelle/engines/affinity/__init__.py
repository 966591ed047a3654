"""
Affinity: how near a student's interests are to a mentor's work, from their texts alone.

A score is a similarity with its reasons: the terms both sides use, which of the mentor's items stood
closest to which of the student's, and how much of it is meaning and how much words. It advises
people who choose; it decides nothing. Importing this package stays light: numpy, scipy, jieba and
the text models load when something is scored.
"""

from __future__ import annotations

from cotutelle.engines.affinity.models import Models, VectorCache
from cotutelle.engines.affinity.problem import (
    ENOUGH_ITEMS,
    AffinityProblem,
    AffinityRow,
    AffinityTable,
    ItemMatch,
    PairReason,
    SentencePair,
    SharedTerm,
    Span,
)
from cotutelle.engines.affinity.scoring import (
    explain_pair,
    iter_affinity,
    percentiles,
    score_affinity,
)
from cotutelle.engines.affinity.spaces import Encoder, Space, TfidfEncoder

__all__ = [
    "ENOUGH_ITEMS",
    "AffinityProblem",
    "AffinityRow",
    "AffinityTable",
    "Encoder",
    "ItemMatch",
    "Models",
    "PairReason",
    "SentencePair",
    "SharedTerm",
    "Space",
    "Span",
    "TfidfEncoder",
    "VectorCache",
    "explain_pair",
    "iter_affinity",
    "percentiles",
    "score_affinity",
]
