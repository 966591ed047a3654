"""
Every role at every address: who gets which answer, compared with a committed table.

``tests/data/access_matrix.csv`` holds one row per address, object and method, one column per
actor. After a wanted change write it anew, and read the difference before committing it::

    COTUTELLE_WRITE_MATRIX=1 .venv/bin/pytest tests/rules/test_access_matrix.py

An address without a row fails; so does any answer of 500 and above. The laws below hold
whatever the table says.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from cotutelle.core.access import PUBLIC
from cotutelle.people.allauth_access import ADMIN
from tests.rules.matrix_world import World, make_world
from tests.rules.test_every_view_declares_its_permission import declared, patterns

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TABLE = Path(__file__).resolve().parents[1] / "data" / "access_matrix.csv"
WRITE = os.environ.get("COTUTELLE_WRITE_MATRIX") == "1"
METHODS = ("GET", "POST")
REPAIRERS = (
    "anonymous",
    "own_student",
    "own_mentor",
    "graduate_officer",
    "system_administrator",
    "superuser",
)
FAILED = 500
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
Row = tuple[str, str, str]

# What stands before an id in an address says what the id is of.
OBJECTS = {
    "people/": "person",
    "people/roles/": "grant",
    "people/me/tokens/": "token",
    "people/views/": "view",
    "units/": "unit",
    "tasks/proxies/": "proxy",
    "tasks/acts/": "act",
    "tasks/approvals/": "approval",
    "inbox/": "notice",
    "files/": "file",
    "documents/v/": "document",
    "documents/": "document",
    "jobs/": "job",
    "import/runs/": "import",
    "decisions/runs/": "run",
    "decisions/policies/": "policy",
    "students/me/files/": "attachment",
    "students/cohorts/": "cohort",
    "students/templates/": "template",
    "students/enrolments/": "enrolment",
    "students/leave/": "leave",
    "students/": "student",
    "mentors/accounts/": "account",
    "mentors/teams/": "team",
    "mentors/caps/": "cap",
    "mentors/changes/windows/": "window",
    "mentors/changes/": "change",
    "mentors/conflicts/": "conflict",
    "mentors/pairs/records/": "pair_record",
    "mentors/pairs/": "pair",
    "mentors/": "mentor",
    "agreements/": "agreement",
    "rotations/departments/": "department",
    "rotations/curricula/": "curriculum",
    "rotations/wards/": "ward",
    "rotations/regional/": "cycle",
    "rotations/cycles/": "cycle",
    "rotations/events/": "event",
    "rotations/participants/": "trainee",
    "rotations/wishes/": "wish",
    "rotations/scenarios/": "trial",
    "rotations/stays/": "stay",
    "rotations/swaps/": "swap",
    "rotations/terms/": "term",
    "rotations/my-week/": "term",
    "rotations/series/": "series",
    "rotations/meetings/": "meeting",
    "rotations/hours/my/": "exception",
    "rotations/hours/students/": "student",
    "rotations/hours/alerts/": "alert",
    "certificates/achievements/": "achievement",
    "certificates/awards/": "award",
    "certificates/keys/": "issuer_key",
    "certificates/mine/links/": "share",
    "certificates/mine/": "credential",
    "certificates/": "credential",
    "verify/": "share",
    "log/people/": "person",
    "log/witnesses/": "witness",
    "log/policies/": "witness_policy",
    "calendar/addresses/": "feed",
    "calendar/feed/": "feed",
    "selection/rounds/": "round",
    "selection/overrides/": "override",
    "selection/objections/": "objection",
    "selection/offers/": "offer",
    "selection/answers/": "answer",
    "selection/applications/": "application",
    "selection/what-if/": "scenario",
}
IN_THE_API = {"assignment": "override", "difference": "exception", "plan_scenario": "trial"}
FIXED: Mapping[str, str] = {
    "copy": "zh",
    "kind": "people",
    "change": "pin",
    "record_kind": "note",
    "what": "copy",
    "certificate": "licence",
    "milestone": "proposal",
    "organization_slug": "campus",
    "provider_id": "campus",
    "uidb36": "1",
    "key": "set-password",
    "app_label": "auth",
    "url": "people/person/",
    "content_type_id": "1",
    "object_id": "0",
    "code": "HOME",
    "purpose": "revocation",
    "number": "1",
    "index": "0",
    "rest": "0/000",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A route, and one of the objects it may name."""

    name: str
    label: str
    path: str
    permission: str | None


def name_of(where: str, spaces: tuple[str, ...], pattern: URLPattern) -> str:
    return ":".join((*spaces, pattern.name or where))


def addresses(world: World) -> Iterator[Address]:
    """Yield every route of the product, once per object it may name."""
    seen: set[str] = set()
    for where, spaces, pattern in patterns(get_resolver()):
        name = name_of(where, spaces, pattern)
        if where in seen:
            continue  # one path of the API, several methods
        seen.add(where)
        for label, kwargs in targets(world, where, pattern):
            yield Address(
                name, label, path_of(name, where, pattern, kwargs), declared(spaces, pattern)
            )


