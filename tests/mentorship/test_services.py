from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.enums import EligibilityState
from cotutelle.mentorship.models import Eligibility, Mentor, QuotaAccount
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorFactory, QuotaCapFactory, TeamFactory, make_mentor
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return UnitFactory.create()


@pytest.fixture
def officer(unit):
    return make_person(Role.GRADUATE_OFFICER, unit=unit)


def test_appoint_mentor_gives_the_role_and_refuses_a_second_row(unit, officer):
    person = make_person(unit=unit)
    values = {"category": "master", "title": "senior", "track": "clinical"}

    mentor = services.appoint_mentor(person, unit, actor=officer, **values)

    assert Role.MENTOR in mentor.person.roles
    with pytest.raises(RuleViolation) as refusal:
        services.appoint_mentor(person, unit, actor=officer, **values)
    assert refusal.value.code == "mentor.exists"


def test_a_mentor_edits_the_profile_and_not_the_appointment(unit):
    mentor = MentorFactory.create(unit=unit)

    assert services.edit_profile(mentor, {"interests_zh": "心衰"}, actor=mentor.person)
    with pytest.raises(Refused):
        services.edit_appointment(mentor, {"title": "associate"}, actor=mentor.person)
    with pytest.raises(ValueError, match="title"):
        services.edit_profile(mentor, {"title": "associate"}, actor=mentor.person)


def test_a_team_has_two_mentors_once(unit, officer):
    team = TeamFactory.create(unit=unit)
    names = {"name_zh": "", "name_en": ""}

    for first, second, code in (
        (team.first, team.first, "team.same"),
        (team.first, team.second, "team.exists"),
        (team.second, team.first, "team.exists"),
    ):
        with pytest.raises(RuleViolation) as refusal:
            services.form_team(first, second, unit, **names, actor=officer)
        assert refusal.value.code == code


def test_a_suspension_needs_a_reason_and_tells_the_mentor(unit, officer):
    mentor = MentorFactory.create(unit=unit)
    values = {"year": 2026, "state": EligibilityState.SUSPENDED, "actor": officer}

    with pytest.raises(RuleViolation):
        services.review_mentors([mentor], reason="", **values)
    done = services.review_mentors([mentor], reason="经费不足", **values)

    assert done == 1
    assert Eligibility.objects.get(mentor=mentor).decided_by == officer
    assert Notice.objects.get(person=mentor.person).kind == "mentorship.suspended"
    with pytest.raises(RuleViolation) as refusal:
        services.grant_places(mentor, 2026, 1, reason="x", actor=officer)
    assert refusal.value.code == "quota.suspended"


def test_a_review_out_of_reach_decides_for_nobody(unit, officer):
    mine, theirs = MentorFactory.create(unit=unit), MentorFactory.create()

    with pytest.raises(Refused):
        services.review_mentors(
            [mine, theirs], year=2026, state=EligibilityState.ELIGIBLE, reason="", actor=officer
        )

    assert not Eligibility.objects.filter(state=EligibilityState.ELIGIBLE).exists()


def test_the_cap_of_the_nearest_unit_counts(officer, unit):
    below = UnitFactory.create(parent=unit)
    mentor = MentorFactory.create(unit=below)
    QuotaCapFactory.create(unit=unit, places=5)
    near = QuotaCapFactory.create(unit=below, places=2)

    assert queries.cap_of(mentor, 2026) == near
    with pytest.raises(RuleViolation) as refusal:
        services.grant_places(mentor, 2026, 3, reason="x", actor=officer)
    assert refusal.value.code == "quota.cap"


def test_lines_of_an_account_add_up_to_what_is_free(unit, officer):
    mentor = make_mentor(0, unit=unit)
    services.grant_places(mentor, 2026, 4, reason="年度指标", actor=officer)
    services.reduce_places(mentor, 2026, 1, reason="统筹", actor=officer)

    account = QuotaAccount.objects.get(mentor=mentor)

    assert [line.signed for line in queries.lines_of(account)] == ["−1", "+4"]
    assert sum(int(x.signed.replace("−", "-")) for x in queries.lines_of(account)) == account.free


def test_mentors_are_found_by_name_pinyin_and_interest(unit):
    mentor = MentorFactory.create(
        unit=unit,
        person__name_zh="林志远",
        person__name_en="Lin Zhiyuan",
        interests_en="Heart failure",
    )
    MentorFactory.create(unit=unit, person__name_zh="王芳", interests_zh="肺")

    for text in ("林志", "linzhi", "Zhiyuan", "heart FAIL"):
        assert list(queries.search_mentors(Mentor.objects.all(), text)) == [mentor], text


def test_archived_mentors_are_hidden_from_students_and_shown_to_staff(unit, officer):
    mentor = MentorFactory.create(unit=unit, is_archived=True)

    assert mentor not in queries.mentors_visible_to(make_person(Role.STUDENT))
    assert mentor in queries.mentors_visible_to(officer)


def test_windows_are_not_backwards(unit, officer):
    day = dt.date(2026, 3, 1)

    with pytest.raises(RuleViolation) as refusal:
        services.open_window(unit, opens_on=day, closes_on=day - dt.timedelta(1), actor=officer)

    assert refusal.value.code == "window.period"


def row(**values):
    base = {"name_zh": "赵磊", "category": "master", "title": "senior", "track": "research"}
    return Row(2, base | {"number": "0100"} | values)


def test_importing_mentors_twice_changes_nothing_the_second_time(unit, officer):
    importer, ctx = registry.find("mentors"), Context(unit, officer)

    first = importer.apply([row(interests_zh="影像")], ctx, lambda n: None)
    same = importer.apply([row()], ctx, lambda n: None)
    changed = importer.apply([row(title="associate", name_en="Zhao Lei")], ctx, lambda n: None)

    assert (first.created, same.unchanged, changed.updated) == (1, 1, 1)
    mentor = Mentor.objects.get(person__number="0100")
    assert (mentor.title, mentor.person.name_en, mentor.interests_zh) == (
        "associate",
        "Zhao Lei",
        "影像",
    )


def test_a_namesake_elsewhere_is_a_question_and_the_same_person_is_counted_once(unit, officer):
    known = MentorFactory.create(person__name_zh="赵磊")
    importer, ctx = registry.find("mentors"), Context(unit, officer)

    (problem,) = importer.check([row()], ctx)
    assert [c.value for c in problem.choices] == ["another", str(known.public_id)]

    same = Context(unit, officer, decisions={problem.key: str(known.public_id)})
    importer.apply([row()], same, lambda n: None)
    assert Mentor.objects.get() == known
    assert unit in known.other_units.all()

    importer.apply(
        [row()], Context(unit, officer, decisions={problem.key: "another"}), lambda n: None
    )
    assert Mentor.objects.count() == 2
