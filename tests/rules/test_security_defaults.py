"""What every answer carries, what is refused by default, and what settings for real use say."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from cotutelle.core.errors import RuleViolation
from cotutelle.files.services import store_file
from cotutelle.people.addresses import client_address
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.services import create_token
from tests.factories.files import PDF
from tests.factories.people import PASSWORD, make_person

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
PAGES = (
    LOGIN,
    "/account/password/reset/",
    "/",
    "/people/me/",
    "/people/",
    "/history/",
    "/no/such/page/",
    "/healthz",
    "/api/v1/me",
    "/api/v1/openapi.json",
    "/selection/",
)


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> None:
    cache.clear()


@pytest.fixture
def officer() -> Person:
    return make_person(Role.GRADUATE_OFFICER, language="en")


@pytest.fixture
def desk(officer: Person) -> Client:
    client = Client()
    client.force_login(officer)
    return client


# ---------------------------------------------------------------- headers and cookies


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("signed_in", [True, False])
def test_headers_of_every_page(desk: Client, path: str, signed_in: bool) -> None:
    response = (desk if signed_in else Client()).get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in response.headers


def test_cookies_are_closed_to_scripts_and_other_sites(officer: Person) -> None:
    visitor = Client()
    visitor.get(LOGIN)
    visitor.post(LOGIN, {"login": officer.username, "password": PASSWORD})
    for name in ("sessionid", "csrftoken"):
        cookie = visitor.cookies[name]
        assert cookie["httponly"] is True
        assert cookie["samesite"] in {"Lax", "Strict"}


def test_signing_in_changes_the_session(officer: Person) -> None:
    visitor = Client()
    visitor.get(LOGIN)
    session = visitor.session
    session["x"] = 1
    session.save()
    before = session.session_key
    visitor.post(LOGIN, {"login": officer.username, "password": PASSWORD})
    assert visitor.session.session_key not in {None, before}


def test_an_unknown_host_is_refused(desk: Client) -> None:
    response = desk.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.headers.get("Location", "")


def test_the_address_in_a_reset_mail_is_not_the_senders_choice(officer: Person) -> None:
    from django.core import mail  # noqa: PLC0415

    Client().post(
        "/account/password/reset/",
        {"email": officer.email},
        headers={"x-forwarded-host": "evil.example"},
    )
    (sent,) = mail.outbox
    assert "evil.example" not in str(sent.body)


# ---------------------------------------------------------------- logs


def test_no_secret_reaches_the_logs(
    officer: Person, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    _token, raw = create_token(officer, "x", days=3, actor=officer)
    visitor = Client(raise_request_exception=False)
    visitor.post(LOGIN, {"login": officer.username, "password": "a wrong secret 991"})
    visitor.post(LOGIN, {"login": officer.username, "password": PASSWORD})
    Client().get("/api/v1/me", headers={"authorization": f"Bearer {raw}"})
    Client().get("/api/v1/me", headers={"authorization": "Bearer wrong-token-772"})
    written = caplog.text
    for secret in (PASSWORD, "a wrong secret 991", raw, "wrong-token-772", settings.SECRET_KEY):
        assert secret not in written


# ---------------------------------------------------------------- rate limits


def test_a_flood_of_sign_ins_is_slowed() -> None:
    visitor = Client()
    codes = {
        visitor.post(LOGIN, {"login": f"nobody{n}", "password": "wrong"}).status_code
        for n in range(65)
    }
    assert 429 in codes


def test_a_flood_of_resets_is_slowed(officer: Person) -> None:
    from django.core import mail  # noqa: PLC0415

    visitor = Client()
    codes = [
        visitor.post("/account/password/reset/", {"email": officer.email}).status_code
        for _n in range(25)
    ]
    assert 429 in codes
    assert len(mail.outbox) <= 20


# ---------------------------------------------------------------- the address behind proxies


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "", "10.0.0.1"),
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, "1.2.3.4, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (2, "10.0.0.7", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "1.2.3.4,", "10.0.0.1"),
        (1, "not an address", "10.0.0.1"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
    ],
)
def test_address_of_the_client(settings: Any, proxies: int, header: str, address: str) -> None:
    settings.COTUTELLE_TRUSTED_PROXIES = proxies
    headers = {"x-forwarded-for": header} if header else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == address


def fail(name: str, address: str) -> int:
    return (
        Client()
        .post(
            LOGIN,
            {"login": name, "password": "wrong"},
            headers={"x-forwarded-for": address},
            REMOTE_ADDR="10.0.0.1",
        )
        .status_code
    )


def test_behind_a_proxy_one_attacker_does_not_lock_everybody_out(
    settings: Any, officer: Person
) -> None:
    settings.COTUTELLE_TRUSTED_PROXIES = 1
    codes = [fail(officer.username, "198.51.100.66") for _n in range(6)]
    assert codes[-1] == 429
    assert fail(officer.username, "203.0.113.9") == 200


def test_a_made_up_header_does_not_escape_the_lockout(settings: Any, officer: Person) -> None:
    for proxies in (0, 1):
        settings.COTUTELLE_TRUSTED_PROXIES = proxies
        end = ", 198.51.100.66" if proxies else ""
        codes = [fail(officer.username, f"203.0.113.{n}{end}") for n in range(6)]
        assert codes[-1] == 429


# ---------------------------------------------------------------- the admin


def test_the_admin_has_no_sign_in_of_its_own(officer: Person) -> None:
    repairer = make_person(is_superuser=True)
    visitor = Client()
    answer = visitor.post("/admin/login/", {"username": repairer.username, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in visitor.session
    visitor.force_login(officer)
    assert visitor.get("/admin/", follow=True).status_code == 403


# ---------------------------------------------------------------- what nobody types


def test_a_sign_that_no_database_keeps_is_refused_in_words(desk: Client) -> None:
    for answer in (
        desk.get("/search/", {"q": "a\0b"}),
        desk.get("/people/", {"\0": "1"}),
        desk.post("/people/views/save/", {"path": "/people/", "name": "\0"}),
        desk.post(LOGIN, {"login": "\0", "password": "x"}),
    ):
        assert answer.status_code == 400
        assert "damaged on its way" in answer.content.decode()


# ---------------------------------------------------------------- uploads


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.pdf", "file.empty"),
        (b"MZ\x90\x00 program", "a.pdf", "file.type"),
        (b"<html><script>alert(1)</script>", "a.pdf", "file.type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "file.type"),
        (PDF, "a.exe", "file.type"),
    ],
)
def test_uploads_that_are_not_what_they_may_be(
    officer: Person, content: bytes, name: str, code: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        store_file(
            SimpleUploadedFile(name, content),
            actor=officer,
            unit=officer.unit,
            purpose="student.attachment",
        )
    assert refused.value.code == code


def test_uploads_that_are_too_large(settings: Any, officer: Person) -> None:
    settings.COTUTELLE_UPLOAD_MAX_BYTES = 1024
    with pytest.raises(RuleViolation) as refused:
        store_file(
            SimpleUploadedFile("a.pdf", PDF + b"0" * 1024),
            actor=officer,
            unit=officer.unit,
            purpose="test.any",
        )
    assert refused.value.code == "file.size"


def test_a_download_is_never_a_page_of_ours(settings: Any, tmp_path: Any, desk: Client) -> None:
    settings.MEDIA_ROOT = tmp_path
    owner = Person.objects.get(pk=int(desk.session["_auth_user_id"]))
    file = store_file(PDF, name="a.pdf", actor=owner, unit=owner.unit, purpose="test.any")
    answer = desk.get(reverse("files:file", args=[file.public_id]))
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith(("attachment", "inline"))
    assert "text/html" not in answer.headers["Content-Type"]


# ---------------------------------------------------------------- settings for real use


def test_the_settings_for_real_use_pass_djangos_own_check(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DJANGO_SETTINGS_MODULE": "cotutelle.config.settings.prod",
            "COTUTELLE_DATA_DIR": str(tmp_path / "data"),
            "COTUTELLE_DATABASE_URL": "postgresql://cotutelle:x@127.0.0.1:1/cotutelle",
            "COTUTELLE_HOSTS": "cotutelle.example.edu",
            "COTUTELLE_ORIGINS": "https://cotutelle.example.edu",
        },
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
