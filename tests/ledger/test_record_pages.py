"""A person's record, one entry of the log, and what stands in an institution's name."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from django.core.cache import cache

from cotutelle.engines.translog import Policy, check_entry
from cotutelle.institutions.models import Unit
from cotutelle.ledger import actions
from cotutelle.ledger.models import Anchor, Entry, EntryPayload, Leaf
from cotutelle.ledger.queries.log import policy_text
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory
from tests.factories.log import WatchedLog, make_log
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.ledger.readers import decide, reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def log(settings: Any, tmp_path: Any) -> WatchedLog:
    return make_log(settings, tmp_path)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_decision_goes_from_waiting_to_anchored_under_the_students_eyes(log: WatchedLog) -> None:
    student = StudentFactory.create()
    me = reading(student.person)
    decide(1, student)
    assert "waiting for its place" in me.get("/log/me/").text
    head = log.seal()
    leaf = Leaf.objects.order_by("-index")[0]
    assert f"in the log: no. {leaf.index}" in me.get("/log/me/").text
    assert me.get(f"/log/1/entries/{leaf.index}/proof.tlog-proof").status_code == 404
    log.cosign(head)
    log.publish()
    page = me.get("/log/me/").text
    assert "witnessed by 3 of 3" in page
    assert f"/log/1/entries/{leaf.index}/evidence.json" in page
    Anchor.objects.create(
        shard=log.shard, kind="evm", size=log.shard.size, root=bytes(32), state="confirmed",
        sent_at=head.made_at, confirmed_at=head.made_at,
    )  # fmt: skip
    assert "witnessed by 3 of 3, anchored" in me.get("/log/me/").text


def test_the_evidence_of_a_decision_convinces_a_stranger(log: WatchedLog) -> None:
    student = StudentFactory.create()
    decide(2, student)
    log.publish()
    leaf = Leaf.objects.filter(entry__person=student.person).order_by("index")[0]
    me = reading(student.person)
    evidence = me.get(f"/log/1/entries/{leaf.index}/evidence.json")
    assert "attachment" in evidence["Content-Disposition"]
    found = json.loads(evidence.content)
    entry = check_entry(found["entry"], found["payload"], found["salt"])
    proven = Policy.parse(policy_text()).verify(entry.data, found["proof"])
    assert proven.index == leaf.index
    assert found["payload"]["after"] == {"grade": 1, "name": student.person.name_zh}
    proof = me.get(f"/log/1/entries/{leaf.index}/proof.tlog-proof").text
    assert proof == found["proof"]


def record_of(reader: Person | None, student: Any) -> int:
    return reading(reader).get(f"/log/people/{student.person.public_id}/").status_code


def test_who_reads_a_students_record(log: WatchedLog) -> None:
    """The student, the mentors and the graduate school; nobody else of the house."""
    student = StudentFactory.create()
    mentor = MentorshipFactory.create(student=student).mentor
    decide(1, student)
    log.publish()
    officer = make_person(Role.GRADUATE_OFFICER, unit=student.unit)
    assert record_of(student.person, student) == 200
    assert record_of(mentor.person, student) == 200
    assert record_of(officer, student) == 200
    strangers = [
        StudentFactory.create(cohort=student.cohort).person,
        MentorshipFactory.create().mentor.person,
        make_person(Role.GRADUATE_OFFICER),
        *(
            make_person(role, unit=student.unit)
            for role in (
                Role.SYSTEM_ADMINISTRATOR, Role.PARTNER_OFFICER, Role.LEADER, Role.STUDENT_ADVISER,
                Role.COUNSELLOR, Role.DEPARTMENT_SECRETARY,
            )
        ),
    ]  # fmt: skip
    assert {record_of(stranger, student) for stranger in strangers} == {404}
    assert record_of(None, student) == 302


def test_the_students_page_leads_to_the_record_for_those_who_may_read_it(
    log: WatchedLog,
) -> None:
    student = StudentFactory.create()
    mentor = MentorshipFactory.create(student=student).mentor
    adviser = make_person(Role.STUDENT_ADVISER, unit=student.unit)
    page, link = f"/students/{student.public_id}/", f"/log/people/{student.person.public_id}/"
    assert link in reading(mentor.person).get(page).text
    shown = reading(adviser).get(page)
    assert shown.status_code == 200
    assert link not in shown.text


def test_what_is_private_is_only_the_persons_own(
    log: WatchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_private", {*actions._private, "programmes.student.changed"})
    student = StudentFactory.create()
    mentor = MentorshipFactory.create(student=student).mentor
    decide(1, student)
    log.publish()
    leaf = Leaf.objects.get(entry__person=student.person)
    theirs = reading(mentor.person)
    assert "Student record changed" in reading(student.person).get("/log/me/").text
    assert (
        "Student record changed" not in theirs.get(f"/log/people/{student.person.public_id}/").text
    )
    assert "payload" not in json.loads(
        theirs.get(f"/log/1/entries/{leaf.index}/evidence.json").content
    )


def test_the_entry_shows_its_content_to_those_entitled_alone(log: WatchedLog) -> None:
    student = StudentFactory.create()
    decide(1, student, name_zh="欧阳晓明")
    log.publish()
    leaf = Leaf.objects.get(entry__person=student.person)
    page = f"/log/1/entries/{leaf.index}/"
    mine = reading(student.person).get(page).text
    assert "欧阳晓明" in mine
    assert "Computed just now: it fits." in mine
    for stranger in (None, StudentFactory.create().person, make_person(Role.GRADUATE_OFFICER)):
        text = reading(stranger).get(page).text
        assert leaf.commitment in text
        assert "欧阳晓明" not in text
        assert "The person concerned and the institution keep it" in text


def test_a_changed_content_is_shown_as_such(log: WatchedLog) -> None:
    student = StudentFactory.create()
    decide(1, student)
    log.publish()
    leaf = Leaf.objects.get(entry__person=student.person)
    kept = EntryPayload.objects.get(entry=leaf.entry)
    EntryPayload.objects.filter(pk=kept.pk).update(
        committed=kept.committed.replace('"grade":1', '"grade":5')
    )
    text = reading(student.person).get(f"/log/1/entries/{leaf.index}/").text
    assert "Computed just now: it does not fit." in text
    assert "it fits" not in text


def test_what_was_erased_leaves_a_tombstone(log: WatchedLog) -> None:
    student = StudentFactory.create()
    mentor = MentorshipFactory.create(student=student).mentor
    decide(2, student)
    log.publish()
    gone = Leaf.objects.filter(entry__person=student.person).order_by("index")[0]
    EntryPayload.objects.filter(entry=gone.entry).delete()
    text = reading(mentor.person).get(f"/log/people/{student.person.public_id}/").text
    assert text.count("Erased: tombstone") == 1
    assert f"/log/1/entries/{gone.index}/" in text
    entry = reading(student.person).get(f"/log/1/entries/{gone.index}/").text
    assert "What this entry was about has been erased" in entry
    evidence = json.loads(
        reading(student.person).get(f"/log/1/entries/{gone.index}/evidence.json").content
    )
    assert set(evidence) == {"entry", "proof"}
    history = reading(make_person(Role.INSPECTOR, unit=student.unit)).get("/history/").text
    assert "Erased: tombstone" in history


def test_filters_search_and_export_of_the_record(log: WatchedLog) -> None:
    student = StudentFactory.create()
    decide(3, student)
    log.publish()
    me = reading(student.person)
    assert "3 decisions" in me.get("/log/me/").text
    assert "3 decisions" in me.get("/log/me/?q=record+STUDENT").text
    assert "Nothing matches these filters." in me.get("/log/me/?q=mentor").text
    year = Entry.objects.filter(person=student.person)[0].at.year
    assert "3 decisions" in me.get(f"/log/me/?year={year}&kind=decision").text
    assert "Nothing matches these filters." in me.get("/log/me/?kind=credential").text
    sheet = openpyxl.load_workbook(io.BytesIO(me.get("/log/me/?format=xlsx").content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert "Exported by" in rows[0][0]
    assert [row[0] for row in rows[2:]] == [3, 2, 1]
    assert {row[5] for row in rows[2:]} == {"witnessed by 3 of 3"}


def test_an_empty_record_and_what_it_would_prove() -> None:
    me = reading(make_person(Role.STUDENT))
    assert "Nothing has been decided yet." in me.get("/log/me/").text
    assert "That each decision was made on its day" in me.get("/log/me/proves/").text


def test_the_record_costs_the_same_for_one_and_for_three(
    log: WatchedLog, django_assert_num_queries: Any
) -> None:
    student = StudentFactory.create()
    me = reading(student.person)
    me.get("/log/me/")
    for more in (1, 2):
        decide(more, student)
        log.publish()
        with django_assert_num_queries(14):
            me.get("/log/me/")


# ---------------------------------------------------------------- in an institution's name


def test_a_partner_sees_what_stands_in_its_name_and_nothing_else(log: WatchedLog) -> None:
    ours = UnitFactory.create(kind="hospital", parent=Unit.objects.get(parent=None))
    theirs = UnitFactory.create(kind="hospital", parent=ours.parent)
    for unit in (ours, theirs):
        student = StudentFactory.create()
        decide(1, student)
        Entry.objects.filter(person=student.person).update(unit=unit)
    log.publish()
    leaves = {leaf.issuer.rsplit("/", 1)[-1]: leaf for leaf in Leaf.objects.all()}
    officer = reading(make_person(Role.PARTNER_OFFICER, unit=ours))
    text = officer.get("/log/issued/").text
    assert leaves[ours.code].commitment[:16] in text
    assert leaves[theirs.code].commitment[:16] not in text
    sheet = openpyxl.load_workbook(io.BytesIO(officer.get("/log/issued/?format=xlsx").content))
    rows = list(sheet.active.iter_rows(values_only=True))
    assert [row[5] for row in rows[1:]] == [leaves[ours.code].commitment]
    for role in (Role.STUDENT, Role.MENTOR, Role.COUNSELLOR):
        assert reading(make_person(role)).get("/log/issued/").status_code == 403
