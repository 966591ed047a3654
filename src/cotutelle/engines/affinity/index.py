"""The mentors, indexed once, and what one block of students needs beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cotutelle.engines.affinity.items import (
    ColumnLookup,
    Items,
    compare,
    place_items,
    with_vectors,
)
from cotutelle.engines.affinity.models import Models, VectorCache
from cotutelle.engines.affinity.routes import WORDS_ONLY, Routes, calibrated_routes
from cotutelle.engines.affinity.spaces import Encoder, Space, TfidfEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

People = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Method:
    """How texts are compared: the models (none: words alone), what they said before, the words."""

    models: Models | None = None
    cache: VectorCache = field(default_factory=lambda: VectorCache(None))
    encoder: Encoder = field(default_factory=TfidfEncoder)

    @property
    def routes(self) -> Routes:
        """Return the channels of every route."""
        if self.models is None:
            return WORDS_ONLY
        from cotutelle.engines.affinity.calibration import calibration_for  # noqa: PLC0415 - imports us

        return calibrated_routes(calibration_for(self.models))


@dataclass(frozen=True, slots=True)
class MentorIndex:
    """The mentors' items as rows, by mentor id, and the space they span."""

    items: Items
    space: Space
    routes: Routes
    turned: Any
    lookup: ColumnLookup | None

    @property
    def words_only(self) -> bool:
        """Tell whether no model takes part."""
        return self.routes == WORDS_ONLY


def index_mentors(
    mentors: People, method: Method, *, chinese_students: bool, only: str | None = None
) -> MentorIndex:
    """
    Encode the mentors' items, or those of the ``only`` mentor asked for.

    What is rare is counted over all of them in either case; ``chinese_students`` says whether any
    student's item is Chinese.
    """
    ids = sorted(mentors) if only is None else [only]
    space = method.encoder.fit([text for items in mentors.values() for text in items])
    items = place_items(mentors, ids, space, languages=method.models is not None)
    if method.models:
        items = with_vectors(
            items, method.models, method.cache, other_chinese=chinese_students, other_english=True
        )
    turned, lookup = items.words.T, None
    if hasattr(turned, "tocsr"):
        turned, lookup = turned.tocsr(), ColumnLookup(items.words.shape[1])
    return MentorIndex(items, space, method.routes, turned, lookup)


def place_students(students: People, ids: list[str], index: MentorIndex, method: Method) -> Items:
    """Encode the items of some students."""
    languages = method.models is not None
    items = place_items(students, ids, index.space, languages=languages, named=True)
    if method.models is None:
        return items
    chinese = index.items.chinese
    return with_vectors(
        items,
        method.models,
        method.cache,
        other_chinese=bool(chinese.any()),
        other_english=not bool(chinese.all()),
    )


def compare_all(
    students: Items, index: MentorIndex, precision: Any = float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Compare some students' rows with all rows of the mentors: meaning and words."""
    import numpy as np  # noqa: PLC0415 - heavy

    product = students.words @ index.turned
    words = np.asarray(
        product.toarray() if hasattr(product, "toarray") else product, dtype=precision
    )
    np.clip(words, 0.0, 1.0, out=words)
    every = np.arange(words.shape[1])
    own = np.arange(words.shape[0])
    return compare(students, own, index.items, every, words=words, routes=index.routes)
