"""What anybody may know of the log: how many entries, of which kinds, by whom, and the newest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from cotutelle.core.i18n import is_chinese
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Leaf, Shard
from cotutelle.ledger.queries.standing import Institutions
from cotutelle.ledger.rules import ISSUING
from cotutelle.people.models import Person

SHOWN_MONTHS = 12
LATEST = 10
_KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf and the institution in whose name it stands."""

    leaf: Leaf
    institution: Unit | None


def latest(shard: Shard, *, below: int) -> list[Issued]:
    """Return the newest leaves of ``shard`` that the published checkpoint covers."""
    rows = Leaf.objects.filter(shard=shard, index__lt=below).order_by("-index")[:LATEST]
    return with_institutions(rows)


def with_institutions(rows: QuerySet[Leaf] | Sequence[Leaf]) -> list[Issued]:
    """Name the institution of each leaf; one query for all."""
    institutions = Institutions()
    return [Issued(leaf, institutions.of_issuer(leaf.issuer)) for leaf in rows]


def months_of_the_log(shard: Shard) -> dict[str, Any] | None:
    """
    Return the chart of entries per month and kind; counted once for each size of the open shard.

    Counting a million leaves takes a second, and anybody may open the page.
    """
    key = f"ledger.months.{shard.number}.{shard.size}"
    counted = cache.get(key)
    if counted is None:
        counted = _count(Leaf.objects.all())
        cache.set(key, counted, _KEPT_SECONDS)
    return chart_of(counted)


def months_of(rows: QuerySet[Leaf]) -> dict[str, Any] | None:
    """Return the chart of entries per month and kind of ``rows``."""
    return chart_of(_count(rows))


Counted = list[tuple[tuple[int, int], str, int]]


def _count(rows: QuerySet[Leaf]) -> Counted:
    found = (
        rows.order_by()
        .annotate(month=TruncMonth("day"))
        .values_list("month", "kind")
        .annotate(n=Count("id"))
    )
    return [((month.year, month.month), kind, n) for month, kind, n in found]


def chart_of(counted: Counted) -> dict[str, Any] | None:
    """Return the data of a stacked chart, the last twelve months; nothing where nothing is."""
    if not counted:
        return None
    per: Counter[tuple[tuple[int, int], str]] = Counter()
    for month, kind, n in counted:
        per[month, kind] += n
    months = _run(min(m for m, _k, _n in counted), max(m for m, _k, _n in counted))
    kinds = [kind for kind in LogKind if any(per[month, kind] for month in months)]
    return {
        "categories": [_month(month) for month in months],
        "category_name": _("Month"),
        "series": [
            {"name": str(kind.label), "values": [per[month, kind] for month in months]}
            for kind in kinds
        ],
        "total": sum(n for month, _k, n in counted if month in months),
    }


def _run(first: tuple[int, int], last: tuple[int, int]) -> list[tuple[int, int]]:
    """Return every month from ``first`` to ``last``, the newest twelve of them."""
    numbers = range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1])
    return [(n // 12, n % 12 + 1) for n in numbers[-SHOWN_MONTHS:]]


def _month(month: tuple[int, int]) -> str:
    year, number = month
    return f"{year}年{number}月" if is_chinese() else f"{year}-{number:02d}"


def institutions_read_by(actor: Person) -> list[Unit]:
    """Return the institutions whose log entries ``actor`` may list: at or below their units."""
    paths = [grant.unit.path for grant in actor.active_grants if grant.role in ISSUING]
    own = Institutions()
    above = [own.of(grant.unit) for grant in actor.active_grants if grant.role in ISSUING]
    found = {unit.pk: unit for unit in (*above, *own.among(paths)) if unit is not None}
    return sorted(found.values(), key=lambda unit: unit.path)


def issued_by(issuers: Sequence[str]) -> QuerySet[Leaf]:
    """Return the leaves that stand in the name of ``issuers``."""
    return Leaf.objects.filter(issuer__in=issuers).select_related("shard")
