"""
Why a student holds, or does not hold, an offer: one sentence about their own case only.

The reasons stand in a fixed order and the first that holds is given: conflict of interest, the
rules, a choice they prefer, not accepted, no places, places assigned before the run, students the
mentor preferred, the lottery. Counts are given, never names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import gettext as _

from cotutelle.core.access import check, why_not
from cotutelle.decisions.models import Run
from cotutelle.engines import matching
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    ApplicationState,
    ListState,
    OfferState,
    PlacementState,
    Regime,
    RoundState,
    SilentMentor,
)
from cotutelle.selection.models import (
    Answer,
    Application,
    Offer,
    Participant,
    PlaceCap,
    Placement,
    Round,
)
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries import why_words
from cotutelle.selection.queries.market import CONFLICT, hindrance
from cotutelle.selection.queries.problem import problem_of


@dataclass(frozen=True, slots=True)
class Why:
    """
    The first reason that holds.

    Attributes
    ----------
    code
        Stable name of the reason.
    numbers
        What the sentence speaks of: ``count``, and for offers ``places`` and ``assigned`` (before
        the run).
    detail
        The rule of a ``policy``; ``silent`` where a mentor did not answer at all; the name of the
        unit or agreement that was full or whose minimum had to be kept.
    """

    code: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The reason in the reader's language, as said to the student."""
        return why_words.for_student(self.code, self.numbers.get("count", 0), self.detail)

    @property
    def sentence_for_mentor(self) -> str:
        """The reason in the reader's language, as said to the mentor."""
        return why_words.for_mentor(self.code, self.numbers.get("count", 0), self.detail)


@lru_cache(maxsize=8)
def _cached(certificate_sha256: str, run_id: int) -> matching.Explainer:
    run = Run.objects.get(pk=run_id)
    return matching.Explainer(
        problem_of(run.certificate["inputs"]),
        run.result["offer_of"],
        algorithm=run.result.get("algorithm", "deferred-acceptance"),
    )


def explainer_of(run: Run) -> matching.Explainer:
    """Return the explainer of a run; a run never changes, so it is kept for the next reader."""
    return _cached(run.certificate_sha256, run.pk)


def why_for_student(  # noqa: PLR0911  one return a reason
    participant: Participant, offer: Offer, *, actor: Person, run: Run | None = None
) -> Why:
    """
    Say why the student does or does not hold ``offer``, by ``run`` (the round's own without one).

    Refuses strangers with ``access.denied``. ``code`` is ``not_run`` while there is no result,
    ``not_submitted`` without a list, ``not_listed`` for an offer that is not on it.
    """
    check(actor, "selection.view_result", participant)
    if _is_secret(participant.round, actor):
        return Why("not_run")
    placement = _placement(participant)
    if placement is not None and placement.offer_id == offer.pk:
        return Why("assigned", detail=placement.source)
    if participant.list_state != ListState.SUBMITTED and placement is None:
        return Why("not_submitted")
    if not participant.preferences.filter(offer=offer).exists():
        return Why("not_listed")
    rules = RoundRules.from_parameters(participant.round.policy.parameters)
    if rules.regime == Regime.SEQUENTIAL:
        return _sequential(participant, offer, rules, placement)
    run = run or participant.round.official_run
    if run is None:
        return Why("not_run")
    return _by_run(run, participant, offer)


def _is_secret(round_: Round, actor: Person) -> bool:
    """Nobody but reviewers reads the result of a run before it is published."""
    if RoundRules.from_parameters(round_.policy.parameters).regime == Regime.SEQUENTIAL:
        return False
    shown = (RoundState.PUBLISHED, RoundState.CONFIRMED)
    return round_.state not in shown and bool(why_not(actor, "selection.view_review", round_))


def _placement(participant: Participant) -> Placement | None:
    return participant.placements.exclude(state=PlacementState.VACATED).first()


def _by_run(run: Run, participant: Participant, offer: Offer) -> Why:
    inputs = run.certificate["inputs"]
    student, wanted = str(participant.public_id), str(offer.public_id)
    if wanted not in inputs["offers"]:
        return Why("offer_withdrawn")
    try:
        reason = explainer_of(run).explain(student, wanted)
    except ValueError:
        return Why("not_listed")
    entry = inputs["offers"][wanted]
    pinned = sum(pin["offer"] == wanted for pin in inputs["pins"].values())
    numbers = {"count": reason.count, "places": entry["quota"], "assigned": pinned}
    detail = _detail(reason)
    if reason.code == "not_accepted" and entry["mentor"] in run.result.get("silent", ()):
        detail = "silent"
    return Why(reason.code, numbers, detail)


def why_unplaced(participant: Participant, run: Run) -> Why:
    """Say in one reason why the student holds nothing after ``run``: the closest choice."""
    try:
        reason = explainer_of(run).explain_unmatched(str(participant.public_id))
    except (KeyError, ValueError):
        return Why("not_submitted")
    if reason.code == "empty_list":
        return Why("not_submitted")
    return Why(reason.code, {"count": reason.count}, _detail(reason))


def _detail(reason: matching.Reason) -> str:
    """Name the unit or agreement a reason is about; mentors and offers stay unnamed."""
    if reason.level is None:
        return reason.detail
    if reason.level != "group":
        return ""
    cap = PlaceCap.objects.filter(public_id=reason.detail).select_related("unit", "agreement")
    found = cap.first()
    thing = (found.unit or found.agreement) if found else None
    return thing.display_name if thing else ""


