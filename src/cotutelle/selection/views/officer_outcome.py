"""How a round came out, in numbers: participation, ranks, fairness, load, satisfaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cotutelle.core.access import requires
from cotutelle.engines.statistics import Estimate
from cotutelle.institutions.models import Unit
from cotutelle.programmes.enums import Route
from cotutelle.selection.enums import Side
from cotutelle.selection.forms.scenario import steps
from cotutelle.selection.models import Round
from cotutelle.selection.queries import outcome
from cotutelle.selection.views.officer_common import may, page, round_or_404
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table

MANY_YEARS = 4
_PARTICIPATION: Mapping[str, Any] = {
    "cohort": gettext_lazy("Students of the cohort who take part"),
    "lists": gettext_lazy("Students who handed in a list"),
    "answers": gettext_lazy("Mentors and teams who answered"),
}
_TABLES: Mapping[str, Any] = {
    "institution": gettext_lazy("By institution of the student"),
    "gender": gettext_lazy("By gender"),
    "route": gettext_lazy("By admission route"),
    "language": gettext_lazy("By language of the student's statement"),
}
_GENDERS: Mapping[str, Any] = {
    "female": gettext_lazy("Female"),
    "male": gettext_lazy("Male"),
}
_LANGUAGES: Mapping[str, Any] = {
    "zh": gettext_lazy("Chinese"),
    "en": gettext_lazy("English"),
}


@requires("selection.view_review")
def figures(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    tables = _tables(found)
    if fmt := request.GET.get("format"):
        return download(request, _export(found, tables), fmt)
    years = outcome.profiles(found)
    load = outcome.load_of(found)
    content = outcome.satisfaction(found)
    officer = may(request, "selection.run_round", found)
    return page(
        request,
        "figures",
        found,
        participation=_participation(found),
        placed=_share(outcome.placed_share(found)),
        years=_years(years),
        years_size=120 if len(years) == 1 else 160 if len(years) < MANY_YEARS else 240,
        years_say=_("Students by the place of the choice they got, in per cent of the round."),
        tables=tables,
        load=load,
        load_chart=_load_chart(load),
        load_says=_("Mentors and teams by how many students they have. n = %(n)s.")
        % {"n": f"{load.mentors:,}"},
        gini=None if load.gini is None else f"{load.gini:.2f}",
        content=[_content(one) for one in content],
        content_chart=_content_chart([one for one in content if not one.hidden]),
        content_says=_("Answers from 5, very content, to 1, not content at all."),
        comments=_comments(found) if officer else None,
        least=outcome.LEAST,
    )


def percent(value: float | None) -> str:
    """Return a share in per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.1f}%"


def _share(one: Estimate) -> dict[str, Any]:
    return {
        "value": percent(one.value),
        "interval": _interval(percent(one.low), percent(one.high)) if one.n else "",
        "n": one.n,
        "width": 100 * (one.value or 0),
    }


def _interval(low: str, high: str) -> str:
    return pgettext("confidence interval", "%(low)s–%(high)s") % {"low": low, "high": high}


def _mean(one: Estimate) -> dict[str, Any]:
    value = "–" if one.value is None else f"{one.value:.2f}"
    interval = (
        ""
        if one.low is None or one.high is None
        else _interval(f"{one.low:.2f}", f"{one.high:.2f}")
    )
    return {"value": value, "interval": interval, "n": one.n}


def _participation(round_: Round) -> list[dict[str, Any]]:
    return [
        {"label": _PARTICIPATION[name], "count": count, **_share(share)}
        for name, share, count in outcome.participation(round_)
    ]


def _years(rows: Sequence[outcome.Profile]) -> dict[str, Any]:
    names = [
        *(
            pgettext("on an axis", "Choice %(n)s") % {"n": n}
            for n in range(1, outcome.PROFILE_LENGTH)
        ),
        pgettext("on an axis", "Later or assigned"),
        pgettext("on an axis", "No place"),
    ]
    return {
        "categories": [
            _("%(round)s (n = %(n)s)") % {"round": r.round.display_name, "n": r.students}
            for r in rows
        ],
        "category_name": _("Round"),
        "series": [
            {"name": name, "values": [row.counts[at] for row in rows]}
            for at, name in enumerate(names)
        ],
    }


