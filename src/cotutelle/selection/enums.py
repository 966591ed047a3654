"""The life of a round and of everything in it, on one screen."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RoundState(models.TextChoices):
    """Where a season stands."""

    DRAFT = "draft", _("In preparation")
    RANKING = "ranking", _("Students choose")
    ANSWERING = "answering", _("Mentors answer")
    CLOSED = "closed", _("Lists closed")
    MATCHED = "matched", _("Run, under review")
    PUBLISHED = "published", _("Public notice")
    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")


ROUND_TRANSITIONS: dict[RoundState, frozenset[RoundState]] = {
    RoundState.DRAFT: frozenset({RoundState.RANKING, RoundState.CANCELLED}),
    RoundState.RANKING: frozenset({RoundState.ANSWERING, RoundState.CANCELLED}),
    RoundState.ANSWERING: frozenset({RoundState.RANKING, RoundState.CLOSED, RoundState.CANCELLED}),
    RoundState.CLOSED: frozenset({RoundState.ANSWERING, RoundState.MATCHED, RoundState.CANCELLED}),
    RoundState.MATCHED: frozenset({RoundState.CLOSED, RoundState.PUBLISHED}),
    RoundState.PUBLISHED: frozenset({RoundState.MATCHED, RoundState.CONFIRMED}),
    RoundState.CONFIRMED: frozenset(),
    RoundState.CANCELLED: frozenset(),
}


class Regime(models.TextChoices):
    """How a round pairs people; schools prescribe one."""

    DEFERRED_ACCEPTANCE = "deferred_acceptance", _("Ranked lists, matched in one run")
    SEQUENTIAL = "sequential", _("One choice at a time")


class Stage(models.TextChoices):
    """What a round finds: first mentors, or second mentors of students who have a first."""

    FIRST = "first", _("First mentors")
    SECOND = "second", _("Second mentors")


class Algorithm(models.TextChoices):
    """How a run pairs people; the rules say which, before the round opens."""

    DEFERRED_ACCEPTANCE = "deferred-acceptance", _("Deferred acceptance")
    PROMOTION = "promotion", _("Promotion: ties give more students a place")
    EXACT = "exact", _("Exact: as many as possible, proven")


class Objective(models.TextChoices):
    """What decides among equally large results of the exact algorithm."""

    SIZE = "size", _("Nothing further")
    GENEROUS = "generous", _("Fewest students at their last choices")
    REGRET = "regret", _("The worst choice anybody gets is as good as possible")


class LowerOrder(models.TextChoices):
    """What comes first when minimum places must be met."""

    BLOCKING = "blocking,size", _("Fewest justified complaints, then size")
    SIZE = "size,blocking", _("Size, then fewest justified complaints")


class ScenarioState(models.TextChoices):
    """A what-if: being written, being computed, done, or refused by the engine."""

    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Being computed")
    DONE = "done", pgettext_lazy("a what-if", "Computed")
    FAILED = "failed", _("Has no result")


SCENARIO_TRANSITIONS: dict[ScenarioState, frozenset[ScenarioState]] = {
    ScenarioState.DRAFT: frozenset({ScenarioState.RUNNING}),
    ScenarioState.RUNNING: frozenset({ScenarioState.DONE, ScenarioState.FAILED}),
    ScenarioState.DONE: frozenset({ScenarioState.DRAFT, ScenarioState.RUNNING}),
    ScenarioState.FAILED: frozenset({ScenarioState.DRAFT, ScenarioState.RUNNING}),
}


class Side(models.TextChoices):
    """Who answers how content they are with a round."""

    STUDENT = "student", _("Students")
    MENTOR = "mentor", _("Mentors")


class SilentMentor(models.TextChoices):
    """What a mentor who does not answer means; announced beforehand."""

    ACCEPT_BY_SCORE = "accept_by_score", _("Accepts every applicant, by score")
    RELEASE = "release", _("Accepts nobody; the places return to the pool")


class AdjustmentRefusal(models.TextChoices):
    """What it means that a student refuses to be placed by the school (统筹)."""

    STAYS_UNMATCHED = "stays_unmatched", _("Stays unmatched and may join the next round")
    GIVES_UP = "gives_up", _("Gives up the place of this year")


class MentorAnswer(models.TextChoices):
    """How mentors answer in this round."""

    RANK = "rank", _("Mentors rank, ties allowed")
    SCREEN = "screen", _("Mentors accept, reserve or decline; the score orders")


class OfferState(models.TextChoices):
    """Drafts are the mentor's; open offers can be ranked."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OFFER_TRANSITIONS: dict[OfferState, frozenset[OfferState]] = {
    OfferState.DRAFT: frozenset({OfferState.OPEN, OfferState.WITHDRAWN}),
    OfferState.OPEN: frozenset({OfferState.DRAFT, OfferState.WITHDRAWN}),
    OfferState.WITHDRAWN: frozenset({OfferState.DRAFT}),
}


