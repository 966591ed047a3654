from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, transaction

from cotutelle.availability.models import Span
from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.mentorship.enums import PairRole, Signer
from cotutelle.mentorship.models import Pair
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes import hooks, services
from cotutelle.programmes.defaults import RuleData
from cotutelle.programmes.enums import LEAVE_TRANSITIONS, LeaveKind, LeaveState
from cotutelle.programmes.models import Enrolment, Extension, Leave
from cotutelle.programmes.queries import leave as reads
from cotutelle.workflow.models import Approval, Task
from cotutelle.workflow.services import decide_approval
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.rotations_programmes import make_enrolment, make_leave

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def enrolment():
    return make_enrolment()


@pytest.fixture
def unit(enrolment):
    return enrolment.student.unit


@pytest.fixture
def secretary(unit):
    return make_person(Role.DEPARTMENT_SECRETARY, unit=unit)


@pytest.fixture
def residency(unit):
    return make_person(Role.RESIDENCY_OFFICE, unit=unit)


@pytest.fixture
def mentor(enrolment):
    return MentorshipFactory.create(student=enrolment.student).mentor.person


def ask(enrolment, *, days=2, start=1, **more):
    first = today() + start * DAY
    values = {
        "kind": LeaveKind.PERSONAL,
        "starts_on": first,
        "ends_on": first + (days - 1) * DAY,
        "reason": "家中有急事",
        "actor": enrolment.student.person,
    }
    return services.ask_leave(enrolment, **(values | more))


def pending(leave):
    return [one for one in reads.approvals_on(leave) if one.state == "pending"]


def agree(leave, *people):
    for person in people:
        [mine] = [one for one in pending(leave) if reads.to_decide(person, [one])]
        decide_approval(mine, True, actor=person)
    leave.refresh_from_db()
    return leave


def code_of(call):
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code


# ---------------------------------------------------------------- steps


def test_a_short_leave_goes_by_the_department_and_the_mentor(enrolment, secretary, mentor):
    leave = ask(enrolment)
    assert (leave.steps, leave.ward) == (["department", "mentors"], enrolment.student.unit)
    assert [one.params["step"] for one in pending(leave)] == ["department"]
    assert Task.objects.get(kind="programmes.decide_leave").assignee == secretary

    agree(leave, secretary)
    assert leave.state == LeaveState.ASKED
    assert Task.objects.get(kind="programmes.decide_leave", state="open").assignee == mentor
    agree(leave, mentor)

    assert leave.state == LeaveState.APPROVED
    assert leave.decided_at is not None
    task = Task.objects.get(kind="programmes.report_return")
    assert task.assignee == enrolment.student.person
    told = Notice.objects.filter(kind="programmes.leave_approved")
    assert set(told.values_list("person", flat=True)) == {enrolment.student.person_id, mentor.pk}
    span = Span.objects.get(person=enrolment.student.person)
    assert (span.kind, span.params, span.is_all_day) == ("programmes.away", {}, True)
    assert span.ends_at - span.starts_at == 2 * DAY


def test_a_long_leave_goes_by_the_residency_office_as_well(enrolment, secretary, mentor, residency):
    leave = ask(enrolment, days=4)

    agree(leave, secretary, mentor)
    assert leave.state == LeaveState.ASKED
    agree(leave, residency)
    assert leave.state == LeaveState.APPROVED


@pytest.mark.parametrize(
    ("signs", "expected"),
    [(Signer.FIRST, ["first"]), (Signer.SECOND, ["second"]), (Signer.BOTH, ["first", "second"])],
)
def test_the_pair_settles_which_mentor_signs(enrolment, secretary, signs, expected):
    student = enrolment.student
    first = MentorshipFactory.create(student=student)
    second = MentorshipFactory.create(
        student=student, role=PairRole.SECOND, is_first_responsible=False
    )
    Pair.objects.create(
        student=student, first=first, second=second, starts_on=today(), signs_leave=signs
    )
    people = {"first": first.mentor.person, "second": second.mentor.person}
    leave = agree(ask(enrolment), secretary)

    asked = {one.params["people"][0] for one in pending(leave)}

    assert asked == {people[name].pk for name in expected}
    for name in expected:
        assert leave.state == LeaveState.ASKED
        agree(leave, people[name])
    assert leave.state == LeaveState.APPROVED


