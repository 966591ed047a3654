"""From the upload to the ledger, with people and units."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.exchange import services
from cotutelle.exchange.enums import RUN_TRANSITIONS, RunState
from cotutelle.exchange.importers import people as people_kind
from cotutelle.exchange.models import ColumnMapping, ImportRun
from cotutelle.institutions.models import Unit
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.exchange.books import xlsx
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, make_person

pytestmark = pytest.mark.django_db

HEAD = ["工号", "姓名", "邮箱", "手机", "所在单位", "角色"]


@pytest.fixture
def university() -> Unit:
    return UnitFactory.create(code="MU", name_zh="医科大学")


@pytest.fixture
def officer(university: Unit) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=university, number="OFFICER", name_zh="王丽")


def upload(officer: Person, unit: Unit, *rows: list[Any]) -> ImportRun:
    return services.start_import(
        "people", actor=officer, unit=unit, content=xlsx([HEAD, *rows]), name="名单.xlsx"
    )


def checked(officer: Person, unit: Unit, *rows: list[Any]) -> ImportRun:
    run = upload(officer, unit, *rows)
    if run.state == RunState.UPLOADED:
        services.map_columns(run, run.mapping, actor=officer)
    return services.check_import(run, actor=officer)


def imported(run: ImportRun, **how: Any) -> Job:
    job = run_now(services.apply_import(run, actor=run.actor, **how))
    run.refresh_from_db()
    return job


def everybody() -> set[tuple[str, str]]:
    return set(Person.objects.exclude(number="OFFICER").values_list("number", "name_zh"))


def problems_of(run: ImportRun) -> list[tuple[int, str, str]]:
    return [(p["row"], p["column"], p["code"]) for p in run.problems]


ZHANG = ["00123", "张三", "zhang@example.org", "13800138000", None, "导师"]
LI = ["00124", "李四", None, None, None, None]


def test_people_arrive_with_roles_and_history(officer: Person, university: Unit) -> None:
    heart = UnitFactory.create(parent=university, code="CARD", name_zh="心内科", kind="department")
    run = checked(officer, university, ZHANG, ["00124", "李四", None, None, "心内科", None])
    assert (run.state, run.problem_count, run.good_count) == (RunState.CHECKED, 0, 2)
    assert run.counts["created"] == 2
    assert everybody() == set()
    job = imported(run)
    assert job.state == JobState.DONE
    assert run.state == RunState.APPLIED
    zhang = Person.objects.get(number="00123")
    assert (zhang.name_zh, zhang.email, zhang.unit, zhang.username) == (
        "张三",
        "zhang@example.org",
        university,
        "00123",
    )
    assert zhang.name_sort == "zhang san"
    assert "zhangsan" in zhang.search_text
    assert not zhang.has_usable_password()
    assert zhang.roles == {Role.MENTOR}
    assert Person.objects.get(number="00124").unit == heart
    actions = list(
        Entry.objects.filter(subject_type="people.person", subject_id=zhang.pk)
        .order_by("id")
        .values_list("action", flat=True)
    )
    assert actions == ["people.person.created", "people.role.granted"]
    assert list(
        Entry.objects.filter(subject_type="exchange.importrun", subject_id=run.pk)
        .order_by("id")
        .values_list("action", flat=True)
    ) == [
        "exchange.import.uploaded",
        "exchange.import.mapped",
        "exchange.import.checked",
        "exchange.import.applied",
    ]


def test_importing_again_updates_by_number(officer: Person, university: Unit) -> None:
    imported(checked(officer, university, ZHANG, LI))
    again = checked(officer, university, ["00123", "张三", "new@example.org", None, None, None], LI)
    assert {n: again.counts[n] for n in ("created", "updated", "unchanged")} == {
        "created": 0,
        "updated": 1,
        "unchanged": 1,
    }
    imported(again)
    zhang = Person.objects.get(number="00123")
    assert (zhang.email, zhang.phone) == ("new@example.org", "13800138000")
    assert len(everybody()) == 2


def test_the_mapping_is_remembered_for_the_same_header(officer: Person, university: Unit) -> None:
    first = upload(officer, university, ZHANG)
    assert first.state == RunState.UPLOADED
    mapping = {**first.mapping, "email": 3, "phone": 2}
    services.map_columns(first, mapping, actor=officer)
    second = upload(officer, university, LI)
    assert second.state == RunState.MAPPED
    assert second.mapping == mapping
    other = services.start_import(
        "people",
        actor=officer,
        unit=university,
        content=xlsx([["工号", "姓名"], ["1", "张三"]]),
        name="a.xlsx",
    )
    assert other.state == RunState.UPLOADED
    assert ColumnMapping.objects.count() == 1


def test_required_columns_must_be_chosen(officer: Person, university: Unit) -> None:
    run = upload(officer, university, ZHANG)
    with pytest.raises(RuleViolation) as caught:
        services.map_columns(run, {"name_zh": 1}, actor=officer)
    assert caught.value.code == "exchange.unmapped"
    with pytest.raises(RuleViolation) as caught:
        services.map_columns(run, {"number": 0, "name_zh": 0}, actor=officer)
    assert caught.value.code == "exchange.column_twice"
    run.refresh_from_db()
    assert run.state == RunState.UPLOADED


def test_the_header_can_be_pointed_at(officer: Person, university: Unit) -> None:
    content = xlsx([["no", "who"], ["甲", "乙"], ["工号", "姓名"], ["7", "张三"]])
    run = services.start_import(
        "people", actor=officer, unit=university, content=content, name="a.xlsx"
    )
    assert run.header_row == 2
    services.choose_header(run, 0, 1, actor=officer)
    assert (run.header_row, run.mapping, run.total) == (0, {}, 3)
    with pytest.raises(RuleViolation) as caught:
        services.choose_header(run, 0, 99, actor=officer)
    assert caught.value.code == "exchange.header"


def test_the_good_rows_alone(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG, ["00124", "李四", "nonsense", None, "月球", None])
    assert problems_of(run) == [(3, "email", "cell"), (3, "unit", "person.unknown_unit")]
    with pytest.raises(RuleViolation) as caught:
        services.apply_import(run, actor=officer)
    assert caught.value.code == "exchange.not_clean"
    assert everybody() == set()
    imported(run, good_only=True)
    assert everybody() == {("00123", "张三")}
    assert run.counts["skipped"] == 1


def test_the_first_of_duplicates(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG, ["00123", "张三丰"])
    assert run.problem_count == 2
    assert run.good_count == 0
    with pytest.raises(RuleViolation) as caught:
        services.apply_import(run, actor=officer, good_only=True)
    assert caught.value.code == "exchange.nothing_to_import"
    services.check_import(run, actor=officer, keep_first=True)
    assert run.problem_count == 0
    imported(run)
    assert everybody() == {("00123", "张三")}


@pytest.mark.parametrize(("answer", "expected"), [("same", 1), ("new", 2)])
def test_a_namesake_is_the_officers_decision(
    officer: Person, university: Unit, answer: str, expected: int
) -> None:
    known = PersonFactory.create(unit=university, number="OLD1", name_zh="张三", email="o@e.org")
    run = checked(officer, university, ZHANG)
    assert problems_of(run) == [(2, "name_zh", "person.namesake")]
    question = run.questions[0]
    assert ("OLD1") in {f["known"] for f in question["facts"]}
    services.check_import(run, actor=officer, decisions={question["key"]: answer})
    assert run.problem_count == 0
    assert run.counts["created"] == expected - 1
    imported(run)
    assert Person.objects.filter(name_zh="张三").count() == expected
    known.refresh_from_db()
    assert known.number == ("00123" if answer == "same" else "OLD1")


def test_a_namesake_in_the_same_file_is_no_question(officer: Person, university: Unit) -> None:
    PersonFactory.create(unit=university, number="OLD1", name_zh="张三")
    run = checked(officer, university, ZHANG, ["OLD1", "张三"])
    assert run.problem_count == 0


def test_people_of_other_units_are_never_shown(officer: Person, university: Unit) -> None:
    PersonFactory.create(number="SECRET", name_zh="张三")
    run = checked(officer, university, ZHANG)
    assert run.problem_count == 0


def test_roles_need_the_right_to_give_them(university: Unit) -> None:
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=university, number="OFFICER")
    run = checked(secretary, university, ZHANG)
    assert problems_of(run) == [(2, "roles", "person.role_denied")]


def test_adviser_and_counsellor_exclude_each_other(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ["1", "张三", None, None, None, "辅导员；心理咨询师"])
    assert problems_of(run) == [(2, "roles", "person.exclusive_roles")]


def test_a_crash_in_the_middle_changes_nothing(
    officer: Person, university: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = checked(officer, university, *[[f"{n:05}", f"张{n}"] for n in range(20)])
    before = Person.objects.count()
    monkeypatch.setattr(people_kind, "_BATCH", 10)

    def fall_over(*_args: Any, **_kwargs: Any) -> None:
        if Person.objects.count() > before:
            raise MemoryError("in the middle")

    monkeypatch.setattr(people_kind, "_new_person", _after(people_kind._new_person, fall_over))
    job = services.apply_import(run, actor=officer)
    with pytest.raises(MemoryError):
        run_now(job)
    job.refresh_from_db()
    run.refresh_from_db()
    assert Person.objects.count() == before
    assert (job.state, run.state) == (JobState.FAILED, RunState.CHECKED)
    monkeypatch.undo()
    imported(run)
    assert Person.objects.count() == before + 20


def _after(function: Any, first: Any) -> Any:
    def both(*args: Any, **kwargs: Any) -> Any:
        first()
        return function(*args, **kwargs)

    return both


def test_new_problems_since_the_check_stop_the_import(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG, LI)
    PersonFactory.create(unit=university, number="NEW", name_zh="张三")
    job = imported(run)
    assert job.result == {"imported": False}
    assert run.state == RunState.CHECKED
    assert problems_of(run) == [(2, "name_zh", "person.namesake")]
    assert not Person.objects.filter(number="00124").exists()


def test_new_problems_stop_the_import_of_the_good_rows_too(
    officer: Person, university: Unit
) -> None:
    run = checked(officer, university, ZHANG, LI, ["00125", "王五", "nonsense", None, None, None])
    PersonFactory.create(unit=university, number="NEW", name_zh="张三")
    job = imported(run, good_only=True)
    assert job.result == {"imported": False}
    assert (run.state, run.problem_count, run.good_count) == (RunState.CHECKED, 2, 1)
    assert not Person.objects.filter(number="00124").exists()


def test_a_person_created_meanwhile_is_updated(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG)
    PersonFactory.create(unit=university, number="00123", name_zh="张三", email="x@example.org")
    imported(run)
    assert run.state == RunState.APPLIED
    assert (run.counts["created"], run.counts["updated"]) == (0, 1)


def test_stop_changes_nothing(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG)
    job = services.apply_import(run, actor=officer)
    Job.objects.filter(pk=job.pk).update(stop_requested_at=job.created_at)
    run_now(job)
    run.refresh_from_db()
    assert everybody() == set()
    assert run.state == RunState.CHECKED


def test_the_job_may_be_repeated(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG)
    imported(run)
    counts = services.apply_now(run, good_only=False, progress=lambda done: None)
    assert counts is not None
    assert counts.created == 1
    assert everybody() == {("00123", "张三")}


def test_the_button_works_once(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG)
    twin = ImportRun.objects.get(pk=run.pk)
    services.apply_import(run, actor=officer)
    for stale in (run, twin):
        with pytest.raises(RuleViolation) as caught:
            services.apply_import(stale, actor=officer)
        assert caught.value.code == "exchange.state"


STEPS: dict[str, tuple[RunState, Any]] = {
    "map": (RunState.MAPPED, lambda r: services.map_columns(r, r.mapping, actor=r.actor)),
    "check": (RunState.CHECKED, lambda r: services.check_import(r, actor=r.actor)),
    "apply": (RunState.APPLYING, lambda r: services.apply_import(r, actor=r.actor)),
    "discard": (RunState.DISCARDED, lambda r: services.discard_import(r, actor=r.actor)),
}


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("step", list(STEPS))
def test_every_state_and_step(
    officer: Person, university: Unit, state: RunState, step: str
) -> None:
    run = checked(officer, university, ZHANG)
    moment = run.created_at if state == RunState.APPLIED else None
    ImportRun.objects.filter(pk=run.pk).update(state=state, applied_at=moment)
    run.refresh_from_db()
    to, act = STEPS[step]
    if to in RUN_TRANSITIONS[state]:
        act(run)
        run.refresh_from_db()
        assert run.state == to
    else:
        with pytest.raises(RuleViolation) as caught:
            act(run)
        assert caught.value.code == "exchange.state"
        run.refresh_from_db()
        assert run.state == state


def test_only_the_uploader_decides(officer: Person, university: Unit) -> None:
    run = checked(officer, university, ZHANG)
    colleague = make_person(Role.GRADUATE_OFFICER, unit=university)
    stranger = make_person(Role.GRADUATE_OFFICER)
    for person in (colleague, stranger):
        for act in (
            lambda p: services.apply_import(run, actor=p),
            lambda p: services.check_import(run, actor=p),
            lambda p: services.discard_import(run, actor=p),
            lambda p: services.map_columns(run, run.mapping, actor=p),
        ):
            with pytest.raises(Refused):
                act(person)


def test_nobody_imports_into_a_unit_of_others(officer: Person, university: Unit) -> None:
    elsewhere = UnitFactory.create()
    with pytest.raises(Refused):
        upload(officer, elsewhere, ZHANG)
    student = make_person(Role.STUDENT, unit=university)
    with pytest.raises(Refused):
        upload(student, university, ZHANG)


def test_five_thousand_people_in_few_queries(
    officer: Person, university: Unit, django_assert_max_num_queries: Any
) -> None:
    rows = [
        [f"S{n:05}", f"张{chr(0x4E00 + n)}", f"s{n}@example.org", None, None, "研究生"]
        for n in range(5_000)
    ]
    with django_assert_max_num_queries(60):
        run = checked(officer, university, *rows)
    assert run.counts["created"] == 5_000
    with django_assert_max_num_queries(300):
        imported(run)
    assert Person.objects.filter(number__startswith="S").count() == 5_000


def test_usernames_stay_unique_whatever_their_case(officer: Person, university: Unit) -> None:
    PersonFactory.create(username="ab1")
    imported(checked(officer, university, ["AB1", "张三"]))
    assert Person.objects.get(number="AB1").username == "AB1@mu"
