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
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
)
from cotutelle.selection.models import Answer, Application, Offer, Participant, Placement, Round
from cotutelle.selection.policy import RoundRules
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
        The rule of a ``policy``; ``silent`` where a mentor did not answer at all.
    """

    code: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The reason in the reader's language, as said to the student."""
        return _sentence(self)

    @property
    def sentence_for_mentor(self) -> str:
        """The reason in the reader's language, as said to the mentor."""
        return _mentor_sentence(self)


@lru_cache(maxsize=8)
def _cached(certificate_sha256: str, run_id: int) -> matching.Explainer:
    run = Run.objects.get(pk=run_id)
    return matching.Explainer(problem_of(run.certificate["inputs"]), run.result["offer_of"])


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
    detail = reason.detail
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
    return Why(reason.code, {"count": reason.count}, reason.detail)


def why_no_step(participant: Participant, sent: Sequence[Application]) -> Why:
    """Say in one reason why the student holds nothing in the sequential regime: the closest."""
    if participant.list_state != ListState.SUBMITTED:
        return Why("not_submitted")
    if any(one.state == ApplicationState.DECLINED and one.answered_by_id is None for one in sent):
        return Why("preferred_others")
    if any(one.state == ApplicationState.DECLINED for one in sent):
        return Why("not_accepted")
    if any(one.state == ApplicationState.EXPIRED for one in sent):
        return Why("not_accepted", detail="silent")
    return Why("no_places")


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
        return Why("not_accepted", numbers, "silent")
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
    detail = "silent" if str(answer.public_id) in run.result.get("silent", ()) else reason.detail
    return Why(reason.code, {"count": reason.count}, detail)


def _rule_sentence(rule: str) -> str:
    words = {
        "route": _("The offer is not for your admission route."),
        "degree_type": _("The offer is not for your type of degree."),
        "discipline": _("The round allows only mentors of the same discipline."),
    }
    return words.get(rule, _("The rules of the round do not allow this pair."))


def _sentence(why: Why) -> str:
    count = why.numbers.get("count", 0)
    if why.code == "policy":
        return _rule_sentence(why.detail)
    if why.code == "not_accepted" and why.detail == "silent":
        return _("The mentor did not answer, and by the announced rule the places returned.")
    if why.code == "pinned_places":
        return ngettext(
            "%(count)d place was assigned by the school before the run.",
            "%(count)d places were assigned by the school before the run.",
            count,
        ) % {"count": count}
    if why.code == "preferred_others":
        return ngettext(
            "The place went to %(count)d student whom the mentor preferred.",
            "The places went to %(count)d students whom the mentor preferred.",
            count,
        ) % {"count": count}
    if why.code == "lottery":
        return ngettext(
            "You were equal with %(count)d student who got a place, and the lottery decided.",
            "You were equal with %(count)d students who got a place, and the lottery decided.",
            count,
        ) % {"count": count}
    return str(_plain_sentences().get(why.code, _("There is no result yet.")))


def _plain_sentences() -> Mapping[str, Any]:
    return {
        "assigned": _("You hold this offer."),
        "conflict": _("A conflict of interest is declared between you and the mentor."),
        "holds_better": _("You hold a choice that you placed higher."),
        "pinned_elsewhere": _("The school assigned you to another place before the run."),
        "not_accepted": _("The mentor did not accept you."),
        "no_places": _("The offer had no places in this round."),
        "waiting": _("Your choice is waiting for the mentor's answer."),
        "not_sent": _("This choice has not been sent to the mentor yet."),
        "not_submitted": _("You did not submit a list."),
        "not_listed": _("This offer is not on your list."),
        "offer_withdrawn": _("The offer was withdrawn before the run."),
    }


def _mentor_sentence(why: Why) -> str:
    count = why.numbers.get("count", 0)
    if why.code == "policy":
        return _("The rules of the round do not allow this pair.")
    if why.code == "not_accepted" and why.detail == "silent":
        return _("You did not answer, and by the announced rule the places returned.")
    if why.code in {"preferred_others", "lottery", "pinned_places"}:
        words = {
            "preferred_others": _("Your places went to %(count)d students whom you preferred."),
            "lottery": _("Equal with %(count)d students who got a place; the lottery decided."),
            "pinned_places": _("%(count)d places were assigned by the school before the run."),
        }
        return words[why.code] % {"count": count}
    words = {
        "assigned": _("The student is placed with you."),
        "conflict": _("A conflict of interest is declared between you and the student."),
        "holds_better": _("The student holds a choice they prefer."),
        "pinned_elsewhere": _("The school assigned the student to another place."),
        "not_accepted": _("You did not accept the student."),
        "no_places": _("You had no places in this round."),
        "waiting": _("The student is waiting for your answer."),
        "not_sent": _("The student has not applied to you yet."),
        "did_not_apply": _("The student did not choose you."),
        "offer_withdrawn": _("The offer was withdrawn before the run."),
    }
    return words.get(why.code, _("There is no result yet."))