class OfferKind(models.TextChoices):
    """A direction of research or one topic."""

    DIRECTION = "direction", _("Direction")
    TOPIC = "topic", _("Topic")


class ListState(models.TextChoices):
    """A student's preference list."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    WITHDRAWN = "withdrawn", _("Withdrawn")


LIST_TRANSITIONS: dict[ListState, frozenset[ListState]] = {
    ListState.DRAFT: frozenset({ListState.SUBMITTED}),
    ListState.SUBMITTED: frozenset({ListState.DRAFT, ListState.WITHDRAWN}),
    ListState.WITHDRAWN: frozenset({ListState.DRAFT, ListState.SUBMITTED}),
}


class ParticipantState(models.TextChoices):
    """A student's part in a round."""

    ACTIVE = "active", _("Taking part")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AnswerState(models.TextChoices):
    """A mentor's (or team's) answer in a round."""

    OPEN = "open", _("Not yet submitted")
    SUBMITTED = "submitted", _("Submitted")


class Verdict(models.TextChoices):
    """What a mentor says of one applicant."""

    UNDECIDED = "undecided", _("Undecided")
    ACCEPT = "accept", _("Accept")
    RESERVE = "reserve", _("Reserve")
    DECLINE = "decline", _("Decline")


class InterviewState(models.TextChoices):
    """An interview, where the policy has them."""

    INVITED = "invited", _("Invited")
    DONE = "done", _("Held")
    CANCELLED = "cancelled", _("Cancelled")


class OverrideState(models.TextChoices):
    """An assignment by the school (指定): asked by one unit, approved by another."""

    PENDING = "pending", _("Waiting for the second approver")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class PlacementSource(models.TextChoices):
    """How a placement came about; people are told."""

    RUN = "run", _("Matching run")
    OVERRIDE = "override", _("Assigned by the school")
    SEQUENTIAL = "sequential", _("Accepted by the mentor")
    ADJUSTMENT = "adjustment", _("Placed from vacancies")


class PlacementState(models.TextChoices):
    """Proposed by a run, published, confirmed. A confirmed one never moves."""

    PROPOSED = "proposed", _("Proposed")
    PUBLISHED = "published", _("Published")
    CONFIRMED = "confirmed", _("Confirmed")
    VACATED = "vacated", _("Vacated")


class ApplicationState(models.TextChoices):
    """One choice at the mentor's door in the sequential regime."""

    WAITING = "waiting", _("Waiting for the mentor")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Not answered in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class NoticeState(models.TextChoices):
    """The public notice (公示)."""

    RUNNING = "running", _("Open to objections")
    ENDED = "ended", _("Ended")
    RECALLED = "recalled", _("Recalled")


class ObjectionState(models.TextChoices):
    """An objection and its answer."""

    OPEN = "open", _("Waiting for an answer")
    UPHELD = "upheld", _("Upheld")
    REJECTED = "rejected", _("Rejected")
