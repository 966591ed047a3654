"""Where the reasons of a pair stand in its texts: shared terms, and the nearest two sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.index import Method
from cotutelle.engines.affinity.models import sentences
from cotutelle.engines.affinity.problem import (
    AffinityRow,
    ItemMatch,
    SentencePair,
    SharedTerm,
    Span,
)
from cotutelle.engines.affinity.terms import is_han, word_places

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def shared_terms(
    row: AffinityRow,
    counted: Sequence[Sequence[ItemMatch]],
    student: Sequence[str],
    mentor: Sequence[str],
) -> tuple[SharedTerm, ...]:
    """Return the row's terms with their places in all items that counted, in the row's order."""
    matches = [match for group in counted for match in group]
    own = sorted({match.student_item for match in matches})
    theirs = sorted({match.mentor_item for match in matches})
    return tuple(
        SharedTerm(term, tuple(_spans(term, own, student)), tuple(_spans(term, theirs, mentor)))
        for term in row.terms
    )


def _spans(term: str, items: Sequence[int], texts: Sequence[str]) -> Iterator[Span]:
    for item in items:
        for start, end in find_term(term, texts[item]):
            yield Span(item, start, end)


def find_term(term: str, text: str) -> list[tuple[int, int]]:
    """
    Return where a shown term stands in a text as it was written, from left to right.

    Width, case and the character between two words may differ from the term's.
    """
    folded, places = _fold(text)
    if is_han(term):
        found = [(hit.start(), hit.end()) for hit in re.finditer(re.escape(term), folded)]
    else:
        found = list(word_places(term, folded))
    return [(places[start], places[end - 1] + 1) for start, end in found]


def _fold(text: str) -> tuple[str, list[int]]:
    """Normalise as terms are, remembering which character each one came from."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for piece in unicodedata.normalize("NFKC", character).lower():
            folded.append(piece)
            places.append(place)
    return "".join(folded), places


def best_sentences(
    row: AffinityRow, student: Sequence[str], mentor: Sequence[str], method: Method
) -> SentencePair | None:
    """Return the nearest two sentences of the nearest two items; None where no item counted."""
    nearest = row.nearest
    return nearest_sentences(nearest[0], student, mentor, method) if nearest else None


def nearest_sentences(
    match: ItemMatch, student: Sequence[str], mentor: Sequence[str], method: Method
) -> SentencePair:
    """Return the nearest two sentences of two items."""
    import numpy as np  # noqa: PLC0415 - heavy

    own = _sentence_spans(match.student_item, student)
    theirs = _sentence_spans(match.mentor_item, mentor)
    ours = [student[span.item][span.start : span.end] for span in own]
    others = [mentor[span.item][span.start : span.end] for span in theirs]
    cosines = _vectors(ours, others, match, method)
    place = np.unravel_index(int(np.argmax(cosines)), cosines.shape)
    similarity = round(float(cosines[place]), 6)
    return SentencePair(own[place[0]], theirs[place[1]], similarity)


def _sentence_spans(item: int, texts: Sequence[str]) -> list[Span]:
    spans: list[Span] = []
    end = 0
    for sentence in sentences(texts[item]):
        start = texts[item].index(sentence, end)
        end = start + len(sentence)
        spans.append(Span(item, start, end))
    return spans


def _vectors(
    ours: list[str], others: list[str], match: ItemMatch, method: Method
) -> NDArray[np.float32]:
    """Return the cosines of the sentences, ours × others."""
    import numpy as np  # noqa: PLC0415 - heavy

    if method.models is None:
        space = method.encoder.fit(others)
        found: Any = space.encode(ours) @ space.encode(others).T
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    models = method.models
    model = models.english if match.route == "en-en" else models.multilingual
    return method.cache.encode(model, ours) @ method.cache.encode(model, others).T
