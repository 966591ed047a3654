"""After a round: how content the people in it were, asked once and changeable for a while."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.services import record
from cotutelle.notices import wording
from cotutelle.notices.services import notify
from cotutelle.people.models import Person
from cotutelle.selection.models import Round, Satisfaction
from cotutelle.selection.queries.outcome import satisfaction_until, side_of
from cotutelle.selection.services._common import (
    active_participants,
    names,
    round_url,
    supervisors_of,
    with_people,
)

LONGEST = 2_000


def ask_satisfaction(round_: Round) -> int:
    """Ask every student and mentor of a confirmed round; return how many were told."""
    until = satisfaction_until(round_)
    if until is None:
        return 0
    people = [p.student.person for p in active_participants(round_)]
    people += supervisors_of(with_people(round_.answers.all()))
    return notify(
        people,
        "selection.satisfaction_asked",
        params={"round": names(round_), "until": wording.moment(until)},
        url=f"{round_url(round_)}satisfaction/",
        unit=round_.unit,
    )


@transaction.atomic
def answer_satisfaction(
    round_: Round, *, score: int, comment: str = "", actor: Person
) -> Satisfaction:
    """
    Keep the actor's own word, or change it; the history says that they answered, not what.

    Refuses with ``satisfaction.over`` (not confirmed yet, or the days are over) and
    ``satisfaction.score``.
    """
    check(actor, "selection.answer_satisfaction", round_)
    moment = now()
    until = satisfaction_until(round_)
    if until is None or moment > until:
        raise RuleViolation(
            "satisfaction.over", _("This question is open for 30 days after the confirmation.")
        )
    if not 1 <= score <= 5:  # noqa: PLR2004  the scale
        raise RuleViolation("satisfaction.score", _("Choose one of the five steps."), field="score")
    said, _made = Satisfaction.objects.update_or_create(
        round=round_,
        person=actor,
        side=side_of(round_, actor),
        defaults={"score": score, "comment": comment.strip()[:LONGEST], "at": moment},
    )
    record("selection.satisfaction.answered", actor=actor, subject=said, unit=round_.unit)
    return said
