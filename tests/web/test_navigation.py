"""The bar never leads nowhere: every demo login, every entry of their navigation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Round
from cotutelle.web.demo.logins import demo_logins
from cotutelle.web.navigation import PLACES, address, places_of
from tests.factories.demo import KeptDemos
from tests.factories.people import make_person

DAY = dt.date(2026, 11, 21)


@pytest.fixture(scope="module")
def seeded(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, kept_demos: KeptDemos
) -> Iterator[None]:
    """Seed once for the module, in a transaction that is rolled back at its end."""
    from django.db import transaction  # noqa: PLC0415

    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        kept_demos.put(DAY)
        yield
        transaction.set_rollback(True)
    ContentType.objects.clear_cache()


def _walk(person: Person) -> dict[str, int]:
    """Follow every link of the bar and of the phone's bar; return address → status."""
    client = Client()
    client.force_login(person)
    frame = client.get(reverse("web:home")).context
    links = {str(entry["url"]) for entry in [*frame["nav"], *frame["phone_nav"]]}
    assert len(links) > 1
    return {url: client.get(url, follow=True).status_code for url in sorted(links)}


@pytest.mark.slow
def test_every_entry_of_every_demo_login_answers(seeded: None, db: None) -> None:
    logins = demo_logins()
    assert {"officer", "mentor", "student", "secretary", "partner"} <= {
        one.username for one in logins
    }

    found = {one.username: _walk(Person.objects.get(username=one.username)) for one in logins}

    assert {
        f"{login} {url}": status
        for login, walked in found.items()
        for url, status in walked.items()
        if status != 200
    } == {}


@pytest.mark.slow
@pytest.mark.parametrize("state", RoundState)
def test_the_bar_of_mentor_and_student_holds_in_every_state_of_a_round(
    seeded: None, db: None, state: RoundState
) -> None:
    Round.objects.filter(quota_year=DAY.year).update(state=state)

    for login in ("mentor", "student"):
        walked = _walk(Person.objects.get(username=login))
        assert set(walked.values()) == {200}, (login, state, walked)


@pytest.mark.django_db
@pytest.mark.parametrize("role", PLACES)
def test_whoever_has_nothing_yet_still_reaches_their_pages(role: Role) -> None:
    person = make_person(role)
    client = Client()
    client.force_login(person)

    answers = {
        place.url_name: client.get(address(place), follow=True).status_code
        for place in places_of([role])
    }

    assert set(answers.values()) == {200}, answers
