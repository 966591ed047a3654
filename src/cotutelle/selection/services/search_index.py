"""
Finding offers in two languages.

Chinese is cut into words by jieba before it becomes a ``tsvector``; the question is cut in the same
way, so that both sides agree. What a cut misses (half a word, pinyin, part of an English word) is
found as a substring over trigrams.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet

from cotutelle.mentorship.models import Mentor, Publication
from cotutelle.people.validators import fold, search_text
from cotutelle.selection.models import Offer

PAPERS = 40
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[-'][^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_BATCH = 500
_SHORTEST = 3


def cut(text: str) -> list[str]:
    """Return the words of ``text``, folded; Chinese as whole words and the words inside them."""
    words: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        words += _cutter().cut_for_search(token, HMM=False) if _HAN.match(token) else [token]
    return words


def index_offers(offers: QuerySet[Offer] | Iterable[Offer]) -> int:
    """
    Write ``Offer.search`` and ``Offer.search_text`` of ``offers``; return how many.

    Call it after an offer, a mentor's name or interests, or a publication has changed.
    """
    keys = (
        offers.order_by().values_list("pk", flat=True)
        if isinstance(offers, QuerySet)
        else [offer.pk for offer in offers]
    )
    rows = [_row(offer) for offer in _with_texts(Offer.objects.filter(pk__in=list(keys)))]
    sql = (
        f'UPDATE "{Offer._meta.db_table}" SET search_text = %s, search = '  # noqa: S608  our table
        "setweight(to_tsvector('simple', %s), 'A') || setweight(to_tsvector('simple', %s), 'B') "
        "|| setweight(to_tsvector('simple', %s), 'D') WHERE id = %s"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for first in range(0, len(rows), _BATCH):
            cursor.executemany(sql, rows[first : first + _BATCH])
    return len(rows)


def find_offers(offers: QuerySet[Offer], text: str) -> QuerySet[Offer]:
    """Narrow ``offers`` to those in which every word of ``text`` is found."""
    for word in fold(text).split():
        found = Q(search_text__contains=word) if _is_telling(word) else Q(pk__in=())
        if parts := cut(word):
            found |= Q(search=SearchQuery(" ".join(parts), config="simple"))
        offers = offers.filter(found)
    return offers


def _is_telling(word: str) -> bool:
    """Tell whether ``word`` may stand anywhere inside a word: a lone letter or digit may not."""
    return not word.isascii() or len(word) >= _SHORTEST


def _with_texts(offers: QuerySet[Offer]) -> QuerySet[Offer]:
    papers = Prefetch("publications", queryset=Publication.objects.order_by("-year", "id"))
    mentors = Mentor.objects.select_related("person", "unit").prefetch_related(papers)
    return offers.select_related("unit").prefetch_related(
        Prefetch("mentor", queryset=mentors),
        Prefetch("team__first", queryset=mentors),
        Prefetch("team__second", queryset=mentors),
    )


def _row(offer: Offer) -> tuple[str, str, str, str, int]:
    people = offer.supervisors
    team = offer.team
    names = [n for m in people for n in (m.person.name_zh, m.person.name_en)]
    if team:
        names += [team.name_zh, team.name_en]
    titles = [offer.title_zh, offer.title_en, offer.number]
    units = [offer.unit, *(m.unit for m in people)]
    about = [offer.discipline, offer.description_zh, offer.description_en]
    about += [n for u in units for n in (u.name_zh, u.name_en, u.short_zh, u.short_en)]
    about += [t for m in people for t in (m.discipline, m.interests_zh, m.interests_en)]
    papers = [p.title for m in people for p in list(m.publications.all())[:PAPERS]]
    substring = " ".join(
        [search_text(*names, *titles), *(fold(t) for t in dict.fromkeys(about) if t)]
    )
    return (
        substring,
        " ".join(w for text in (*names, *titles) for w in cut(text)),
        " ".join(w for text in about for w in cut(text)),
        " ".join(w for text in papers for w in cut(text)),
        offer.pk,
    )


@lru_cache(maxsize=1)
def _cutter() -> Any:
    """Load jieba's dictionary without the cache file it would leave in a shared folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415  half a second

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
