"""Spreadsheets of offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange import parsing
from cotutelle.exchange.importing import (
    Column,
    Context,
    Counts,
    Importer,
    Key,
    Problem,
    Progress,
    Row,
    split_rows,
)
from cotutelle.exchange.registry import register
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.models import Mentor, Team
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferKind, OfferState
from cotutelle.selection.importers.rounds import ROUND, round_of
from cotutelle.selection.models import Offer
from cotutelle.selection.services.offers import OfferData, save_offer

_STEP = 50
_TEXTS = (
    "title_zh", "title_en", "track", "kind", "discipline", "description_zh", "description_en",
    "requirements_zh", "requirements_en", "places",
)  # fmt: skip
_TRACKS = {"临床": "clinical", "科研": "research", "临床+科研": "both", "双轨": "both"}
_ROUTES = {
    "推免": "recommended",
    "统考": "unified_exam",
    "5+3": "five_plus_three",
    "博士": "doctoral",
}
_DEGREES = {"专硕": "professional", "学硕": "academic"}

COLUMNS = (
    Column("number", ("招生编号", "Offer number", "编号", "志愿代码"), required=True, parse=parsing.number_text(), examples=("A001",), help=_("Identifies the offer in the round; importing it again updates.")),
    Column("mentor", ("导师工号", "Staff number of the mentor", "工号"), required=True, parse=parsing.many(parsing.number_text()), examples=("010234", "010234;020017"), help=_("Two numbers mean a team that has been formed.")),
    Column("title_zh", ("招生方向", "Title in Chinese", "课题名称", "方向名称"), required=True, parse=parsing.text(max_length=200)),
    Column("title_en", ("英文名称", "Title in English"), parse=parsing.text(max_length=300)),
    Column("places", ("名额", "Places", "招生人数", "指标"), required=True, parse=parsing.integer(low=1, high=99)),
    Column("track", ("轨道", "Track", "培养方向"), parse=parsing.choice(Track, _TRACKS), help=_("Empty means the mentor's own.")),
    Column("kind", ("类型", "Kind"), parse=parsing.choice(OfferKind)),
    Column("routes", ("录取方式", "Admission routes", "招生方式"), parse=parsing.many(parsing.choice(Route, _ROUTES)), help=_("Empty means all.")),
    Column("degree_types", ("学位类型", "Degree types"), parse=parsing.many(parsing.choice(DegreeType, _DEGREES)), help=_("Empty means all.")),
    Column("discipline", ("专业", "Discipline", "学科"), parse=parsing.text(max_length=100)),
    Column("requirements_zh", ("要求", "Requirements in Chinese", "报考要求"), parse=parsing.long_text(max_length=3000)),
    Column("requirements_en", ("英文要求", "Requirements in English"), parse=parsing.long_text(max_length=3000)),
    Column("description_zh", ("简介", "Description in Chinese", "内容简介"), parse=parsing.long_text(max_length=6000)),
    Column("description_en", ("英文简介", "Description in English"), parse=parsing.long_text(max_length=6000)),
)  # fmt: skip


def _known(rows: Sequence[Row], ctx: Context) -> dict[Key, Offer]:
    numbers = [n for row in rows if (n := row["number"])]
    found = Offer.objects.filter(round=round_of(ctx), number__in=numbers).select_related(
        "mentor__person", "mentor__unit", "team__first__person", "team__second__person", "team__unit",
        "round__policy", "round__unit", "round__cohort", "unit",
    )  # fmt: skip
    return {(offer.number,): offer for offer in found}


def _values(offer: Offer) -> dict[str, Any]:
    values = {name: getattr(offer, name) for name in _TEXTS}
    numbers = tuple(mentor.person.number for mentor in offer.supervisors)
    return values | {
        "mentor": numbers,
        "routes": tuple(offer.routes),
        "degree_types": tuple(offer.degree_types),
    }


def current(rows: Sequence[Row], ctx: Context) -> Mapping[Key, Mapping[str, Any]]:
    """Return what is known of the rows, by offer number."""
    return {key: _values(offer) for key, offer in _known(rows, ctx).items()}


def _mentors(rows: Sequence[Row], ctx: Context) -> dict[str, list[Mentor]]:
    """Return mentors by staff number; those of the unit imported into come alone where there are any."""
    numbers = {n for row in rows for n in row.get("mentor", ())}
    found = Mentor.objects.filter(person__number__in=numbers, is_archived=False)
    by_number: dict[str, list[Mentor]] = {}
    for mentor in found.select_related("person__unit", "unit").order_by("pk"):
        by_number.setdefault(mentor.person.number, []).append(mentor)
    for number, mentors in by_number.items():
        own = [m for m in mentors if m.person.unit and ctx.unit.covers(m.person.unit)]
        by_number[number] = own or mentors
    return by_number


def _teams() -> dict[frozenset[int], Team]:
    rows = Team.objects.filter(is_archived=False).select_related("unit", "first", "second")
    return {frozenset((team.first_id, team.second_id)): team for team in rows}


def check(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Report mentors nobody knows, numbers of several, and teams that were not formed."""
    mentors, teams = _mentors(rows, ctx), _teams()
    problems = []
    for row in rows:
        numbers = row.get("mentor", ())
        shown = "; ".join(numbers)
        found = [mentors.get(number, []) for number in numbers]
        if any(not one for one in found):
            problems.append(
                Problem(
                    row.number,
                    "mentor",
                    "offer.mentor",
                    gettext("No mentor has this staff number."),
                    shown,
                )
            )
        elif any(len(one) > 1 for one in found):
            problems.append(
                Problem(
                    row.number,
                    "mentor",
                    "offer.mentors",
                    gettext(
                        "Several mentors have this staff number. Import into the mentor's own institution."
                    ),
                    shown,
                )
            )
        elif len(numbers) > 1 and frozenset(one[0].pk for one in found) not in teams:
            problems.append(
                Problem(
                    row.number,
                    "mentor",
                    "offer.team",
                    gettext("These mentors are not a team yet. Form the team first."),
                    shown,
                )
            )
    return problems


