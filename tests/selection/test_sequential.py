"""One choice at a time: next choices, silence, the last place under thirty hands."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils.translation import override

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.selection import queries, services
from cotutelle.selection.enums import ApplicationState, PlacementState, RoundState
from cotutelle.selection.models import Application, Offer, Participant, Placement, Round
from cotutelle.selection.queries.officer import figures_of
from cotutelle.selection.queries.review import review_of
from cotutelle.selection.views.officer_steps import key_figures
from cotutelle.workflow.models import Task
from tests.factories.mentorship import ConflictFactory, make_mentor
from tests.factories.selection import make_list, make_offer, make_officer, make_round
from tests.selection.bursts import burst

pytestmark = pytest.mark.django_db


def _round(**rules: object) -> Round:
    return make_round(RoundState.ANSWERING, regime="sequential", **rules)


def _doors(part: Participant) -> list[tuple[int, str]]:
    return list(part.applications.order_by("step").values_list("offer_id", "state"))


def _waiting(part: Participant) -> Application:
    return part.applications.get(state=ApplicationState.WAITING)


def test_choices_go_out_one_by_one_until_somebody_accepts() -> None:
    round_ = _round()
    a, b, c = (make_offer(round_) for _n in range(3))
    part = make_list(round_, [a, b, c])
    officer = make_officer(round_)
    assert services.start_step(round_, actor=officer) == 1
    assert services.start_step(round_, actor=officer) == 0
    services.decline_application(_waiting(part), actor=a.mentor.person)
    assert _doors(part) == [(a.pk, "declined"), (b.pk, "waiting")]
    placement = services.accept_application(_waiting(part), actor=b.mentor.person)
    assert (placement.student_rank, placement.state) == (2, PlacementState.PROPOSED)
    assert _doors(part) == [(a.pk, "declined"), (b.pk, "accepted")]
    assert not Task.objects.filter(state="open").exists()

    services.move_round(round_, RoundState.CLOSED, actor=officer)
    with pytest.raises(RuleViolation) as refused:
        services.run_round(round_, actor=officer)
    assert refused.value.code == "run.regime"
    services.finish_steps(round_, actor=officer)
    notice = services.publish_round(round_, actor=officer)
    assert notice.run is None
    placement.refresh_from_db()
    assert placement.state == PlacementState.PUBLISHED


def test_a_round_is_not_closed_while_somebody_waits() -> None:
    round_ = _round()
    make_list(round_, [make_offer(round_)])
    services.start_step(round_, actor=make_officer(round_))
    with pytest.raises(RuleViolation) as refused:
        services.move_round(round_, RoundState.CLOSED, actor=make_officer(round_))
    assert refused.value.code == "round.waiting"


def test_who_waits_at_a_full_door_moves_on_and_is_not_called_declined_by_the_mentor() -> None:
    round_ = _round()
    a, b = make_offer(round_), make_offer(round_)
    first, second = make_list(round_, [a, b]), make_list(round_, [a, b])
    services.start_step(round_, actor=make_officer(round_))
    services.accept_application(_waiting(first), actor=a.mentor.person)
    assert _doors(second) == [(a.pk, "declined"), (b.pk, "waiting")]
    why = queries.why_for_student(second, a, actor=second.student.person)
    assert (why.code, why.numbers["count"]) == ("preferred_others", 1)
    assert queries.why_for_student(second, b, actor=second.student.person).code == "waiting"


def test_the_mentors_places_bind_over_all_offers() -> None:
    round_ = _round()
    mentor = make_mentor(1, unit=round_.unit)
    a, b = make_offer(round_, mentor), make_offer(round_, mentor)
    one, two = make_list(round_, [a]), make_list(round_, [b])
    services.start_step(round_, actor=make_officer(round_))
    services.accept_application(_waiting(one), actor=mentor.person)
    assert _doors(two) == [(b.pk, "declined")]
    assert Placement.objects.count() == 1


def test_doors_that_are_forbidden_are_passed() -> None:
    round_ = _round()
    a, b, c = make_offer(round_), make_offer(round_, routes=["doctoral"]), make_offer(round_)
    part = make_list(round_, [a, b, c])
    ConflictFactory.create(mentor=a.mentor, student=part.student)
    services.start_step(round_, actor=make_officer(round_))
    assert _doors(part) == [(c.pk, "waiting")]
    actor = part.student.person
    assert queries.why_for_student(part, a, actor=actor).code == "conflict"
    assert queries.why_for_student(part, b, actor=actor).detail == "route"


def test_only_the_offers_mentor_answers_and_only_once() -> None:
    round_ = _round()
    offer, other = make_offer(round_), make_offer(round_)
    part = make_list(round_, [offer])
    services.start_step(round_, actor=make_officer(round_))
    application = _waiting(part)
    for actor in (other.mentor.person, part.student.person, make_officer(round_)):
        with pytest.raises(Refused):
            services.accept_application(application, actor=actor)
    stale = Application.objects.get(pk=application.pk)
    services.decline_application(application, actor=offer.mentor.person)
    with pytest.raises(RuleViolation) as refused:
        services.accept_application(stale, actor=offer.mentor.person)
    assert refused.value.code == "application.stale"


def test_a_conflict_declared_meanwhile_stops_the_acceptance() -> None:
    round_ = _round()
    offer = make_offer(round_)
    part = make_list(round_, [offer])
    services.start_step(round_, actor=make_officer(round_))
    ConflictFactory.create(mentor=offer.mentor, student=part.student)
    with pytest.raises(RuleViolation) as refused:
        services.accept_application(_waiting(part), actor=offer.mentor.person)
    assert refused.value.code == "answer.conflict"


@pytest.mark.parametrize(
    ("silent", "best", "other"),
    [("accept_by_score", "accepted", "expired"), ("release", "expired", "expired")],
)
def test_silence_follows_the_announced_rule_by_the_clock(
    silent: str, best: str, other: str
) -> None:
    round_ = _round(silent_mentor=silent)
    offer, next_ = make_offer(round_), make_offer(round_)
    low = make_list(round_, [offer, next_], admission_score=300)
    top = make_list(round_, [offer], admission_score=400)
    services.start_step(round_, actor=make_officer(round_))
    assert services.expire_applications(round_) == 0
    with time_machine.travel(now() + dt.timedelta(days=30), tick=False):
        with pytest.raises(RuleViolation) as refused:
            services.accept_application(_waiting(top), actor=offer.mentor.person)
        assert refused.value.code == "application.expired"
        assert services.expire_applications(round_) == 2
        assert services.expire_applications(round_) == 0
    assert _doors(top)[0][1] == best
    assert [state for _offer, state in _doors(low)] == [other, "waiting"]


@pytest.mark.django_db(transaction=True)
def test_thirty_sessions_accept_for_the_last_place_and_one_wins() -> None:
    round_ = _round()
    offer = make_offer(round_)
    parts = [make_list(round_, [offer]) for _n in range(30)]
    services.start_step(round_, actor=make_officer(round_))
    keys = [_waiting(part).pk for part in parts]
    person = offer.mentor.person.pk

    def press(n: int) -> None:
        application = Application.objects.select_related("participant__round", "offer__round").get(
            pk=keys[n]
        )
        services.accept_application(
            application, actor=type(offer.mentor.person).objects.get(pk=person)
        )

    outcomes = burst(press, 30)
    assert outcomes.count("") == 1
    assert set(outcomes) <= {"", "offer.full", "application.stale"}
    assert Placement.objects.filter(offer=Offer.objects.get()).count() == 1
    assert Application.objects.filter(state="accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_application_pressed_thirty_times_is_one_place() -> None:
    round_ = _round()
    offer = make_offer(round_, make_mentor(5, unit=make_round().unit), places=5)
    part = make_list(round_, [offer])
    services.start_step(round_, actor=make_officer(round_))
    key = _waiting(part).pk

    def press(_n: int) -> None:
        application = Application.objects.select_related("participant__round").get(pk=key)
        services.accept_application(application, actor=application.offer.mentor.person)

    outcomes = burst(press, 30)
    assert (outcomes.count(""), outcomes.count("application.stale")) == (1, 29)


def test_review_says_why_each_student_without_a_place_has_none() -> None:
    round_ = _round(silent_mentor="release")
    full, silent, strict = (make_offer(round_) for _n in range(3))
    officer = make_officer(round_)
    winner, late = make_list(round_, [full]), make_list(round_, [full])
    unanswered, declined = make_list(round_, [silent]), make_list(round_, [strict])
    nobody = make_list(round_, [], submitted=False)
    services.start_step(round_, actor=officer)
    services.accept_application(_waiting(winner), actor=full.mentor.person)
    services.decline_application(_waiting(declined), actor=strict.mentor.person)
    with time_machine.travel(now() + dt.timedelta(days=30)):
        services.expire_applications(round_)
    services.move_round(round_, RoundState.CLOSED, actor=officer)
    services.finish_steps(round_, actor=officer)
    found = {one.participant: (one.why.code, one.why.detail) for one in review_of(round_).unmatched}
    assert found == {
        late: ("preferred_others", ""),
        unanswered: ("not_accepted", "silent"),
        declined: ("not_accepted", ""),
        nobody: ("not_submitted", ""),
    }


@pytest.mark.parametrize(
    ("silent", "code", "detail"),
    [("accept_by_score", "preferred_others", ""), ("release", "not_accepted", "silent")],
)
def test_silence_that_took_others_is_not_called_places_that_returned(
    silent: str, code: str, detail: str
) -> None:
    round_ = _round(silent_mentor=silent)
    offer = make_offer(round_)
    low = make_list(round_, [offer], admission_score=300)
    make_list(round_, [offer], admission_score=400)
    officer = make_officer(round_)
    services.start_step(round_, actor=officer)
    with time_machine.travel(now() + dt.timedelta(days=30), tick=False):
        services.expire_applications(round_)
    why = queries.why_for_student(low, offer, actor=officer)
    assert (why.code, why.detail) == (code, detail)
    services.move_round(round_, RoundState.CLOSED, actor=officer)
    services.finish_steps(round_, actor=officer)
    found = {one.participant: one.why for one in review_of(round_).unmatched}
    assert (found[low].code, found[low].detail) == (code, detail)


def test_a_round_of_single_choices_counts_choices_and_no_lists_of_answers() -> None:
    round_ = _round()
    offer = make_offer(round_, places=2)
    first, _second = (make_list(round_, [offer]) for _n in range(2))
    officer = make_officer(round_)
    services.start_step(round_, actor=officer)
    services.accept_application(_waiting(first), actor=offer.mentor.person)
    figures = figures_of(round_)
    assert (figures.is_sequential, figures.sent, figures.sent_answered) == (True, 2, 1)
    with override("en"):
        shown = {str(one["label"]): one for one in key_figures(round_, figures)}
    assert "Answers of mentors" not in shown
    assert (shown["Choices answered"]["value"], shown["Choices answered"]["unit"]) == ("1", "/ 2")
