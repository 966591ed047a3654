"""Search everything: each kind through what the reader may see, a few of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import why_not
from cotutelle.documents import queries as documents
from cotutelle.institutions import queries as institutions
from cotutelle.mentorship import queries as mentorship
from cotutelle.people import queries as people
from cotutelle.people.models import Person
from cotutelle.programmes import queries as programmes
from cotutelle.selection import queries as selection

PER_KIND = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    title: str
    context: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind, and how many there are in all (counted up to 100)."""

    label: str | Promise
    icon: str
    hits: tuple[Hit, ...]


def search_everything(actor: Person, text: str) -> list[Group]:
    """Return the groups that have hits, in a fixed order."""
    words = text.strip()[:100].casefold()
    if not words:
        return []
    found = [
        Group(label, icon, tuple(find(actor, words)))
        for permission, label, icon, find in KINDS
        if permission is None or why_not(actor, permission) is None
    ]
    return [group for group in found if group.hits]


def _people(actor: Person, words: str) -> list[Hit]:
    rows = people.visible_to(actor).filter(search_text__contains=words).select_related("unit")
    return [
        Hit(
            p.display_name,
            p.unit.display_name if p.unit else "",
            reverse("people:person", args=[p.public_id]),
        )
        for p in rows.order_by("name_sort")[:PER_KIND]
    ]


def _mentors(actor: Person, words: str) -> list[Hit]:
    rows = mentorship.mentors_visible_to(actor).filter(
        Q(person__search_text__contains=words)
        | Q(interests_zh__icontains=words)
        | Q(interests_en__icontains=words)
    )
    return [
        Hit(m.display_name, m.unit.display_name, reverse("mentorship:mentor", args=[m.public_id]))
        for m in rows.select_related("person", "unit").order_by("person__name_sort")[:PER_KIND]
    ]


def _students(actor: Person, words: str) -> list[Hit]:
    rows = programmes.students_visible_to(actor).filter(
        Q(person__search_text__contains=words) | Q(candidate_number__contains=words)
    )
    return [
        Hit(
            s.display_name, s.cohort.display_name, reverse("programmes:student", args=[s.public_id])
        )
        for s in rows.select_related("person", "cohort").order_by("person__name_sort")[:PER_KIND]
    ]


def _offers(actor: Person, words: str) -> list[Hit]:
    rows = selection.offers_visible_to(actor).filter(search_text__contains=words)
    return [
        Hit(o.title, o.round.display_name, reverse("selection:offer", args=[o.public_id]))
        for o in rows.select_related("round").order_by("number")[:PER_KIND]
    ]


def _units(actor: Person, words: str) -> list[Hit]:
    rows = institutions.visible_to(actor).filter(
        Q(name_zh__contains=words) | Q(name_en__icontains=words) | Q(code__iexact=words)
    )
    return [
        Hit(
            u.display_name,
            str(u.get_kind_display()),
            reverse("institutions:unit", args=[u.public_id]),
        )
        for u in rows.order_by("path")[:PER_KIND]
    ]


def _documents(actor: Person, words: str) -> list[Hit]:
    rows = documents.visible_to(actor).filter(
        Q(number__icontains=words) | Q(title_zh__contains=words) | Q(title_en__icontains=words)
    )
    return [
        Hit(str(d), d.number, reverse("documents:document", args=[d.public_id]))
        for d in rows.order_by("-issued_at")[:PER_KIND]
    ]


Find = Callable[[Person, str], list[Hit]]
KINDS: tuple[tuple[str | None, Promise | str, str, Find], ...] = (
    (None, _("Mentors"), "users", _mentors),
    (None, _("Offers"), "list-details", _offers),
    (None, _("Students"), "school", _students),
    ("people.view_people", _("People"), "address-book", _people),
    (None, _("Units"), "building-hospital", _units),
    (None, _("Documents"), "files", _documents),
)