def apply(rows: Sequence[Row], ctx: Context, progress: Progress) -> Counts:
    """Write drafts of new offers and change known ones; empty cells change nothing."""
    known, mentors, teams = _known(rows, ctx), _mentors(rows, ctx), _teams()
    split = split_rows(rows, ("number",), {k: _values(o) for k, o in known.items()})
    round_, done = round_of(ctx), 0
    for row in split.create:
        people = [mentors[number][0] for number in row["mentor"]]
        team = teams[frozenset(m.pk for m in people)] if len(people) > 1 else None
        values = {n: v for n, v in row.values.items() if v is not None and n != "mentor"}
        values.setdefault("track", people[0].track)
        values.setdefault("discipline", people[0].discipline)
        save_offer(
            round_,
            OfferData(**values),
            actor=ctx.actor,
            team=team,
            mentor=None if team else people[0],
        )
        done += 1
        if done % _STEP == 0:
            progress(done)
    skipped = 0
    for change in split.update:
        offer = known[(change.row["number"],)]
        after = {n: v for n, v in change.after.items() if v is not None and n != "mentor"}
        if not after or offer.state == OfferState.WITHDRAWN:
            skipped += 1
            continue
        data = {n: v for n, v in _values(offer).items() if n != "mentor"} | after
        save_offer(round_, OfferData(**data), actor=ctx.actor, offer=offer)
        done += 1
        if done % _STEP == 0:
            progress(done)
    counts = split.counts
    return Counts(counts.created, counts.updated - skipped, counts.unchanged, skipped)


register(
    Importer(
        kind="offers", label=_("Offers"), columns=COLUMNS, permission="selection.import_offers",
        key=("number",), current=current, check=check, apply=apply, options=(ROUND,),
        help=_("One row per offer. New offers are drafts: open them in the round."),
    )
)  # fmt: skip
