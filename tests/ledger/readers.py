"""Whoever reads pages of the log, and decisions for it to hold."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.test import Client

from cotutelle.ledger.models import Entry
from cotutelle.ledger.queries.record import Event, events, record_of
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from tests.factories.programmes import StudentFactory

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def reading(person: Person | None, language: str = "en") -> Client:
    """Return a browser of ``person``, or of anybody."""
    client = Client()
    client.cookies["language"] = language
    if person is not None:
        Person.objects.filter(pk=person.pk).update(language=language)
        client.force_login(person, backend=BACKEND)
    return client


def record_in_words(person: Person) -> list[Event]:
    """Return the record of ``person`` in words, as they read it themselves, oldest first."""
    return events(record_of(person, reader=person).order_by("pk"))


def decide(count: int, student: Student | None = None, **fields: Any) -> list[Entry]:
    """Return decisions about a student, written and not sealed; ``fields`` are of the person."""
    about = student or StudentFactory.create()
    Person.objects.filter(pk=about.person_id).update(**fields)
    about.person.refresh_from_db()
    with transaction.atomic():
        written = [
            record(
                "programmes.student.changed",
                actor=None,
                subject=about,
                before={"grade": n},
                after={"grade": n + 1, "name": about.person.name_zh},
                decision=True,
            )
            for n in range(count)
        ]
    Entry.objects.filter(pk__in=[one.pk for one in written]).update(person=about.person)
    return list(Entry.objects.filter(pk__in=[one.pk for one in written]).order_by("pk"))
