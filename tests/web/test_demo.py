"""The demonstration consortium: what it promises to have, and that it is safe to start."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.test import Client

from cotutelle.decisions.enums import RunState
from cotutelle.institutions.models import CalendarDay, Unit
from cotutelle.ledger.models import Entry, Leaf, Pending, Shard, WitnessPolicy
from cotutelle.mentorship.enums import ChangeState, EligibilityState, PairRole
from cotutelle.mentorship.models import (
    ConflictOfInterest,
    Eligibility,
    Mentor,
    MentorChange,
    Mentorship,
    Pair,
    Publication,
    QuotaAccount,
)
from cotutelle.mentorship.queries.pairs import arrangements_of
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import (
    AnswerState,
    ListState,
    ObjectionState,
    OverrideState,
    PlacementState,
    RoundState,
    Stage,
)
from cotutelle.selection.models import AffinityScore, Answer, Objection, Override, Placement, Round
from cotutelle.web.demo.fields import FIELDS
from cotutelle.web.demo.logins import demo_logins
from cotutelle.workflow.models import ProxyAct, Task
from tests.factories.demo import KeptDemos

DAY = dt.date(2026, 11, 21)


@pytest.fixture(scope="module")
def _seeded(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, kept_demos: KeptDemos
) -> Iterator[str]:
    """Seed once for the module, in a transaction that is rolled back at its end."""
    from django.db import transaction  # noqa: PLC0415

    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield kept_demos.put(DAY)
        transaction.set_rollback(True)
    ContentType.objects.clear_cache()


@pytest.fixture
def seeded(_seeded: str, db: None) -> str:
    return _seeded


@pytest.fixture
def this_year(seeded: str) -> Round:
    return Round.objects.get(quota_year=DAY.year)


@pytest.fixture
def last_year(seeded: str) -> Round:
    return Round.objects.get(quota_year=DAY.year - 1, stage=Stage.FIRST)


def test_it_says_what_it_made(seeded: str) -> None:
    assert seeded == "Demonstration of 2026-11-21: 58 mentors, 166 students.\n"


def test_partners_are_one_university_three_hospitals_and_two_others(seeded: str) -> None:
    partners = Unit.objects.filter(parent__parent=None, parent__isnull=False)

    assert Counter(partners.values_list("kind", flat=True)) == {
        "university": 2,
        "hospital": 3,
        "enterprise": 1,
    }
    assert "演示数据" in Unit.objects.get(parent=None).name_zh
    assert set(CalendarDay.objects.values_list("kind", flat=True)) == {
        "holiday",
        "workday",
        "vacation",
    }


def test_students_come_by_four_routes_and_two_of_them_late(this_year: Round) -> None:
    students = this_year.cohort.students

    assert Counter(students.values_list("route", flat=True)) == {
        "recommended": 24,
        "unified_exam": 58,
        "five_plus_three": 28,
        "doctoral": 16,
    }
    assert students.filter(is_late=True).count() == 2
    assert not students.filter(statement="").exists()
    assert len(set(students.values_list("statement", flat=True))) > 110


def test_mentors_are_fifty_eight_with_their_special_cases(seeded: str) -> None:
    assert Mentor.objects.count() == 58
    assert Mentor.objects.filter(other_units__isnull=False).distinct().count() == 2
    assert Mentor.objects.filter(retires_on__year=DAY.year).count() == 1
    suspended = Eligibility.objects.filter(year=DAY.year, state=EligibilityState.SUSPENDED)
    assert suspended.count() == 1
    papers = Counter(Publication.objects.values_list("mentor", flat=True))
    silent = Mentor.objects.exclude(pk__in=papers)
    assert set(silent.values_list("title", flat=True)) == {"industry"}
    assert len(papers) == 55
    assert min(papers.values()) >= 5


def test_teams_reach_across_institutions(this_year: Round) -> None:
    offers = this_year.offers.filter(team__isnull=False).select_related(
        "team__first__unit__parent", "team__second__unit__parent"
    )

    homes = [{m.unit.parent_id for m in offer.supervisors} for offer in offers]
    assert len(homes) == 6
    assert sum(len(pair) == 2 for pair in homes) >= 4


def test_the_season_waits_for_twelve_mentors(this_year: Round) -> None:
    lists = Counter(this_year.participants.values_list("list_state", flat=True))
    answers = Counter(this_year.answers.filter(places__gt=0).values_list("state", flat=True))

    assert this_year.state == RoundState.ANSWERING
    assert lists == {ListState.SUBMITTED: 118, ListState.DRAFT: 8}
    assert answers == {AnswerState.SUBMITTED: 46, AnswerState.OPEN: 12}
    assert Task.objects.filter(kind="selection.answer_applicants", state="open").count() == 12


def test_students_find_near_offers(this_year: Round) -> None:
    rows = AffinityScore.objects.filter(participant__round=this_year, rank=1)

    assert rows.values("participant").distinct().count() > 110
    assert all(rows.values_list("terms", flat=True))


def test_last_year_is_confirmed_with_pairs_and_an_answered_objection(last_year: Round) -> None:
    assert last_year.state == RoundState.CONFIRMED
    assert last_year.official_run is not None
    assert last_year.official_run.state == RunState.OFFICIAL
    placed = Placement.objects.filter(round=last_year, state=PlacementState.CONFIRMED)
    assert 34 <= placed.count() <= 40
    first = Mentorship.objects.filter(student__cohort=last_year.cohort, role=PairRole.FIRST)
    assert first.count() == placed.count()
    objection = Objection.objects.get(notice__round=last_year)
    assert objection.state == ObjectionState.REJECTED
    assert Override.objects.get(round=last_year).state == OverrideState.APPROVED


def test_some_of_last_year_have_a_second_mentor_and_a_page(last_year: Round) -> None:
    stage = last_year.second_rounds.get()
    assert stage.state == RoundState.CONFIRMED
    pairs = Pair.objects.filter(student__cohort=last_year.cohort)
    assert 10 <= pairs.count() == stage.placements.count()
    for pair in pairs:
        assert (
            pair.first.mentor.track != pair.second.mentor.track or pair.first.mentor.track == "both"
        )
        assert {r.kind for r in pair.records.all()} == {"plan", "note", "arrangement"}
        holds = [one.holds for one in arrangements_of(pair)]
        assert sorted(holds) == [False, True]


def test_there_is_a_case_of_everything(this_year: Round) -> None:
    assert Override.objects.get(round=this_year).state == OverrideState.PENDING
    assert ProxyAct.objects.filter(action="selection.answer.submitted").count() == 1
    assert Answer.objects.filter(round=this_year, by_proxy=True).count() == 1
    assert ConflictOfInterest.objects.count() == 2
    assert MentorChange.objects.get().state == ChangeState.ASKED_OLD
    assert QuotaAccount.objects.filter(year=DAY.year, held__gt=0).count() >= 50


def test_nothing_was_done_after_the_day_it_was_made_for(seeded: str) -> None:
    assert not Entry.objects.filter(at__date__gt=DAY).exists()
    assert not Student.objects.filter(person__is_demo=False).exists()


def test_every_role_has_somebody_to_sign_in_as(seeded: str, settings: object) -> None:
    roles = set(RoleGrant.objects.values_list("role", flat=True))
    logins = demo_logins()

    assert roles == set(Role.values)
    assert {login.username for login in logins[:3]} == {"officer", "mentor", "student"}
    held = RoleGrant.objects.filter(person__username__in=[login.username for login in logins])
    assert set(held.values_list("role", flat=True)) == set(Role.values)


def test_a_login_opens_the_home_page(seeded: str, client: Client) -> None:
    for login in demo_logins():
        person = Person.objects.get(username=login.username)
        assert person.check_password(login.password)
    client.force_login(Person.objects.get(username="student"))
    assert client.get("/").status_code == 200


def test_it_leaves_a_database_that_is_in_use_alone(db: None) -> None:
    Person.objects.create_user("somebody", name_zh="某人")
    before = Person.objects.count(), Unit.objects.count()

    with pytest.raises(CommandError, match="not empty"):
        call_command("seed_demo")
    call_command("seed_demo", "--if-empty")

    assert (Person.objects.count(), Unit.objects.count()) == before


def test_every_field_has_enough_words_in_both_languages() -> None:
    for field in FIELDS:
        assert len(field.topics) == 5
        assert len(field.methods) >= 3
        assert all(term.zh and term.en.isascii() for term in (*field.topics, *field.methods))


def test_every_decision_has_its_place_in_the_log_that_three_partners_watch(seeded: str) -> None:
    shard = Shard.objects.get()
    assert shard.authority == "demo.cotutelle.example"
    assert not Pending.objects.exists()
    decisions = Entry.objects.filter(decision=True)
    assert shard.size == decisions.count() == Leaf.objects.count() > 200
    assert Leaf.objects.filter(trace__isnull=False).values("trace").distinct().count() > 50
    days = list(Leaf.objects.order_by("index").values_list("entry__at", flat=True))
    assert days == sorted(days)
    policy = WitnessPolicy.objects.get()
    assert (policy.needed, policy.witnesses.count()) == (2, 3)
    partners = set(policy.witnesses.values_list("unit__code", flat=True))
    assert partners == {"BJC", "HDUT", "CVI"}