def _tables(round_: Round) -> list[dict[str, Any]]:
    found = outcome.fairness(round_)
    keys = [int(row.label) for row in found["institution"]]
    units = Unit.objects.in_bulk(keys)
    words: Mapping[str, Mapping[str, Any]] = {
        "institution": {str(key): unit.short_name for key, unit in units.items()},
        "gender": _GENDERS,
        "route": dict(Route.choices),
        "language": _LANGUAGES,
    }
    return [
        {
            "title": title,
            "rows": [_row(row, words[name]) for row in found[name]],
            "hidden": any(row.hidden for row in found[name]),
        }
        for name, title in _TABLES.items()
    ]


def _row(row: outcome.Row, words: Mapping[str, Any]) -> dict[str, Any]:
    label = words.get(row.label) or row.label or _("Not known")
    if row.hidden:
        return {"label": label, "hidden": True}
    return {
        "label": label,
        "hidden": False,
        "n": row.n,
        "placed": _share(row.placed),
        "first": _share(row.first),
        "rank": _mean(row.rank),
    }


def _load_chart(load: outcome.Load) -> dict[str, Any]:
    return {
        "categories": [str(n) for n in range(len(load.counts))],
        "category_name": _("Students"),
        "series": [{"name": _("Mentors and teams"), "values": list(load.counts)}],
    }


def _content(one: outcome.Content) -> dict[str, Any]:
    return {
        "side": one.side.label,
        "hidden": one.hidden,
        "response": _share(one.response),
        "score": _mean(one.score),
    }


def _content_chart(rows: Sequence[outcome.Content]) -> dict[str, Any] | None:
    if not rows:
        return None
    return {
        "categories": [
            _("%(side)s (n = %(n)s)") % {"side": one.side.label, "n": one.score.n} for one in rows
        ],
        "category_name": _("Side"),
        "series": [
            {"name": str(label), "values": [one.counts[step - 1] for one in rows]}
            for step, label in steps()
        ],
    }


def _comments(round_: Round) -> list[dict[str, Any]]:
    found = outcome.comments(round_)
    return [{"side": Side(side).label, "texts": texts} for side, texts in found.items()]


# ---------------------------------------------------------------- out


def _export(round_: Round, tables: Sequence[Mapping[str, Any]]) -> Table:
    columns = [
        Out(_("Figure"), lambda r: str(r[0])),
        Out(_("Group"), lambda r: str(r[1])),
        Out(_("n"), lambda r: r[2], "number"),
        Out(_("Share or mean"), lambda r: r[3]),
        Out(_("Confidence interval"), lambda r: r[4]),
    ]
    return Table(
        _("Outcome figures"), columns, list(_lines(round_, tables)), header=round_.display_name
    )


def _lines(round_: Round, tables: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in _participation(round_):
        yield _("Participation"), row["label"], row["n"], row["value"], row["interval"]
    placed = _share(outcome.placed_share(round_))
    yield _("With a place"), "", placed["n"], placed["value"], placed["interval"]
    for table in tables:
        for row in table["rows"]:
            if row["hidden"]:
                yield table["title"], row["label"], None, _("hidden"), ""
                continue
            for label, name in (
                (_("With a place"), "placed"),
                (_("First choice"), "first"),
                (_("Mean place of the choice"), "rank"),
            ):
                one = row[name]
                group = _("%(group)s: %(figure)s") % {"group": row["label"], "figure": label}
                yield table["title"], group, one["n"], one["value"], one["interval"]
    for one in (_content(each) for each in outcome.satisfaction(round_)):
        response, score = one["response"], one["score"]
        yield (
            _("Satisfaction"),
            _("%(side)s: answered") % {"side": one["side"]},
            response["n"],
            response["value"],
            response["interval"],
        )
        if not one["hidden"]:
            yield (
                _("Satisfaction"),
                _("%(side)s: mean of 1 to 5") % {"side": one["side"]},
                score["n"],
                score["value"],
                score["interval"],
            )
