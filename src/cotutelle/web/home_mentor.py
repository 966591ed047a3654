"""A mentor's home: whom to answer and until when, and the students they have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.clock import now
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.queries import mentor_of, pairs_of
from cotutelle.people.models import Person
from cotutelle.selection import queries as selection
from cotutelle.selection.enums import AnswerState, ApplicationState, OfferState, Regime, RoundState
from cotutelle.selection.enums import Verdict as Word
from cotutelle.selection.models import Answer, Application
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.answers import applicants, offers_of_answer

SHOWN_STUDENTS = 6
_CURRENT = (
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
)


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """One answer to give or given: the sentence, the numbers, the button."""

    title: str
    says: str
    detail: str
    until: dt.datetime | None
    url: str
    action: str
    is_urgent: bool
    figures: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class MentorHome:
    """What a mentor sees first."""

    answers: Sequence[AnswerCard]
    students: Sequence[Mentorship]
    students_total: int


def mentor_home(person: Person) -> MentorHome:
    """Read the mentor's current answers and present students."""
    rows = (
        selection.own_answers(person)
        .filter(round__state__in=_CURRENT)
        .select_related("round__policy", "team")
        .order_by("-round__created_at", "id")
    )
    mentor = mentor_of(person)
    pairs = pairs_of(mentor) if mentor else Mentorship.objects.none()
    return MentorHome(
        answers=[_card(answer) for answer in rows],
        students=list(pairs[:SHOWN_STUDENTS]),
        students_total=pairs.count(),
    )


def _card(answer: Answer) -> AnswerCard:
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    if answer.round.state == RoundState.RANKING:
        return _before(answer)
    if rules.regime == Regime.SEQUENTIAL and answer.round.state == RoundState.ANSWERING:
        return _at_the_door(answer)
    return _asked(answer)


def _title(answer: Answer) -> str:
    if answer.team is None:
        return answer.round.display_name
    return _("%(round)s: %(team)s") % {"round": answer.round.display_name, "team": answer.team}


def _before(answer: Answer) -> AnswerCard:
    offers = offers_of_answer(answer).aggregate(
        open=Count("id", filter=Q(state=OfferState.OPEN)),
        draft=Count("id", filter=Q(state=OfferState.DRAFT)),
    )
    closes = answer.round.calendars.order_by("-closes_at").first()
    says = (
        _("Students are choosing now; none of your offers is open")
        if not offers["open"]
        else _("Students are choosing now")
    )
    return AnswerCard(
        title=_title(answer),
        says=says,
        detail=_("You see who chose you when their time is over."),
        until=closes.closes_at if closes else None,
        url=reverse("selection:my-offers"),
        action=_("See my offers"),
        is_urgent=not offers["open"],
        figures=[
            (_("Open offers"), offers["open"]),
            (_("Drafts"), offers["draft"]),
            (_("Places"), answer.places),
        ],
    )


def _at_the_door(answer: Answer) -> AnswerCard:
    waiting = Application.objects.filter(
        offer__in=offers_of_answer(answer),
        state=ApplicationState.WAITING,
        answer_due_at__gt=now(),
    ).order_by("answer_due_at")
    count = waiting.count()
    first = waiting.first()
    says = ngettext(
        "%(n)d applicant waits for your answer", "%(n)d applicants wait for your answer", count
    ) % {"n": count}
    return AnswerCard(
        title=_title(answer),
        says=says if count else _("Nobody waits for your answer"),
        detail=_(
            "Each applicant waits for you alone; without an answer their next choice is asked."
        ),
        until=first.answer_due_at if first else None,
        url=reverse("selection:applications"),
        action=_("Answer applicants") if count else _("See applicants"),
        is_urgent=count > 0,
        figures=[(_("Places"), answer.places)],
    )


def _asked(answer: Answer) -> AnswerCard:
    count = applicants(answer).count()
    decided = answer.lines.exclude(verdict=Word.UNDECIDED).count()
    figures = [(_("Applicants"), count), (_("Considered"), decided), (_("Places"), answer.places)]
    url = reverse("selection:applicants", args=[answer.public_id])
    is_open = answer.round.state == RoundState.ANSWERING
    if is_open and answer.state != AnswerState.SUBMITTED and count:
        says = ngettext(
            "%(n)d applicant waits for your answer", "%(n)d applicants wait for your answer", count
        ) % {"n": count}
        detail = _("Nothing counts before you submit it; what you enter is saved as a draft.")
        action = ngettext("Answer %(n)d applicant", "Answer %(n)d applicants", count) % {"n": count}
        until = answer.round.answers_close_at
        return AnswerCard(_title(answer), says, detail, until, url, action, True, figures)
    if answer.state == AnswerState.SUBMITTED:
        says = _("Your answer is submitted")
    elif not count:
        says = _("No student chose your offers")
    else:
        says = _("The time to answer is over")
    published = answer.round.state == RoundState.PUBLISHED
    detail = (
        _("The result is published.")
        if published
        else _("You will be told when the result is published.")
    )
    if published:
        url, action = reverse("selection:my-students"), _("See my students")
    else:
        action = _("See my answer") if count else _("Open the page")
    until = answer.round.answers_close_at if is_open else None
    return AnswerCard(_title(answer), says, detail, until, url, action, False, figures)