def test_without_a_mentor_the_step_is_left_out(enrolment, secretary):
    leave = agree(ask(enrolment), secretary)

    assert leave.steps == ["department"]
    assert leave.state == LeaveState.APPROVED


def test_where_no_secretary_is_the_graduate_school_decides(enrolment, unit, mentor):
    officer = make_person(Role.GRADUATE_OFFICER, unit=unit)

    leave = agree(ask(enrolment), officer, mentor)

    assert leave.state == LeaveState.APPROVED


def test_the_ward_where_the_student_is_decides(enrolment, unit, secretary, monkeypatch):
    ward = UnitFactory.create(parent=unit)
    base = make_person(Role.BASE_SECRETARY, unit=ward)
    elsewhere = make_person(Role.BASE_SECRETARY, unit=UnitFactory.create(parent=unit))
    monkeypatch.setattr(hooks, "_finders", [lambda student, day: None, lambda student, day: ward])

    leave = ask(enrolment)

    assert leave.ward == ward
    assert reads.to_decide(base, pending(leave))
    assert not reads.to_decide(elsewhere, pending(leave))
    assert leave in reads.leaves_visible_to(base)
    assert leave not in reads.leaves_visible_to(elsewhere)


def test_a_refusal_ends_it_and_says_why(enrolment, secretary, mentor):
    leave = ask(enrolment)
    [step] = pending(leave)
    assert code_of(lambda: decide_approval(step, False, actor=secretary)) == "approval.note"

    decide_approval(step, False, actor=secretary, note="科室缺人")

    leave.refresh_from_db()
    assert leave.state == LeaveState.REFUSED
    assert not Task.objects.filter(kind="programmes.decide_leave", state="open").exists()
    told = Notice.objects.get(person=enrolment.student.person, kind="workflow.approval_decided")
    assert told.params["note"] == "科室缺人"
    ask(enrolment)


def test_one_of_two_mentors_who_refuses_takes_the_question_from_the_other(enrolment, secretary):
    student = enrolment.student
    first = MentorshipFactory.create(student=student)
    second = MentorshipFactory.create(
        student=student, role=PairRole.SECOND, is_first_responsible=False
    )
    Pair.objects.create(
        student=student, first=first, second=second, starts_on=today(), signs_leave=Signer.BOTH
    )
    leave = agree(ask(enrolment), secretary)
    [mine] = [one for one in pending(leave) if reads.to_decide(first.mentor.person, [one])]

    decide_approval(mine, False, actor=first.mentor.person, note="答辩在即")

    assert pending(leave) == []
    states = {one.state for one in Approval.objects.filter(subject_id=leave.pk)}
    assert states == {"approved", "refused", "withdrawn"}


@pytest.mark.parametrize("who", ["student", "classmate", "stranger", "mentor"])
def test_nobody_else_decides(enrolment, secretary, mentor, who):
    leave = ask(enrolment)
    person = {
        "student": enrolment.student.person,
        "classmate": make_enrolment(cohort=enrolment.student.cohort).student.person,
        "stranger": make_person(Role.DEPARTMENT_SECRETARY, unit=UnitFactory.create()),
        "mentor": mentor,
    }[who]

    with pytest.raises(Refused):
        decide_approval(pending(leave)[0], True, actor=person)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"days": 0}, "leave.days"),
        ({"start": -1}, "leave.past"),
        ({"start": -8, "kind": LeaveKind.SICK}, "leave.past"),
        ({"reason": "  "}, "leave.reason"),
        ({"days": 31}, "leave.too_long"),
        ({"days": 4, "kind": LeaveKind.SICK}, "leave.evidence"),
        ({"days": 98, "kind": LeaveKind.MATERNITY}, "leave.evidence"),
    ],
)
def test_what_cannot_be_asked(enrolment, secretary, more, code):
    assert code_of(lambda: ask(enrolment, **more)) == code
    assert not Leave.objects.exists()


def test_sick_leave_may_be_asked_for_afterwards_and_with_its_paper(enrolment, secretary):
    leave = ask(
        enrolment, start=-7, days=9, kind=LeaveKind.SICK, evidence=PDF, evidence_name="a.pdf"
    )

    assert leave.evidence.name == "a.pdf"


def test_only_enrolled_students_ask_and_only_for_themselves(enrolment, secretary):
    with pytest.raises(Refused):
        ask(enrolment, actor=secretary)
    Enrolment.objects.update(state="suspended")
    enrolment.refresh_from_db()

    assert code_of(lambda: ask(enrolment)) == "leave.enrolment"


