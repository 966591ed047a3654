"""A student finds offers and ranks them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires
from cotutelle.core.clock import now
from cotutelle.core.i18n import is_chinese
from cotutelle.institutions.enums import INSTITUTION_KINDS
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import MentorTitle, Track
from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferState
from cotutelle.selection.models import Offer, Participant, Preference
from cotutelle.selection.queries import affinity, market, sequential_student, student
from cotutelle.selection.queries.affinity import Affinity
from cotutelle.selection.queries.second_stage import in_words
from cotutelle.selection.queries.student import MyList
from cotutelle.selection.services.search_index import find_offers
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle

URGENT = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer as one student sees it."""

    offer: Offer
    affinity: Affinity | None
    position: int | None
    act: str
    refusal: str

    @property
    def conflict(self) -> bool:
        """Whether a conflict of interest bars the pair."""
        return self.act == "conflict"

    @property
    def names(self) -> str:
        """Who supervises."""
        return names_of(self.offer)

    @property
    def unit_line(self) -> str:
        """Where they work."""
        units = dict.fromkeys(m.unit.display_name for m in self.offer.supervisors)
        titles = dict.fromkeys(str(MentorTitle(m.title).label) for m in self.offer.supervisors)
        return _("%(titles)s, %(units)s") % {
            "titles": _("; ").join(titles),
            "units": _("; ").join(units),
        }

    @property
    def meta(self) -> str:
        """Places, degree types and track in one line."""
        offer = self.offer
        parts = [ngettext("%(n)d place", "%(n)d places", offer.places) % {"n": offer.places}]
        degrees = [str(DegreeType(d).label) for d in offer.degree_types]
        parts += degrees or [_("any degree type")]
        parts.append(str(Track(offer.track).label))
        if offer.state != OfferState.OPEN:
            parts = [_("Not admitting in this round")]
        elif offer.team_id:
            parts.append(_("both mentors admit together"))
        return pgettext("between facts in a line", ", ").join(parts)


def names_of(offer: Offer) -> str:
    """Return the mentor's name, or both of a team."""
    return _(", ").join(m.display_name for m in offer.supervisors)


def card_of(
    offer: Offer, mine: MyList, near: Affinity | None, conflicted: frozenset[int]
) -> OfferCard:
    """Return what the student may do with ``offer`` and why not."""
    position = mine.position_of(offer)
    pupil = mine.participant.student
    misfit = market.forbidden(
        mine.rules,
        market.OfferFacts.of(offer),
        route=pupil.route,
        degree_type=pupil.degree_type,
        discipline=pupil.discipline,
        student=pupil.pk,
        stage=mine.stage,
    )
    conflict = student.has_conflict(offer, conflicted)
    if conflict:
        act = "conflict"
    elif offer.state != OfferState.OPEN:
        act = "closed"
    elif misfit:
        act = "misfit"
    elif not mine.is_editable:
        act = ""
    else:
        act = "add" if mine.room else "full"
    refusal = _misfit_text(misfit, offer) if misfit and not conflict else ""
    return OfferCard(offer, None if conflict else near, position, act, refusal)


def _misfit_text(misfit: str, offer: Offer) -> str:
    if words := in_words(misfit):
        return words
    if misfit == "route":
        names = _(", ").join(str(Route(r).label) for r in offer.routes)
        return _("Only for these admission routes: %(names)s.") % {"names": names}
    if misfit == "degree_type":
        names = _(", ").join(str(DegreeType(d).label) for d in offer.degree_types)
        return _("Only for these degree types: %(names)s.") % {"names": names}
    return _("In this round only your own discipline can be chosen; this offer is of %(name)s.") % {
        "name": offer.discipline or offer.supervisors[0].discipline
    }


@requires("selection.choose_offers")
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    person: Person = request.user  # type: ignore[assignment]
    rounds = list(student.participations_of(person))
    participant = student.pick(rounds, request.GET.get("round", ""))
    if participant is None:
        return render(request, "selection/student/find.html", {"mine": None})
    listing = _listing(request, participant)
    if fmt := request.GET.get("format"):
        return download(request, _table(listing), fmt)
    return find_page(request, participant, rounds=rounds, listing=listing)


def find_page(
    request: HttpRequest,
    participant: Participant,
    *,
    rounds: Sequence[Participant] = (),
    listing: Listing[Offer] | None = None,
    attempt: Sequence[dict[str, Any]] = (),
    status: int = 200,
) -> HttpResponse:
    """Render the page of offers and list; ``attempt`` is an order that came too late."""
    listing = listing or _listing(request, participant)
    mine = student.my_list(participant)
    conflicted = market.conflicts_of(participant.student)
    offers = list(listing.rows)
    near = affinity.affinities(participant, offers)
    context = {
        "mine": mine,
        "rounds": rounds,
        "listing": listing,
        **_chips(listing, participant),
        "cards": [card_of(o, mine, near.get(o.pk), conflicted) for o in offers],
        "open_offers": listing.total
        if not listing.query_string
        else student.fits(student.offers_for(participant), participant).count(),
        "computed": affinity.computation(participant),
        "unread_files": affinity.unread_files(participant),
        "wrote": bool(participant.student.statement or participant.student.career_plan),
        "attempt": attempt,
        **list_context(mine),
    }
    return render(request, "selection/student/find.html", context, status=status)


