"""A season through the services: from preparation to confirmed pairs, in both regimes."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.decisions.enums import RunState
from cotutelle.mentorship.models import Mentorship, QuotaAccount
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import Route
from cotutelle.selection import services
from cotutelle.selection.enums import (
    PlacementSource,
    PlacementState,
    RoundState,
)
from cotutelle.selection.models import Answer, Placement, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.workflow.models import Task
from tests.factories.mentorship import TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory

pytestmark = pytest.mark.django_db
MONDAY = dt.datetime(2026, 11, 2, 1, 0, tzinfo=dt.UTC)


def _new_round(**rules: object) -> Round:
    cohort = CohortFactory.create()
    officer = make_person(Role.GRADUATE_OFFICER, unit=cohort.unit)
    start = now()
    return services.create_round(
        cohort.unit,
        cohort,
        RoundRules(**rules),  # type: ignore[arg-type]
        name_zh="双选",
        name_en="Selection",
        quota_year=2026,
        calendars={Route.UNIFIED_EXAM: (start, start + dt.timedelta(days=5))},
        answers_close_at=start + dt.timedelta(days=10),
        actor=officer,
    )


def _officer(round_: Round):  # type: ignore[no-untyped-def]
    return make_person(Role.GRADUATE_OFFICER, unit=round_.unit)


def test_a_season_by_deferred_acceptance_ends_in_confirmed_pairs() -> None:  # noqa: PLR0915
    with time_machine.travel(MONDAY, tick=False) as clock:
        round_ = _new_round()
        officer = _officer(round_)
        mentor = make_mentor(3, unit=round_.unit)
        team = TeamFactory.create(
            unit=round_.unit,
            first=make_mentor(1, unit=round_.unit),
            second=make_mentor(1, unit=round_.unit),
        )
        data = services.OfferData(title_zh="影像", places=1, track="clinical")
        single = services.save_offer(round_, data, mentor=mentor, actor=mentor.person)
        joint = services.save_offer(round_, data, team=team, actor=team.first.person)
        done = services.open_offers([single, joint], actor=officer)
        assert (done.done, done.refused) == (2, [])
        students = [
            StudentFactory.create(cohort=round_.cohort, admission_score=score)
            for score in (400, 390, 380)
        ]
        assert services.add_cohort(round_, actor=officer) == 3

        services.move_round(round_, RoundState.RANKING, actor=officer)
        assert round_.seed_commitment == sha256_hex(round_.seed.encode())
        assert round_.seed_published_at is None
        assert Task.objects.filter(kind="selection.submit_list", state="open").count() == 3
        parts = {p.student_id: p for p in round_.participants.all()}
        wanted = [[single, joint], [single, joint], [single]]
        for student, offers in zip(students, wanted, strict=True):
            part = parts[student.pk]
            services.save_list(
                part, [o.public_id for o in offers], expected_version=0, actor=student.person
            )
            services.submit_list(part, expected_version=1, actor=student.person)
        assert not Task.objects.filter(kind="selection.submit_list", state="open").exists()
        with pytest.raises(RuleViolation) as early:
            services.move_round(round_, RoundState.ANSWERING, actor=officer)
        assert early.value.code == "round.too_early"

        clock.shift(dt.timedelta(days=6))
        services.move_round(round_, RoundState.ANSWERING, actor=officer)
        answer = Answer.objects.get(round=round_, mentor=mentor)
        first, second, third = (parts[s.pk].public_id for s in students)
        services.save_answer(
            answer,
            [
                services.Word(second, "accept", 1),
                services.Word(first, "accept", 2),
                services.Word(third, "accept", 3),
            ],
            expected_version=0,
            actor=mentor.person,
        )
        services.submit_answer(answer, expected_version=1, actor=mentor.person)

        clock.shift(dt.timedelta(days=5))
        services.move_round(round_, RoundState.CLOSED, actor=officer)
        assert round_.seed_published_at is not None
        run = services.run_round(round_, actor=officer)
        assert run.result["silent"] == [str(Answer.objects.get(round=round_, team=team).public_id)]
        held = dict(round_.placements.values_list("participant__student_id", "offer_id"))
        assert held == {students[1].pk: single.pk, students[0].pk: joint.pk}

        notice = services.publish_round(round_, actor=officer)
        assert Notice.objects.filter(kind="selection.result").count() == 2
        assert Notice.objects.filter(kind="selection.no_result").count() == 1
        with pytest.raises(RuleViolation) as runs:
            services.confirm_round(round_, actor=officer)
        assert runs.value.code == "round.notice_runs"
        round_.refresh_from_db()

        clock.move_to(notice.ends_at + dt.timedelta(seconds=1))
        services.confirm_round(round_, actor=officer)
        run.refresh_from_db()
        assert run.state == RunState.OFFICIAL
        accounts = QuotaAccount.objects.filter(mentor__in=[mentor, team.first, team.second])
        assert set(accounts.values_list("granted", "held", "seated")) == {(3, 0, 1), (1, 0, 1)}
        roles = Mentorship.objects.filter(student=students[0]).values_list("mentor_id", "role")
        assert set(roles) == {(team.first_id, "first"), (team.second_id, "second")}
        assert set(round_.placements.values_list("state", flat=True)) == {PlacementState.CONFIRMED}

        left = parts[students[2].pk]
        with pytest.raises(RuleViolation) as full:
            services.fill_vacancy(left, single, actor=officer)
        assert full.value.code == "offer.full"
        fresh = (
            services.create_supplement(round_, name_zh="补选", actor=officer)
            if _free(round_, officer, students[1])
            else None
        )
        assert fresh is not None
        assert fresh.supplements == round_
        assert list(fresh.participants.values_list("student_id", flat=True)) == [students[2].pk]
        assert [(o.number, o.places, o.state) for o in fresh.offers.all()] == [
            (single.number, 1, "draft")
        ]


def _free(round_: Round, officer, student) -> bool:  # type: ignore[no-untyped-def]
    """The student does not arrive: the seat returns and the pair ends; nobody else moves."""
    others = set(round_.placements.exclude(participant__student=student).values_list("pk", "state"))
    placement = Placement.objects.get(participant__student=student, state="confirmed")
    services.vacate_placement(placement, reason="未报到", actor=officer)
    student.state = "no_show"
    student.save()
    assert not student.mentorships.filter(state="active").exists()
    account = QuotaAccount.objects.get(mentor=placement.offer.mentor, year=2026)
    assert (account.held, account.seated) == (0, 0)
    assert (
        set(round_.placements.exclude(participant__student=student).values_list("pk", "state"))
        == others
    )
    return True


def test_a_vacancy_is_filled_by_hand_within_the_quota() -> None:
    with time_machine.travel(MONDAY, tick=False):
        round_ = _new_round()
        officer = _officer(round_)
        mentor = make_mentor(1, unit=round_.unit)
        offer = services.save_offer(
            round_,
            services.OfferData(title_zh="影像", places=1, track="clinical"),
            mentor=mentor,
            actor=officer,
        )
        services.open_offer(offer, actor=officer)
        student = StudentFactory.create(cohort=round_.cohort)
        services.add_cohort(round_, actor=officer)
        (part,) = round_.participants.all()
        with pytest.raises(RuleViolation) as early:
            services.fill_vacancy(part, offer, actor=officer)
        assert early.value.code == "round.state"

        Round.objects.filter(pk=round_.pk).update(state=RoundState.CONFIRMED)
        QuotaAccount.objects.filter(mentor=mentor).update(held=0)
        placement = services.fill_vacancy(part, offer, actor=officer)
        assert (placement.source, placement.state) == (
            PlacementSource.ADJUSTMENT,
            PlacementState.CONFIRMED,
        )
        assert student.mentorships.get().mentor == mentor
        other = StudentFactory.create(cohort=round_.cohort)
        late = round_.participants.create(student=other)
        with pytest.raises(RuleViolation) as full:
            services.fill_vacancy(late, offer, actor=officer)
        assert full.value.code == "offer.full"
