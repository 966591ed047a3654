"""Two mentors of one student: duties, plan, arrangements, and how a pair ends or goes on."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.mentorship import queries, services
from cotutelle.mentorship.enums import ChangeState, PairRecordKind, PairRole, PairState, Signer
from cotutelle.mentorship.models import (
    ChangeWindow,
    ConflictOfInterest,
    MentorChange,
    Mentorship,
    Pair,
    PairRecord,
    QuotaAccount,
)
from cotutelle.mentorship.personal import erase_mentorship, export_mentorship
from cotutelle.mentorship.queries.pairs import (
    arrangements_of,
    pair_of,
    pairs_visible_to,
    records_of,
    search_pairs,
)
from cotutelle.mentorship.services.conflicts import lift_conflict
from cotutelle.mentorship.services.pair_records import add_record, agree, set_done, withdraw_record
from cotutelle.mentorship.services.pairs import Duties, change_duties, end_pairs, form_pair
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task
from tests.factories.agreements import make_agreement
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import (
    ConflictFactory,
    MentorFactory,
    MentorshipFactory,
    make_mentor,
    make_pair,
)
from tests.factories.people import RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db
PLAN, NOTE, ARRANGEMENT = PairRecordKind


@pytest.fixture
def pair() -> Pair:
    return make_pair()


@pytest.fixture
def college(pair: Pair) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=pair.student.unit)


def _three(pair: Pair) -> tuple[Person, Person, Person]:
    return pair.first.mentor.person, pair.second.mentor.person, pair.student.person


def _told(kind: str) -> set[int]:
    return set(Notice.objects.filter(kind=kind).values_list("person", flat=True))


# ------------------------------------------------------------------ who sees it


def test_the_three_the_college_and_the_lending_institution_see_a_pair(pair: Pair) -> None:
    lender = make_person(Role.PARTNER_OFFICER, unit=pair.second.mentor.unit)
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=pair.student.unit)
    for actor in (*_three(pair), lender, secretary):
        assert list(pairs_visible_to(actor)) == [pair]
    strangers = (
        make_pair().first.mentor.person,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.PARTNER_OFFICER),
        make_person(Role.INSPECTOR, unit=pair.student.unit),
        make_person(Role.DEPARTMENT_SECRETARY, unit=pair.second.mentor.unit),
    )
    for actor in strangers:
        assert pair not in pairs_visible_to(actor)


def test_a_pair_is_found_by_each_of_the_three_names(pair: Pair) -> None:
    make_pair()
    for person in _three(pair):
        assert list(search_pairs(Pair.objects.all(), person.number)) == [pair]


# ------------------------------------------------------------------ duties


@pytest.mark.parametrize("role", PairRole)
def test_the_first_responsible_need_not_be_the_first_mentor(role: PairRole) -> None:
    first = MentorshipFactory.create()
    second = MentorshipFactory.create(
        student=first.student, role=PairRole.SECOND, is_first_responsible=False
    )
    pair = form_pair(first, second, Duties(role, signs_leave=Signer.SECOND), actor=None)
    marked = Mentorship.objects.get(student=first.student, is_first_responsible=True)
    assert (marked.role, pair.signs_leave) == (role, "second")
    assert Duties.of(Pair.objects.get()) == Duties(role, signs_leave=Signer.SECOND)


def test_a_pair_needs_two_mentors_of_one_student() -> None:
    first, stranger = MentorshipFactory.create(), MentorshipFactory.create()
    twin = MentorshipFactory.build(student=first.student, mentor=first.mentor, role=PairRole.SECOND)
    codes = []
    for second in (stranger, twin):
        with pytest.raises(RuleViolation) as refusal:
            form_pair(first, second, Duties(), actor=None)
        codes.append(refusal.value.code)
    assert codes == ["pair.student", "pair.same"]


def test_the_college_changes_duties_with_a_reason_and_everybody_is_told(
    pair: Pair, college: Person
) -> None:
    wanted = Duties(PairRole.SECOND, Signer.BOTH, Signer.SECOND, Signer.FIRST)
    change_duties(pair, wanted, reason="长期在合作医院临床工作", actor=college)
    assert Duties.of(Pair.objects.get()) == wanted
    entry = Entry.objects.get(action="mentorship.pair.duties_changed")
    assert entry.decision
    payload = EntryPayload.objects.get(entry=entry)
    assert payload.before["first_responsible"] == "first"
    assert payload.after["first_responsible"] == "second"
    assert _told("mentorship.pair_duties_changed") == {p.pk for p in _three(pair)}


def test_duties_are_not_changed_without_a_reason_a_change_or_a_pair(
    pair: Pair, college: Person
) -> None:
    codes = []
    wanted = Duties(PairRole.SECOND)
    for duties, reason in ((wanted, " "), (Duties.of(pair), "x")):
        with pytest.raises(RuleViolation) as refusal:
            change_duties(pair, duties, reason=reason, actor=college)
        codes.append(refusal.value.code)
    end_pairs([pair.second], actor=None)
    with pytest.raises(RuleViolation) as refusal:
        change_duties(pair, wanted, reason="x", actor=college)
    assert [*codes, refusal.value.code] == ["pair.reason", "pair.duties", "pair.ended"]


def test_nobody_but_the_students_college_changes_duties(pair: Pair) -> None:
    refused = [*_three(pair), make_person(Role.GRADUATE_OFFICER)]
    refused.append(make_person(Role.PARTNER_OFFICER, unit=pair.second.mentor.unit))
    for actor in refused:
        with pytest.raises(Refused):
            change_duties(pair, Duties(PairRole.SECOND), reason="x", actor=actor)


def test_an_officer_does_not_decide_about_their_own_pair(pair: Pair) -> None:
    mentor = pair.first.mentor.person
    RoleGrantFactory.create(person=mentor, role=Role.GRADUATE_OFFICER, unit=pair.student.unit)
    with pytest.raises(Refused) as refusal:
        change_duties(
            pair, Duties(PairRole.SECOND), reason="x", actor=Person.objects.get(pk=mentor.pk)
        )
    assert refusal.value.code == "pair.party"


# ------------------------------------------------------------------ plan, notes, arrangements


def test_the_others_are_told_of_a_record_but_not_what_it_says(pair: Pair) -> None:
    mentor, second, student = _three(pair)
    add_record(pair, NOTE, title="查房记录", text="患者资料", actor=second)
    assert _told("mentorship.pair_record") == {mentor.pk, student.pk}
    assert "查房" not in str(list(Notice.objects.values_list("params", flat=True)))
    assert "查房" not in str(list(EntryPayload.objects.values_list("after", flat=True)))


def test_the_plan_stands_by_day_with_what_is_done_last(pair: Pair) -> None:
    first, second, student = _three(pair)
    day = dt.date(2027, 3, 1)
    late = add_record(pair, PLAN, title="中期", due_on=day + dt.timedelta(30), actor=first)
    undated = add_record(pair, PLAN, title="阅读", actor=student)
    done = add_record(pair, PLAN, title="开题", due_on=day, actor=second)
    soon = add_record(pair, PLAN, title="伦理", due_on=day, actor=second)
    set_done(done, True, actor=student)
    assert records_of(pair, PLAN) == [soon, late, undated, done]
    set_done(done, False, actor=first)
    assert records_of(pair, PLAN)[0] == done
    with pytest.raises(RuleViolation) as refusal:
        set_done(add_record(pair, NOTE, title="x", actor=first), True, actor=first)
    assert refusal.value.code == "pair.kind"


def test_only_the_plan_keeps_days(pair: Pair) -> None:
    first, _second, _student = _three(pair)
    row = add_record(pair, NOTE, title="x", due_on=today(), actor=first)
    assert row.due_on is None


def test_an_arrangement_holds_once_all_three_have_agreed(pair: Pair) -> None:
    first, second, student = _three(pair)
    row = add_record(pair, ARRANGEMENT, title="署名约定", actor=first)
    assert set(Task.objects.filter(state=TaskState.OPEN).values_list("assignee", flat=True)) == {
        second.pk,
        student.pk,
    }
    assert not agree(row, actor=student)
    (found,) = arrangements_of(pair)
    assert (found.holds, found.missing) == (False, (second,))
    assert agree(row, actor=second)
    assert agree(row, actor=second)
    (found,) = arrangements_of(pair)
    assert [person for person, _consent in found.agreed] == [first, second, student]
    assert found.holds
    assert not Task.objects.filter(state=TaskState.OPEN).exists()
    assert _told("mentorship.arrangement_holds") == {first.pk, second.pk, student.pk}
    assert Entry.objects.filter(action="mentorship.pair.arrangement_holds").count() == 1


def test_what_one_wrote_one_takes_back_unless_it_holds(pair: Pair) -> None:
    first, second, student = _three(pair)
    row = add_record(pair, ARRANGEMENT, title="例会", actor=first)
    codes = []
    with pytest.raises(RuleViolation) as refusal:
        withdraw_record(row, actor=second)
    codes.append(refusal.value.code)
    agree(row, actor=second)
    agree(row, actor=student)
    with pytest.raises(RuleViolation) as refusal:
        withdraw_record(row, actor=first)
    codes.append(refusal.value.code)
    other = add_record(pair, ARRANGEMENT, title="例会二", actor=first)
    withdraw_record(other, actor=first)
    for act in (
        lambda: withdraw_record(other, actor=first),
        lambda: agree(other, actor=second),
    ):
        with pytest.raises(RuleViolation) as refusal:
            act()
        codes.append(refusal.value.code)
    assert codes == ["pair.author", "pair.holds", "pair.withdrawn", "pair.withdrawn"]
    assert [one.record for one in arrangements_of(pair)] == [row]
    assert not Task.objects.filter(state=TaskState.OPEN).exists()


def test_an_item_withdrawn_meanwhile_is_not_ticked_off(pair: Pair) -> None:
    first, second, _student = _three(pair)
    seen = add_record(pair, PLAN, title="开题", actor=first)
    withdraw_record(PairRecord.objects.get(pk=seen.pk), actor=first)
    with pytest.raises(RuleViolation) as refusal:
        set_done(seen, True, actor=second)
    assert refusal.value.code == "pair.kind"


def test_duties_changed_meanwhile_are_what_is_changed_from(pair: Pair, college: Person) -> None:
    seen = Pair.objects.select_related("first", "second").get(pk=pair.pk)
    wanted = Duties(PairRole.SECOND, Signer.BOTH)
    change_duties(pair, wanted, reason="x", actor=college)
    with pytest.raises(RuleViolation) as refusal:
        change_duties(seen, wanted, reason="x", actor=college)
    assert refusal.value.code == "pair.duties"


def test_whoever_agreed_reads_it_in_the_copy_of_their_data(pair: Pair) -> None:
    first, second, _student = _three(pair)
    agree(add_record(pair, ARRANGEMENT, title="例会", actor=first), actor=second)
    (given,) = export_mentorship(second)["consents"]
    assert given["record__kind"] == "arrangement"


def test_nobody_else_writes_on_the_page(pair: Pair, college: Person) -> None:
    row = add_record(pair, PLAN, title="开题", actor=pair.student.person)
    for actor in (college, make_pair().first.mentor.person):
        with pytest.raises(Refused):
            add_record(pair, NOTE, title="x", actor=actor)
        with pytest.raises(Refused):
            set_done(row, True, actor=actor)


def test_an_ended_pair_is_read_and_not_written(pair: Pair) -> None:
    first, _second, student = _three(pair)
    row = add_record(pair, ARRANGEMENT, title="例会", actor=first)
    end_pairs([pair.second], actor=None)
    assert not Task.objects.filter(state=TaskState.OPEN).exists()
    for act in (
        lambda: add_record(pair, NOTE, title="x", actor=first),
        lambda: agree(row, actor=student),
        lambda: withdraw_record(row, actor=first),
    ):
        with pytest.raises(RuleViolation) as refusal:
            act()
        assert refusal.value.code == "pair.ended"
    assert list(pairs_visible_to(student)) == [pair]
    assert pair_of(pair.student) is None


# ------------------------------------------------------------------ a change of mentor


def _changed(pair: Pair, new: object, college: Person) -> MentorChange:
    QuotaAccount.objects.create(mentor=pair.first.mentor, year=2026, granted=2, seated=1)
    ChangeWindow.objects.create(
        unit=pair.student.unit, opens_on=today(), closes_on=today() + dt.timedelta(days=9)
    )
    change = MentorChange.objects.create(
        mentorship=pair.first, to_mentor=new, state=ChangeState.ASKED_COLLEGE, reason="方向",
        requested_at="2026-11-01T00:00Z",
    )  # fmt: skip
    return services.decide_change(change, approve=True, note="", actor=college)


def test_a_change_of_the_first_mentor_renews_the_pair(pair: Pair, college: Person) -> None:
    agreement = make_agreement(pair.second.mentor, unit=pair.student.unit)
    Pair.objects.update(agreement=agreement, signs_leave=Signer.BOTH)
    pair.refresh_from_db()
    add_record(pair, NOTE, title="旧记录", actor=pair.student.person)
    add_record(pair, PLAN, title="开题", due_on=today(), actor=pair.student.person)
    new = make_mentor(1, unit=pair.student.unit)
    _changed(pair, new, college)
    old = Pair.objects.get(pk=pair.pk)
    fresh = pair_of(pair.student)
    assert fresh is not None
    assert (old.state, old.ends_on) == (PairState.ENDED, today())
    assert (fresh.first.mentor, fresh.second) == (new, pair.second)
    assert (fresh.signs_leave, fresh.agreement, fresh.starts_on) == ("both", agreement, today())
    assert fresh.first.is_first_responsible
    assert not fresh.second.is_first_responsible
    assert [(r.kind, r.title) for r in fresh.records.all()] == [("plan", "开题")]


def test_a_responsible_second_mentor_stays_responsible(pair: Pair, college: Person) -> None:
    change_duties(pair, Duties(PairRole.SECOND), reason="x", actor=college)
    _changed(pair, make_mentor(1, unit=pair.student.unit), college)
    fresh = pair_of(pair.student)
    assert fresh is not None
    assert fresh.second.is_first_responsible


@pytest.mark.parametrize("places", [0, 1, 2])
def test_a_change_moves_as_many_seats_as_the_mentorship_takes(
    pair: Pair, college: Person, places: int
) -> None:
    new = make_mentor(2, unit=pair.student.unit)
    Mentorship.objects.filter(pk=pair.second_id).update(places=places)
    pair.second.refresh_from_db()
    # Two students of the second mentor's own, whose seats are not at stake.
    old = QuotaAccount.objects.create(
        mentor=pair.second.mentor, year=2026, granted=4, seated=2 + places
    )
    assert queries.receiving_mentors(pair.second).filter(pk=new.pk).exists()
    change = MentorChange.objects.create(
        mentorship=pair.second, to_mentor=new, state=ChangeState.ASKED_COLLEGE, reason="方向",
        requested_at="2026-11-01T00:00Z",
    )  # fmt: skip
    services.decide_change(change, approve=True, note="", actor=college)
    old.refresh_from_db()
    account = QuotaAccount.objects.get(mentor=new)
    assert (old.seated, account.seated) == (2, places)
    assert Mentorship.objects.get(mentor=new).places == places
    fresh = pair_of(pair.student)
    assert fresh is not None
    assert fresh.second.mentor == new


def test_the_second_mentor_is_not_asked_to_become_the_first(pair: Pair, college: Person) -> None:
    QuotaAccount.objects.create(mentor=pair.second.mentor, year=2026, granted=2)
    assert not queries.receiving_mentors(pair.first).filter(pk=pair.second.mentor_id).exists()
    with pytest.raises(RuleViolation) as refusal:
        _changed(pair, pair.second.mentor, college)
    assert refusal.value.code == "change.mentor"
    assert pair_of(pair.student) == pair


def test_a_change_keeps_within_what_the_agreement_allows(college: Person, pair: Pair) -> None:
    new = make_mentor(3, unit=pair.student.unit)
    make_agreement(new, unit=pair.student.unit, first_mentor_most=0)
    with pytest.raises(RuleViolation) as refusal:
        _changed(pair, new, college)
    assert refusal.value.code == "agreement.first_mentors"


# ------------------------------------------------------------------ persons


def test_a_person_takes_their_records_along_and_leaves_none(pair: Pair) -> None:
    _first, second, student = _three(pair)
    add_record(pair, NOTE, title="我的话", actor=second)
    add_record(pair, NOTE, title="学生的话", actor=student)
    assert [r["title"] for r in export_mentorship(second)["pair_records"]] == ["我的话"]
    erase_mentorship(second)
    assert sorted(PairRecord.objects.values_list("title", flat=True)) == ["", "学生的话"]
    erase_mentorship(student)
    assert set(PairRecord.objects.values_list("title", "text")) == {("", "")}


# ------------------------------------------------------------------ conflicts of interest


def test_the_college_lifts_a_conflict_with_a_reason() -> None:
    conflict = ConflictFactory.create()
    mentor, student = conflict.mentor, conflict.student
    college = make_person(Role.GRADUATE_OFFICER, unit=student.unit)
    with pytest.raises(RuleViolation) as refusal:
        lift_conflict(conflict, reason="", actor=college)
    assert refusal.value.code == "conflict.reason"
    lift_conflict(conflict, reason="亲属关系登记有误", actor=college)
    assert not ConflictOfInterest.objects.exists()
    entry = Entry.objects.get(action="mentorship.conflict.lifted")
    assert (entry.decision, entry.subject_id) == (True, mentor.pk)
    assert _told("mentorship.conflict_lifted") == {mentor.person_id}


def test_nobody_else_lifts_a_conflict() -> None:
    conflict = ConflictFactory.create()
    unit = conflict.student.unit
    people = [
        conflict.mentor.person,
        conflict.student.person,
        make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()),
        make_person(Role.PARTNER_OFFICER, unit=unit),
        MentorFactory.create(unit=unit).person,
    ]
    for actor in people:
        with pytest.raises(Refused):
            lift_conflict(conflict, reason="x", actor=actor)
    assert ConflictOfInterest.objects.count() == 1