def path_of(name: str, where: str, pattern: URLPattern, kwargs: dict[str, Any]) -> str:
    if pattern.name == "nothing":
        return "/api/v1/nowhere"
    if pattern.name:
        return reverse(name, kwargs=kwargs)
    return "/" + where.replace("<path:object_id>", "0").replace("(?P<url>.*)$", "nowhere")


def targets(world: World, where: str, pattern: URLPattern) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted = set(PARAMETER.findall(where)) if pattern.name != "nothing" else set()
    fixed = {name: FIXED[name] for name in wanted & set(FIXED)}
    ids = wanted - set(fixed)
    if not ids:
        yield "", fixed
    elif "subject_type" in ids:
        for kind, model in (("person", "people.person"), ("round", "selection.round")):
            for label, keys in world.objects[kind].items():
                yield f"{kind} {label}", {"subject_type": model} | renamed(keys, ids)
    else:
        kind = kind_of(where, ids)
        for label, keys in world.objects[kind].items():
            yield label, fixed | renamed(keys, ids | (wanted & set(keys)))


def renamed(keys: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Return ``keys``; the API calls the id by what it is of: ``round_id``."""
    given = {name: value for name, value in keys.items() if name in wanted}
    for name in wanted - set(given) - {"subject_type"}:
        given[name] = keys.get(name, keys["public_id"])
    return given


def kind_of(where: str, ids: set[str]) -> str:
    if "participant" in ids:
        return "answer_participant"
    if "placement" in ids:
        return "round_placement"
    if where.startswith("api/"):
        kind = min(ids - {"offer_id"} or ids).removesuffix("_id")
        return IN_THE_API.get(kind, kind)
    return OBJECTS[where[: where.index("<")]]


class Knocker:
    """Knocks as every actor; whatever an answer changed is taken back."""

    def __init__(self, world: World) -> None:
        self.clients: dict[str, tuple[Client, str]] = {}
        for name, person in world.actors.items():
            client = Client(raise_request_exception=False)
            if person is not None:
                client.force_login(person)
            cookie = client.cookies.get("sessionid")
            self.clients[name] = (client, cookie.value if cookie else "")

    def knock(self, actor: str, path: str, method: str) -> str:
        client, session = self.clients[actor]
        client.cookies.clear()
        if session:
            client.cookies["sessionid"] = session
        with transaction.atomic():
            response = client.generic(
                method, path, content_type="application/x-www-form-urlencoded"
            )
            if response.status_code >= FAILED:
                error = response.exc_info[1] if response.exc_info else response.content[:200]
                return f"{response.status_code} {error!r}"
            if response.streaming:
                b"".join(response.streaming_content)
            transaction.set_rollback(True)
        to_sign_in = response.status_code == 302 and "/login/" in response.url
        if to_sign_in and response.url.startswith(("/account/login/", "/admin/login/")):
            return "login"
        return str(response.status_code)


def bare_refusals() -> list[dict[str, Any]]:
    """Return the templates with pages of refusal that cost nothing: most answers are refusals."""
    bare = dict.fromkeys(("403.html", "404.html", "409.html"), "no")
    first = {
        "NAME": "bare",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", bare)]},
    }
    return [first, *settings.TEMPLATES]


@pytest.fixture(scope="module")
def found(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Any:
    """Knock at everything once; all laws read the same answers."""
    from django.test import override_settings  # noqa: PLC0415

    media = tmp_path_factory.mktemp("files")
    changed = override_settings(
        MEDIA_ROOT=media,
        TEMPLATES=bare_refusals(),
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    with django_db_blocker.unblock(), changed, transaction.atomic():
        world = make_world()
        knocker = Knocker(world)
        answers: dict[Row, dict[str, str]] = {}
        declared_: dict[Row, str | None] = {}
        for address in list(addresses(world)):
            names = REPAIRERS if address.permission == ADMIN else world.actors
            for method in METHODS:
                row = (address.name, address.label, method)
                declared_[row] = address.permission
                cache.clear()  # 22 knocks in a row are no stranger asking too often
                answers[row] = {
                    actor: knocker.knock(actor, address.path, method) for actor in names
                }
        transaction.set_rollback(True)
    cache.clear()
    return answers, declared_


def test_table(found: Any) -> None:
    answers, _declared = found
    broken = {
        (row, actor): code
        for row, codes in answers.items()
        for actor, code in codes.items()
        if code[:1] == "5"
    }
    if WRITE and not broken:
        write(answers)
    assert broken == {}
    assert answers == read()


def write(answers: dict[Row, dict[str, str]]) -> None:
    with TABLE.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        actors = list(max(answers.values(), key=len))
        rows.writerow(["address", "object", "method", *actors])
        for row, codes in answers.items():
            rows.writerow([*row, *(codes.get(actor, "") for actor in actors)])


def read() -> dict[Row, dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {
            (one.pop("address"), one.pop("object"), one.pop("method")): {
                actor: code for actor, code in one.items() if code
            }
            for one in csv.DictReader(lines)
        }


# ---------------------------------------------------------------- laws, whatever the table says

REFUSED = {"login", "401", "403", "404", "405"}
# What a student may open; everything else of the product answers them with a refusal.
STUDENTS_PAGES = frozenset({
    "web:home", "web:search", "institutions:units", "institutions:unit",
    "institutions:unit-calendar", "people:profile", "people:security", "people:tokens",
    "people:views", "workflow:tasks", "workflow:proxies", "workflow:acts", "workflow:approvals",
    "notices:inbox", "notices:settings", "jobs:jobs", "documents:documents", "decisions:runs",
    "decisions:policies", "decisions:policy", "mentorship:mentors", "mentorship:mentor",
    "mentorship:changes", "mentorship:change-new", "programmes:my-profile", "selection:rounds",
    "selection:round", "selection:offer", "selection:find", "selection:my-list",
    "selection:result", "selection:how-affinity", "selection:honest", "selection:notice",
    "selection:object", "selection:why", "documents:verify",
    "mentorship:teams", "workflow:proxy-new", "mentorship:pairs", "selection:satisfaction",
    "availability:calendar", "availability:feeds", "programmes:my-programme", "programmes:leaves",
    "programmes:leave-new", "programmes:leave-calendar", "rotations:departments",
    "rotations:curricula", "rotations:curriculum", "rotations:curriculum-sheets",
    "rotations:my-plan", "rotations:swaps", "rotations:my-week", "rotations:my-times",
    "rotations:joint-rounds", "rotations:problems", "rotations:my-hours", "rotations:hours-log",
    "rotations:hours-pulled", "rotations:alerts", "log:mine", "log:proves",
    "credentials:achievements", "credentials:achievement", "credentials:my-certificates",
    "credentials:shares", "credentials:transcript-new",
})  # fmt: skip
# Kinds of things that are one person's own: to a classmate and to other institutions they are not.
OF_THE_CLASSMATE = {("mentorship:change", "confidential", method) for method in METHODS}
# A permalink names a list and its filters; what it shows is up to the list.
PRIVATE = frozenset({
    "grant", "token", "notice", "task", "proxy", "act", "approval", "file", "attachment",
    "job", "import", "account", "change", "override", "objection", "answer", "application",
    "participant", "student", "person", "run", "pair", "pair_record",
    "leave", "enrolment", "trainee", "wish", "stay", "swap", "series", "meeting", "exception",
    "alert", "feed", "award", "credential", "share",
})  # fmt: skip
OUTSIDERS = ("other_student", "away_student", "away_mentor", "away_officer", "away_administrator")


def served(code: str) -> bool:
    return code not in REFUSED and code[:1] in "23"


def private(row: Row) -> bool:
    name, label, _method = row
    kind = KIND_OF.get(name)
    return bool(label) and kind in PRIVATE


KIND_OF = {
    name_of(where, spaces, pattern): OBJECTS.get(where[: where.index("<")], "")
    for where, spaces, pattern in patterns(get_resolver())
    if "<uuid:public_id>" in where
}


def test_every_address_is_in_the_table() -> None:
    named: dict[str, str] = {}
    for where, spaces, pattern in patterns(get_resolver()):
        named.setdefault(where, name_of(where, spaces, pattern))
    assert set(named.values()) - {address for address, _object, _method in read()} == set()


def test_without_signing_in_only_public_pages_answer(found: Any) -> None:
    answers, permissions = found
    open_ = {
        row: codes["anonymous"]
        for row, codes in answers.items()
        if permissions[row] != PUBLIC
        and codes["anonymous"] not in REFUSED
        and row[0] != "admin:logout"  # nobody to sign out: it leads on
    }
    assert open_ == {}


def test_a_student_opens_no_page_of_officers_or_mentors(found: Any) -> None:
    answers, permissions = found
    opened = {
        row
        for row, codes in answers.items()
        for actor in ("other_student", "away_student")
        if codes.get(actor) == "200"
        and permissions[row] != PUBLIC
        and not row[0].startswith(("api:", "account", "mfa"))
        and row not in OF_THE_CLASSMATE
        and row[0] not in STUDENTS_PAGES
    }
    assert opened == set()


def test_what_is_somebodys_own_is_nobody_elses(found: Any) -> None:
    answers, permissions = found
    leaks = {
        (row, actor, codes[actor])
        for row, codes in answers.items()
        for actor in OUTSIDERS
        if private(row)
        and permissions[row] != PUBLIC
        and served(codes[actor])
        and not (actor == "other_student" and row in OF_THE_CLASSMATE)
    }
    assert leaks == set()


def test_nothing_is_changed_without_the_token_of_the_form(django_db_setup: None) -> None:
    world = make_world()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    officer = world.actors["graduate_officer"]
    assert officer is not None
    client.force_login(officer)
    cookie = client.cookies["sessionid"].value
    taken = set()
    for address in addresses(world):
        client.cookies.clear()
        client.cookies["sessionid"] = cookie
        with transaction.atomic():
            code = client.post(address.path).status_code
            transaction.set_rollback(True)
        if code not in {401, 403, 404, 405}:
            taken.add((address.name, code))
    assert taken == FROM_ELSEWHERE


# Identity providers post here from their own pages; the message itself is signed.
FROM_ELSEWHERE = {("saml_acs", 302)}
