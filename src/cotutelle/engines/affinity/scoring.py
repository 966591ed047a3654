"""
Scores, rows and reasons.

The student × mentor × item cube is never held: students pass in blocks small enough that one block
against all the mentors' items stays near sixteen megabytes an array.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from cotutelle.engines.affinity.blocks import all_scores, make_scorer
from cotutelle.engines.affinity.highlights import best_sentences, shared_terms
from cotutelle.engines.affinity.index import (
    Method,
    compare_all,
    index_mentors,
    place_students,
)
from cotutelle.engines.affinity.items import any_chinese
from cotutelle.engines.affinity.models import Models, VectorCache
from cotutelle.engines.affinity.problem import (
    AffinityProblem,
    AffinityRow,
    AffinityTable,
    PairReason,
)
from cotutelle.engines.affinity.rows import Counted, Meeting, make_rows
from cotutelle.engines.affinity.spaces import Encoder, TfidfEncoder
from cotutelle.engines.affinity.termcounts import TermCounts
from cotutelle.engines.affinity.workers import Spread, in_turn

BEST_ITEMS = 5


def score_affinity(
    problem: AffinityProblem,
    *,
    top: int | None = None,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
    models: Models | None = None,
    cache: VectorCache | None = None,
) -> AffinityTable:
    """
    Score every student against every mentor.

    For each item of the student, the mean of the ``best_items`` most similar items of the mentor
    (all of them where there are fewer); the score is the mean over the student's items. Items that
    say nothing (blank, or only function words) are left out on both sides.

    Parameters
    ----------
    problem
        The texts.
    top
        Mentors kept per student, ≥ 1; all without it. Equal scores stand in the order of the mentor
        ids.
    best_items
        Items of a mentor that count per item of the student, ≥ 1.
    encoder
        How words are compared; TF-IDF without it.
    models
        Text models for the meaning, as ``models.available()`` finds them; words alone without.
        Pairs in English weigh 0.7 English model and 0.3 words, pairs in Chinese 0.7 multilingual
        model and 0.3 words, pairs across languages are left to the multilingual model; each channel
        on the scale of the frozen constants in ``calibration``.
    cache
        Where vectors are kept; in memory for this call without it.

    Returns
    -------
    AffinityTable
        The same for any order of the ids in the input. A mentor without a word scores as one that
        shares nothing; a student without a word gets 0 with everybody.

    Raises
    ------
    ValueError
        ``top`` or ``best_items`` is below 1.

    Notes
    -----
    Time is that of one product of the student items with the mentor items, memory that of the rows
    returned; ``iter_affinity`` streams them.

    **Source**: the best-few mean over a profile's items follows the expertise models compared by
    Stelmakh et al., "A Gold Standard Dataset for the Reviewer Assignment Problem" (2023).
    """
    rows = iter_affinity(
        problem, top=top, best_items=best_items, encoder=encoder, models=models, cache=cache
    )
    return AffinityTable(tuple(rows))


def iter_affinity(
    problem: AffinityProblem,
    *,
    top: int | None = None,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
    models: Models | None = None,
    cache: VectorCache | None = None,
    spread: Spread | None = None,
) -> Iterator[AffinityRow]:
    """
    Yield the rows of ``score_affinity`` in its order, holding a few blocks of students at a time.

    ``spread`` runs the blocks elsewhere, see ``workers``; here and one by one without it.
    """
    check_counts(top=top, best_items=best_items)
    return _stream(problem, top, best_items, _method(encoder, models, cache), spread or in_turn)


def explain_pair(
    problem: AffinityProblem,
    student: str,
    mentor: str,
    *,
    best_items: int = BEST_ITEMS,
    encoder: Encoder | None = None,
    models: Models | None = None,
    cache: VectorCache | None = None,
) -> PairReason:
    """
    Return one pair's row with every similarity that entered its score, shown in both texts.

    All mentors are needed: what is rare among them decides what a shared word weighs.

    Raises
    ------
    ValueError
        ``student`` or ``mentor`` is not in the problem, or ``best_items`` is below 1.
    """
    check_counts(top=None, best_items=best_items)
    if student not in problem.students:
        raise ValueError(f"student: {student!r} is not among the students")
    if mentor not in problem.mentors:
        raise ValueError(f"mentor: {mentor!r} is not among the mentors")
    import numpy as np  # noqa: PLC0415 - heavy

    method = _method(encoder, models, cache)
    only = {student: problem.students[student]}
    index = index_mentors(problem.mentors, method, chinese_students=any_chinese(only), only=mentor)
    block = place_students(only, [student], index, method)
    meeting = Meeting(block, 0, index, np.array([0]), *compare_all(block, index))
    score = all_scores(block, index, meeting.meaning + meeting.words, best_items)[0]
    (row,) = make_rows(meeting, score, best_items)
    counted = Counted(meeting, best_items).groups(0)
    texts = (problem.students[student], problem.mentors[mentor])
    return PairReason(
        row, counted, shared_terms(row, counted, *texts), best_sentences(row, *texts, method)
    )


def percentiles(scores: Mapping[str, float]) -> dict[str, float]:
    """
    Return, for one student's score per mentor, the share of mentors that score lower, 0–100.

    Equal scores get equal percentiles; n log n.
    """
    ordered = sorted(scores.values())
    return {
        mentor: 100 * bisect_left(ordered, score) / len(ordered) for mentor, score in scores.items()
    }


def check_counts(*, top: int | None, best_items: int) -> None:
    """Refuse counts below 1."""
    if top is not None and top < 1:
        raise ValueError(f"top: {top} is below 1")
    if best_items < 1:
        raise ValueError(f"best_items: {best_items} is below 1")


def _method(encoder: Encoder | None, models: Models | None, cache: VectorCache | None) -> Method:
    kept = cache or VectorCache(None)
    return Method(models, kept, encoder or TfidfEncoder(TermCounts(kept.folder)))


def _stream(
    problem: AffinityProblem, top: int | None, best_items: int, method: Method, spread: Spread
) -> Iterator[AffinityRow]:
    if not problem.mentors:
        return
    scorer = make_scorer(problem, method, top=top, best_items=best_items)
    yield from spread(scorer, method, scorer.blocks(problem.students))
