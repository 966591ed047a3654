"""Two texts side by side: what they share is marked, and the two nearest sentences are quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cotutelle.engines.affinity.highlights import find_term
from cotutelle.engines.affinity.models import sentences
from cotutelle.selection.models import AffinityScore, Offer, Participant
from cotutelle.selection.queries.affinity import sentence_on
from cotutelle.selection.queries.affinity_texts import Item, offer_items, written_by

WHOLE_UP_TO = 500
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; ``marked`` where both sides use it."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class SideBySide:
    """
    One of the student's texts beside one of the mentor's.

    ``own`` and ``other`` are empty where a text has changed since affinity was computed.
    """

    says: str
    kind: str
    own_kind: str
    title: str
    own_title: str
    own: tuple[Part, ...]
    other: tuple[Part, ...]
    own_sentence: str = ""
    other_sentence: str = ""


def side_by_side(participant: Participant, offer: Offer) -> list[SideBySide]:
    """Return the nearest texts of ``offer`` beside those of ``participant``, nearest first."""
    row = AffinityScore.objects.filter(participant=participant, offer=offer).first()
    if row is None or not row.nearest:
        return []
    theirs = _by_reference(offer_items(Offer.objects.filter(pk=offer.pk)).get(offer.pk, ()))
    with_files = any(found["item"] == "attachment" for found in row.nearest)
    written = written_by([participant], with_files=with_files)
    mine = _by_reference(written[participant.pk].items)
    return [_pair(found, row.terms, theirs, mine) for found in row.nearest]


def _by_reference(items: Sequence[Item]) -> dict[tuple[str, str], Item]:
    return {(item.kind, item.digest): item for item in items}


def _pair(
    found: Mapping[str, Any],
    terms: Sequence[str],
    theirs: Mapping[tuple[str, str], Item],
    mine: Mapping[tuple[str, str], Item],
) -> SideBySide:
    own = mine.get((found["item"], found.get("own_digest", "")))
    other = theirs.get((found["kind"], found.get("digest", "")))
    quoted = found.get("sentences") or []
    both = own is not None and other is not None
    if own and other:
        terms = [t for t in terms if find_term(t, own.text) and find_term(t, other.text)]
    return SideBySide(
        says=sentence_on(found),
        kind=found["kind"],
        own_kind=found["item"],
        title=found["title"],
        own_title=own.title if own else "",
        own=tuple(excerpt(own.text, terms)) if own and both else (),
        other=tuple(excerpt(other.text, terms)) if other and both else (),
        own_sentence=_slice(own.text, quoted[0]) if own and both and quoted else "",
        other_sentence=_slice(other.text, quoted[1]) if other and both and quoted else "",
    )


def _slice(text: str, span: Sequence[int]) -> str:
    return text[span[0] : span[1]]


def marked(text: str, terms: Iterable[str]) -> list[list[Part]]:
    """Return the paragraphs of ``text`` in parts, with shared terms marked."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [list(_parts(line, tuple(terms))) for line in lines]


def excerpt(text: str, terms: Sequence[str]) -> Iterator[Part]:
    """Yield a short text whole; of a long one the first sentence and those with shared terms."""
    if len(text) <= WHOLE_UP_TO:
        yield from _parts(text, terms)
        return
    room = WHOLE_UP_TO
    skipped = False
    for place, sentence in enumerate(sentences(text)):
        parts = list(_parts(sentence[:WHOLE_UP_TO], terms))
        if (place and not any(part.marked for part in parts)) or room <= 0:
            skipped = True
            continue
        if skipped:
            yield Part(" … ")
        elif place:
            yield Part(" ")
        yield from parts
        room -= len(sentence)
        skipped = False
    if skipped:
        yield Part(" …")


def _parts(text: str, terms: Sequence[str]) -> Iterator[Part]:
    at = 0
    for start, end in _merged(span for term in terms for span in find_term(term, text)):
        if start > at:
            yield Part(text[at:start])
        yield Part(text[start:end], marked=True)
        at = end
    if at < len(text):
        yield Part(text[at:])


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap: no mark inside a mark."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
