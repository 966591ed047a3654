"""Any sentence-transformers model by its name, for those who install the extra and ask for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models.protocol import MAX_TOKENS, ModelMissing, places_that_say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class HubModel:
    """
    A model of the Hugging Face hub or of a local folder (SciNCL, SPECTER2, a multilingual one).

    The only model that may be downloaded, by sentence-transformers, when it is made.

    Parameters
    ----------
    name
        Hub name ("malteos/scincl") or the path of a folder.

    Raises
    ------
    ModelMissing
        The extra is not installed, or no model of this name can be loaded.
    """

    def __init__(self, name: str) -> None:
        try:
            package = import_module("sentence_transformers")
        except ImportError:
            raise ModelMissing(
                f"name: {name!r} needs the extra 'models': pip install 'cotutelle[models]'"
            ) from None
        try:
            self._model: Any = package.SentenceTransformer(name)
        except (OSError, ValueError) as refusal:
            raise ModelMissing(f"name: {name!r} cannot be loaded: {refusal}") from refusal
        length = self._model.max_seq_length or MAX_TOKENS
        self._model.max_seq_length = min(length, MAX_TOKENS)
        self.name = name
        self.dimension = int(self._model.get_sentence_embedding_dimension())
        self.version = f"{name}-{_digest(self._model)[:12]}-{self._model.max_seq_length}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return n × ``dimension``."""
        import numpy as np  # noqa: PLC0415 - heavy

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        places = list(places_that_say(texts))
        if places:
            rows[places] = self._model.encode(
                [texts[place] for place in places],
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return rows


def _digest(model: Any) -> str:
    """Hash the weights themselves: a name on the hub may change what it stands for."""
    digest = hashlib.sha256()
    for key, values in sorted(model.state_dict().items()):
        digest.update(key.encode("utf-8"))
        digest.update(values.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
