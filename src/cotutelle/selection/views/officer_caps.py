"""Places of units and agreements in a round, and minimum places of one offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.selection.enums import Algorithm, Regime
from cotutelle.selection.forms.caps import CapsForm, MinimumForm
from cotutelle.selection.models import Round
from cotutelle.selection.queries.caps import CapRow, rows_for
from cotutelle.selection.services._common import rules_of
from cotutelle.selection.services.caps import OPEN_TO, set_caps, set_minimum
from cotutelle.selection.views.officer_common import actor_of, may, page, round_or_404
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.violations import show_violation


@requires("selection.view_participants")
@require_http_methods(["GET", "POST"])
def caps(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show the bounds of units and agreements; who manages the round changes them here."""
    found = round_or_404(request, public_id, "selection.view_participants")
    if fmt := request.GET.get("format"):
        return download(request, _table(rows_for(found, actor_of(request))), fmt)
    hindrance = _hindrance(found)
    may_edit = may(request, "selection.manage_round", found) and not hindrance
    form = CapsForm(request.POST or None, rows=rows_for(found, actor_of(request)))
    if request.method == "POST":
        check(request.user, "selection.manage_round", found)
        if form.is_valid():
            try:
                n = set_caps(
                    found, form.wanted, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
            except RuleViolation as violation:
                show_violation(form, violation)
            else:
                text = ngettext("%(n)s limit changed.", "%(n)s limits changed.", n)
                messages.success(request, text % {"n": n})
                return redirect("selection:caps", found.public_id)
    lines: list[dict[str, Any]] = [
        {
            "line": line,
            "indent": min(line.row.depth, 6),
            "faults": [fault_in_words(code, numbers) for code, numbers in line.row.faults],
            "agreed": _agreed(line.row),
        }
        for line in form.lines
    ]
    return page(
        request,
        "caps",
        found,
        tab="caps",
        form=form,
        lines=lines,
        faults=sum(len(one["faults"]) for one in lines),
        may_edit=may_edit,
        hindrance=hindrance,
        warning=_warning(found, [line.row for line in form.lines]),
    )


def _hindrance(round_: Round) -> str:
    """Return why nothing can be changed here, if so."""
    rules = rules_of(round_)
    if rules.regime != Regime.DEFERRED_ACCEPTANCE:
        return _(
            "This round takes one choice at a time; only mentors and offers have places there."
        )
    if rules.algorithm == Algorithm.PROMOTION:
        return _("By the rules of this round runs use promotion, which knows no places of units.")
    if round_.state not in OPEN_TO:
        return _("There is a result already; these numbers are fixed.")
    return ""


def _warning(round_: Round, rows: list[CapRow]) -> str:
    """Say that the algorithm of the rules plans no minimum, where one is asked for."""
    if rules_of(round_).algorithm == Algorithm.EXACT or not any(row.least for row in rows):
        return ""
    return _(
        "The rules name deferred acceptance, which does not plan minimum places: a run that "
        "misses one is refused. The exact algorithm plans them."
    )


def _agreed(row: CapRow) -> str:
    """Return what the agreement itself says, as a hint beside the fields."""
    if not row.is_agreement:
        return ""
    least, most = row.thing.places_min, row.thing.places  # type: ignore[union-attr]
    if most is None:
        return _("Agreed: at least %(n)s a year") % {"n": least} if least else ""
    if not least:
        return _("Agreed: at most %(n)s a year") % {"n": most}
    return _("Agreed: %(least)s to %(most)s a year") % {"least": least, "most": most}


def fault_in_words(code: str, numbers: Mapping[str, int]) -> str:
    """Return what is odd about a bound, as a sentence."""
    words = {
        "too_much_asked": _(
            "The fewest places are more than the mentors below offer: %(offered)s."
        ),
        "too_few_students": _("The fewest places are more than there are students: %(students)s."),
        "minima_above": _(
            "The fewest places inside add up to %(minima)s, more than the most here."
        ),
        "outer_binds": _("The limit can never be reached: the unit around it allows %(outer)s."),
        "never_binds": _("The limit can never be reached: the mentors below offer %(offered)s."),
        "more_than_agreed": _(
            "The agreement allows %(first)s students with a first mentor of the partner."
        ),
        "void": _("The agreement is no longer in force; the numbers do not count."),
    }
    return words[code] % numbers


def _table(rows: list[CapRow]) -> Table:
    columns = [
        Out(_("Unit or agreement"), lambda row: f"{'　' * row.depth}{row.thing.display_name}"),
        Out(
            _("Kind"),
            lambda row: _("Agreement") if row.is_agreement else row.thing.get_kind_display(),
        ),
        Out(_("Mentors and teams"), lambda row: row.mentors, "number"),
        Out(_("Places offered below"), lambda row: row.offered, "number"),
        Out(_("Fewest"), lambda row: row.least or None, "number"),
        Out(_("Most"), lambda row: row.most, "number"),
        Out(_("Reason"), lambda row: row.cap.reason if row.cap else ""),
        Out(_("To look at"), lambda row: " ".join(fault_in_words(c, n) for c, n in row.faults)),
    ]
    return Table(_("Places of units"), columns, rows)


@requires("selection.manage_round")
@require_http_methods(["GET", "POST"])
def minimum(request: HttpRequest, public_id: UUID, offer: UUID) -> HttpResponse:
    """Set the fewest students of an offer and its mentor, and what a student weighs."""
    found = round_or_404(request, public_id, "selection.manage_round")
    rows = found.offers.select_related("mentor__unit", "team__unit", "round__policy")
    one = get_object_or_404(rows, public_id=offer)
    answer = found.answers.filter(**one.node).first()
    form = MinimumForm(request.POST or None, initial=MinimumForm.values_of(one, answer))
    back = reverse("selection:offers", args=[found.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            set_minimum(one, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Minimum places saved."))
            return redirect(back)
    context: dict[str, Any] = {
        "title": _("Minimum places: %(offer)s") % {"offer": one.title},
        "submit_label": _("Save minimum places"),
        "cancel_url": back,
    }
    return page(request, "minimum", found, form=form, offer=one, **context)
