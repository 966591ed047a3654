"""Password, reset, lockout and second factor, as somebody meets them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cotutelle.ledger.queries import history_of
from cotutelle.people import demo_logins
from cotutelle.people.demo_logins import DemoLogin
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.people import PASSWORD, PersonFactory, make_person

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
STRONG = "another long passphrase"


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> None:
    cache.clear()


@pytest.fixture
def visitor() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies["language"] = "en"
    return client


def sign_in(visitor: Client, name: str, password: str = PASSWORD) -> Any:
    return visitor.post(LOGIN, {"login": name, "password": password})


def is_signed_in(visitor: Client) -> bool:
    return "_auth_user_id" in visitor.session


def set_up_totp(person: Person) -> str:
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter):06}"


@pytest.mark.parametrize("name", ["li.na", "LI.NA", "li.na@example.org", "Li.Na@Example.org"])
def test_sign_in_by_name_or_email_in_any_case(visitor: Client, name: str) -> None:
    person = PersonFactory.create(username="li.na", email="li.na@example.org")
    response = sign_in(visitor, name)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert visitor.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize(
    ("name", "password"), [("li.na", "wrong"), ("nobody", PASSWORD), ("li.na", "")]
)
def test_a_wrong_name_or_password_is_refused_with_one_sentence(
    visitor: Client, name: str, password: str
) -> None:
    PersonFactory.create(username="li.na")
    response = sign_in(visitor, name, password)
    assert response.status_code == 200
    assert not is_signed_in(visitor)
    if password:
        assert "The sign-in name or the password is not correct." in response.text


def test_a_closed_account_is_told_so_and_stays_out(visitor: Client) -> None:
    PersonFactory.create(username="li.na", is_active=False)
    response = visitor.post(LOGIN, {"login": "li.na", "password": PASSWORD}, follow=True)
    assert not is_signed_in(visitor)
    assert "Sign-in is closed" in response.text or "is not correct" in response.text


def test_closing_sign_in_ends_running_sessions(visitor: Client) -> None:
    person = PersonFactory.create(username="li.na")
    sign_in(visitor, "li.na")
    assert visitor.get("/people/me/").status_code == 200
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert visitor.get("/people/me/").status_code == 302


def test_nobody_signs_up(visitor: Client) -> None:
    response = visitor.post("/account/signup/", {"username": "x", "password1": STRONG})
    assert response.status_code == 403
    assert "Accounts come from your office" in response.text
    assert not Person.objects.filter(username="x").exists()


def test_next_leads_only_to_this_site(visitor: Client) -> None:
    PersonFactory.create(username="li.na")
    for wanted, reached in [("/people/me/", "/people/me/"), ("https://evil.example/", "/")]:
        visitor.logout()
        response = visitor.post(LOGIN, {"login": "li.na", "password": PASSWORD, "next": wanted})
        assert response["Location"] == reached


# ---------------------------------------------------------------- lockout


def test_five_wrong_passwords_pause_sign_in_and_say_what_to_do(visitor: Client) -> None:
    PersonFactory.create(username="li.na")
    for _attempt in range(4):
        assert sign_in(visitor, "li.na", "wrong").status_code == 200
    fifth = sign_in(visitor, "li.na", "wrong")
    assert fifth.status_code == 429
    assert "paused for 15 minutes" in fifth.text
    assert "Wait 15 minutes, then try again." in fifth.text
    assert sign_in(visitor, "LI.NA").status_code == 429
    assert not is_signed_in(visitor)


def test_the_pause_ends_after_fifteen_minutes(visitor: Client, settings: Any) -> None:
    import datetime as dt  # noqa: PLC0415

    import time_machine  # noqa: PLC0415

    PersonFactory.create(username="li.na")
    start = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=True) as clock:
        for _attempt in range(5):
            sign_in(visitor, "li.na", "wrong")
        clock.move_to(start + dt.timedelta(minutes=14))
        assert sign_in(visitor, "li.na").status_code == 429
        clock.move_to(start + dt.timedelta(minutes=16))
        assert sign_in(visitor, "li.na").status_code == 302
        assert is_signed_in(visitor)


def test_a_pause_hits_neither_others_nor_other_places(visitor: Client) -> None:
    PersonFactory.create(username="li.na")
    PersonFactory.create(username="wang.wei")
    for _attempt in range(5):
        sign_in(visitor, "li.na", "wrong")
    assert sign_in(Client(), "wang.wei").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="10.1.2.3"), "li.na").status_code == 302


def test_a_right_password_resets_the_count(visitor: Client) -> None:
    PersonFactory.create(username="li.na")
    for _round in range(2):
        for _attempt in range(4):
            sign_in(visitor, "li.na", "wrong")
        assert sign_in(visitor, "li.na").status_code == 302
        visitor.logout()


# ---------------------------------------------------------------- reset and change


def _reset_link() -> str:
    (message,) = mail.outbox
    found = re.search(r"http://testserver(\S+)", str(message.body))
    assert found
    return found[1]


def test_reset_by_email_in_the_persons_language(visitor: Client) -> None:
    person = PersonFactory.create(username="li.na", email="li.na@example.org", language="zh-hans")
    visitor.post("/account/password/reset/", {"email": "li.na@example.org"})
    assert mail.outbox[0].to == ["li.na@example.org"]
    assert person.name_zh in str(mail.outbox[0].body)
    assert mail.outbox[0].subject == "设置协培系统的新密码"
    link = _reset_link()

    form = visitor.get(link, follow=True)
    set_url = form.redirect_chain[-1][0]
    visitor.post(set_url, {"password1": STRONG, "password2": STRONG})

    assert sign_in(visitor, "li.na", PASSWORD).status_code == 200
    assert sign_in(visitor, "li.na", STRONG).status_code == 302
    actions = [line.entry.action for line in history_of(person)]
    assert "people.password.changed" in actions
    again = Client(headers={"accept-language": "en"}).get(link, follow=True)
    assert "This link no longer works" in again.text


def test_reset_does_not_say_who_is_known(visitor: Client) -> None:
    PersonFactory.create(email="known@example.org")
    pages = [
        visitor.post("/account/password/reset/", {"email": e}, follow=True).text
        for e in ("known@example.org", "unknown@example.org")
    ]
    tokens = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
    assert tokens.sub("", pages[0]) == tokens.sub("", pages[1])
    assert [m.to for m in mail.outbox] == [["known@example.org"]]


def test_reset_goes_to_the_present_address_only(visitor: Client) -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415

    from cotutelle.people.services import change_own_profile  # noqa: PLC0415

    person = PersonFactory.create(email="old@example.org")
    EmailAddress.objects.create(user=person, email="old@example.org", verified=True, primary=True)
    change_own_profile(person, actor=person, email="new@example.org")
    visitor.post("/account/password/reset/", {"email": "old@example.org"})
    assert mail.outbox == []


@pytest.mark.parametrize("weak", ["short", "1234567890123", "password123"])
def test_weak_passwords_are_refused(visitor: Client, weak: str) -> None:
    PersonFactory.create(username="li.na")
    sign_in(visitor, "li.na")
    visitor.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": weak, "password2": weak},
    )
    assert sign_in(Client(), "li.na", PASSWORD).status_code == 302


def test_change_of_password_signs_other_devices_out(visitor: Client) -> None:
    PersonFactory.create(username="li.na")
    other = Client()
    sign_in(other, "li.na")
    sign_in(visitor, "li.na")
    response = visitor.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": STRONG, "password2": STRONG},
    )
    assert response["Location"] == reverse("people:security")
    assert visitor.get("/people/me/").status_code == 200
    assert other.get("/people/me/").status_code == 302


# ---------------------------------------------------------------- second factor


def test_a_second_factor_is_asked_after_the_password(visitor: Client) -> None:
    person = PersonFactory.create(username="li.na")
    secret = set_up_totp(person)
    response = sign_in(visitor, "li.na")
    assert response["Location"].startswith("/account/2fa/authenticate/")
    assert not is_signed_in(visitor)

    wrong = visitor.post("/account/2fa/authenticate/", {"code": "000000"})
    assert "The code is not correct" in wrong.text
    assert not is_signed_in(visitor)

    visitor.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert is_signed_in(visitor)


def test_a_recovery_code_works_once(visitor: Client) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: PLC0415

    person = PersonFactory.create(username="li.na")
    set_up_totp(person)
    codes = RecoveryCodes.activate(person).get_unused_codes()
    for accepted in (True, False):
        one = Client()
        sign_in(one, "li.na")
        one.post("/account/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(one) is accepted


@pytest.mark.django_db(transaction=True)
def test_setting_up_a_second_factor(visitor: Client) -> None:
    person = PersonFactory.create(username="li.na")
    sign_in(visitor, "li.na")
    page = visitor.get("/account/2fa/totp/activate/")
    secret = page.context["form"].secret
    assert secret in page.text
    response = visitor.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.status_code == 302
    types = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    assert types == {"totp", "recovery_codes"}
    codes = visitor.get("/account/2fa/recovery-codes/")
    assert "10 of 10 codes are unused." in codes.text
    assert [line.entry.action for line in history_of(person)].count(
        "people.second_factor.added"
    ) == 2


def test_an_administrator_removes_a_lost_second_factor_and_an_officer_does_not(
    visitor: Client,
) -> None:
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR, Role.GRADUATE_OFFICER)
    officer = make_person(Role.GRADUATE_OFFICER, unit=administrator.unit)
    person = PersonFactory.create(username="li.na", unit=administrator.unit)
    set_up_totp(person)
    url = f"/people/{person.public_id}/second-factor/"
    for actor, status, left in [(officer, 403, True), (administrator, 302, False)]:
        visitor.force_login(actor, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert visitor.post(url).status_code == status
        assert Authenticator.objects.filter(user=person).exists() is left
    assert visitor.post(url).status_code == 409
    assert sign_in(Client(), "li.na")["Location"] == "/"


def test_staff_must_set_up_a_second_factor_where_the_setting_says_so(
    visitor: Client, settings: Any
) -> None:
    settings.COTUTELLE_STAFF_MFA = True
    staff = make_person(Role.DEPARTMENT_SECRETARY, username="office")
    sign_in(visitor, "office")
    for page in ("/people/", "/people/me/", "/units/"):
        response = visitor.get(page)
        assert (response.status_code, response["Location"]) == (302, "/account/2fa/totp/activate/")
    secret = visitor.get("/account/2fa/totp/activate/").context["form"].secret
    visitor.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert visitor.get("/people/").status_code == 200
    assert Authenticator.objects.filter(user=staff, type="totp").exists()


@pytest.mark.parametrize("role", [Role.STUDENT, Role.MENTOR, Role.BEDSIDE_TEACHER])
def test_others_need_none(visitor: Client, settings: Any, role: Role) -> None:
    settings.COTUTELLE_STAFF_MFA = True
    make_person(role, username="other")
    sign_in(visitor, "other")
    assert visitor.get("/people/me/").status_code == 200


def test_staff_without_the_setting_need_none(visitor: Client) -> None:
    make_person(Role.DEPARTMENT_SECRETARY, username="office")
    sign_in(visitor, "office")
    assert visitor.get("/people/me/").status_code == 200


# ---------------------------------------------------------------- demo, language


def test_demo_logins_show_in_a_demo_only(visitor: Client, settings: Any) -> None:
    demo_logins.register(lambda: [DemoLogin("Student", "Li Na", "li.na", "demo-secret")])
    try:
        settings.COTUTELLE_DEMO = True
        assert "demo-secret" in visitor.get(LOGIN).text
        settings.COTUTELLE_DEMO = False
        assert "demo-secret" not in visitor.get(LOGIN).text
    finally:
        demo_logins.register(list)


def test_set_language_keeps_cookie_and_person(visitor: Client) -> None:
    person = PersonFactory.create(language="zh-hans")
    visitor.force_login(person)
    response = visitor.post("/people/language/", {"language": "en", "next": "/people/me/"})
    assert response["Location"] == "/people/me/"
    assert response.cookies["language"].value == "en"
    person.refresh_from_db()
    assert person.language == "en"


@pytest.mark.parametrize(
    ("language", "target"), [("xx", "/"), ("en", "//evil.example/"), ("en", "no-page")]
)
def test_set_language_ignores_what_it_does_not_know(
    visitor: Client, language: str, target: str
) -> None:
    response = visitor.post("/people/language/", {"language": language, "next": target})
    assert response["Location"] == "/"
    assert ("language" in response.cookies) is (language == "en")


def test_set_language_takes_no_get(visitor: Client) -> None:
    assert visitor.get("/people/language/").status_code == 405
