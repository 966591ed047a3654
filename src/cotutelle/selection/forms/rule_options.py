"""The rules a school chooses among, each with what it means for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.selection.enums import (
    AdjustmentRefusal,
    Algorithm,
    MentorAnswer,
    Regime,
    SilentMentor,
)

REGIMES = [
    (
        Regime.DEFERRED_ACCEPTANCE,
        _(
            "Ranked lists: students rank, mentors answer, one run finds the result in which "
            "nobody could do better with somebody who would also prefer them."
        ),
    ),
    (
        Regime.SEQUENTIAL,
        _(
            "One choice at a time: the first choice goes to the mentor; if it is declined or "
            "not answered in time, the next one goes out."
        ),
    ),
]
ALGORITHMS = [
    (
        Algorithm.DEFERRED_ACCEPTANCE,
        _(
            "Deferred acceptance: nobody gains by ranking otherwise than they wish. What mentors "
            "rank equal is decided by score and lottery."
        ),
    ),
    (
        Algorithm.PROMOTION,
        _(
            "Promotion: uses equal ranks to give more students a place. Ordering a list by "
            "tactics can pay. Knows no places of units and no minimum places."
        ),
    ),
    (
        Algorithm.EXACT,
        _(
            "Exact: as many students as possible, with a proof; keeps minimum places. Ordering a "
            "list by tactics can pay, and the run may take minutes."
        ),
    ),
]
MENTOR_ANSWERS = [
    (MentorAnswer.RANK, _("Mentors rank their applicants; equal places are allowed.")),
    (
        MentorAnswer.SCREEN,
        _("Mentors accept, reserve or decline; among the accepted the admission score decides."),
    ),
]
SILENT_MENTORS = [
    (
        SilentMentor.ACCEPT_BY_SCORE,
        _("A mentor who does not answer accepts every applicant, in order of the score."),
    ),
    (
        SilentMentor.RELEASE,
        _("A mentor who does not answer accepts nobody; the places return to the pool."),
    ),
]
REFUSALS = [
    (
        AdjustmentRefusal.STAYS_UNMATCHED,
        _("Who refuses stays unmatched and may join the next round."),
    ),
    (AdjustmentRefusal.GIVES_UP, _("Who refuses gives up the place of this year.")),
]
