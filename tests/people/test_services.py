"""Every rule of people, roles, tokens and erasure."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
import zipfile
from typing import Any

import pytest
from django.db import connection

from cotutelle.core.clock import now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import EntryPayload
from cotutelle.ledger.queries import entries_about, history_of
from cotutelle.people import erasure, queries, services
from cotutelle.people.enums import Role
from cotutelle.people.models import ApiToken, Person, RoleGrant
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, RoleGrantFactory, make_person

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def code_of(refused: pytest.ExceptionInfo[RuleViolation]) -> str:
    return refused.value.code


# ---------------------------------------------------------------- people


def test_create_person_makes_a_sign_in_name_and_a_sort_key() -> None:
    unit = UnitFactory.create(code="MU")
    officer = make_person(Role.GRADUATE_OFFICER, unit=unit)
    first = services.create_person(unit=unit, actor=officer, name_zh="李娜", number="001")
    other = UnitFactory.create(code="H1")
    second = services.create_person(unit=other, actor=None, name_zh="李强", number="001")

    assert (first.username, second.username) == ("001", "001@h1")
    assert first.name_sort == "li na"
    assert not first.has_usable_password()
    assert history_of(first)[0].who == officer.display_name


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name_zh": " "}, "person.no_name"),
        ({"number": "taken"}, "person.number_taken"),
        ({"username": "TAKEN.NAME"}, "person.username_taken"),
        ({"language": "fr"}, "person.language"),
        ({"time_zone": "Mars/Olympus"}, "person.time_zone"),
    ],
)
def test_create_person_refuses(given: dict[str, Any], code: str) -> None:
    unit = UnitFactory.create()
    PersonFactory.create(unit=unit, number="taken", username="taken.name")
    with pytest.raises(RuleViolation) as refused:
        services.create_person(unit=unit, actor=None, **{"name_zh": "李娜", **given})
    assert code_of(refused) == code
    assert Person.objects.filter(unit=unit).count() == 1


def test_create_person_refuses_an_archived_unit_and_a_stranger() -> None:
    archived = UnitFactory.create(state="archived")
    with pytest.raises(RuleViolation) as refused:
        services.create_person(unit=archived, actor=None, name_zh="李娜")
    assert code_of(refused) == "unit.archived"
    stranger = make_person(Role.GRADUATE_OFFICER)
    with pytest.raises(Refused):
        services.create_person(unit=UnitFactory.create(), actor=stranger, name_zh="李娜")


@pytest.mark.parametrize(
    "role", [Role.STUDENT, Role.MENTOR, Role.LEADER, Role.INSPECTOR, Role.COUNSELLOR]
)
def test_change_person_refuses_roles_that_keep_no_records(role: Role) -> None:
    actor = make_person(role)
    colleague = PersonFactory.create(unit=actor.unit)
    with pytest.raises(Refused):
        services.change_person(colleague, actor=actor, phone="1")


def test_change_person_hides_identity_numbers_from_the_history() -> None:
    person = PersonFactory.create(identity_number="110101199001010000")
    services.change_person(person, actor=None, identity_number="110101199001011111", phone="2")
    stored = json.dumps(list(EntryPayload.objects.values_list("before", "after")))
    assert "1101011990" not in stored
    assert {c.new for c in history_of(person)[0].changes} == {"•••", "2"}


def test_moving_a_person_needs_the_permission_on_both_units() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    person = PersonFactory.create(unit=officer.unit)
    with pytest.raises(Refused):
        services.change_person(person, actor=officer, unit=UnitFactory.create())


def test_a_profile_is_ones_own() -> None:
    me, other = PersonFactory.create(), PersonFactory.create()
    services.change_own_profile(me, actor=me, phone="123")
    me.refresh_from_db()
    assert me.phone == "123"
    with pytest.raises(Refused):
        services.change_own_profile(other, actor=me, phone="123")
    with pytest.raises(ValueError, match="number"):
        services.change_own_profile(me, actor=me, number="9")


def test_deactivation_counts_what_changed_and_spares_oneself() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    open_, closed = (PersonFactory.create(unit=officer.unit, is_active=a) for a in (True, False))
    assert services.deactivate_people([open_, closed], actor=officer) == 1
    assert services.reactivate_people([open_, closed], actor=officer) == 2
    with pytest.raises(RuleViolation) as refused:
        services.deactivate_people([open_, officer], actor=officer)
    assert code_of(refused) == "person.self"
    open_.refresh_from_db()
    assert open_.is_active
    with pytest.raises(Refused):
        services.deactivate_people([open_, PersonFactory.create()], actor=officer)


# ---------------------------------------------------------------- roles


def test_grant_role_records_and_counts_at_once() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    person = PersonFactory.create(unit=officer.unit)
    services.grant_role(person, Role.MENTOR, officer.unit, actor=officer)
    assert Person.objects.get(pk=person.pk).roles == {Role.MENTOR}
    assert history_of(person)[0].entry.action == "people.role.granted"


def _grant(person: Person, role: str = Role.MENTOR, **given: Any) -> RoleGrant:
    return services.grant_role(person, role, given.pop("unit", person.unit), actor=None, **given)


def test_grant_role_refuses_what_overlaps_and_allows_what_follows() -> None:
    person = PersonFactory.create()
    _grant(person, starts_on=today(), ends_on=today() + 9 * DAY)
    with pytest.raises(RuleViolation) as refused:
        _grant(person, starts_on=today() + 9 * DAY)
    assert code_of(refused) == "grant.overlap"
    _grant(person, starts_on=today() + 10 * DAY)
    _grant(person, unit=UnitFactory.create())
    assert person.grants.count() == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"role": "emperor"}, "grant.role"),
        ({"starts_on": dt.date(2026, 2, 2), "ends_on": dt.date(2026, 2, 1)}, "grant.period"),
    ],
)
def test_grant_role_refuses_nonsense(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        _grant(PersonFactory.create(), **change)
    assert code_of(refused) == code


def test_grant_role_refuses_closed_people_and_archived_units() -> None:
    with pytest.raises(RuleViolation) as refused:
        _grant(PersonFactory.create(is_active=False))
    assert code_of(refused) == "person.inactive"
    with pytest.raises(RuleViolation) as refused:
        _grant(PersonFactory.create(), unit=UnitFactory.create(state="archived"))
    assert code_of(refused) == "unit.archived"


@pytest.mark.parametrize(
    ("first", "second"),
    [(Role.STUDENT_ADVISER, Role.COUNSELLOR), (Role.COUNSELLOR, Role.STUDENT_ADVISER)],
)
def test_an_adviser_is_never_the_counsellor(first: Role, second: Role) -> None:
    person = PersonFactory.create()
    _grant(person, first, starts_on=today() - 9 * DAY, ends_on=today())
    elsewhere = UnitFactory.create()
    with pytest.raises(RuleViolation) as refused:
        _grant(person, second, unit=elsewhere)
    assert code_of(refused) == "grant.exclusive"
    _grant(person, second, unit=elsewhere, starts_on=today() + DAY)


@pytest.mark.django_db(transaction=True)
def test_two_offices_at_once_cannot_make_somebody_both() -> None:
    person = PersonFactory.create()
    barrier = threading.Barrier(2, timeout=20)
    outcomes: list[str] = []

    def give(role: Role) -> None:
        barrier.wait()
        try:
            _grant(Person.objects.select_related("unit").get(pk=person.pk), role)
            outcomes.append("given")
        except RuleViolation as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    roles = (Role.STUDENT_ADVISER, Role.COUNSELLOR)
    threads = [threading.Thread(target=give, args=(role,)) for role in roles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["given", "grant.exclusive"]


def test_nobody_gives_a_role_to_themselves_or_beyond_their_unit() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    with pytest.raises(RuleViolation) as refused:
        services.grant_role(officer, Role.MENTOR, officer.unit, actor=officer)
    assert code_of(refused) == "grant.self"
    with pytest.raises(Refused):
        services.grant_role(
            PersonFactory.create(), Role.MENTOR, UnitFactory.create(), actor=officer
        )


def test_only_administrators_make_and_unmake_administrators() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    person = PersonFactory.create(unit=officer.unit)
    with pytest.raises(Refused) as refused:
        services.grant_role(person, Role.SYSTEM_ADMINISTRATOR, officer.unit, actor=officer)
    assert refused.value.code == "grant.administrator"
    given = RoleGrantFactory.create(person=person, role=Role.SYSTEM_ADMINISTRATOR)
    with pytest.raises(Refused):
        services.end_grant(given, actor=officer)


def test_end_grant_takes_effect_at_once() -> None:
    given = RoleGrantFactory.create(role=Role.MENTOR)
    services.end_grant(given, actor=None)
    given.refresh_from_db()
    assert given.ends_on == today() - DAY
    assert Person.objects.get(pk=given.person_id).roles == frozenset()
    with pytest.raises(RuleViolation) as refused:
        services.end_grant(given, actor=None)
    assert code_of(refused) == "grant.ended"


def test_end_grant_takes_away_what_began_today_but_keeps_the_history() -> None:
    given = RoleGrantFactory.create(role=Role.MENTOR, starts_on=today())
    services.end_grant(given, actor=None)
    assert not RoleGrant.objects.filter(pk=given.pk).exists()
    assert history_of(given.person)[0].entry.action == "people.role.ended"


def test_the_last_administrator_stays() -> None:
    first = RoleGrantFactory.create(role=Role.SYSTEM_ADMINISTRATOR)
    with pytest.raises(RuleViolation) as refused:
        services.end_grant(first, actor=None)
    assert code_of(refused) == "grant.last_administrator"
    RoleGrantFactory.create(role=Role.SYSTEM_ADMINISTRATOR)
    services.end_grant(first, actor=None)


# ---------------------------------------------------------------- tokens, search


def test_a_token_is_kept_as_a_hash_and_works_until_it_is_dead() -> None:
    me = PersonFactory.create()
    token, raw = services.create_token(me, "timetable", days=30, actor=me)
    assert raw not in json.dumps(list(ApiToken.objects.values()), default=str)
    assert queries.person_of_token(raw) == me
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert queries.person_of_token(raw + "x") is None

    ApiToken.objects.update(expires_at=now())
    assert queries.person_of_token(raw) is None
    ApiToken.objects.update(expires_at=now() + DAY)
    Person.objects.update(is_active=False)
    assert queries.person_of_token(raw) is None
    Person.objects.update(is_active=True)
    services.revoke_token(token, actor=me)
    assert queries.person_of_token(raw) is None
    with pytest.raises(RuleViolation) as refused:
        services.revoke_token(token, actor=me)
    assert code_of(refused) == "token.revoked"


def test_tokens_are_made_and_revoked_by_their_owner_alone() -> None:
    me, administrator = PersonFactory.create(), make_person(Role.SYSTEM_ADMINISTRATOR)
    token, _raw = services.create_token(me, "timetable", days=30, actor=me)
    with pytest.raises(Refused):
        services.create_token(me, "x", days=30, actor=administrator)
    with pytest.raises(Refused):
        services.revoke_token(token, actor=administrator)


@pytest.mark.parametrize("text", ["李娜", "lina", "LI", "Na Li", "00123", "ｌｉｎａ", "李 0012"])
def test_search_finds_by_name_pinyin_and_number(text: str) -> None:
    wanted = PersonFactory.create(name_zh="李娜", name_en="Na Li", number="0012345")
    PersonFactory.create(name_zh="王伟", name_en="Wei Wang", number="999", username="w", email="")
    assert list(queries.search(Person.objects.all(), text)) == [wanted]


# ---------------------------------------------------------------- taking out, erasing


def test_export_holds_what_the_rooms_know() -> None:
    me = make_person(Role.STUDENT, phone="12345")
    services.change_own_profile(me, actor=me, phone="67890")
    me.refresh_from_db()
    erasure.register_exporter("test-room", lambda person: {"likes": [person.number]})
    try:
        packed = zipfile.ZipFile(io.BytesIO(services.export_person(me, actor=me)))
    finally:
        erasure._exporters.pop("test-room")
    data = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert data["person.json"]["phone"] == "67890"
    assert data["person.json"]["roles"][0]["role"] == "student"
    assert data["test-room.json"] == {"likes": [me.number]}
    assert data["history.json"][0]["before"] == {"phone": "12345"}


def test_export_and_erasure_are_for_those_whom_the_rules_name() -> None:
    person, officer = PersonFactory.create(), make_person(Role.GRADUATE_OFFICER)
    colleague = PersonFactory.create(unit=officer.unit)
    for actor in (colleague, make_person(Role.SYSTEM_ADMINISTRATOR)):
        with pytest.raises(Refused):
            services.export_person(person, actor=actor)
    with pytest.raises(Refused):
        services.erase_person(colleague, actor=officer)


def test_erase_person_leaves_that_something_happened_and_nothing_else() -> None:
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR)
    person = PersonFactory.create(unit=administrator.unit, name_zh="李娜", phone="13800000000")
    services.change_person(person, actor=administrator, phone="13900000000")
    _token, raw = services.create_token(person, "x", days=3, actor=person)
    forgotten: list[int] = []
    erasure.register_eraser("test-room", lambda one: forgotten.append(one.pk))
    try:
        services.erase_person(person, actor=administrator)
    finally:
        erasure._erasers.pop("test-room")

    person = Person.objects.get(pk=person.pk)
    row = json.dumps(Person.objects.filter(pk=person.pk).values().get(), default=str)
    assert [t for t in ("李娜", "\\u674e", "li na", "1390000", "1380000") if t in row] == []
    assert person.display_name in {"Erased person", "已抹除人员"}
    assert not person.is_active
    assert queries.person_of_token(raw) is None
    assert forgotten == [person.pk]
    entries = list(entries_about(person))
    assert entries[0].action == "people.person.erased"
    assert "people.person.changed" in [e.action for e in entries]
    assert all(line.changes == () for line in history_of(person))
    with pytest.raises(RuleViolation) as refused:
        services.erase_person(person, actor=administrator)
    assert code_of(refused) == "person.erased"
    with pytest.raises(RuleViolation) as refused:
        services.reactivate_people([person], actor=None)
    assert code_of(refused) == "person.erased"


def test_nobody_erases_themselves() -> None:
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR)
    with pytest.raises(RuleViolation) as refused:
        services.erase_person(administrator, actor=administrator)
    assert code_of(refused) == "person.self"
