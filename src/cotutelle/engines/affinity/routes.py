"""
The routes two items can take to each other, and what each channel weighs on them.

A channel's cosine is put on the scale of frozen constants, (cosine - mean) / sd, so that routes can
be compared: 0 is what unrelated items reach on every one of them. A route is therefore linear in its
two cosines, and its parts add up to the similarity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cotutelle.engines.affinity import problem
from cotutelle.engines.affinity.calibration import MEANING_WEIGHT, WORDS_WEIGHT, Calibration

ENGLISH, CHINESE = 0, 1


@dataclass(frozen=True, slots=True)
class Line:
    """``gain * cosine + base``."""

    gain: float
    base: float


_NOTHING = Line(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Channels:
    """What a route makes of the cosine of two vectors and of that of two TF-IDF rows."""

    route: problem.Route
    meaning: Line
    words: Line

    @property
    def floor(self) -> float:
        """Return the similarity of two items that share nothing: both cosines are 0."""
        return self.meaning.base + self.words.base


Routes = tuple[tuple[Channels, Channels], tuple[Channels, Channels]]
_WORDS_ALONE = Channels("words", _NOTHING, Line(1.0, 0.0))
WORDS_ONLY: Routes = ((_WORDS_ALONE, _WORDS_ALONE), (_WORDS_ALONE, _WORDS_ALONE))


def calibrated_routes(calibration: Calibration) -> Routes:
    """Return the channels by language of the student's and of the mentor's item."""
    english, chinese = calibration.routes["en", "en"], calibration.routes["zh", "zh"]
    across = Channels("zh-en", _line(calibration.routes["zh", "en"], "use", 1.0), _NOTHING)
    return (
        (_channels("en-en", english, "minilm"), across),
        (across, _channels("zh-zh", chinese, "use")),
    )


def _channels(
    route: problem.Route, constants: Mapping[str, tuple[float, float]], model: str
) -> Channels:
    return Channels(
        route,
        _line(constants, model, MEANING_WEIGHT),
        _line(constants, "tfidf", WORDS_WEIGHT),
    )


def _line(constants: Mapping[str, tuple[float, float]], channel: str, weight: float) -> Line:
    mean, sd = constants[channel]
    return Line(weight / sd, -weight * mean / sd)
