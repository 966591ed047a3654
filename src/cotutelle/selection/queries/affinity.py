"""Reading affinity: rank and reasons for the student alone; the raw number for nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, FilteredRelation, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.selection.models import AffinityScore, Offer, Participant

FARTHEST = 2_000_000_000
BAR = 140
_ITEMS = {
    "statement": gettext_lazy("your statement"),
    "career_plan": gettext_lazy("your career plan"),
    "attachment": gettext_lazy("a file you attached"),
}


@dataclass(frozen=True, slots=True)
class Affinity:
    """What a student reads about one offer."""

    rank: int
    above: int
    compared: int
    terms: tuple[str, ...]
    nearest: tuple[str, ...]

    @property
    def place(self) -> str:
        """``No. 3``."""
        return _("No. %(rank)s") % {"rank": self.rank}

    @property
    def standing(self) -> str:
        """``above 98% (n = 58)``."""
        values = {"percent": self.above, "n": self.compared}
        return _("above %(percent)s%% (n = %(n)s)") % values

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


def computed_at(participant: Participant) -> dt.datetime | None:
    """Return when the affinity of ``participant`` was last computed with any result."""
    found = AffinityScore.objects.filter(participant=participant).aggregate(at=Max("computed_at"))
    moment: dt.datetime | None = found["at"]
    return moment


def _affinity(row: AffinityScore) -> Affinity:
    return Affinity(
        rank=row.rank,
        above=row.above,
        compared=row.compared,
        terms=tuple(row.terms),
        nearest=tuple(_sentence(found) for found in row.nearest),
    )


def _sentence(found: dict[str, str]) -> str:
    values = {"item": str(_ITEMS.get(found["item"], "")), "title": found["title"]}
    if found["kind"] == "paper":
        return _("The paper “%(title)s” is close to %(item)s.") % values
    if found["kind"] == "interests":
        return _("The mentor's stated interests are close to %(item)s.") % values
    return _("The description of this offer is close to %(item)s.") % values
