from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, connections

from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.mentorship import hooks, queries, services
from cotutelle.mentorship.enums import ChangeState, EligibilityState, PairState
from cotutelle.mentorship.models import (
    ChangeWindow,
    Eligibility,
    MentorChange,
    Mentorship,
    QuotaAccount,
)
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.workflow.models import Task
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import ConflictFactory, MentorshipFactory, make_mentor
from tests.factories.people import RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    pair = MentorshipFactory.create()
    QuotaAccount.objects.create(mentor=pair.mentor, year=2026, granted=2, seated=1)
    ChangeWindow.objects.create(
        unit=pair.student.unit, opens_on=today(), closes_on=today() + dt.timedelta(days=9)
    )
    return pair


@pytest.fixture
def new(pair):
    return make_mentor(1, unit=pair.student.unit)


@pytest.fixture
def college(pair):
    return make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit)


def ask(pair, new, *, is_confidential=False):
    return services.ask_change(
        pair, new, reason="方向不合", is_confidential=is_confidential, actor=pair.student.person
    )


def at_college(pair, new, *, is_confidential=False, agrees=True):
    change = ask(pair, new, is_confidential=is_confidential)
    services.answer_as_receiving(change, accepts=True, note="", actor=new.person)
    if not is_confidential:
        services.answer_as_present(
            change, agrees=agrees, note="" if agrees else "正在做课题", actor=pair.mentor.person
        )
    return change


def test_an_approved_change_moves_the_pair_and_the_place_at_once(pair, new, college):
    change = at_college(pair, new)

    services.decide_change(change, approve=True, note="", actor=college)

    active = Mentorship.objects.get(student=pair.student, state=PairState.ACTIVE)
    assert (active.mentor, active.is_first_responsible) == (new, True)
    assert Mentorship.objects.get(pk=pair.pk).ends_on == today()
    assert QuotaAccount.objects.get(mentor=new).seated == 1
    assert QuotaAccount.objects.get(mentor=pair.mentor).seated == 0
    assert Entry.objects.get(action="mentorship.change.approved").decision
    told = set(
        Notice.objects.filter(kind="mentorship.change_decided").values_list("person", flat=True)
    )
    assert told == {new.person_id, pair.mentor.person_id}


def test_other_rooms_hear_of_an_approved_change(pair, new, college, monkeypatch):
    heard: list[set[int]] = []
    monkeypatch.setattr(hooks, "_supervision", [heard.append])
    change = at_college(pair, new)

    services.decide_change(change, approve=True, note="", actor=college)

    assert heard == [{pair.student_id}]


def test_the_college_decides_also_when_the_present_mentor_disagrees(pair, new, college):
    change = at_college(pair, new, agrees=False)

    assert change.state == ChangeState.ASKED_COLLEGE
    services.decide_change(change, approve=False, note="先完成课题", actor=college)

    assert MentorChange.objects.get().state == ChangeState.REFUSED
    assert Mentorship.objects.get(pk=pair.pk).state == PairState.ACTIVE
    assert QuotaAccount.objects.get(mentor=new).seated == 0


def test_a_confidential_request_goes_round_the_present_mentor(pair, new, college):
    present = pair.mentor.person
    change = ask(pair, new, is_confidential=True)
    assert not queries.changes_visible_to(present).exists()

    services.answer_as_receiving(change, accepts=True, note="", actor=new.person)
    assert change.state == ChangeState.ASKED_COLLEGE
    assert not queries.changes_visible_to(present).exists()
    assert not Task.objects.filter(assignee=present).exists()
    assert not Notice.objects.filter(person=present).exists()
    with pytest.raises(Refused):
        services.answer_as_present(change, agrees=False, note="x", actor=present)

    services.decide_change(change, approve=True, note="", actor=college)
    assert queries.changes_visible_to(present).get() == change
    assert Notice.objects.filter(person=present).count() == 1


def test_a_refused_confidential_request_stays_hidden_from_the_present_mentor(pair, new, college):
    change = at_college(pair, new, is_confidential=True)

    services.decide_change(change, approve=False, note="不成立", actor=college)

    assert not queries.changes_visible_to(pair.mentor.person).exists()
    assert not Notice.objects.filter(person=pair.mentor.person).exists()


def test_a_present_mentor_in_the_college_neither_sees_nor_decides(pair, new):
    present = pair.mentor.person
    RoleGrantFactory.create(person=present, role=Role.GRADUATE_OFFICER, unit=pair.student.unit)
    change = at_college(pair, new, is_confidential=True)

    assert not queries.changes_visible_to(present).exists()
    assert not Task.objects.filter(assignee=present).exists()
    with pytest.raises(Refused):
        services.decide_change(change, approve=True, note="", actor=present)


def test_the_reason_never_enters_the_history(pair, new):
    ask(pair, new)

    assert not EntryPayload.objects.filter(after__icontains="方向不合").exists()


def test_nobody_asks_outside_the_announced_days(pair, new):
    ChangeWindow.objects.update(
        opens_on=today() - dt.timedelta(9), closes_on=today() - dt.timedelta(1)
    )

    with pytest.raises(RuleViolation) as refusal:
        ask(pair, new)

    assert refusal.value.code == "change.window"


