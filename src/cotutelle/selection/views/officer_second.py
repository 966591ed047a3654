"""Second mentors: preparing their round, and what a round says about pairs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import PairRole, PairState, Signer
from cotutelle.mentorship.models import Mentorship
from cotutelle.programmes.models import Student
from cotutelle.selection import services
from cotutelle.selection.enums import RoundState, Stage
from cotutelle.selection.forms.pairs import PairRulesForm
from cotutelle.selection.models import Round
from cotutelle.selection.queries.second_stage import needs_second
from cotutelle.selection.services import PAIR_RULES
from cotutelle.selection.views.officer_common import actor_of, round_or_404
from cotutelle.selection.views.officer_steps import rules_of
from cotutelle.ui.violations import show_violation

SHOWN = 50


@requires("selection.manage_round")
def second_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say who takes part and by which rules, then prepare the round."""
    found = round_or_404(request, public_id, "selection.manage_round")
    if found.state != RoundState.CONFIRMED or found.stage != Stage.FIRST:
        messages.warning(
            request, _("Second mentors are found once the first mentors are confirmed.")
        )
        return redirect("selection:round", found.public_id)
    form = PairRulesForm(
        request.POST or None, names=True, second=True,
        initial=_rules(found) | {
            "name_zh": f"{found.name_zh}（第二导师）",
            "name_en": f"{found.name_en} (second mentors)" if found.name_en else "",
        },
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_second_stage(
                found,
                form.rules,
                name_zh=form.cleaned_data["name_zh"],
                name_en=form.cleaned_data["name_en"],
                actor=actor_of(request),
            )
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Round for second mentors prepared. Set its days next."))
            return redirect("selection:round-edit", made.public_id)
    students = needs_second(found)
    count = students.count()
    button = ngettext(
        "Prepare the round for %(n)s student", "Prepare the round for %(n)s students", count
    )
    context = {
        "round": found,
        "form": form,
        "title": _("Find second mentors"),
        "submit_label": button % {"n": f"{count:,}"},
        "cancel_url": reverse("selection:round", args=[found.public_id]),
        "count": count,
        "rows": _rows(list(students[:SHOWN])),
        "more": max(0, count - SHOWN),
    }
    return render(request, "selection/officer/second.html", context)


def _rules(round_: Round) -> dict[str, Any]:
    rules = rules_of(round_)
    return {name: getattr(rules, name) for name in PAIR_RULES}


def _rows(students: list[Student]) -> list[dict[str, Any]]:
    """Return each student with the first mentor they have."""
    rows = Mentorship.objects.filter(
        student__in=students, role=PairRole.FIRST, state=PairState.ACTIVE
    ).select_related("mentor__person", "mentor__unit")
    first = {one.student_id: one.mentor for one in rows}
    return [{"student": student, "mentor": first[student.pk]} for student in students]


@requires("selection.manage_round")
def pair_rules(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change what a round in preparation says about pairs."""
    found = round_or_404(request, public_id, "selection.manage_round")
    second = found.stage == Stage.SECOND
    form = PairRulesForm(request.POST or None, names=False, second=second, initial=_rules(found))
    if request.method == "POST" and form.is_valid():
        try:
            services.set_pair_rules(found, form.rules, actor=actor_of(request))
        except RuleViolation as violation:
            show_violation(form, violation)
        else:
            messages.success(request, _("Rules of pairs saved."))
            return redirect("selection:round", found.public_id)
    context = {
        "form": form,
        "round": found,
        "title": _("Rules of pairs"),
        "submit_label": _("Save rules of pairs"),
        "cancel_url": reverse("selection:round", args=[found.public_id]),
    }
    return render(request, "selection/officer/round_form.html", context)


def pair_rules_in_words(round_: Round) -> list[dict[str, str]]:
    """Return what the round says about pairs; nothing where no student gets two mentors."""
    if round_.stage == Stage.FIRST and not round_.offers.exclude(team=None).exists():
        return []
    rules = rules_of(round_)
    shown: list[tuple[str, Any]] = [
        (_("First responsible"), PairRole(rules.first_responsible).label),
        (_("Signs leave"), Signer(rules.signs_leave).label),
        (_("Signs claims"), Signer(rules.signs_claims).label),
        (_("Signs the thesis"), Signer(rules.signs_thesis).label),
    ]
    if round_.stage == Stage.SECOND:
        whom = [
            (rules.second_other_track, _("from the other track")),
            (rules.second_in_agreement, _("lent under an agreement in force")),
            (rules.second_avoid_ended, _("without a pair that ended early")),
        ]
        words = _(", ").join(text for asked, text in whom if asked)
        shown.insert(0, (_("Second mentor"), words or _("any mentor")))
    return [{"label": str(label), "text": str(text)} for label, text in shown]