def _chips(listing: Listing[Offer], participant: Participant) -> dict[str, Any]:
    """Return the active filters; the round is chosen above them and stays when they go."""
    asked = f"round={participant.round.public_id}"
    if asked not in listing.query_string:
        return {"chips": listing.chips, "clear_url": listing.clear_url}
    chips = [chip for chip in listing.chips if asked in chip.remove_url]
    return {"chips": chips, "clear_url": f"{listing.clear_url}&{asked}"}


def list_context(mine: MyList) -> dict[str, Any]:
    """Return what the card of the list needs."""
    closes = mine.calendar.closes_at if mine.calendar else None
    application, following = (
        sequential_student.standing(mine) if mine.is_sequential else (None, None)
    )
    if application is not None:
        application.names = names_of(application.offer)  # type: ignore[attr-defined]
    return {
        "items": [list_item(choice) for choice in mine.choices],
        "frozen": not mine.is_editable,
        "urgent": closes is not None and closes - now() < URGENT,
        "adjustment_said": _adjustment_text(mine.participant.accepts_adjustment),
        "application": application,
        "next_choice": list_item(following) if following else None,
    }


def list_item(choice: Preference) -> dict[str, Any]:
    """Return one row of the ranked list."""
    return {
        "id": str(choice.offer.public_id),
        "name": names_of(choice.offer),
        "detail": choice.offer.title
        if choice.offer.state == OfferState.OPEN
        else _("%(title)s (no longer open: remove it)") % {"title": choice.offer.title},
    }


def _adjustment_text(accepts: bool | None) -> str:
    if accepts is None:
        return ""
    if accepts:
        return _("You accept being placed by the school where places are left.")
    return _("You do not accept being placed by the school.")


def _listing(request: HttpRequest, participant: Participant) -> Listing[Offer]:
    offers = student.offers_for(participant, closed=request.GET.get("closed") == "1")
    units = _units(participant)
    hospitals = [u for u in units if u.kind in INSTITUTION_KINDS]
    paths = {str(u.public_id): u.path for u in units}

    def below(rows: QuerySet[Offer], value: str) -> QuerySet[Offer]:
        return rows.filter(unit__path__startswith=paths[value])

    def degree(rows: QuerySet[Offer], value: str) -> QuerySet[Offer]:
        return rows.filter(Q(degree_types__len=0) | Q(degree_types__contains=[value]))

    rows = affinity.with_affinity(student.as_cards(offers), participant).annotate(
        mentor_sort=Coalesce("mentor__person__name_sort", "team__first__person__name_sort")
    )
    title = "title_zh" if is_chinese() else "title_en"
    rounds = [(str(participant.round.public_id), participant.round.display_name)]
    asked = [Choice("round", _("Round"), rounds, "round__public_id")]
    return Listing(
        request.GET,
        rows,
        sorts=[
            Sort("affinity", _("affinity"), ["affinity_rank", "mentor_sort", "id"]),
            Sort("title", _("title of the offer"), [title, "id"]),
            Sort("mentor", _("mentor"), ["mentor_sort", "id"]),
        ],
        choices=[
            *(asked if request.GET.get("round") else []),
            Choice("hospital", _("Hospital"), _options(hospitals), apply=below),
            Choice(
                "department",
                _("Department"),
                _options([u for u in units if u.kind not in INSTITUTION_KINDS]),
                apply=below,
            ),
            Choice("degree", _("Degree type"), DegreeType.choices, apply=degree),
            Choice("track", _("Track"), Track.choices, "track"),
        ],
        toggles=[
            Toggle(
                "fits",
                _("Open to me"),
                lambda found: student.fits(found, participant),
                default=True,
            ),
            Toggle("teams", _("Mentor teams"), lambda found: found.filter(team__isnull=False)),
            Toggle("closed", _("Including closed"), lambda found: found),
        ],
        search=Search((), _("Topic, mentor, department; 中文 or English"), apply=find_offers),
    )


def _units(participant: Participant) -> list[Unit]:
    """Return the units that have offers in the round, and their institutions."""
    own = Offer.objects.filter(round=participant.round_id).values("unit")
    paths = Unit.objects.filter(pk__in=own).values_list("pk", "path")
    keys = {int(key) for pk, path in paths for key in (str(pk), *path.split("/")) if key}
    mine = {pk for pk, _path in paths}
    found = Unit.objects.filter(
        Q(pk__in=mine) | Q(pk__in=keys, kind__in=list(INSTITUTION_KINDS))
    ).only("public_id", "kind", "path", "name_zh", "name_en", "name_sort")
    return sorted(found, key=lambda unit: unit.name_sort)


def _options(units: Sequence[Unit]) -> list[tuple[str, str]]:
    return [(str(unit.public_id), unit.display_name) for unit in units]


def _table(listing: Listing[Offer]) -> Table:
    return Table(
        _("Offers"),
        [
            Out(_("Number"), lambda o: o.number),
            Out(_("Title of the offer"), lambda o: o.title),
            Out(_("Mentor"), names_of),
            Out(_("Unit"), lambda o: o.unit.display_name),
            Out(_("Places"), lambda o: o.places, "number"),
            Out(_("Track"), lambda o: Track(o.track).label),
        ],
        listing.all_rows.select_related("unit"),
    )
