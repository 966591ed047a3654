"""What every text model promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cotutelle.engines.affinity.terms import split_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOKENS = 256


class ModelMissing(ValueError):
    """A package or a file that a model needs is not installed."""


class ModelMismatch(ValueError):
    """An installed file is not the one the engine was calibrated with."""


class TextModel(Protocol):
    """A way to place one text, whatever other texts there are."""

    @property
    def name(self) -> str:
        """Name the model for people and for the calibration's constants."""

    @property
    def version(self) -> str:
        """Name the model, its files and its truncation: two equal versions give equal vectors."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return one row per text, n × ``dimension``.

        A row has length 1, or is all zero where the text says nothing. It depends on its own text
        alone: the same text gives the same row in any company.
        """


@dataclass(frozen=True, slots=True)
class Models:
    """The model for English pairs and the one for every pair with Chinese in it."""

    english: TextModel
    multilingual: TextModel


def says_something(text: str) -> bool:
    """Tell whether a text has a term at all; blank texts and function words have none."""
    return bool(split_terms(text))


def places_that_say(texts: Sequence[str]) -> Iterator[int]:
    """Yield the places of the texts that say something."""
    return (place for place, text in enumerate(texts) if says_something(text))