@pytest.mark.parametrize("fault", ["full", "suspended", "conflict", "same"])
def test_mentors_who_cannot_take_the_student_are_refused(pair, new, fault):
    if fault == "full":
        QuotaAccount.objects.filter(mentor=new).update(held=1)
    elif fault == "suspended":
        Eligibility.objects.filter(mentor=new).update(state=EligibilityState.SUSPENDED)
    elif fault == "conflict":
        ConflictFactory.create(mentor=new, student=pair.student)
    target = pair.mentor if fault == "same" else new

    with pytest.raises(RuleViolation) as refusal:
        ask(pair, target)

    assert refusal.value.code == "change.mentor"


def test_one_request_at_a_time(pair, new):
    ask(pair, new)

    with pytest.raises(RuleViolation) as refusal:
        ask(pair, new)

    assert refusal.value.code == "change.open"


def test_a_conflict_declared_meanwhile_keeps_the_pair_apart(pair, new, college):
    change = at_college(pair, new)
    ConflictFactory.create(mentor=new, student=pair.student)
    with pytest.raises(RuleViolation) as refused:
        services.decide_change(change, approve=True, note="", actor=college)
    assert refused.value.code == "change.conflict"
    pair.refresh_from_db()
    assert pair.state == "active"


def test_a_place_that_went_meanwhile_undoes_the_approval(pair, new, college):
    change = at_college(pair, new)
    QuotaAccount.objects.filter(mentor=new).update(held=1)

    with pytest.raises(RuleViolation) as refusal:
        services.decide_change(change, approve=True, note="", actor=college)

    assert refusal.value.code == "quota.short"
    assert MentorChange.objects.get().state == ChangeState.ASKED_COLLEGE
    assert Mentorship.objects.get(pk=pair.pk).state == PairState.ACTIVE


STEPS = {
    "receiving": lambda c, p, n, o: services.answer_as_receiving(c, accepts=True, note="", actor=n.person),
    "present": lambda c, p, n, o: services.answer_as_present(c, agrees=True, note="", actor=p.mentor.person),
    "college": lambda c, p, n, o: services.decide_change(c, approve=True, note="", actor=o),
    "withdraw": lambda c, p, n, o: services.withdraw_change(c, actor=p.student.person),
}  # fmt: skip
ALLOWED = {
    (ChangeState.DRAFT, "withdraw"),
    (ChangeState.ASKED_NEW, "receiving"),
    (ChangeState.ASKED_NEW, "withdraw"),
    (ChangeState.ASKED_OLD, "present"),
    (ChangeState.ASKED_OLD, "withdraw"),
    (ChangeState.ASKED_COLLEGE, "college"),
    (ChangeState.ASKED_COLLEGE, "withdraw"),
}


@pytest.mark.parametrize("state", list(ChangeState))
@pytest.mark.parametrize("step", list(STEPS))
def test_every_step_from_every_state(pair, new, college, state, step):
    change = ask(pair, new)
    MentorChange.objects.filter(pk=change.pk).update(state=state)
    change.refresh_from_db()

    if (state, step) in ALLOWED:
        STEPS[step](change, pair, new, college)
        assert MentorChange.objects.get().state != state
    else:
        with pytest.raises(RuleViolation):
            STEPS[step](change, pair, new, college)
        assert MentorChange.objects.get().state == state


def test_a_stale_copy_is_refused(pair, new, college):
    change = at_college(pair, new)
    stale = MentorChange.objects.get(pk=change.pk)
    services.withdraw_change(change, actor=pair.student.person)

    with pytest.raises(RuleViolation) as refusal:
        services.decide_change(stale, approve=True, note="", actor=college)

    assert refusal.value.code == "change.stale"
    assert Mentorship.objects.filter(state=PairState.ACTIVE).get() == pair


def test_strangers_answer_nothing(pair, new):
    change = ask(pair, new)
    stranger = make_person(
        Role.MENTOR, Role.STUDENT, Role.GRADUATE_OFFICER, unit=UnitFactory.create()
    )

    for act in (
        lambda: services.answer_as_receiving(change, accepts=True, note="", actor=stranger),
        lambda: services.answer_as_present(change, agrees=True, note="", actor=stranger),
        lambda: services.decide_change(change, approve=True, note="", actor=stranger),
        lambda: services.withdraw_change(change, actor=stranger),
    ):
        with pytest.raises(Refused):
            act()
    assert not queries.changes_visible_to(stranger).exists()


@pytest.mark.django_db(transaction=True)
def test_ten_officers_approve_at_once_and_one_wins():
    pair = MentorshipFactory.create()
    QuotaAccount.objects.create(mentor=pair.mentor, year=2026, granted=1, seated=1)
    ChangeWindow.objects.create(unit=pair.student.unit, opens_on=today(), closes_on=today())
    new = make_mentor(5, unit=pair.student.unit)
    officers = [make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit) for _ in range(10)]
    change = at_college(pair, new)
    barrier, won = threading.Barrier(len(officers)), []

    def press(officer):
        try:
            copy = queries.changes_visible_to(officer).get(pk=change.pk)
            barrier.wait()
            services.decide_change(copy, approve=True, note="", actor=officer)
            won.append(officer)
        except RuleViolation:
            pass
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=press, args=(o,)) for o in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert connection.vendor == "postgresql"
    assert len(won) == 1
    assert QuotaAccount.objects.get(mentor=new).seated == 1
    assert Mentorship.objects.filter(student=pair.student, state=PairState.ACTIVE).count() == 1
