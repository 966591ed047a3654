"""Assignments by the school and what follows a confirmed result, on the officers' pages."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.enums import ListState, OverrideState, PlacementState
from cotutelle.selection.models import Override, Participant, Round
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer
from tests.selection.test_pages_officer import (
    at,
    english,
    hold,
    make_market,
    run_market,
    sign_in,
)
from tests.ui.page_checks import find_faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Person:
    return english(make_officer(market))


# ---------------------------------------------------------------- overrides


def minutes() -> SimpleUploadedFile:
    return SimpleUploadedFile("minutes.pdf", b"%PDF-1.4\n%minutes\n%%EOF\n", "application/pdf")


def test_an_override_shows_whom_it_displaces_before_it_is_asked_for(
    market: Round, officer: Person
) -> None:
    client = sign_in(officer)
    picked = client.get(at("override-new", market)).content.decode()
    assert "Step 1 of 2" in picked
    last = Participant.objects.order_by("-id").first()
    offer = market.offers.order_by("id").first()
    url = at("override-new", market, participant=str(last.public_id), offer=str(offer.public_id))
    preview = client.get(url).content.decode()
    assert "other students get another result" in preview or "other student gets" in preview
    assert find_faults(preview) == []
    assert "A quick look" not in preview
    market.offers.filter(pk=offer.pk).update(places_min=1)
    assert "A quick look, minimum places left aside" in client.get(url).content.decode()
    market.offers.filter(pk=offer.pk).update(places_min=0)
    refused = client.post(url, {"ground": "", "minutes": minutes()})
    assert refused.status_code == 200
    assert not Override.objects.exists()
    client.post(url, {"ground": "Joint programme", "minutes": minutes()})
    made = Override.objects.get()
    assert made.state == OverrideState.PENDING
    page = client.get(reverse("selection:override", args=[made.public_id])).content.decode()
    assert "A second approver from another unit decides" in page
    assert "Approve the assignment" not in page


def test_a_second_approver_of_another_unit_decides(market: Round, officer: Person) -> None:
    department = UnitFactory.create(parent=market.unit)
    offer = hold(make_offer(market, make_mentor(unit=department)))
    one = market.participants.first()
    override = services.request_override(
        one, offer, ground="Joint programme", minutes=minutes(), actor=officer
    )
    url = reverse("selection:override", args=[override.public_id])
    secretary = english(make_person(Role.DEPARTMENT_SECRETARY, unit=department))
    assert "Approve the assignment" in sign_in(secretary).get(url).content.decode()
    sign_in(officer).post(url, {"decision": "approve", "note": ""})
    override.refresh_from_db()
    assert override.state == OverrideState.PENDING
    sign_in(secretary).post(url, {"decision": "approve", "note": ""})
    override.refresh_from_db()
    assert override.state == OverrideState.APPROVED
    assert override.decided_by == secretary


# ---------------------------------------------------------------- afterwards


def confirmed_market() -> tuple[Round, Person]:
    round_ = make_market(students=2)
    hold(make_offer(round_, title_zh="空缺方向", title_en="Vacant offer"))
    left = make_list(round_, [], person__name_en="Left over", submitted=False)
    left.accepts_adjustment = True
    left.save()
    officer = english(make_officer(round_))
    run_market(officer, round_)
    notice = services.publish_round(round_, actor=officer)
    with time_machine.travel(notice.ends_at + dt.timedelta(minutes=1), tick=False):
        services.confirm_round(round_, actor=officer)
    round_.refresh_from_db()
    return round_, officer


def test_a_free_place_is_filled_and_nobody_else_moves() -> None:
    round_, officer = confirmed_market()
    before = set(round_.placements.values_list("participant", "offer"))
    client = sign_in(officer)
    page = client.get(at("vacancies", round_)).content.decode()
    assert "Vacant offer" in page
    assert "Left over" in page
    one = round_.participants.get(list_state=ListState.DRAFT)
    offer = round_.offers.get(title_en="Vacant offer")
    client.post(
        at("vacancy-fill", round_), {"participant": one.public_id, "offer": offer.public_id}
    )
    assert set(round_.placements.values_list("participant", "offer")) == before | {
        (one.pk, offer.pk)
    }


def test_a_place_is_freed_only_with_a_reason() -> None:
    round_, officer = confirmed_market()
    held = round_.placements.first()
    url = reverse("selection:vacate", args=[round_.public_id, held.public_id])
    client = sign_in(officer)
    assert client.post(url, {"note": ""}).status_code == 200
    held.refresh_from_db()
    assert held.state == PlacementState.CONFIRMED
    client.post(url, {"note": "Did not arrive"})
    held.refresh_from_db()
    assert held.state == PlacementState.VACATED


def test_a_supplementary_round_is_prepared() -> None:
    round_, officer = confirmed_market()
    client = sign_in(officer)
    assert "for 1 student" in client.get(at("supplement", round_)).content.decode()
    response = client.post(at("supplement", round_), {"name_zh": "补选", "name_en": "Supplement"})
    made = Round.objects.get(supplements=round_)
    assert response["Location"] == at("round-edit", made)
    assert made.participants.count() == 1
