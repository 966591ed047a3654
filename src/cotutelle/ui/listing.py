"""
A list page: filters, search, sorting and pages of one query, all of it in the address.

Everything the reader chose stands in the query string, so the address of any view can be mailed.
Values that no filter offers are ignored: an old link still opens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
COUNT_BOUND = 100_000
_MAX_SEARCH_LENGTH = 100

Apply = Callable[[QuerySet[Any], str], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Choice:
    """
    A filter with named options.

    Attributes
    ----------
    key
        Name in the query string.
    label
        What the chip is called.
    options
        ``(value, label)`` pairs; other values are ignored.
    lookup
        Lookup of the query, ``unit__public_id`` for example; unused with ``apply``.
    apply
        Own way to narrow the query.
    """

    key: str
    label: StrOrPromise
    options: Sequence[tuple[str, StrOrPromise]]
    lookup: str = ""
    apply: Apply | None = None

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return self.apply(rows, value) if self.apply else rows.filter(**{self.lookup: value})


@dataclass(frozen=True, slots=True)
class Toggle:
    """
    A filter that is on (``?key=1``) or off.

    Attributes
    ----------
    default
        On unless the address says ``?key=0``.
    """

    key: str
    label: StrOrPromise
    apply: Callable[[QuerySet[Any]], QuerySet[Any]]
    default: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Search in fields by ``icontains``; every word must be found in one of them."""

    fields: Sequence[str]
    label: StrOrPromise
    key: str = "q"
    apply: Apply | None = None

    def narrow(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        if self.apply:
            return self.apply(rows, text)
        for word in text.split():
            found = Q()
            for name in self.fields:
                found |= Q(**{f"{name}__icontains": word})
            rows = rows.filter(found)
        return rows


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: ``fields`` as ``order_by`` takes them; end them with a unique one."""

    key: str
    label: StrOrPromise
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Link:
    """Something to choose: where it leads and whether it is chosen."""

    label: StrOrPromise
    url: str
    current: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter and the address without it."""

    label: StrOrPromise
    remove_url: str


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter that is not active yet, with its options as links."""

    label: StrOrPromise
    options: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SearchBox:
    key: str
    label: StrOrPromise
    value: str


class Listing(Generic[M]):
    """
    One page of a filtered, sorted query and every link around it.

    Parameters
    ----------
    params
        ``request.GET`` or any mapping of strings.
    rows
        The whole list as the reader may see it (start from ``visible_to(actor)``).
    sorts
        Orders to choose from; the first is the default.
    choices, toggles, search
        Filters.
    page_size
        Rows on a page.
    """

    def __init__(
        self,
        params: Mapping[str, str],
        rows: QuerySet[M],
        *,
        sorts: Sequence[Sort],
        choices: Sequence[Choice] = (),
        toggles: Sequence[Toggle] = (),
        search: Search | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._base = rows
        self._sorts = tuple(sorts)
        self._choices = tuple(choices)
        self._toggles = tuple(toggles)
        self._search = search
        self.page_size = page_size
        self._asked_page = _positive(params.get("page", ""))
        self._sort = next((s for s in self._sorts if s.key == params.get("sort")), self._sorts[0])
        self._active = self._read_active(params)

    def _read_active(self, params: Mapping[str, str]) -> dict[str, str]:
        active: dict[str, str] = {}
        if self._search:
            text = params.get(self._search.key, "").replace("\x00", "").strip()
            if text:
                active[self._search.key] = text[:_MAX_SEARCH_LENGTH]
        for choice in self._choices:
            value = params.get(choice.key, "")
            if value in {option for option, _label in choice.options}:
                active[choice.key] = value
        for toggle in self._toggles:
            if params.get(toggle.key, "1" if toggle.default else "") == "1":
                active[toggle.key] = "1"
        return active

    def _chosen(self) -> dict[str, str]:
        """Return what the reader chose otherwise than an address without a query has it."""
        usual = {toggle.key for toggle in self._toggles if toggle.default}
        chosen = {key: value for key, value in self._active.items() if key not in usual}
        return chosen | {key: "0" for key in usual if key not in self._active}

    # ------------------------------------------------------------ rows

    @cached_property
    def all_rows(self) -> QuerySet[M]:
        """Every row that matches, in order: what an export writes."""
        rows: QuerySet[Any] = self._base
        if self._search and self._search.key in self._active:
            rows = self._search.narrow(rows, self._active[self._search.key])
        for choice in self._choices:
            if choice.key in self._active:
                rows = choice.narrow(rows, self._active[choice.key])
        for toggle in self._toggles:
            if toggle.key in self._active:
                rows = toggle.apply(rows)
        return rows.order_by(*self._sort.fields)

    @cached_property
    def total(self) -> int:
        """How many rows match; counting stops at ``COUNT_BOUND``."""
        return self.all_rows.order_by()[: COUNT_BOUND + 1].count()

    @property
    def total_text(self) -> str:
        if self.total > COUNT_BOUND:
            return _("more than %(count)s") % {"count": f"{COUNT_BOUND:,}"}
        return f"{self.total:,}"

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_size))

    @property
    def page(self) -> int:
        return min(self._asked_page, self.pages)

    @cached_property
    def rows(self) -> list[M]:
        start = (self.page - 1) * self.page_size
        return list(self.all_rows[start : start + self.page_size])

    @property
    def first(self) -> int:
        return (self.page - 1) * self.page_size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.page - 1) * self.page_size + len(self.rows)

    # ------------------------------------------------------------ links

    def _url(self, without: str = "", **changes: str) -> str:
        chosen = {key: value for key, value in self._chosen().items() if key != without}
        if self._sort is not self._sorts[0]:
            chosen["sort"] = self._sort.key
        chosen.update(changes)
        return "?" + urlencode({key: value for key, value in chosen.items() if value})

    @property
    def query_string(self) -> str:
        """Filters and order, without the page and the question mark: what a saved view keeps."""
        return self._url()[1:]

    @property
    def clear_url(self) -> str:
        """Everything, whatever is narrowed by default."""
        return "?" + urlencode({t.key: "0" for t in self._toggles if t.default})

    @property
    def previous_url(self) -> str:
        return self._url(page=str(self.page - 1)) if self.page > 1 else ""

    @property
    def next_url(self) -> str:
        return self._url(page=str(self.page + 1)) if self.page < self.pages else ""

    @property
    def xlsx_url(self) -> str:
        return self._url(format="xlsx")

    @property
    def csv_url(self) -> str:
        return self._url(format="csv")

    @property
    def sort_label(self) -> str:
        return _("Sorted by %(name)s") % {"name": self._sort.label}

    @property
    def sort_key(self) -> str:
        return self._sort.key

    @property
    def sort_links(self) -> tuple[Link, ...]:
        default = self._sorts[0].key
        return tuple(
            Link(
                label=sort.label,
                url=self._url(sort="" if sort.key == default else sort.key),
                current=sort is self._sort,
                key=sort.key,
            )
            for sort in self._sorts
        )

    # ------------------------------------------------------------ filters

    @property
    def search(self) -> SearchBox | None:
        if self._search is None:
            return None
        value = self._active.get(self._search.key, "")
        return SearchBox(key=self._search.key, label=self._search.label, value=value)

    @property
    def hidden_inputs(self) -> list[tuple[str, str]]:
        """What the search form must carry along."""
        kept = [
            (k, v) for k, v in self._chosen().items() if not self._search or k != self._search.key
        ]
        if self._sort is not self._sorts[0]:
            kept.append(("sort", self._sort.key))
        return kept

    @property
    def chips(self) -> tuple[Chip, ...]:
        found = []
        if self._search and self._search.key in self._active:
            text = _("contains “%(text)s”") % {"text": self._active[self._search.key]}
            found.append(Chip(text, self._url(without=self._search.key)))
        for choice in self._choices:
            if choice.key in self._active:
                name = dict(choice.options)[self._active[choice.key]]
                label = _("%(filter)s: %(value)s") % {"filter": choice.label, "value": name}
                found.append(Chip(label, self._url(without=choice.key)))
        found += [
            Chip(
                toggle.label, self._url(toggle.key, **({toggle.key: "0"} if toggle.default else {}))
            )
            for toggle in self._toggles
            if toggle.key in self._active
        ]
        return tuple(found)

    @property
    def menus(self) -> tuple[Menu, ...]:
        return tuple(
            Menu(
                choice.label,
                tuple(
                    Link(name, self._url(**{choice.key: value})) for value, name in choice.options
                ),
            )
            for choice in self._choices
            if choice.key not in self._active and choice.options
        )

    @property
    def toggles(self) -> tuple[Link, ...]:
        return tuple(
            Link(
                toggle.label,
                self._url(toggle.key, **({} if toggle.default else {toggle.key: "1"})),
            )
            for toggle in self._toggles
            if toggle.key not in self._active
        )


def _positive(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 7 else 1  # noqa: PLR2004