def test_leaves_do_not_overlap_and_the_database_says_so(enrolment, secretary):
    ask(enrolment, start=1, days=3)
    assert code_of(lambda: ask(enrolment, start=3)) == "leave.overlap"
    ask(enrolment, start=4)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_leave(enrolment, start=2)


def test_where_nobody_decides_nothing_is_asked():
    enrolment = make_enrolment()
    from cotutelle.people.models import RoleGrant  # noqa: PLC0415

    RoleGrant.objects.exclude(role=Role.STUDENT).delete()

    assert code_of(lambda: ask(enrolment)) == "leave.nobody"


# ---------------------------------------------------------------- rules


def test_rules_of_the_nearest_unit_hold_and_the_shortest_that_fits(enrolment, unit, residency):
    assert reads.rule_for(unit, "personal", 3).steps == ("department", "mentors")
    assert reads.rule_for(unit, "personal", 31) is None
    assert reads.rule_for(unit, "sick", 5).needs_evidence

    services.keep_leave_rules(
        unit,
        [RuleData("", 10, ("mentors",)), RuleData("sick", 20, ("department",))],
        actor=residency,
    )

    assert reads.rule_for(unit, "personal", 10).steps == ("mentors",)
    assert reads.rule_for(unit, "sick", 10).steps == ("department",)
    assert reads.rule_for(unit, "sick", 21) is None
    assert reads.rule_for(UnitFactory.create(parent=unit), "study", 1).up_to_days == 10
    services.keep_leave_rules(unit, [], actor=residency)
    assert reads.rule_for(unit, "personal", 30).up_to_days == 30


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([RuleData("", 0, ("mentors",))], "leave_rule.days"),
        ([RuleData("", 3, ())], "leave_rule.steps"),
        ([RuleData("", 3, ("dean",))], "leave_rule.steps"),
        ([RuleData("holiday", 3, ("mentors",))], "leave_rule.kind"),
        ([RuleData("", 3, ("mentors",)), RuleData("", 3, ("department",))], "leave_rule.twice"),
    ],
)
def test_rules_that_are_none(unit, residency, rules, code):
    assert code_of(lambda: services.keep_leave_rules(unit, rules, actor=residency)) == code


def test_strangers_keep_no_rules(unit, secretary):
    stranger = make_person(Role.RESIDENCY_OFFICE, unit=UnitFactory.create())
    for somebody in (secretary, stranger):
        with pytest.raises(Refused):
            services.keep_leave_rules(unit, [], actor=somebody)


# ---------------------------------------------------------------- withdrawing and returning


@pytest.mark.parametrize("seen", list(LeaveState))
@pytest.mark.parametrize("to", [LeaveState.WITHDRAWN, LeaveState.RETURNED])
def test_leaves_follow_their_transitions(enrolment, secretary, seen, to):
    start = 1 if to == LeaveState.WITHDRAWN else -1
    leave = make_leave(enrolment, start=start, days=2, state=seen)
    student = enrolment.student.person

    def step():
        if to == LeaveState.WITHDRAWN:
            return services.withdraw_leave(leave, actor=student)
        return services.report_return(leave, returned_on=today(), actor=student)

    if to in LEAVE_TRANSITIONS[seen]:
        step()
        assert Leave.objects.get().state == to
    else:
        assert code_of(step) == "leave.transition"
        assert Leave.objects.get().state == seen


def test_an_approved_leave_is_taken_back_only_before_it_begins(enrolment, secretary, mentor):
    leave = agree(ask(enrolment), secretary, mentor)
    with time_machine.travel(dt.datetime.combine(leave.starts_on, dt.time(9)), tick=False):
        assert (
            code_of(lambda: services.withdraw_leave(leave, actor=enrolment.student.person))
            == "leave.started"
        )

    services.withdraw_leave(leave, actor=enrolment.student.person)

    assert Leave.objects.get().state == LeaveState.WITHDRAWN
    assert Span.objects.get().state == "cancelled"
    assert Task.objects.get(kind="programmes.report_return").state == "cancelled"
    assert Notice.objects.filter(kind="programmes.leave_withdrawn", person=mentor).exists()


