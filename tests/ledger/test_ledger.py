"""What is written, who reads it, and in which words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from cotutelle.institutions.services import change_unit
from cotutelle.ledger import access, actions, queries, services
from cotutelle.ledger.models import Entry, EntryPayload
from cotutelle.mentorship.models import Pair
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import PersonFactory, make_person
from tests.factories.programmes import StudentFactory

pytestmark = pytest.mark.django_db


def as_(person: Person) -> Client:
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def write(subject: Any, **given: Any) -> Entry:
    with transaction.atomic():
        return services.record(
            given.pop("action", "people.person.changed"),
            actor=given.pop("actor", None),
            subject=subject,
            **given,
        )


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_an_error() -> None:
    person = PersonFactory.create()
    with pytest.raises(RuntimeError, match="outside a transaction"):
        services.record("people.person.changed", actor=None, subject=person)
    assert not Entry.objects.exists()


def test_an_entry_takes_the_unit_of_its_subject_and_a_salt_of_its_own() -> None:
    person = PersonFactory.create()
    first, second = write(person), write(person)
    assert first.unit == person.unit
    salts = {bytes(p.salt) for p in EntryPayload.objects.all()}
    assert {len(s) for s in salts} == {32}
    assert len(salts) == 2
    assert first.pk < second.pk


def test_changes_are_said_in_words_in_both_languages() -> None:
    person = PersonFactory.create()
    before = {"is_active": True, "language": "en", "phone": "1", "same": 3, "day": None}
    after = {"is_active": False, "language": "zh-hans", "phone": "", "same": 3,
             "day": dt.date(2026, 1, 2)}  # fmt: skip
    write(person, before=before, after=after)
    with translation.override("en"):
        (line,) = queries.history_of(person)
        assert line.text == "Record changed"
        assert [(c.label, c.old, c.new) for c in line.changes] == [
            ("Telephone", "1", ""),
            ("Language", "English", "Chinese"),
            ("May sign in", "Yes", "No"),
            ("day", "", "2 Jan 2026"),
        ]
    with translation.override("zh-hans"):
        (line,) = queries.history_of(person)
        assert (line.who, line.text) == ("系统", "修改人员信息")
        assert ("可以登录", "是", "否") in [(c.label, c.old, c.new) for c in line.changes]


def test_identifiers_are_read_as_names_with_one_query_for_all_lines(
    django_assert_num_queries: Any,
) -> None:
    mentors = [MentorshipFactory.create().mentor for _ in range(3)]
    names = [mentor.person.name_zh for mentor in mentors]
    student = StudentFactory.create()
    with transaction.atomic():
        for one in mentors:
            services.record(
                "mentorship.pair.formed", actor=None, subject=Pair(pk=1, student=student),
                after={"first": str(one.public_id), "second": "旧名"},
            )  # fmt: skip
    entries = list(queries.entries_about(Pair(pk=1)))
    with translation.override("zh-hans"), django_assert_num_queries(1):
        found = queries.lines(entries)
    assert [[c.new for c in line.changes] for line in found] == [
        [name, "旧名"] for name in reversed(names)
    ]
    with translation.override("zh-hans"):
        assert queries.describe(entries[0]).changes == found[0].changes
    Person.objects.filter(pk=mentors[0].person_id).update(name_zh="已注销")
    with translation.override("zh-hans"):
        assert queries.lines(entries)[-1].changes[0].new == "已注销"


def test_a_proxy_is_named_with_the_principal() -> None:
    secretary = PersonFactory.create(name_zh="王秘书", name_en="Secretary Wang")
    mentor = PersonFactory.create(name_zh="张导", name_en="Mentor Zhang")
    entry = write(mentor, actor=secretary, on_behalf_of=mentor)
    with translation.override("en"):
        line = queries.describe(entry)
        assert (line.who, line.proxy) == ("Secretary Wang on behalf of Mentor Zhang", True)
    with translation.override("zh-hans"):
        assert queries.describe(entry).who == "王秘书（代张导办理）"


def test_lists_and_nested_values_are_readable() -> None:
    with translation.override("en"):
        assert (
            actions.value_text("people.person", "role", ["mentor", "student"]) == "Mentor, Student"
        )
        assert actions.value_text("x.y", "z", {"a_b": 1}) == "a b: 1"
    assert actions.label("nobody.named.this") == "nobody.named.this"


def test_destroyed_payloads_leave_the_entries() -> None:
    person, other = PersonFactory.create(), PersonFactory.create()
    write(person, after={"phone": "1"})
    write(other, after={"phone": "2"})
    assert services.destroy_payloads(person) == 1
    (line,) = queries.history_of(person)
    assert line.changes == ()
    assert queries.history_of(other)[0].changes != ()


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SYSTEM_ADMINISTRATOR, 200),
        (Role.INSPECTOR, 200),
        (Role.GRADUATE_OFFICER, 403),
        (Role.LEADER, 403),
        (Role.STUDENT, 403),
    ],
)
def test_who_opens_the_whole_history(role: Role, status: int) -> None:
    assert as_(make_person(role)).get("/history/").status_code == status


def test_an_inspector_reads_the_own_institution_and_below() -> None:
    inspector = make_person(Role.INSPECTOR)
    inside = UnitFactory.create(parent=inspector.unit, kind="department")
    outside = UnitFactory.create()
    change_unit(inside, name_en="Inside Ward", actor=None)
    change_unit(outside, name_en="Outside Ward", actor=None)
    text = as_(inspector).get("/history/").text
    assert "Inside Ward" in text
    assert "Outside Ward" not in text


def test_entries_without_a_unit_are_for_the_root_alone() -> None:
    nobody = PersonFactory.create(unit=None)
    write(nobody, after={"phone": "5550001"})
    assert "5550001" not in as_(make_person(Role.INSPECTOR)).get("/history/").text
    top = make_person(Role.INSPECTOR, unit=make_consortium())
    assert "5550001" in as_(top).get("/history/").text


def test_filters_of_the_history() -> None:
    inspector = make_person(Role.INSPECTOR)
    actor = PersonFactory.create(unit=inspector.unit, name_zh="李娜", name_en="Na Li")
    mine = {"unit": inspector.unit}
    write(actor, actor=actor, after={"phone": "111"}, **mine)
    write(actor, action="people.role.granted", after={"phone": "222"}, **mine)
    write(actor, actor=inspector, on_behalf_of=actor, after={"phone": "333"}, **mine)
    old = write(actor, actor=inspector, after={"phone": "444"}, **mine)
    Entry.objects.filter(pk=old.pk).update(at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    client = as_(inspector)
    for query, seen in [
        ("q=lina", {"111", "333"}),
        ("action=people.role.granted", {"222"}),
        ("proxy=1", {"333"}),
        ("system=1", {"222"}),
        ("since=7", {"111", "222", "333"}),
        (f"unit={inspector.unit and inspector.unit.public_id}", {"111", "222", "333", "444"}),
    ]:
        text = client.get(f"/history/?{query}").text
        assert {n for n in ("111", "222", "333", "444") if f"<ins>{n}</ins>" in text} == seen


@pytest.mark.parametrize("rows", [1, 3])
def test_the_history_is_flat_in_queries(rows: int, django_assert_num_queries: Any) -> None:
    inspector = make_person(Role.INSPECTOR)
    for _n in range(rows):
        write(PersonFactory.create(unit=inspector.unit), actor=PersonFactory.create())
    client = as_(inspector)
    client.get("/history/")
    with django_assert_num_queries(HISTORY_QUERIES):
        page = client.get("/history/")
    assert page.text.count("<tr><td") == rows


def test_the_history_of_one_thing_is_closed_until_its_room_opens_it() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    colleague = PersonFactory.create(unit=officer.unit)
    write(colleague, after={"phone": "1234"})
    url = f"/history/people.person/{colleague.public_id}/"
    assert "1234" in as_(officer).get(url).text
    assert "1234" in as_(colleague).get(url).text
    assert as_(PersonFactory.create()).get(url).status_code == 404
    assert as_(make_person(Role.GRADUATE_OFFICER)).get(url).status_code == 404

    kept = access._readers.pop("people.person")
    try:
        assert as_(officer).get(url).status_code == 404
    finally:
        access._readers["people.person"] = kept


@pytest.mark.parametrize("kind", ["people.nothing", "nothing", "sessions.session", "a.b.c"])
def test_unknown_things_have_no_history(kind: str) -> None:
    person = make_person(Role.SYSTEM_ADMINISTRATOR)
    assert as_(person).get(f"/history/{kind}/{person.public_id}/").status_code == 404


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_the_history_is_exported(fmt: str) -> None:
    inspector = make_person(Role.INSPECTOR)
    write(inspector, after={"phone": "+8613"})
    response = as_(inspector).get(f"/history/?format={fmt}")
    assert "attachment" in response["Content-Disposition"]
    if fmt == "csv":
        assert "+8613" in response.content.decode("utf-8-sig")


HISTORY_QUERIES = 8  # two of them are the frame: tasks and notices


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2026-01-02", "2 Jan 2026"),
        ("2026-01-02T10:00:00+08:00", "2 Jan 2026, 10:00"),
        ("546c0253-def5-4617-b5d6-87b237d25acd", "546c0253…"),
        ("fd" * 32, "fdfdfdfd…"),
        ("2026-13-02x", "2026-13-02x"),
    ],
)
def test_stored_signs_are_shown_as_people_read_them(stored: str, shown: str) -> None:
    with translation.override("en"):
        assert actions.value_text("people.person", "day", stored) == shown


def test_what_is_private_is_read_on_the_pages_of_its_own_room_alone() -> None:
    unit = UnitFactory.create()
    person = PersonFactory.create(unit=unit)
    inspector = make_person(Role.INSPECTOR, unit=unit)
    actions.register({"people.person.resting": "Rested", "rooms.slept": "Slept"}, is_private=True)
    for action in ("people.person.changed", "people.person.resting", "rooms.slept"):
        write(person, action=action, after={"hours": 3})
    seen = queries.visible_to(inspector).values_list("action", flat=True)
    assert list(seen) == ["people.person.changed"]
    told = [line.entry.action for line in queries.history_of(person)]
    assert told == ["people.person.resting", "people.person.changed"]
    assert "rooms.slept" not in actions.known()
