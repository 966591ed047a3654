"""
Text models from installed wheels: texts in, vectors of length 1 out.

Nothing is downloaded and nothing is loaded before it is used. ``available`` answers with the two
models the engine is calibrated for, or with None where a package is missing; ``VectorCache`` keeps
what was encoded once.
"""

from __future__ import annotations

from cotutelle.engines.affinity.models.cache import VectorCache
from cotutelle.engines.affinity.models.hub import HubModel
from cotutelle.engines.affinity.models.installed import available
from cotutelle.engines.affinity.models.language import Language, language_of, sentences
from cotutelle.engines.affinity.models.minilm import MiniLm
from cotutelle.engines.affinity.models.multilingual import UseMultilingual
from cotutelle.engines.affinity.models.protocol import (
    MAX_TOKENS,
    ModelMismatch,
    ModelMissing,
    Models,
    TextModel,
)

__all__ = [
    "MAX_TOKENS",
    "HubModel",
    "Language",
    "MiniLm",
    "ModelMismatch",
    "ModelMissing",
    "Models",
    "TextModel",
    "UseMultilingual",
    "VectorCache",
    "available",
    "language_of",
    "sentences",
]