def test_a_stale_copy_does_nothing(enrolment, secretary):
    leave = ask(enrolment)
    stale = Leave.objects.get()
    services.withdraw_leave(leave, actor=enrolment.student.person)

    assert code_of(lambda: services.withdraw_leave(stale, actor=enrolment.student.person)) == (
        "leave.stale"
    )


def test_a_return_is_reported_confirmed_and_put_right(enrolment, secretary, mentor):
    student = enrolment.student.person
    leave = agree(ask(enrolment, days=3), secretary, mentor)

    with time_machine.travel(dt.datetime.combine(leave.ends_on, dt.time(9)), tick=False):
        services.report_return(leave, returned_on=leave.ends_on, actor=student)
        assert leave.days == 2
        assert Task.objects.get(kind="programmes.report_return").state == "done"
        assert Task.objects.get(kind="programmes.confirm_return").assignee == secretary
        with pytest.raises(Refused):
            services.confirm_return(leave, actor=student)
        services.confirm_return(leave, returned_on=leave.starts_on + DAY, actor=secretary)
        assert code_of(lambda: services.confirm_return(leave, actor=secretary)) == (
            "leave.confirmed"
        )

    kept = Leave.objects.get()
    assert (kept.days, kept.return_confirmed_by) == (1, secretary)
    assert Task.objects.get(kind="programmes.confirm_return").state == "done"
    span = Span.objects.get()
    assert span.ends_at - span.starts_at == DAY


@pytest.mark.parametrize("offset", [-2, 1])
def test_the_day_back_lies_between_the_first_day_and_today(enrolment, secretary, offset):
    leave = make_leave(enrolment, start=-1, days=5)

    assert (
        code_of(
            lambda: services.report_return(
                leave, returned_on=today() + offset * DAY, actor=enrolment.student.person
            )
        )
        == "leave.return_day"
    )


def test_overdue_returns_are_asked_after(enrolment, secretary):
    leave = make_leave(enrolment, start=-3, days=2)
    assert services.remind_overdue() == 1
    assert services.remind_overdue() == 1

    task = Task.objects.get(kind="programmes.overdue_return")
    assert task.assignee == secretary
    services.report_return(leave, returned_on=today(), actor=enrolment.student.person)

    task.refresh_from_db()
    assert task.state == "done"
    assert services.remind_overdue() == 0
    assert Leave.objects.get().days == 3


@pytest.mark.parametrize(
    ("late", "told"), [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (7, 1), (14, 1)]
)
def test_students_are_reminded_now_and_then(enrolment, secretary, late, told):
    make_leave(enrolment, start=-(late + 2), days=2)

    services.remind_overdue()

    assert Notice.objects.filter(kind="programmes.return_overdue").count() == told


# ---------------------------------------------------------------- privacy


def test_reasons_are_read_by_the_student_and_those_who_decide_and_never_recorded(
    enrolment, unit, secretary, mentor, residency
):
    leave = ask(enrolment)
    adviser = make_person(Role.STUDENT_ADVISER, unit=unit)

    assert reads.reads_reason(enrolment.student.person, leave)
    assert reads.reads_reason(secretary, leave)
    for somebody in (adviser, residency, mentor):
        assert leave in reads.leaves_visible_to(somebody)
        assert not reads.reads_reason(somebody, leave)
    agree(leave, secretary)
    assert reads.reads_reason(mentor, leave)
    for payload in EntryPayload.objects.filter(entry__subject_type="programmes.leave"):
        assert "急事" not in str(payload.after)
    assert Entry.objects.filter(action="programmes.leave.asked").exists()


def test_who_sees_leave(enrolment, secretary, mentor):
    leave = make_leave(enrolment)
    classmate = make_enrolment(cohort=enrolment.student.cohort).student.person
    stranger = make_person(Role.RESIDENCY_OFFICE, unit=UnitFactory.create())

    for somebody in (enrolment.student.person, secretary, mentor):
        assert reads.leaves_visible_to(somebody).get() == leave
    for somebody in (classmate, stranger):
        assert not reads.leaves_visible_to(somebody).exists()


# ---------------------------------------------------------------- extension


