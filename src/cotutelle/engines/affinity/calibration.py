"""
The scale on which the routes meet: frozen constants, and how they are measured.

A cosine of 0.3 means much for MiniLM, little for USE and very much for TF-IDF. Each channel of each
route is therefore put on one scale, (cosine - mean) / sd:

* ``mean`` is the channel's mean over pairs of texts from different fields: unrelated texts lie at 0
  on every route;
* ``sd`` is its standard deviation over pairs from the same field, the pairs a ranking has to tell
  apart, times one factor per route by which such pairs lie at 1 on average on every route. Inside
  a route the factor changes no order.

A mentor who publishes in Chinese thus stands where an equal one stands who publishes in English.

The population is our own: forty short medical texts from eight fields, each in both languages, in
``models/data/reference.jsonl``. Forty others from eight other fields test it. Constants change only
together with their version: scores of two versions cannot be compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.models import HubModel, Language, Models
from cotutelle.engines.affinity.spaces import TfidfEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEANING_WEIGHT, WORDS_WEIGHT = 0.7, 0.3
Constants = Mapping[str, tuple[float, float]]
Route = tuple[Language, Language]
_REFERENCE = Path(__file__).parent / "models" / "data" / "reference.jsonl"
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Calibration:
    """Route → channel ("minilm", "use", "tfidf") → (mean, sd)."""

    version: str
    routes: Mapping[Route, Constants]


@dataclass(frozen=True, slots=True)
class Reference:
    """One text of the reference population, in both languages."""

    field: str
    zh: str
    en: str


CALIBRATION = Calibration(
    version="2026-11-1",
    routes={
        ("en", "en"): {"minilm": (0.0654, 0.1836), "tfidf": (0.01, 0.0792)},
        ("zh", "zh"): {"use": (0.2918, 0.1264), "tfidf": (0.0119, 0.0355)},
        ("zh", "en"): {"use": (0.2335, 0.145)},
    },
)


def calibration_for(models: Models) -> Calibration:
    """
    Return the frozen constants, or those of a hub model, measured once per process.

    Raises
    ------
    ValueError
        A hub model tells no texts of the reference population apart.
    """
    if isinstance(models.english, HubModel) or isinstance(models.multilingual, HubModel):
        return _measured(models)
    return CALIBRATION


@lru_cache(maxsize=2)
def _measured(models: Models) -> Calibration:
    names = f"{models.english.version}+{models.multilingual.version}"
    return measure_calibration(
        reference_texts(_REFERENCE), models, version=f"{CALIBRATION.version}+{names}"
    )


def reference_texts(path: Path = _REFERENCE) -> tuple[Reference, ...]:
    """Read a reference population: one JSON object a line with ``field``, ``zh`` and ``en``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return tuple(Reference(found["field"], found["zh"], found["en"]) for found in records)


def measure_calibration(texts: Sequence[Reference], models: Models, *, version: str) -> Calibration:
    """
    Measure the constants on a reference population.

    Parameters
    ----------
    texts
        At least two fields with at least two texts each.
    models
        The models to calibrate.
    version
        The name of the result.

    Returns
    -------
    Calibration
        Constants of four decimals.

    Raises
    ------
    ValueError
        ``texts`` are too few, or on some channel texts of the same field are no nearer to each
        other than texts of different fields.
    """
    same, different = _pairs([text.field for text in texts])
    routes: dict[Route, Constants] = {}
    for route, channels in _cosines(texts, models).items():
        spread: dict[str, tuple[float, float]] = {}
        related = 0.0
        for name, (weight, cosines) in channels.items():
            mean, sd = float(cosines[different].mean()), float(cosines[same].std())
            height = float(cosines[same].mean()) - mean
            if height <= 0 or sd <= 0:
                raise ValueError(f"texts: channel {name!r} does not tell fields apart")
            spread[name] = mean, sd
            related += weight * height / sd
        routes[route] = {
            name: (round(mean, _DECIMALS), round(sd * related, _DECIMALS))
            for name, (mean, sd) in spread.items()
        }
    return Calibration(version, routes)


def _pairs(fields: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    import numpy as np  # noqa: PLC0415 - heavy

    names = np.array(fields)
    alike = names[:, None] == names[None]
    same, different = alike & ~np.eye(len(names), dtype=bool), ~alike
    if not same.any() or not different.any():
        raise ValueError("texts: two fields with two texts each are the least")
    return same, different


def _cosines(
    texts: Sequence[Reference], models: Models
) -> dict[Route, dict[str, tuple[float, NDArray[np.floating[Any]]]]]:
    """Return, per route and channel, the weight and the cosines of all texts with all texts."""
    chinese, english = [text.zh for text in texts], [text.en for text in texts]
    words = TfidfEncoder().fit([*chinese, *english])
    zh_words, en_words = words.encode(chinese), words.encode(english)
    minilm = models.english.encode(english)
    zh_use, en_use = models.multilingual.encode(chinese), models.multilingual.encode(english)
    return {
        ("en", "en"): {
            "minilm": (MEANING_WEIGHT, minilm @ minilm.T),
            "tfidf": (WORDS_WEIGHT, (en_words @ en_words.T).toarray()),
        },
        ("zh", "zh"): {
            "use": (MEANING_WEIGHT, zh_use @ zh_use.T),
            "tfidf": (WORDS_WEIGHT, (zh_words @ zh_words.T).toarray()),
        },
        ("zh", "en"): {"use": (1.0, zh_use @ en_use.T)},
    }
