"""Second mentors: who takes part, whom they may take, and what confirmation makes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.enums import (
    ChangeState,
    EligibilityState,
    MentorCategory,
    PairRole,
    PairState,
    Signer,
    Track,
)
from cotutelle.mentorship.models import (
    Eligibility,
    Mentor,
    MentorChange,
    Mentorship,
    Pair,
    QuotaAccount,
)
from cotutelle.notices.models import Notice
from cotutelle.programmes.enums import Route
from cotutelle.selection import services
from cotutelle.selection.enums import (
    ListState,
    PlacementSource,
    PlacementState,
    RoundState,
    Stage,
)
from cotutelle.selection.models import Offer, Participant, Placement, Round, RouteCalendar
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.market import hindrance
from cotutelle.selection.queries.problem import build_problem, places_of
from cotutelle.selection.services.offers import OfferData
from tests.factories.agreements import make_agreement
from tests.factories.mentorship import ConflictFactory, MentorshipFactory, TeamFactory, make_mentor
from tests.factories.programmes import StudentFactory
from tests.factories.selection import (
    SEED,
    ParticipantFactory,
    RoundFactory,
    make_offer,
    make_officer,
    make_policy,
    make_round,
)

pytestmark = pytest.mark.django_db


def _confirmed(students: int = 2, **rules: Any) -> tuple[Round, list[Mentorship]]:
    """Return a confirmed round that placed ``students`` with one clinical mentor each."""
    round_ = make_round(RoundState.CONFIRMED, **rules)
    pairs = []
    for _n in range(students):
        offer = make_offer(round_, make_mentor(unit=round_.unit, track=Track.CLINICAL))
        one = ParticipantFactory.create(round=round_)
        _place(one, offer, PlacementState.CONFIRMED)
        pairs.append(
            MentorshipFactory.create(
                student=one.student, mentor=offer.mentor, starts_on=dt.date(2026, 1, 1)
            )
        )
    return round_, pairs


def _place(one: Participant, offer: Offer, state: PlacementState) -> Placement:
    return Placement.objects.create(
        round=one.round, participant=one, offer=offer, state=state, source=PlacementSource.RUN
    )


def _second(first: Round, pairs: list[Mentorship], state: RoundState, **rules: Any) -> Round:
    """Return a second stage of ``first`` in ``state`` with everybody taking part."""
    round_ = RoundFactory.create(
        cohort=first.cohort,
        unit=first.unit,
        policy=make_policy(first.unit, **rules),
        state=state,
        stage=Stage.SECOND,
        first_round=first,
        seed_published_at=now(),
    )
    for route in Route.values:
        RouteCalendar.objects.create(
            round=round_,
            route=route,
            opens_at=now() - dt.timedelta(days=1),
            closes_at=now() + dt.timedelta(days=5),
        )
    for pair in pairs:
        ParticipantFactory.create(round=round_, student=pair.student)
    return round_


def _researcher(round_: Round, **fields: Any) -> Mentor:
    return make_mentor(0, unit=round_.unit, track=Track.RESEARCH, **fields)


def _offer(round_: Round, mentor: Mentor, **fields: Any) -> Offer:
    return make_offer(round_, mentor, track=fields.pop("track", Track.RESEARCH), **fields)


def _published(first: Round, pairs: list[Mentorship], **rules: Any) -> tuple[Round, Offer]:
    """Return a second stage whose only placement, of the first pair, is published."""
    round_ = _second(first, pairs, RoundState.MATCHED, **rules)
    offer = _offer(round_, _researcher(round_))
    _place(round_.participants.get(student=pairs[0].student), offer, PlacementState.PROPOSED)
    services.publish_round(round_, actor=make_officer(round_))
    return round_, offer


def _confirm(round_: Round) -> None:
    ends_at = round_.public_notices.get(state="running").ends_at
    with time_machine.travel(ends_at + dt.timedelta(seconds=1), tick=False):
        services.confirm_round(round_, actor=make_officer(round_))


# ------------------------------------------------------------------ who takes part


def test_students_with_a_first_mentor_and_no_second_take_part() -> None:
    first, pairs = _confirmed(3)
    MentorshipFactory.create(
        student=pairs[1].student, role=PairRole.SECOND, is_first_responsible=False
    )
    Mentorship.objects.filter(pk=pairs[2].pk).update(state=PairState.ENDED)
    round_ = services.create_second_stage(
        first, {"second_other_track": False}, name_zh="第二导师", actor=make_officer(first)
    )
    assert [p.student for p in round_.participants.all()] == [pairs[0].student]
    assert (round_.stage, round_.first_round, round_.state) == ("second", first, "draft")
    assert round_.policy.parameters == first.policy.parameters | {"second_other_track": False}
    assert Entry.objects.filter(action="selection.round.second_stage", decision=True).count() == 1


def test_a_second_stage_is_refused_before_confirmation_twice_and_of_itself() -> None:
    first, _pairs = _confirmed(1)
    officer = make_officer(first)
    made = services.create_second_stage(first, {}, name_zh="第二导师", actor=officer)
    codes = []
    for round_ in (first, made, make_round(RoundState.PUBLISHED)):
        with pytest.raises(RuleViolation) as refusal:
            services.create_second_stage(round_, {}, name_zh="再来", actor=make_officer(round_))
        codes.append(refusal.value.code)
    assert codes == ["round.second_runs", "round.state", "round.state"]
    Round.objects.filter(pk=made.pk).update(state=RoundState.CONFIRMED)
    with pytest.raises(RuleViolation) as refusal:
        services.create_second_stage(made, {}, name_zh="再来", actor=officer)
    assert refusal.value.code == "round.stage"


def test_a_stranger_prepares_no_second_stage() -> None:
    first, _pairs = _confirmed(1)
    elsewhere = make_officer(make_round())
    with pytest.raises(Refused):
        services.create_second_stage(first, {}, name_zh="第二导师", actor=elsewhere)


def test_the_cohort_joins_a_second_stage_only_with_a_first_mentor() -> None:
    first, pairs = _confirmed(1)
    StudentFactory.create(cohort=first.cohort)
    round_ = _second(first, [], RoundState.DRAFT)
    assert services.add_cohort(round_, actor=make_officer(round_)) == 1
    assert round_.participants.get().student == pairs[0].student


# ------------------------------------------------------------------ whom they may take


def _rules(round_: Round) -> RoundRules:
    return RoundRules.from_parameters(round_.policy.parameters)


def _own(first: Round, pair: Mentorship) -> tuple[Mentor, dict[str, Any]]:
    return pair.mentor, {"second_other_track": False}


def _former(first: Round, pair: Mentorship) -> tuple[Mentor, dict[str, Any]]:
    mentor = _researcher(first)
    MentorshipFactory.create(
        student=pair.student, mentor=mentor, state=PairState.ENDED, is_first_responsible=False
    )
    return mentor, {}


def _broken(first: Round, pair: Mentorship) -> tuple[Mentor, dict[str, Any]]:
    """The two mentors were a pair of another student, who changed one of them."""
    mentor = _researcher(first)
    other = StudentFactory.create(cohort=first.cohort)
    one = MentorshipFactory.create(student=other, mentor=pair.mentor, state=PairState.ENDED)
    two = MentorshipFactory.create(
        student=other, mentor=mentor, role=PairRole.SECOND, is_first_responsible=False
    )
    Pair.objects.create(
        student=other, first=one, second=two, state=PairState.ENDED, starts_on=one.starts_on
    )
    MentorChange.objects.create(
        mentorship=one, to_mentor=mentor, state=ChangeState.APPROVED, reason="方向",
        requested_at=now(),
    )  # fmt: skip
    return mentor, {}


def _same_track(first: Round, pair: Mentorship) -> tuple[Mentor, dict[str, Any]]:
    return make_mentor(0, unit=first.unit, track=Track.CLINICAL), {"track": Track.CLINICAL}


def _not_lent(first: Round, pair: Mentorship) -> tuple[Mentor, dict[str, Any]]:
    return _researcher(first), {"second_in_agreement": True}


REASONS = {
    "own_mentor": _own,
    "former_mentor": _former,
    "broken_pair": _broken,
    "track": _same_track,
    "agreement": _not_lent,
}


@pytest.mark.parametrize("rule", REASONS)
def test_a_mentor_who_may_not_be_second_is_kept_off_lists_and_runs(rule: str) -> None:
    first, pairs = _confirmed(1)
    mentor, rules = REASONS[rule](first, pairs[0])
    track = rules.pop("track", Track.RESEARCH)
    round_ = _second(first, pairs, RoundState.RANKING, **rules)
    bad = _offer(round_, mentor, track=track)
    one = round_.participants.get()
    assert hindrance(_rules(round_), bad, one.student) == rule
    with pytest.raises(RuleViolation) as refusal:
        services.save_list(one, [bad.public_id], expected_version=None, actor=one.student.person)
    assert refusal.value.code == "list.not_allowed"
    one.preferences.create(offer=bad, position=1)
    Participant.objects.filter(pk=one.pk).update(list_state=ListState.SUBMITTED)
    problem = build_problem(round_, seed=SEED).problem
    ban = problem.bans[str(one.public_id), str(bad.public_id)]
    assert (ban.kind, ban.reason) == ("policy", rule)


def test_the_other_track_both_tracks_and_a_lent_mentor_fit() -> None:
    first, pairs = _confirmed(1)
    lent = _researcher(first)
    make_agreement(lent, unit=first.unit)
    both = make_mentor(0, unit=first.unit, track=Track.BOTH)
    round_ = _second(first, pairs, RoundState.RANKING)
    strict = _second(first, pairs, RoundState.RANKING, second_in_agreement=True)
    student, rules = pairs[0].student, _rules(round_)
    assert hindrance(rules, _offer(round_, lent), student) == ""
    assert hindrance(rules, _offer(round_, both, track=Track.BOTH), student) == ""
    assert hindrance(_rules(strict), _offer(strict, lent), student) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"state": AgreementState.DRAFT},
        {"state": AgreementState.ENDED},
        {"starts_on": dt.date(2020, 1, 1), "ends_on": dt.date(2020, 12, 31)},
        {"starts_on": dt.date(2039, 1, 1), "ends_on": dt.date(2039, 12, 31)},
    ],
    ids=["draft", "ended", "over", "later"],
)
def test_an_agreement_lends_only_in_force_and_in_its_days(change: dict[str, Any]) -> None:
    first, pairs = _confirmed(1)
    lent = _researcher(first)
    make_agreement(lent, unit=first.unit, **change)
    round_ = _second(first, pairs, RoundState.RANKING, second_in_agreement=True)
    assert hindrance(_rules(round_), _offer(round_, lent), pairs[0].student) == "agreement"


def test_an_agreement_of_another_school_lends_nobody_here() -> None:
    first, pairs = _confirmed(1)
    lent = _researcher(first)
    make_agreement(lent, unit=make_round().unit)
    round_ = _second(first, pairs, RoundState.RANKING, second_in_agreement=True)
    assert hindrance(_rules(round_), _offer(round_, lent), pairs[0].student) == "agreement"


def test_history_counts_only_where_the_rules_say_so() -> None:
    first, pairs = _confirmed(1)
    former, _more = _former(first, pairs[0])
    broken, _more = _broken(first, pairs[0])
    round_ = _second(first, pairs, RoundState.RANKING, second_avoid_ended=False)
    for mentor in (former, broken):
        found = hindrance(_rules(round_), _offer(round_, mentor), pairs[0].student)
        assert found == ""


def test_a_conflict_comes_before_everything() -> None:
    first, pairs = _confirmed(1)
    mentor = _researcher(first)
    ConflictFactory.create(mentor=mentor, student=pairs[0].student)
    round_ = _second(first, pairs, RoundState.RANKING)
    assert hindrance(_rules(round_), _offer(round_, mentor), pairs[0].student) == "conflict"


def test_a_first_stage_knows_none_of_these_rules() -> None:
    first, pairs = _confirmed(1)
    offer = first.offers.get()
    assert hindrance(_rules(first), offer, pairs[0].student) == ""


# ------------------------------------------------------------------ places


def test_places_of_second_mentors_hold_nothing_on_the_account() -> None:
    first, pairs = _confirmed(1)
    round_ = _second(first, pairs, RoundState.DRAFT)
    mentor = _researcher(round_)
    data = OfferData(title_zh="转化研究", places=2, track=Track.RESEARCH)
    offer = services.save_offer(round_, data, mentor=mentor, actor=mentor.person)
    services.open_offer(offer, actor=mentor.person)
    (answer,) = round_.answers.all()
    assert answer.places == 2
    services.set_places(answer, 2, actor=mentor.person)
    account = QuotaAccount.objects.get(mentor=mentor)
    assert (account.granted, account.held, account.seated) == (0, 0, 0)
    assert places_of(round_, [answer]) == {answer.pk: 2}
    Eligibility.objects.filter(mentor=mentor).update(state=EligibilityState.SUSPENDED)
    assert places_of(round_, [answer]) == {answer.pk: 0}
    with pytest.raises(RuleViolation) as refusal:
        services.set_places(answer, None, actor=mentor.person)
    assert refusal.value.code == "quota.suspended"


def test_a_team_offers_nothing_in_a_second_stage() -> None:
    first, pairs = _confirmed(1)
    round_ = _second(first, pairs, RoundState.DRAFT)
    team = TeamFactory.create(unit=round_.unit)
    data = OfferData(title_zh="双导师", places=1, track=Track.BOTH)
    with pytest.raises(RuleViolation) as refusal:
        services.save_offer(round_, data, team=team, actor=team.first.person)
    assert refusal.value.code == "offer.team"


# ------------------------------------------------------------------ confirmation


def test_confirmation_begins_pairs_with_the_duties_of_the_rules() -> None:
    first, pairs = _confirmed(2)
    round_, offer = _published(
        first, pairs, first_responsible=PairRole.SECOND, signs_claims=Signer.SECOND
    )
    agreement = make_agreement(offer.mentor, unit=first.unit)
    accounts = list(QuotaAccount.objects.order_by("pk").values())
    Notice.objects.all().delete()
    _confirm(round_)
    pair = Pair.objects.get()
    assert (pair.first, pair.second.mentor, pair.agreement) == (pairs[0], offer.mentor, agreement)
    assert pair.second.role == PairRole.SECOND
    assert (pair.signs_leave, pair.signs_claims, pair.signs_thesis) == ("first", "second", "both")
    responsible = Mentorship.objects.filter(student=pair.student, is_first_responsible=True)
    assert [one.mentor for one in responsible] == [offer.mentor]
    assert list(QuotaAccount.objects.order_by("pk").values()) == accounts
    told = set(
        Notice.objects.filter(kind="mentorship.pair_formed").values_list("person", flat=True)
    )
    assert told == {pair.student.person_id, offer.mentor.person_id, pairs[0].mentor.person_id}
    assert Entry.objects.filter(action="mentorship.pair.formed", decision=True).count() == 1


def test_a_fixed_team_is_a_pair_from_confirmation_on() -> None:
    round_ = make_round(RoundState.MATCHED, signs_leave=Signer.BOTH)
    team = TeamFactory.create(unit=round_.unit)
    offer = make_offer(round_, team=team)
    for mentor in offer.supervisors:
        mentor.quota_accounts.update(granted=1, held=1)
    one = ParticipantFactory.create(round=round_)
    _place(one, offer, PlacementState.PROPOSED)
    services.publish_round(round_, actor=make_officer(round_))
    _confirm(round_)
    pair = Pair.objects.get()
    assert (pair.first.mentor, pair.second.mentor) == (team.first, team.second)
    assert (pair.signs_leave, pair.first.is_first_responsible) == ("both", True)


@pytest.mark.parametrize("stage", ["first", "second"])
def test_a_mentor_suspended_after_publication_is_refused_by_name(stage: str) -> None:
    if stage == "second":
        round_, offer = _published(*_confirmed(1))
    else:
        round_ = make_round(RoundState.MATCHED)
        offer = make_offer(round_)
        _place(ParticipantFactory.create(round=round_), offer, PlacementState.PROPOSED)
        services.publish_round(round_, actor=make_officer(round_))
    Eligibility.objects.filter(mentor=offer.mentor).update(state=EligibilityState.SUSPENDED)
    with pytest.raises(RuleViolation) as refusal:
        _confirm(round_)
    assert refusal.value.code == "round.suspended"
    assert offer.mentor.display_name in str(refusal.value)
    assert round_.state == Round.objects.get(pk=round_.pk).state == RoundState.PUBLISHED


def test_a_student_who_lost_the_first_mentor_meanwhile_gets_no_second() -> None:
    first, pairs = _confirmed(1)
    round_, _offered = _published(first, pairs)
    Mentorship.objects.filter(pk=pairs[0].pk).update(state=PairState.ENDED)
    with pytest.raises(RuleViolation) as refusal:
        _confirm(round_)
    assert refusal.value.code == "round.no_first_mentor"
    assert Pair.objects.count() == 0


def test_a_first_mentor_meanwhile_the_same_person_is_refused() -> None:
    first, pairs = _confirmed(1)
    round_, offer = _published(first, pairs)
    Mentorship.objects.filter(pk=pairs[0].pk).update(mentor=offer.mentor)
    with pytest.raises(RuleViolation) as refusal:
        _confirm(round_)
    assert refusal.value.code == "pair.same"
    assert Mentorship.objects.filter(role=PairRole.SECOND).count() == 0


def test_a_vacated_second_place_ends_the_pair_and_leaves_the_first_mentor_responsible() -> None:
    first, pairs = _confirmed(1)
    round_, _offered = _published(first, pairs, first_responsible=PairRole.SECOND)
    _confirm(round_)
    accounts = list(QuotaAccount.objects.order_by("pk").values())
    services.vacate_placement(
        round_.placements.get(), reason="第二导师调离", actor=make_officer(round_)
    )
    pair = Pair.objects.get()
    assert (pair.state, pair.second.state, pair.first.state) == ("ended", "ended", "active")
    assert pair.ends_on is not None
    assert Mentorship.objects.get(state=PairState.ACTIVE).is_first_responsible
    assert list(QuotaAccount.objects.order_by("pk").values()) == accounts
    assert Entry.objects.filter(action="mentorship.pair.dissolved", decision=True).count() == 1


def test_a_vacant_second_place_is_filled_without_a_seat() -> None:
    first, pairs = _confirmed(2)
    round_, offer = _published(first, pairs)
    _confirm(round_)
    free = _offer(round_, _researcher(round_))
    left = round_.participants.get(student=pairs[1].student)
    services.fill_vacancy(left, free, actor=make_officer(round_))
    pair = Pair.objects.get(student=pairs[1].student)
    assert (pair.first, pair.second.mentor) == (pairs[1], free.mentor)
    assert QuotaAccount.objects.get(mentor=free.mentor).seated == 0
    assert offer.mentor != free.mentor


def test_a_supplement_of_a_second_stage_is_one_too() -> None:
    first, pairs = _confirmed(2)
    round_, _offered = _published(first, pairs)
    _confirm(round_)
    made = services.create_supplement(round_, name_zh="第二导师补选", actor=make_officer(round_))
    assert (made.stage, made.first_round) == ("second", first)
    assert [p.student for p in made.participants.all()] == [pairs[1].student]


# ------------------------------------------------------------------ limits of first mentors


def _to_publish(mentor: Mentor, students: int, round_: Round) -> Round:
    offer = make_offer(round_, mentor, places=students)
    for _n in range(students):
        _place(ParticipantFactory.create(round=round_), offer, PlacementState.PROPOSED)
    return round_


def _agreement_with(most: int, round_: Round) -> tuple[Agreement, Mentor]:
    mentor = make_mentor(9, unit=round_.unit)
    return make_agreement(mentor, unit=round_.unit, first_mentor_most=most), mentor


def test_publication_refuses_more_first_mentors_of_the_partner_than_agreed() -> None:
    round_ = make_round(RoundState.MATCHED)
    _agreement, mentor = _agreement_with(1, round_)
    _to_publish(mentor, 2, round_)
    with pytest.raises(RuleViolation) as refusal:
        services.publish_round(round_, actor=make_officer(round_))
    assert refusal.value.code == "agreement.first_mentors"
    assert Round.objects.get(pk=round_.pk).state == RoundState.MATCHED


def test_confirmation_counts_pairs_that_began_meanwhile() -> None:
    round_ = make_round(RoundState.MATCHED)
    _agreement, mentor = _agreement_with(1, round_)
    _to_publish(mentor, 1, round_)
    services.publish_round(round_, actor=make_officer(round_))
    MentorshipFactory.create(student=StudentFactory.create(cohort=round_.cohort), mentor=mentor)
    with pytest.raises(RuleViolation) as refusal:
        _confirm(round_)
    assert refusal.value.code == "agreement.first_mentors"
    assert Mentorship.objects.count() == 1


def test_pairs_of_another_year_or_as_second_mentor_do_not_count() -> None:
    round_ = make_round(RoundState.MATCHED)
    _agreement, mentor = _agreement_with(1, round_)
    MentorshipFactory.create(
        student=StudentFactory.create(cohort=round_.cohort),
        mentor=mentor,
        role=PairRole.SECOND,
        is_first_responsible=False,
    )
    other = StudentFactory.create(cohort__unit=round_.unit, cohort__year=round_.cohort.year - 1)
    MentorshipFactory.create(student=other, mentor=mentor)
    _to_publish(mentor, 1, round_)
    services.publish_round(round_, actor=make_officer(round_))
    assert round_.state == RoundState.PUBLISHED


def test_a_mentor_from_outside_is_first_mentor_of_so_many_and_no_more() -> None:
    round_ = make_round(RoundState.MATCHED, off_campus_most=1)
    mentor = make_mentor(9, unit=round_.unit, category=MentorCategory.PRACTICE)
    _to_publish(mentor, 2, round_)
    with pytest.raises(RuleViolation) as refusal:
        services.publish_round(round_, actor=make_officer(round_))
    assert refusal.value.code == "mentor.off_campus"


# ------------------------------------------------------------------ a whole season


def test_a_season_of_second_mentors() -> None:
    first, pairs = _confirmed(2)
    officer = make_officer(first)
    round_ = services.create_second_stage(first, {}, name_zh="第二导师", actor=officer)
    start = now()
    services.edit_round(
        round_,
        _rules(round_),
        name_zh="第二导师",
        quota_year=2026,
        calendars={route: (start, start + dt.timedelta(days=2)) for route in Route.values},
        answers_close_at=start + dt.timedelta(days=4),
        actor=officer,
    )
    mentor = _researcher(round_)
    offer = services.save_offer(
        round_,
        OfferData(title_zh="转化研究", places=1, track=Track.RESEARCH),
        mentor=mentor,
        actor=mentor.person,
    )
    services.open_offer(offer, actor=mentor.person)
    services.move_round(round_, RoundState.RANKING, actor=officer)
    for one in round_.participants.select_related("student__person", "round"):
        services.save_list(one, [offer.public_id], expected_version=None, actor=one.student.person)
        services.submit_list(one, expected_version=None, actor=one.student.person)
    with time_machine.travel(start + dt.timedelta(days=3)):
        services.move_round(round_, RoundState.ANSWERING, actor=officer)
    with time_machine.travel(start + dt.timedelta(days=5)):
        services.move_round(round_, RoundState.CLOSED, actor=officer)
        run = services.run_round(round_, actor=officer)
        assert run.result["placed"] == 1
        round_.refresh_from_db()
        services.publish_round(round_, actor=officer)
    _confirm(round_)
    pair = Pair.objects.get()
    assert pair.second.mentor == mentor
    assert pair.first in pairs
    assert QuotaAccount.objects.get(mentor=mentor).seated == 0
