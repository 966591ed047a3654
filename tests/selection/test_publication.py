"""Published, objected to, recalled, confirmed: once, in order, and then nothing moves."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.models import Entry, Pending
from cotutelle.mentorship import hooks
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship, QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import AdmissionState
from cotutelle.programmes.services import change_admission
from cotutelle.selection import services
from cotutelle.selection.enums import (
    NoticeState,
    ObjectionState,
    ParticipantState,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Answer, Offer, Participant, Placement, PublicNotice, Round
from cotutelle.workflow.models import Task
from tests.factories.mentorship import MentorshipFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer
from tests.selection.bursts import burst
from tests.selection.markets import closed_round, hold_places

pytestmark = pytest.mark.django_db


def _matched() -> Round:
    round_ = closed_round()
    offer = make_offer(round_)
    make_list(round_, [offer], admission_score=400)
    make_list(round_, [offer], admission_score=300)
    QuotaAccount.objects.update(held=0)
    (answer,) = round_.answers.all()
    quota.hold_for_round(offer.mentor, 2026, 1, reference=answer.reference, actor=None)
    services.run_round(round_, actor=make_officer(round_))
    return round_


def _published() -> tuple[Round, PublicNotice]:
    round_ = _matched()
    return round_, services.publish_round(round_, actor=make_officer(round_))


def _after(notice: PublicNotice) -> time_machine.travel:
    return time_machine.travel(notice.ends_at + dt.timedelta(seconds=1), tick=False)


def test_the_notice_runs_for_working_days_of_the_units_calendar() -> None:
    round_, notice = _published()
    assert notice.ends_at == deadline(round_.unit, notice.starts_at, 5)
    assert (round_.state, round_.placements.get().state) == ("published", "published")


def test_everybody_is_told_their_own_result_and_no_more() -> None:
    round_, _notice = _published()
    placed = round_.placements.get().participant.student.person
    left = Participant.objects.exclude(student__person=placed).get().student.person
    kinds = dict(Notice.objects.values_list("person", "kind"))
    mentor = round_.offers.get().mentor.person
    assert kinds == {
        placed.pk: "selection.result",
        left.pk: "selection.no_result",
        mentor.pk: "selection.mentor_result",
    }
    for notice in Notice.objects.filter(person=left):
        assert placed.name_zh not in str(notice.params)


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.MATCHED}))
def test_only_a_matched_round_is_published(state: RoundState) -> None:
    round_ = _matched()
    Round.objects.update(state=state)
    round_.refresh_from_db()
    with pytest.raises(RuleViolation) as refused:
        services.publish_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.transition"


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.PUBLISHED}))
def test_only_a_published_round_is_confirmed(state: RoundState) -> None:
    round_, notice = _published()
    Round.objects.update(state=state)
    round_.refresh_from_db()
    with _after(notice), pytest.raises(RuleViolation) as refused:
        services.confirm_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.transition"
    assert not Mentorship.objects.exists()


def test_publishing_belongs_to_the_holding_graduate_school() -> None:
    round_ = _matched()
    for actor in (
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.LEADER, unit=round_.unit),
        make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit),
        round_.offers.get().mentor.person,
    ):
        with pytest.raises(Refused):
            services.publish_round(round_, actor=actor)


def test_a_refuted_run_is_not_published() -> None:
    round_ = _matched()
    round_.official_run.state = "refuted"
    round_.official_run.save()
    with pytest.raises(RuleViolation) as refused:
        services.publish_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.no_result"
    round_.refresh_from_db()
    assert round_.state == RoundState.MATCHED


def test_a_recalled_notice_takes_the_result_back_and_tells_everybody() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    services.recall_notice(notice, reason="名额有误", actor=officer)
    round_.refresh_from_db()
    assert (round_.state, notice.state) == (RoundState.MATCHED, NoticeState.RECALLED)
    assert round_.placements.get().state == PlacementState.PROPOSED
    assert Notice.objects.filter(kind="selection.recalled").count() == 3
    with pytest.raises(RuleViolation) as refused:
        services.recall_notice(notice, reason="再次", actor=officer)
    assert refused.value.code == "notice.stale"
    assert services.publish_round(round_, actor=officer).pk != notice.pk


def test_objections_hold_up_the_confirmation_until_answered() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    student = round_.placements.get().participant.student.person
    objection = services.raise_objection(notice, text="程序有误", actor=student)
    assert set(Task.objects.filter(state="open").values_list("kind", flat=True)) == {
        "selection.answer_objection"
    }
    with pytest.raises(RuleViolation) as refused:
        services.raise_objection(notice, text="再提", actor=student)
    assert refused.value.code == "objection.exists"
    with _after(notice):
        with pytest.raises(RuleViolation) as refused:
            services.confirm_round(round_, actor=officer)
        assert refused.value.code == "round.objections"
        with pytest.raises(RuleViolation) as refused:
            services.raise_objection(notice, text="迟到", actor=make_officer(round_))
        assert refused.value.code == "objection.closed"
        services.answer_objection(objection, upheld=False, answer="查无此事", actor=officer)
        with pytest.raises(RuleViolation) as refused:
            services.answer_objection(objection, upheld=True, answer="改", actor=officer)
        assert refused.value.code == "objection.stale"
        services.confirm_round(round_, actor=officer)
    assert objection.state == ObjectionState.REJECTED
    assert not Task.objects.filter(state="open").exists()


def test_an_upheld_objection_asks_for_a_recall() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    objection = services.raise_objection(notice, text="程序有误", actor=officer)
    services.answer_objection(objection, upheld=True, answer="属实", actor=officer)
    with _after(notice), pytest.raises(RuleViolation) as refused:
        services.confirm_round(round_, actor=officer)
    assert refused.value.code == "round.objections"


def test_objections_are_answered_by_the_holding_graduate_school() -> None:
    round_, notice = _published()
    objection = services.raise_objection(notice, text="有误", actor=make_officer(round_))
    with pytest.raises(Refused):
        services.answer_objection(
            objection, upheld=True, answer="改", actor=make_person(Role.GRADUATE_OFFICER)
        )
    nobody = make_person()
    with pytest.raises(Refused):
        services.raise_objection(notice, text="有误", actor=nobody)


def test_a_student_who_has_a_mentor_already_stops_the_confirmation_whole() -> None:
    round_, notice = _published()
    MentorshipFactory.create(student=round_.placements.get().participant.student)
    with _after(notice), pytest.raises(RuleViolation) as refused:
        services.confirm_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.pair_exists"
    account = QuotaAccount.objects.get(mentor=round_.offers.get().mentor)
    assert (account.held, account.seated, Mentorship.objects.count()) == (1, 0, 1)
    assert round_.state == RoundState.PUBLISHED


def test_each_placed_student_has_the_place_in_their_own_trace() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
    placement, offer = round_.placements.get(), round_.offers.get()
    entry = Entry.objects.get(action="selection.placement.confirmed")
    assert entry.person == placement.participant.student.person
    assert (entry.subject_id, entry.decision, entry.actor) == (placement.pk, True, officer)
    assert Pending.objects.filter(entry=entry).exists()
    assert entry.payload.after == {
        "state": "confirmed",
        "round": str(round_.public_id),
        "offer": offer.number,
        "mentors": [str(offer.mentor.public_id)],
        "unit": offer.unit.code,
        "track": offer.track,
        "source": "run",
    }
    assert offer.mentor.person.name_zh not in str(entry.payload.after)
    about_round = Entry.objects.filter(subject_type="selection.round", subject_id=round_.pk)
    assert about_round.filter(action="selection.round.confirmed", person=None).count() == 1
    left = Participant.objects.exclude(pk=placement.participant_id).get().student.person
    assert not Entry.objects.filter(person=left, action__startswith="selection.").exists()
    services.vacate_placement(placement, reason="放弃", actor=officer)
    gone = Entry.objects.get(action="selection.placement.vacated")
    assert gone.person == entry.person
    other = Participant.objects.exclude(pk=placement.participant_id).get()
    services.fill_vacancy(other, offer, actor=officer)
    assert Entry.objects.get(action="selection.placement.filled").person == left


def test_a_confirmation_that_fails_leaves_nothing_in_a_trace() -> None:
    round_, notice = _published()
    MentorshipFactory.create(student=round_.placements.get().participant.student)
    with _after(notice), pytest.raises(RuleViolation):
        services.confirm_round(round_, actor=make_officer(round_))
    assert not Entry.objects.filter(action="selection.placement.confirmed").exists()


def test_a_confirmed_pair_is_moved_by_nothing() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
    before = list(Placement.objects.values_list("pk", "participant", "offer", "state"))
    for verb in (
        lambda: services.run_round(round_, actor=officer),
        lambda: services.publish_round(round_, actor=officer),
        lambda: services.recall_notice(notice, reason="改", actor=officer),
        lambda: services.move_round(round_, RoundState.CLOSED, actor=officer, reason="改"),
        lambda: services.move_round(round_, RoundState.CANCELLED, actor=officer, reason="改"),
    ):
        with pytest.raises(RuleViolation):
            verb()
    assert list(Placement.objects.values_list("pk", "participant", "offer", "state")) == before


@pytest.mark.parametrize(
    "to", [AdmissionState.DEFERRED, AdmissionState.NO_SHOW, AdmissionState.WITHDRAWN]
)
def test_an_admission_that_falls_through_frees_the_place(to: AdmissionState) -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
    placement = round_.placements.get()
    change_admission(placement.participant.student, to, reason="家庭原因", actor=officer)
    placement.refresh_from_db()
    account = QuotaAccount.objects.get(mentor=placement.offer.mentor)
    assert (placement.state, account.seated, account.held) == (PlacementState.VACATED, 0, 0)
    assert Mentorship.objects.get().state == "ended"


def test_other_rooms_hear_who_begins_and_ceases_to_be_mentored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[set[int]] = []
    monkeypatch.setattr(hooks, "_supervision", [heard.append])
    round_, notice = _published()
    officer = make_officer(round_)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
        placement = round_.placements.get()
        services.vacate_placement(placement, reason="放弃", actor=officer)
    assert heard == [{placement.participant.student_id}] * 2


def test_an_admission_that_falls_through_during_the_season_leaves_the_round() -> None:
    round_ = _matched()
    placement = round_.placements.get()
    student = placement.participant.student
    change_admission(student, AdmissionState.DEFERRED, reason="参军", actor=make_officer(round_))
    part = Participant.objects.get(student=student)
    placement.refresh_from_db()
    assert (part.state, placement.state) == (ParticipantState.WITHDRAWN, PlacementState.VACATED)
    run = services.run_round(round_, actor=make_officer(round_))
    assert str(part.public_id) not in run.certificate["inputs"]["students"]


@pytest.mark.django_db(transaction=True)
def test_thirty_sessions_publish_and_confirm_and_one_wins_each() -> None:
    round_ = _matched()
    officer = make_officer(round_)

    def publish(_n: int) -> None:
        services.publish_round(Round.objects.get(pk=round_.pk), actor=officer)

    outcomes = burst(publish, 30)
    assert outcomes.count("") == 1
    assert set(outcomes) <= {"", "round.stale", "round.transition"}
    assert PublicNotice.objects.count() == 1
    assert Notice.objects.filter(kind="selection.result").count() == 1

    PublicNotice.objects.update(
        starts_at=now() - dt.timedelta(days=9), ends_at=now() - dt.timedelta(days=1)
    )

    def confirm(_n: int) -> None:
        services.confirm_round(Round.objects.get(pk=round_.pk), actor=officer)

    outcomes = burst(confirm, 30)
    assert outcomes.count("") == 1
    assert set(outcomes) <= {"", "round.stale", "round.transition"}
    assert (Mentorship.objects.count(), QuotaAccount.objects.get(seated=1).held) == (1, 0)


def test_a_weighty_student_sits_on_as_many_seats_until_the_place_is_vacant() -> None:
    round_ = closed_round(algorithm="exact")
    offer = make_offer(round_, make_mentor(5, unit=round_.unit), places=2)
    Offer.objects.update(weight=2)
    make_list(round_, [offer])
    late = make_list(round_, [])
    Answer.objects.update(places=4)
    hold_places(round_)
    officer = make_officer(round_)
    services.run_round(round_, actor=officer)
    round_.refresh_from_db()
    notice = services.publish_round(round_, actor=officer)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
    account = QuotaAccount.objects.get()
    assert (account.held, account.seated, Mentorship.objects.get().places) == (0, 2, 2)
    offer.refresh_from_db()
    services.fill_vacancy(late, offer, actor=officer)
    account.refresh_from_db()
    assert account.seated == 4
    for placement in round_.placements.all():
        services.vacate_placement(placement, reason="放弃", actor=officer)
    account.refresh_from_db()
    assert (account.held, account.seated) == (0, 0)


def test_a_seat_that_moved_with_a_change_of_mentor_is_not_returned_twice() -> None:
    round_, notice = _published()
    officer = make_officer(round_)
    with _after(notice):
        services.confirm_round(round_, actor=officer)
    mentor = round_.offers.get().mentor
    # The change moved the seat; the one that is left is another student's.
    Mentorship.objects.update(state=PairState.ENDED)
    account = QuotaAccount.objects.get(mentor=mentor)
    assert account.seated == 1
    services.vacate_placement(round_.placements.get(), reason="放弃", actor=officer)
    account.refresh_from_db()
    assert account.seated == 1