# What another place on the mentor's list would have changed.
LOST_BY_ORDER = frozenset({"preferred_others", "lottery", "tie", "group_cap"})


def enough_for_student(participant: Participant, offer: Offer, *, actor: Person) -> str:
    """
    Say which place at the mentor would have been enough, once the result is public.

    Nothing where no place would have been, or where the order of the mentor did not decide.
    Refuses strangers with ``access.denied``.
    """
    why = why_for_student(participant, offer, actor=actor)
    run = participant.round.official_run
    if why.code not in LOST_BY_ORDER or run is None:
        return ""
    try:
        found = explainer_of(run).sufficient_place(str(participant.public_id), str(offer.public_id))
    except ValueError:
        return ""
    if found is None:
        return ""
    if found.group is not None:
        return _(
            "Place %(place)d in the order of %(unit)s would have been enough; you had place %(own)d."
        ) % {
            "place": found.group_place,
            "own": found.own_group_place,
            "unit": why.detail or _("the unit"),
        }
    if found.own_place is None:
        return ""
    words = (
        _(
            "To share place %(place)d with others on the mentor's list would have been enough; you had place %(own)d."
        )
        if found.shared
        else _(
            "Place %(place)d on the mentor's list would have been enough; you had place %(own)d."
        )
    )
    return words % {"place": found.place, "own": found.own_place}


def why_no_step(participant: Participant, sent: Sequence[Application]) -> Why:
    """Say in one reason why the student holds nothing in the sequential regime: the closest."""
    if participant.list_state != ListState.SUBMITTED:
        return Why("not_submitted")
    if any(one.state == ApplicationState.DECLINED and one.answered_by_id is None for one in sent):
        return Why("preferred_others")
    if any(one.state == ApplicationState.DECLINED for one in sent):
        return Why("not_accepted")
    if any(one.state == ApplicationState.EXPIRED for one in sent):
        return _expired(RoundRules.from_parameters(participant.round.policy.parameters), {})
    return Why("no_places")


def _expired(rules: RoundRules, numbers: Mapping[str, int]) -> Why:
    """
    Say what silence meant for a choice that ran out.

    Where a silent mentor takes everybody by score, it ran out because the places went to others.
    """
    if rules.silent_mentor == SilentMentor.ACCEPT_BY_SCORE:
        return Why("preferred_others", numbers)
    return Why("not_accepted", numbers, "silent")


def _sequential(  # noqa: PLR0911  one return a reason
    participant: Participant, offer: Offer, rules: RoundRules, placement: Placement | None
) -> Why:
    rule = hindrance(rules, offer, participant.student)
    if rule:
        return Why("conflict") if rule == CONFLICT else Why("policy", detail=rule)
    if offer.state != OfferState.OPEN:
        return Why("offer_withdrawn")
    places = {prefs.offer_id: prefs.position for prefs in participant.preferences.all()}
    if placement is not None and places.get(placement.offer_id, 0) < places[offer.pk]:
        return Why("holds_better")
    sent = Application.objects.filter(participant=participant, offer=offer).first()
    taken = Placement.objects.filter(offer=offer).exclude(state=PlacementState.VACATED).count()
    numbers = {"count": taken, "places": offer.places}
    if sent is None:
        answer = offer.round.answers.filter(mentor=offer.mentor, team=offer.team).first()
        if answer is None or answer.places == 0:
            return Why("no_places", numbers)
        return Why("preferred_others", numbers) if taken else Why("not_sent", numbers)
    if sent.state == ApplicationState.WAITING:
        return Why("waiting", numbers)
    if sent.state == ApplicationState.EXPIRED:
        return _expired(rules, numbers)
    if sent.state == ApplicationState.DECLINED and sent.answered_by_id is None:
        return Why("preferred_others", numbers)
    return Why("not_accepted", numbers)


def why_for_mentor(
    answer: Answer, participant: Participant, *, actor: Person, run: Run | None = None
) -> Why:
    """
    Say to a mentor why they have, or have not got, an applicant; no rank of the student's.

    Refuses strangers with ``access.denied``.
    """
    check(actor, "selection.view_applicants", answer)
    if _is_secret(answer.round, actor):
        return Why("not_run")
    placement = _placement(participant)
    if placement is not None and placement.offer.node_id == answer.node_id:
        return Why("assigned", detail=placement.source)
    rules = RoundRules.from_parameters(answer.round.policy.parameters)
    if rules.regime == Regime.SEQUENTIAL:
        offers = Offer.objects.filter(
            round=answer.round,
            mentor=answer.mentor,
            team=answer.team,
            preferences__participant=participant,
        )
        first = offers.order_by("preferences__position").first()
        return _sequential(participant, first, rules, placement) if first else Why("did_not_apply")
    run = run or answer.round.official_run
    if run is None:
        return Why("not_run")
    try:
        reason = explainer_of(run).explain_for_mentor(
            str(answer.public_id), str(participant.public_id)
        )
    except ValueError:
        return Why("did_not_apply")
    detail = "silent" if str(answer.public_id) in run.result.get("silent", ()) else _detail(reason)
    return Why(reason.code, {"count": reason.count}, detail)
