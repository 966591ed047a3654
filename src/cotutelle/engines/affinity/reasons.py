"""
Which terms carried a score, in words a person can read.

The weight of a term in a pair is its part of the score. Terms are gathered into phrases that the
student really wrote: a pair of words stands for its words, and a Chinese word (cut by jieba, for
showing only) for its character bigrams.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.items import Shared
from cotutelle.engines.affinity.terms import han_bigrams, han_runs, is_han

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TERMS_SHOWN = 5
_NEAR_ZERO = 1e-12


def pick_terms(
    shared: Shared,
    texts: Sequence[str],
    names: Mapping[int, str],
    *,
    owners: NDArray[np.int64],
    shares: NDArray[np.float64],
    count: int,
) -> list[tuple[str, ...]]:
    """
    Return for each mentor up to five phrases, strongest first, equal ones by alphabet.

    Parameters
    ----------
    shared
        What one student's rows share with those of ``count`` mentors.
    texts, names
        The student's texts, and what the columns are called.
    owners
        Which of the mentors (0, 1, …) each of their rows belongs to.
    shares
        What one unit of TF-IDF similarity between the student's row ``i`` and the mentors' row
        ``j`` makes of the score: student's rows × mentors' rows.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    columns, weights = _weigh(shared, owners, shares, count)
    found = list(map(names.get, columns.tolist()))
    weights = weights[:, np.array([name is not None for name in found], dtype=bool)]
    shown = [name for name in found if name is not None]
    phrases = _phrases({name: place for place, name in enumerate(shown)}, texts)
    ordered = sorted(phrases)
    groups = [phrases[phrase] for phrase in ordered]
    parts = np.array([part for group in groups for part in group], dtype=np.int64)
    starts = np.cumsum([0, *map(len, groups)])[:-1]
    strengths = _strengths(weights[:, parts], starts)
    return [
        _strongest(strengths[mentor], ordered, groups) or _bare_terms(weights[mentor], shown)
        for mentor in range(len(weights))
    ]


def _weigh(
    shared: Shared, owners: NDArray[np.int64], shares: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the columns any of the mentors shares, and mentors × these: parts of the scores."""
    import numpy as np  # noqa: PLC0415 - heavy

    met, width = shared.others, len(shared.columns)
    rows = np.repeat(np.arange(met.shape[0]), np.diff(met.indptr))
    weighed = np.ascontiguousarray(shares.T)[rows]
    carried = np.einsum("ki,ki->k", weighed, shared.student[met.indices]) * met.data
    cells = owners[rows] * width + met.indices
    flat = np.asarray(np.bincount(cells, carried, count * width), dtype=np.float64)
    weights = flat.reshape(count, width)
    strong = np.flatnonzero((weights > _NEAR_ZERO).any(axis=0))
    return shared.columns[strong], weights[:, strong]


def _strengths(carried: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add up the parts of each phrase; a phrase shared only in part counts nothing."""
    import numpy as np  # noqa: PLC0415 - heavy

    if not len(starts):
        return np.zeros((len(carried), 0))
    whole = np.minimum.reduceat(carried, starts, axis=1) > _NEAR_ZERO
    return np.where(whole, np.add.reduceat(carried, starts, axis=1).round(12), 0.0)


def _bare_terms(weights: NDArray[np.float64], shown: list[str]) -> tuple[str, ...]:
    """Fall back on Chinese bigrams that make no whole word of the student's."""
    order = (-weights.round(12)).argsort(kind="stable")[:TERMS_SHOWN].tolist()
    return tuple(shown[place] for place in order if weights[place] > _NEAR_ZERO)


def _strongest(
    strength: NDArray[np.float64], phrases: list[str], groups: list[list[int]]
) -> tuple[str, ...]:
    """Take phrases by strength, passing over those a taken phrase already says."""
    chosen: list[str] = []
    said: set[int] = set()
    for place in _downwards(strength):
        if said.issuperset(groups[place]):
            continue
        chosen.append(phrases[place])
        if len(chosen) == TERMS_SHOWN:
            break
        said.update(groups[place])
    return tuple(chosen)


def _downwards(strength: NDArray[np.float64]) -> Iterator[int]:
    """Yield the places of what is above zero, strongest first: rarely more than the first few."""
    import numpy as np  # noqa: PLC0415 - heavy

    few = min(4 * TERMS_SHOWN, len(strength))
    if not few:
        return
    least = max(np.partition(strength, -few)[-few], _NEAR_ZERO)
    for part in (strength >= least, (strength < least) & (strength > 0)):
        places = np.flatnonzero(part)
        yield from places[(-strength[places]).argsort(kind="stable")].tolist()


def _phrases(local: dict[str, int], texts: Iterable[str]) -> dict[str, list[int]]:
    """Map every phrase that can be shown to the places of the terms it stands for."""
    phrases: dict[str, list[int]] = {}
    chinese = False
    for term, place in local.items():
        if " " in term:
            phrases[term] = [place, *(local[word] for word in term.split(" ") if word in local)]
        elif is_han(term):
            chinese = True
        else:
            phrases[term] = [place]
    if chinese:
        phrases.update(_chinese_phrases(local, texts))
    return phrases


def _chinese_phrases(local: dict[str, int], texts: Iterable[str]) -> dict[str, list[int]]:
    """Use the words jieba finds in the texts, where every bigram of the word is known."""
    phrases: dict[str, list[int]] = {}
    cut = _word_cutter().cut
    runs = sorted({run for text in texts for run in han_runs(text)})
    for word in sorted({word for run in runs for word in cut(run, HMM=False)}):
        bigrams = list(dict.fromkeys(han_bigrams(word)))
        if all(bigram in local for bigram in bigrams):
            phrases[word] = [local[bigram] for bigram in bigrams]
    return phrases


@lru_cache(maxsize=1)
def _word_cutter() -> Any:
    """Load jieba's dictionary without the cache file it would leave in a shared folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415 - heavy

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
