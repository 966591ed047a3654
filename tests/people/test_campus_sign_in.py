"""OIDC and CAS against a campus on this machine: known people in, nobody made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from cotutelle.config.settings.signin import social_providers
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory
from tests.factories.people import PersonFactory, make_person
from tests.people.campus import CLIENT_ID, CLIENT_SECRET, Campus, open_campus

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    cache.clear()
    client = Client(headers={"accept-language": "en", "host": "testserver"})
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def campus(settings: Any) -> Iterator[Campus]:
    with open_campus() as running:
        given = {
            "id": "campus",
            "name": "Example University",
            "issuer": running.url,
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
        }
        settings.SOCIALACCOUNT_PROVIDERS = social_providers({"COTUTELLE_OIDC": json.dumps(given)})
        settings.CAS_SERVER_URL = f"{running.url}/cas/"
        settings.COTUTELLE_IDENTITY_CLAIM = "sub"
        settings.COTUTELLE_IDENTITY_FIELD = "number"
        yield running


def is_signed_in(visitor: Client) -> bool:
    return "_auth_user_id" in visitor.session


def come_back(visitor: Client, code: str = "good-code", next_url: str = "") -> Any:
    """Go to the provider and return with ``code``, as a browser would."""
    url = "/account/oidc/campus/login/" + (f"?next={next_url}" if next_url else "")
    out = visitor.post(url)
    asked = parse_qs(urlsplit(out["Location"]).query)
    assert asked["client_id"] == [CLIENT_ID]
    assert "openid" in asked["scope"][0]
    back = {"code": code, "state": asked["state"][0]}
    return visitor.get("/account/oidc/campus/login/callback/", back)


def test_the_sign_in_page_offers_what_is_configured(visitor: Client, campus: Campus) -> None:
    page = visitor.get("/account/login/")
    assert "Example University" in page.text
    assert "/account/cas/login/" in page.text


def test_without_configuration_nothing_is_offered(visitor: Client) -> None:
    page = visitor.get("/account/login/")
    assert "campus" not in page.text.lower()
    assert visitor.get("/account/cas/login/").status_code == 404
    assert visitor.post("/account/oidc/campus/login/").status_code == 404


def test_oidc_signs_in_the_person_with_the_number(visitor: Client, campus: Campus) -> None:
    person = PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345", "name": "somebody"}
    response = come_back(visitor, next_url="/people/me/")
    assert response["Location"] == "/people/me/"
    assert visitor.session["_auth_user_id"] == str(person.pk)
    assert {"/token", "/userinfo"} <= set(campus.asked)

    again = Client()
    come_back(again)
    assert again.session["_auth_user_id"] == str(person.pk)


def test_oidc_makes_nobody(visitor: Client, campus: Campus) -> None:
    before = Person.objects.count()
    campus.claims = {"sub": "unknown", "email": "new@example.org"}
    response = come_back(visitor)
    assert response.status_code == 403
    assert "You are not registered here" in response.text
    assert Person.objects.count() == before
    assert not is_signed_in(visitor)


def test_oidc_with_a_wrong_code_says_that_nothing_happened(visitor: Client, campus: Campus) -> None:
    PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345"}
    response = come_back(visitor, code="stolen")
    assert "did not work" in response.text
    assert not is_signed_in(visitor)


def test_oidc_with_a_state_of_somebody_else_is_refused(visitor: Client, campus: Campus) -> None:
    PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345"}
    back = {"code": "good-code", "state": "not-mine"}
    visitor.get("/account/oidc/campus/login/callback/", back)
    assert not is_signed_in(visitor)


def test_oidc_refuses_a_closed_person(visitor: Client, campus: Campus) -> None:
    person = PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345"}
    come_back(visitor)
    visitor.logout()
    Person.objects.filter(pk=person.pk).update(is_active=False)
    come_back(visitor)
    assert not is_signed_in(visitor)


def test_a_campus_account_does_not_follow_a_number_to_another_person(
    visitor: Client, campus: Campus
) -> None:
    first = PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345"}
    come_back(visitor)
    visitor.logout()
    Person.objects.filter(pk=first.pk).update(number="")
    PersonFactory.create(number="0012345")
    assert come_back(visitor).status_code == 403
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    ("mapping", "claims", "known"),
    [
        (("email", "email"), {"email": "Li.Na@example.org", "email_verified": True}, True),
        (("email", "email"), {"email": "li.na@example.org", "email_verified": False}, False),
        (("username", "preferred_username"), {"preferred_username": "LI.NA"}, True),
        (("number", "employeeNumber"), {"employeeNumber": ["0012345"]}, True),
        (("number", "employeeNumber"), {}, False),
    ],
)
def test_the_claim_and_the_field_are_settings(
    visitor: Client, campus: Campus, settings: Any, *, mapping: Any, claims: Any, known: bool
) -> None:
    settings.COTUTELLE_IDENTITY_FIELD, settings.COTUTELLE_IDENTITY_CLAIM = mapping
    PersonFactory.create(username="li.na", email="li.na@example.org", number="0012345")
    campus.claims = {"sub": "opaque", **claims}
    come_back(visitor)
    assert is_signed_in(visitor) is known


def test_two_people_with_one_number_are_nobody_unless_a_unit_is_named(
    visitor: Client, campus: Campus, settings: Any
) -> None:
    unit = UnitFactory.create(code="MU")
    mine = PersonFactory.create(number="0012345", unit=unit)
    PersonFactory.create(number="0012345")
    campus.claims = {"sub": "0012345"}
    assert come_back(visitor).status_code == 403
    settings.COTUTELLE_IDENTITY_UNIT = "MU"
    come_back(visitor)
    assert visitor.session["_auth_user_id"] == str(mine.pk)


# ---------------------------------------------------------------- CAS


def test_cas_signs_in_the_person_and_a_ticket_works_once(visitor: Client, campus: Campus) -> None:
    person = PersonFactory.create(number="0012345")
    campus.tickets["ST-1"] = ("0012345", {})
    out = visitor.get("/account/cas/login/")
    assert out["Location"].startswith(f"{campus.url}/cas/login?service=")
    response = visitor.get("/account/cas/login/", {"ticket": "ST-1"})
    assert response.status_code == 302
    assert visitor.session["_auth_user_id"] == str(person.pk)

    again = Client(headers={"accept-language": "en"})
    assert again.get("/account/cas/login/", {"ticket": "ST-1"}).status_code == 403
    assert not is_signed_in(again)


def test_cas_maps_an_attribute(visitor: Client, campus: Campus, settings: Any) -> None:
    settings.COTUTELLE_IDENTITY_CLAIM = "employeeNumber"
    person = PersonFactory.create(number="0012345")
    campus.tickets["ST-1"] = ("li.na", {"employeeNumber": "0012345"})
    visitor.get("/account/cas/login/", {"ticket": "ST-1"})
    assert visitor.session["_auth_user_id"] == str(person.pk)


def test_cas_makes_nobody(visitor: Client, campus: Campus) -> None:
    before = Person.objects.count()
    campus.tickets["ST-1"] = ("stranger", {})
    response = visitor.get("/account/cas/login/", {"ticket": "ST-1"})
    assert response.status_code == 403
    assert "You are not registered here" in response.text
    assert Person.objects.count() == before


def test_cas_leads_only_to_this_site(visitor: Client, campus: Campus) -> None:
    response = visitor.get("/account/cas/login/", {"next": "https://evil.example/"})
    assert "evil" not in response["Location"]


# ---------------------------------------------------------------- second factor


def test_staff_from_the_campus_confirm_here_unless_the_campus_did(
    visitor: Client, campus: Campus, settings: Any
) -> None:
    settings.COTUTELLE_STAFF_MFA = True
    make_person(Role.DEPARTMENT_SECRETARY, number="0012345")
    campus.claims = {"sub": "0012345"}
    come_back(visitor)
    assert visitor.get("/people/")["Location"] == "/account/2fa/totp/activate/"
    settings.COTUTELLE_EXTERNAL_MFA = True
    assert visitor.get("/people/").status_code == 200


# ---------------------------------------------------------------- SAML


def test_saml_metadata_names_our_addresses(visitor: Client, settings: Any) -> None:
    given = {
        "id": "campus",
        "name": "Example University",
        "idp": {
            "entity_id": "https://idp.example.org/metadata",
            "sso_url": "https://idp.example.org/sso",
            "x509cert": "MIIB",
        },
    }
    settings.SOCIALACCOUNT_PROVIDERS = social_providers({"COTUTELLE_SAML": json.dumps(given)})
    metadata = visitor.get("/account/saml/campus/metadata/")
    assert metadata.status_code == 200
    assert "http://testserver/account/saml/campus/acs/" in metadata.text
    out = visitor.post("/account/saml/campus/login/")
    assert out["Location"].startswith("https://idp.example.org/sso?SAMLRequest=")
    assert "Example University" in visitor.get("/account/login/").text


def test_saml_answers_that_nobody_signed_are_refused(visitor: Client, settings: Any) -> None:
    import base64  # noqa: PLC0415

    given = {
        "idp": {
            "entity_id": "https://idp.example.org/metadata",
            "sso_url": "https://idp.example.org/sso",
            "x509cert": "MIIB",
        },
    }
    PersonFactory.create(number="0012345")
    settings.SOCIALACCOUNT_PROVIDERS = social_providers({"COTUTELLE_SAML": json.dumps(given)})
    forged = b"<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>"
    answer = {"SAMLResponse": base64.b64encode(forged).decode()}
    visitor.post("/account/saml/campus/acs/", answer, follow=True)
    assert not is_signed_in(visitor)
