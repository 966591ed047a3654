"""Rounds: every state by every step, calendars, seed, participants, cancelling."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
import time_machine

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import Route
from cotutelle.programmes.models import Student
from cotutelle.selection import services
from cotutelle.selection.enums import ROUND_TRANSITIONS, RoundState
from cotutelle.selection.models import Answer, Round, RouteCalendar
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.services._common import officers_of
from cotutelle.workflow.models import Task
from tests.factories.mentorship import MentorshipFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db

# Results are made, published and confirmed by services of their own.
MADE_ELSEWHERE = {
    (RoundState.CLOSED, RoundState.MATCHED),
    (RoundState.MATCHED, RoundState.PUBLISHED),
    (RoundState.PUBLISHED, RoundState.MATCHED),
    (RoundState.PUBLISHED, RoundState.CONFIRMED),
}


def _ready(state: RoundState) -> Round:
    """A round with everything every step asks for, its lists and answers over."""
    round_ = make_round(state)
    offer = make_offer(round_)
    make_list(round_, [offer])
    round_.calendars.update(
        opens_at=now() - dt.timedelta(days=3), closes_at=now() - dt.timedelta(days=2)
    )
    Round.objects.filter(pk=round_.pk).update(answers_close_at=now() - dt.timedelta(days=1))
    round_.refresh_from_db()
    return round_


@pytest.mark.parametrize(("seen", "to"), list(product(RoundState, RoundState)))
def test_move_round_takes_the_steps_of_the_chart_and_no_other(
    seen: RoundState, to: RoundState
) -> None:
    round_ = _ready(seen)
    allowed = to in ROUND_TRANSITIONS[seen] and (seen, to) not in MADE_ELSEWHERE
    if allowed:
        services.move_round(round_, to, actor=make_officer(round_), reason="理由")
    else:
        with pytest.raises(RuleViolation) as refused:
            services.move_round(round_, to, actor=make_officer(round_), reason="理由")
        assert refused.value.code == "round.transition"
    round_.refresh_from_db()
    assert round_.state == (to if allowed else seen)


def test_move_round_refuses_a_stale_copy() -> None:
    round_ = _ready(RoundState.RANKING)
    officer = make_officer(round_)
    stale = Round.objects.get(pk=round_.pk)
    services.move_round(round_, RoundState.ANSWERING, actor=officer)
    with pytest.raises(RuleViolation) as refused:
        services.move_round(stale, RoundState.ANSWERING, actor=officer)
    assert refused.value.code == "round.stale"
    assert stale.state == RoundState.RANKING


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.GRADUATE_OFFICER}))
def test_only_the_graduate_school_moves_a_round(role: Role) -> None:
    round_ = _ready(RoundState.RANKING)
    with pytest.raises(Refused):
        services.move_round(round_, RoundState.ANSWERING, actor=make_person(role, unit=round_.unit))


def test_an_officer_of_another_institution_moves_nothing() -> None:
    round_ = _ready(RoundState.RANKING)
    with pytest.raises(Refused):
        services.move_round(round_, RoundState.ANSWERING, actor=make_person(Role.GRADUATE_OFFICER))


def test_opening_asks_for_offers_students_and_calendars() -> None:
    round_ = make_round(RoundState.DRAFT)
    officer = make_officer(round_)
    codes = []

    def refusal() -> str:
        with pytest.raises(RuleViolation) as refused:
            services.move_round(round_, RoundState.RANKING, actor=officer)
        return refused.value.code

    codes.append(refusal())
    make_offer(round_)
    codes.append(refusal())
    StudentFactory.create(cohort=round_.cohort)
    services.add_cohort(round_, actor=officer)
    round_.calendars.all().delete()
    codes.append(refusal())
    assert codes == ["round.no_offers", "round.no_students", "round.windows"]


def test_the_seed_is_committed_on_opening_and_another_after_answers_reopen() -> None:
    round_ = _ready(RoundState.DRAFT)
    officer = make_officer(round_)
    services.move_round(round_, RoundState.RANKING, actor=officer)
    seed, commitment = round_.seed, round_.seed_commitment
    assert sha256_hex(seed.encode()) == commitment
    shown = Entry.objects.get(action="selection.round.seed_committed")
    assert seed not in str(shown.payload.after)

    services.move_round(round_, RoundState.ANSWERING, actor=officer)
    services.move_round(round_, RoundState.CLOSED, actor=officer)
    assert round_.seed == seed
    assert round_.seed_published_at is not None

    services.move_round(round_, RoundState.ANSWERING, actor=officer, reason="补交")
    assert round_.seed_published_at is None
    assert round_.seed != seed
    assert round_.seed_commitment == sha256_hex(round_.seed.encode())


def test_going_back_and_cancelling_need_a_reason() -> None:
    round_ = _ready(RoundState.ANSWERING)
    for to in (RoundState.RANKING, RoundState.CANCELLED):
        with pytest.raises(RuleViolation) as refused:
            services.move_round(round_, to, actor=make_officer(round_))
        assert refused.value.code == "round.reason"


def test_closing_waits_for_mentors_until_their_time_is_over() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    part = make_list(round_, [offer])
    officer = make_officer(round_)
    with pytest.raises(RuleViolation) as refused:
        services.move_round(round_, RoundState.CLOSED, actor=officer)
    assert refused.value.code == "round.too_early"
    make_answer(round_, offer, [[part]])
    services.move_round(round_, RoundState.CLOSED, actor=officer)


def test_cancelling_gives_places_back_and_closes_tasks() -> None:
    round_ = make_round(RoundState.DRAFT)
    officer = make_officer(round_)
    mentor = make_mentor(2, unit=round_.unit)
    offer = services.save_offer(
        round_, services.OfferData("影像", 2, "clinical"), mentor=mentor, actor=mentor.person
    )
    services.open_offer(offer, actor=mentor.person)
    StudentFactory.create(cohort=round_.cohort)
    services.add_cohort(round_, actor=officer)
    services.move_round(round_, RoundState.RANKING, actor=officer)
    account = QuotaAccount.objects.get(mentor=mentor)
    assert (account.held, Task.objects.filter(state="open").count()) == (2, 1)

    services.move_round(round_, RoundState.CANCELLED, actor=officer, reason="停办")
    account.refresh_from_db()
    assert (account.held, Task.objects.filter(state="open").count()) == (0, 0)


def test_a_moved_deadline_is_recorded_and_told() -> None:
    round_ = make_round(RoundState.RANKING)
    make_list(round_, [make_offer(round_)])
    later = now() + dt.timedelta(days=9)
    services.move_deadline(
        round_, Route.UNIFIED_EXAM, later, reason="系统故障", actor=make_officer(round_)
    )
    assert RouteCalendar.objects.get(round=round_, route=Route.UNIFIED_EXAM).closes_at == later
    entry = Entry.objects.get(action="selection.round.deadline_moved")
    assert entry.decision
    with pytest.raises(RuleViolation) as refused:
        services.move_deadline(
            round_, Route.UNIFIED_EXAM, later, reason=" ", actor=make_officer(round_)
        )
    assert refused.value.code == "round.reason"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name_zh": " "}, "round.name"),
        ({"rules": RoundRules(min_choices=4, max_choices=3)}, "round.rules"),
        ({"rules": RoundRules(regime="circus")}, "round.rules"),
        ({"rules": RoundRules(override_share_percent=101)}, "round.rules"),
        ({"answers_close_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "round.windows"),
    ],
)
def test_create_round_refuses(change: dict[str, object], code: str) -> None:
    cohort = CohortFactory.create()
    given: dict[str, object] = {
        "rules": RoundRules(),
        "name_zh": "双选",
        "quota_year": 2026,
        "calendars": {Route.DOCTORAL: (now(), now() + dt.timedelta(days=1))},
        "answers_close_at": now() + dt.timedelta(days=2),
    }
    officer = make_person(Role.GRADUATE_OFFICER, unit=cohort.unit)
    with pytest.raises(RuleViolation) as refused:
        services.create_round(cohort.unit, cohort, **{**given, **change}, actor=officer)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert not Round.objects.exists()


def test_edit_round_makes_a_new_version_of_changed_rules() -> None:
    round_ = make_round(RoundState.DRAFT)
    officer = make_officer(round_)
    calendars = {Route.DOCTORAL: (now(), now() + dt.timedelta(days=1))}
    rules = RoundRules(max_choices=3)
    kept = {
        "name_zh": "双选",
        "quota_year": 2026,
        "calendars": calendars,
        "answers_close_at": None,
        "actor": officer,
    }
    services.edit_round(round_, rules, **kept)  # type: ignore[arg-type]
    first = round_.policy
    services.edit_round(round_, rules, **kept)  # type: ignore[arg-type]
    assert round_.policy == first
    services.edit_round(
        round_,
        RoundRules(max_choices=4),
        **kept,  # type: ignore[arg-type]
    )
    assert (round_.policy.version, round_.policy.parameters["max_choices"]) == (2, 4)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.RANKING)
    with pytest.raises(RuleViolation) as refused:
        services.edit_round(round_, rules, **kept)  # type: ignore[arg-type]
    assert refused.value.code == "round.state"


def test_add_participants_passes_over_who_has_left_or_has_a_mentor() -> None:
    round_ = make_round(RoundState.RANKING)
    officer = make_officer(round_)
    late = StudentFactory.create(cohort=round_.cohort, is_late=True)
    StudentFactory.create(cohort=round_.cohort, state="deferred")
    MentorshipFactory.create(student=StudentFactory.create(cohort=round_.cohort))
    everybody = Student.objects.filter(cohort=round_.cohort)
    assert services.add_participants(round_, everybody, actor=officer) == 1
    assert services.add_participants(round_, everybody, actor=officer) == 0
    (part,) = round_.participants.all()
    assert part.student == late
    assert Task.objects.get(kind="selection.submit_list").assignee == late.person
    services.withdraw_participant(part, reason="放弃", actor=officer)
    assert Task.objects.get(kind="selection.submit_list").state == "cancelled"
    assert services.add_participants(round_, everybody, actor=officer) == 1


def test_hundreds_of_offers_are_opened_at_once_and_each_refusal_is_named() -> None:
    round_ = make_round(RoundState.DRAFT)
    officer = make_officer(round_)
    offers = []
    for n in range(120):
        mentor = make_mentor(0 if n % 40 == 0 else 2, unit=round_.unit)
        offers.append(make_offer(round_, mentor, state="draft", number=f"N{n}", places=1))
    Answer.objects.update(places=0)
    done = services.open_offers(offers, actor=officer)
    assert done.done == 117
    assert [offer.number for offer, _why in done.refused] == ["N0", "N40", "N80"]
    assert {offer.state for offer, _why in done.refused} == {"draft"}
    assert sum(QuotaAccount.objects.values_list("held", flat=True)) == 117


def test_who_answers_for_a_round_changes_at_midnight_where_it_is() -> None:
    round_ = make_round()
    officer = make_officer(round_)
    day = dt.date(2026, 11, 21)
    officer.grants.update(starts_on=day, ends_on=day)
    for moment, answers in (
        (dt.datetime(2026, 11, 20, 15, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2026, 11, 20, 16, 1, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 11, 21, 15, 59, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 11, 21, 16, 1, tzinfo=dt.UTC), False),
    ):
        with time_machine.travel(moment):
            assert (officer in officers_of(round_)) == answers, moment
