"""The terms of texts as hashes and counts, kept beside the vectors: cutting texts is slow too."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cotutelle.engines.affinity.models import VectorCache
from cotutelle.engines.affinity.terms import split_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HASH, _COUNT = 8, 2
_MOST = 0xFFFF
_WRITTEN_AT_ONCE = 1000


class TermCounts(VectorCache):
    """
    Which terms texts have, and how often.

    Parameters
    ----------
    folder
        Where they are kept, as hashes; nothing is kept without it.
    """

    version = "terms-1"

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)

    def count(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint16], NDArray[np.int64]]:
        """
        Return the hashes of all terms, text after text, their counts, and how many each text has.

        Inside a text terms stand in the order in which they first occur.
        """
        import numpy as np  # noqa: PLC0415 - heavy

        found = self._packed(texts)
        sizes = np.array([len(one) // (_HASH + _COUNT) for one in found], dtype=np.int64)
        cuts = (_HASH * sizes).tolist()
        hashes = b"".join(one[:cut] for one, cut in zip(found, cuts, strict=True))
        counts = b"".join(one[cut:] for one, cut in zip(found, cuts, strict=True))
        return np.frombuffer(hashes, dtype="<u8"), np.frombuffer(counts, dtype="<u2"), sizes

    def _packed(self, texts: Sequence[str]) -> list[bytes]:
        if self.folder is None:
            return [_pack(text) for text in texts]
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        known = dict(self._read(self, list(dict.fromkeys(keys))))
        fresh = {}
        for key, text in zip(keys, texts, strict=True):
            if key not in known:
                known[key] = fresh[key] = _pack(text)
            if len(fresh) == _WRITTEN_AT_ONCE:
                self._write(self, fresh)
                fresh = {}
        if fresh:
            self._write(self, fresh)
        return [known[key] for key in keys]


def _pack(text: str) -> bytes:
    """Return the hashes of the terms, then their counts."""
    counted = Counter(split_terms(text))
    hashes = b"".join(
        hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=_HASH).digest()
        for term in counted
    )
    counts = [min(count, _MOST) for count in counted.values()]
    return hashes + struct.pack(f"<{len(counts)}H", *counts)