@pytest.mark.parametrize(
    ("yearly", "spans", "over"),
    [
        (False, [(dt.date(2026, 3, 1), 20)], 0),
        (False, [(dt.date(2026, 3, 1), 21)], 1),
        (False, [(dt.date(2026, 3, 1), 15), (dt.date(2027, 3, 1), 15)], 10),
        (True, [(dt.date(2026, 3, 1), 15), (dt.date(2027, 3, 1), 15)], 0),
        (True, [(dt.date(2026, 12, 12), 40)], 0),
        (True, [(dt.date(2026, 12, 1), 60)], 11 + 9),
        (True, [(dt.date(2026, 3, 1), 25), (dt.date(2027, 3, 1), 30)], 15),
    ],
)
def test_what_is_above_the_threshold_extends(  # noqa: PLR0917  fixtures and cases
    enrolment, unit, residency, yearly, spans, over
):
    services.keep_extension_rule(
        unit, province="测试省", threshold_days=20, is_yearly=yearly, actor=residency
    )
    for first, days in spans:
        make_leave(enrolment, starts_on=first, ends_on=first + (days - 1) * DAY)
    before = enrolment.ends_on

    made = services.recount_extension(enrolment, leave=None, actor=residency)

    kept = Enrolment.objects.get()
    assert kept.extended_days == over
    assert kept.ends_on == before + over * DAY
    assert (made is None) is (over == 0)
    assert services.recount_extension(enrolment, leave=None, actor=residency) is None


def test_a_leave_of_four_months_extends_and_an_early_return_takes_days_back(
    enrolment, unit, secretary, residency, monkeypatch
):
    told = []
    monkeypatch.setattr(hooks.extensions, "_called", [lambda one, before: told.append(before)])
    services.keep_extension_rule(
        unit, province="测试省", threshold_days=30, is_yearly=False, actor=residency
    )
    end = enrolment.ends_on
    leave = ask(enrolment, days=120, kind=LeaveKind.MATERNITY, evidence=PDF, evidence_name="a.pdf")
    agree(leave, secretary, residency)
    kept = Enrolment.objects.get()
    assert (kept.extended_days, kept.ends_on) == (90, end + 90 * DAY)
    assert {one.due_on for one in kept.attainments.filter(kind__in=("diploma", "degree"))} == {
        end + 90 * DAY
    }

    back = leave.starts_on + 100 * DAY
    with time_machine.travel(dt.datetime.combine(back, dt.time(9)), tick=False):
        services.report_return(leave, returned_on=back, actor=enrolment.student.person)

    kept = Enrolment.objects.get()
    assert (kept.extended_days, kept.ends_on) == (70, end + 70 * DAY)
    assert [one.days for one in Extension.objects.order_by("id")] == [90, 70]
    assert told == [0, 90]


def test_kinds_that_do_not_count_extend_nothing(enrolment, unit, residency):
    services.keep_extension_rule(
        unit,
        province="测试省",
        threshold_days=1,
        is_yearly=False,
        kinds=["sick"],
        actor=residency,
    )
    make_leave(enrolment, days=9)

    assert services.recount_extension(enrolment, leave=None, actor=residency) is None


def test_withdrawn_leave_gives_the_days_back(enrolment, unit, secretary, residency):
    services.keep_extension_rule(
        unit, province="测试省", threshold_days=1, is_yearly=False, actor=residency
    )
    leave = agree(ask(enrolment, days=3), secretary)
    assert Enrolment.objects.get().extended_days == 2

    services.withdraw_leave(leave, actor=enrolment.student.person)

    assert Enrolment.objects.get().extended_days == 0


def test_a_rule_that_extended_somebody_is_not_dropped(enrolment, unit, residency):
    services.keep_extension_rule(
        unit, province="测试省", threshold_days=1, is_yearly=False, actor=residency
    )
    make_leave(enrolment)
    services.recount_extension(enrolment, leave=None, actor=residency)

    assert (
        code_of(lambda: services.drop_extension_rule(unit, "测试省", actor=residency))
        == "extension_rule.used"
    )
    services.keep_extension_rule(
        unit, province="外省", threshold_days=1, is_yearly=True, actor=residency
    )
    services.drop_extension_rule(unit, "外省", actor=residency)
    assert [one.province for one in unit.extension_rules.all()] == ["测试省"]


def test_other_rooms_hear_of_every_step(enrolment, secretary, monkeypatch):
    told = []
    monkeypatch.setattr(
        hooks.leave_changes,
        "_called",
        [lambda leave, before, by: told.append((before, leave.state))],
    )
    leave = agree(ask(enrolment), secretary)
    services.withdraw_leave(leave, actor=enrolment.student.person)

    assert told == [(None, "asked"), ("asked", "approved"), ("approved", "withdrawn")]
