"""Reading affinity: rank and reasons for the student alone; the raw number for nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.engines.affinity.problem import ENOUGH_ITEMS
from cotutelle.jobs.models import Job
from cotutelle.selection.models import AffinityScore, Offer, Participant

FARTHEST = 2_000_000_000
BAR = 140
MOST_TERMS = 8
MOST_PAPERS = 3
_WORDS_ALONE = "tfidf"
_ITEMS = {
    "statement": gettext_lazy("your statement"),
    "career_plan": gettext_lazy("your career plan"),
    "attachment": gettext_lazy("a file you attached"),
}


@dataclass(frozen=True, slots=True)
class Affinity:
    """
    What a student reads about one offer.

    ``items`` counts the mentors' texts. ``meaning`` is the part of the score, in percent, that comes
    from the meaning of the texts; the rest comes from shared words. None where the offer is no
    nearer than texts on unrelated subjects, or words alone were compared.
    """

    rank: int
    above: int
    compared: int
    terms: tuple[str, ...]
    nearest: tuple[str, ...]
    items: int = ENOUGH_ITEMS
    meaning: int | None = None
    is_unrelated: bool = False
    words_alone: bool = False

    @property
    def is_ranked(self) -> bool:
        """Whether any offer is nearer or farther; where all are equal nothing is ranked."""
        return self.rank > 1 or self.above > 0

    @property
    def is_thin(self) -> bool:
        """Whether the mentors have too few texts to be judged."""
        return self.items < ENOUGH_ITEMS

    @property
    def place(self) -> str:
        """``No. 3``."""
        return _("No. %(rank)s") % {"rank": self.rank}

    @property
    def standing(self) -> str:
        """``nearer than 93% (n = 58)``."""
        values = {"percent": self.above, "n": self.compared}
        return _("nearer than %(percent)s%% (n = %(n)s)") % values

    @property
    def width(self) -> str:
        """Length of the bar of 140."""
        return f"{BAR * self.above / 100:.1f}"

    @property
    def mark(self) -> str:
        """Where the mark on the bar begins."""
        return f"{max(0.0, BAR * self.above / 100 - 3):.1f}"

    @property
    def reason(self) -> str:
        """The nearest item in one sentence."""
        return self.nearest[0] if self.nearest else ""

    @property
    def words(self) -> int:
        """The part of the score, in percent, that comes from shared words."""
        return 100 - (self.meaning or 0)

    @property
    def meaning_width(self) -> str:
        """Length of the part for meaning on a bar of 140."""
        return f"{BAR * (self.meaning or 0) / 100:.1f}"


@dataclass(frozen=True, slots=True)
class Computation:
    """When and how a student's affinity was computed, and whether it tells offers apart."""

    at: dt.datetime
    words_alone: bool
    is_flat: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """What a mentor reads of an applicant: no rank, no number, no order."""

    terms: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    words_alone: bool = False


def with_affinity(offers: QuerySet[Offer], participant: Participant | None) -> QuerySet[Offer]:
    """Add ``offer.affinity_rank``, so that offers sort by it; those without a rank come last."""
    mine = Q(affinity_scores__participant=participant.pk if participant else None)
    return offers.annotate(
        my_affinity=FilteredRelation("affinity_scores", condition=mine)
    ).annotate(affinity_rank=Coalesce(F("my_affinity__rank"), FARTHEST))


def affinities(participant: Participant, offers: Iterable[Offer]) -> dict[int, Affinity]:
    """Return what ``participant`` reads about ``offers``, by the key of the offer."""
    rows = AffinityScore.objects.filter(
        participant=participant, offer__in=[offer.pk for offer in offers]
    )
    return {row.offer_id: _affinity(row) for row in rows}


def computation(participant: Participant) -> Computation | None:
    """Return what is known of the last computation with any result for ``participant``."""
    found = AffinityScore.objects.filter(participant=participant).aggregate(
        at=Max("computed_at"), above=Max("above"), rank=Max("rank"), version=Max("model_version")
    )
    if found["at"] is None:
        return None
    flat = found["above"] == 0 and found["rank"] == 1
    return Computation(found["at"], compares_words_alone(found["version"]), flat)


def last_compared_words_alone() -> bool:
    """Whether the newest computation of anybody was without a text model."""
    newest = AffinityScore.objects.order_by("-id").values_list("model_version", flat=True).first()
    return compares_words_alone(newest or "")


def compares_words_alone(model_version: str) -> bool:
    """Whether rows of this version were computed without a text model."""
    return _WORDS_ALONE in model_version


def shared_with(participant: Participant, offers: Iterable[Offer]) -> Shared:
    """Return what the texts of ``participant`` share with these offers, for their mentors."""
    rows = list(
        AffinityScore.objects.filter(participant=participant, offer__in=offers).order_by("offer")
    )
    terms = dict.fromkeys(str(term) for row in rows for term in row.terms)
    titles = dict.fromkeys(
        (found["title"], found["item"])
        for row in rows
        for found in ([] if _parts(row.channels)[1] else row.nearest)
        if found["kind"] == "paper"
    )
    return Shared(
        tuple(terms)[:MOST_TERMS],
        tuple(sorted(_to_mentor(title, item) for title, item in titles)[:MOST_PAPERS]),
        any(compares_words_alone(row.model_version) for row in rows),
    )


def unread_files(participant: Participant) -> tuple[str, ...]:
    """Return the attached files of which no text could be read when the student last asked."""
    last = (
        Job.objects.filter(
            kind="selection.affinity",
            subject_type=participant._meta.label_lower,
            subject_id=participant.pk,
            finished_at__isnull=False,
        )
        .order_by("-id")
        .first()
    )
    return tuple((last.result or {}).get("unread", ())) if last else ()


def _affinity(row: AffinityScore) -> Affinity:
    words_alone = compares_words_alone(row.model_version)
    meaning, is_unrelated = _parts(row.channels)
    return Affinity(
        rank=row.rank,
        above=row.above,
        compared=row.compared,
        terms=tuple(row.terms),
        nearest=() if is_unrelated else tuple(sentence_on(found) for found in row.nearest),
        items=row.items if row.channels else ENOUGH_ITEMS,
        meaning=None if words_alone else meaning,
        is_unrelated=is_unrelated,
        words_alone=words_alone,
    )


def _parts(channels: Mapping[str, float]) -> tuple[int | None, bool]:
    """Return the share of meaning, in percent, and whether the whole is no more than nothing."""
    if not channels:
        return None, False
    if sum(channels.values()) <= 0:
        return None, True
    meaning, words = max(0.0, channels["meaning"]), max(0.0, channels["words"])
    return round(100 * meaning / (meaning + words)), False


def _to_mentor(title: str, item: str) -> str:
    if item == "statement":
        return _("Nearest to the statement: “%(title)s”.") % {"title": title}
    if item == "career_plan":
        return _("Nearest to the career plan: “%(title)s”.") % {"title": title}
    return _("Nearest to an attached file: “%(title)s”.") % {"title": title}


def sentence_on(found: Mapping[str, Any]) -> str:
    """Say in one sentence which two texts stand near each other."""
    values = {"item": str(_ITEMS.get(found["item"], "")), "title": found["title"]}
    if found["kind"] == "paper":
        return _("Nearest to %(item)s: the paper “%(title)s”.") % values
    if found["kind"] == "interests":
        return _("Nearest to %(item)s: the mentor's stated interests.") % values
    return _("Nearest to %(item)s: the description of this offer.") % values
