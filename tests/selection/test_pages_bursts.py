"""Thirty sessions press one button at once, over HTTP: one wins, the others are told why not."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages  # noqa: TID251  what sessions are told
from django.db import connection
from django.test import Client
from django.urls import reverse

from cotutelle.core.clock import now
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.models import Mentorship, QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Application, Override, Placement, PublicNotice, Round
from tests.factories.mentorship import YEAR
from tests.factories.selection import make_list, make_offer, make_officer, make_round
from tests.selection.markets import closed_round
from tests.selection.test_overrides import Scene

pytestmark = pytest.mark.django_db(transaction=True)
SESSIONS = 30
Outcome = tuple[int, tuple[str, ...]]


def press_together(person: Person, path_of: Callable[[int], str], **fields: str) -> list[Outcome]:
    """Return status and messages of each session; all of them let go together."""
    person.language = "en"
    person.save(update_fields=["language"])
    clients = [Client() for _n in range(SESSIONS)]
    for client in clients:
        client.force_login(person)
    gate = threading.Barrier(SESSIONS)
    outcomes: list[Outcome] = [(0, ())] * SESSIONS

    def session(n: int) -> None:
        try:
            gate.wait(30)
            response: Any = clients[n].post(path_of(n), fields)
            said = tuple(str(m) for m in get_messages(response.wsgi_request))
            outcomes[n] = (response.status_code, said)
        finally:
            connection.close()

    threads = [threading.Thread(target=session, args=(n,)) for n in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return outcomes


def check_one_wins(outcomes: list[Outcome], won: str) -> None:
    """One session reads ``won``; all others a sentence, and nobody an error of ours."""
    assert {status for status, _said in outcomes} <= {302, 409}
    winners = [said for _status, said in outcomes if any(won in one for one in said)]
    assert len(winners) == 1
    told = [said for status, said in outcomes if said not in winners and status == 302]
    assert all(said and said[0].endswith(".") for said in told)


def matched_round() -> Round:
    round_ = closed_round()
    offer = make_offer(round_)
    make_list(round_, [offer], admission_score=400)
    make_list(round_, [offer], admission_score=300)
    QuotaAccount.objects.update(held=0)
    (answer,) = round_.answers.all()
    quota.hold_for_round(offer.mentor, YEAR, 1, reference=answer.reference, actor=None)
    services.run_round(round_, actor=make_officer(round_))
    return round_


def test_publish_and_confirm() -> None:
    round_ = matched_round()
    officer = make_officer(round_)

    path = reverse("selection:publish", args=[round_.public_id])
    check_one_wins(press_together(officer, lambda _n: path, confirm="1"), "Published.")
    assert PublicNotice.objects.count() == 1
    assert Entry.objects.filter(action="selection.round.published").count() == 1

    PublicNotice.objects.update(
        starts_at=now() - dt.timedelta(days=9), ends_at=now() - dt.timedelta(days=1)
    )
    path = reverse("selection:confirm", args=[round_.public_id])
    check_one_wins(press_together(officer, lambda _n: path, confirm="1"), "Confirmed")
    assert Mentorship.objects.count() == 1
    assert QuotaAccount.objects.filter(seated=1, held=0).count() == 1


def test_accept_for_the_last_place() -> None:
    round_ = make_round(RoundState.ANSWERING, regime="sequential")
    offer = make_offer(round_)
    for _n in range(SESSIONS):
        make_list(round_, [offer])
    services.start_step(round_, actor=make_officer(round_))
    doors = list(Application.objects.values_list("public_id", flat=True))

    outcomes = press_together(
        offer.mentor.person,
        lambda n: reverse("selection:application-answer", args=[doors[n]]),
        accept="1",
    )

    check_one_wins(outcomes, " is accepted.")
    assert Placement.objects.count() == 1
    assert Application.objects.filter(state="accepted").count() == 1


def test_approve_an_assignment() -> None:
    scene = Scene()
    override = scene.ask()
    path = reverse("selection:override", args=[override.public_id])

    outcomes = press_together(scene.decider, lambda _n: path, decision="approve", note="同意")

    assert {status for status, _said in outcomes} <= {200, 302}
    assert sum(said == ("Approved. The next run keeps this place.",) for _s, said in outcomes) == 1
    others = [said for status, said in outcomes if status == 302 and "Approved" not in said[0]]
    assert all(said[0].startswith("Somebody has decided this") for said in others)
    assert Override.objects.get().state == "approved"
    assert Entry.objects.filter(action="selection.override.approved").count() == 1
