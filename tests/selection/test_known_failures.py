"""What went wrong in other tools of this kind, as cases that must not go wrong here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile

from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import OfferState, PlacementState, RoundState
from cotutelle.selection.models import Offer, Placement, Round
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import YEAR, ConflictFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import (
    make_answer,
    make_list,
    make_offer,
    make_officer,
    make_round,
)
from tests.selection.markets import closed_round

pytestmark = pytest.mark.django_db
HUNDREDS = 300


def hold(round_: Round) -> None:
    """Hold the places of every answer as opening an offer does."""
    QuotaAccount.objects.update(held=0)
    for answer in round_.answers.all():
        quota.hold_for_round(
            answer.mentor, YEAR, answer.places, reference=answer.reference, actor=None
        )


def placed(round_: Round) -> dict[Any, Any]:
    return dict(round_.placements.values_list("participant_id", "offer_id"))


@pytest.mark.parametrize("score", [Decimal(0), None])
def test_a_conflict_is_not_assigned_although_all_scores_are_zero(score: Decimal | None) -> None:
    round_ = closed_round()
    only = make_offer(round_, places=1)
    kin = make_list(round_, [only], admission_score=score)
    other = make_list(round_, [only], admission_score=score)
    ConflictFactory.create(mentor=only.mentor, student=kin.student)
    hold(round_)
    services.run_round(round_, actor=make_officer(round_))
    assert placed(round_) == {other.pk: only.pk}


def test_a_conflict_stays_unmatched_rather_than_fill_the_last_place() -> None:
    round_ = closed_round()
    only = make_offer(round_, places=3)
    kin = make_list(round_, [only], admission_score=0)
    make_answer(round_, only, [[kin]])
    ConflictFactory.create(mentor=only.mentor, student=kin.student)
    hold(round_)
    services.run_round(round_, actor=make_officer(round_))
    assert placed(round_) == {}


def test_identical_lists_fill_every_place_once_and_by_the_published_lottery() -> None:
    round_ = closed_round()
    offers = [make_offer(round_, places=2) for _n in range(3)]
    parts = [make_list(round_, offers, admission_score=350) for _n in range(9)]
    for offer in offers:
        make_answer(round_, offer, [parts])
    hold(round_)
    officer = make_officer(round_)
    first = services.run_round(round_, actor=officer)
    result = placed(round_)
    assert len(result) == 6
    assert sorted(result.values()) == sorted(o.pk for o in offers for _n in range(2))
    services.run_round(round_, actor=officer)
    assert placed(round_) == result
    assert first.verdict["ok"] is True


@pytest.mark.parametrize("verified", [True, False])
def test_an_unconfirmed_address_hides_no_conflict(verified: bool) -> None:
    round_ = closed_round()
    only = make_offer(round_, places=1)
    kin = make_list(round_, [only], admission_score=450)
    person = kin.student.person
    person.email = "kin@example.org"
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=verified, primary=True)
    ConflictFactory.create(mentor=only.mentor, student=kin.student)
    hold(round_)
    services.run_round(round_, actor=make_officer(round_))
    assert placed(round_) == {}
    with pytest.raises(RuleViolation) as refused:
        services.request_override(
            kin,
            only,
            ground="国家专项",
            minutes=SimpleUploadedFile("m.pdf", b"%PDF-1.4 minutes"),
            actor=make_officer(round_),
        )
    assert refused.value.code in {"override.conflict", "override.cap"}


def test_a_quota_holds_when_students_are_placed_by_hand() -> None:
    round_ = closed_round(override_share_percent=100)
    hospital = UnitFactory.create(kind="hospital")
    only = make_offer(round_, make_mentor(1, unit=hospital), places=1)
    parts = [make_list(round_, [only]) for _n in range(3)]
    hold(round_)
    officer = make_officer(round_)
    decider = make_person(Role.RESIDENCY_OFFICE, unit=hospital)

    def assign(n: int) -> None:
        override = services.request_override(
            parts[n],
            only,
            ground="国家专项",
            minutes=SimpleUploadedFile("m.pdf", b"%PDF-1.4 minutes"),
            actor=officer,
        )
        services.decide_override(override, approve=True, actor=decider)

    assign(0)
    with pytest.raises(RuleViolation) as refused:
        assign(1)
    assert refused.value.code == "override.full"
    services.run_round(round_, actor=officer)
    assert placed(round_) == {parts[0].pk: only.pk}
    services.publish_round(round_, actor=officer)
    with pytest.raises(RuleViolation):
        assign(2)
    assert Placement.objects.exclude(state=PlacementState.VACATED).count() == 1


def test_hundreds_of_offers_are_opened_at_once_within_every_quota() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentors = [make_mentor(2, unit=round_.unit) for _n in range(10)]
    Offer.objects.bulk_create(
        Offer(
            round=round_,
            mentor=mentors[n % 10],
            unit=round_.unit,
            number=f"H{n:04}",
            track="clinical",
            title_zh=f"方向{n}",
            places=1 + n % 2,
            state=OfferState.DRAFT,
        )
        for n in range(HUNDREDS)
    )
    officer = make_officer(round_)
    outcome = services.open_offers(Offer.objects.filter(round=round_), actor=officer)
    assert (outcome.done, outcome.refused) == (HUNDREDS, [])
    assert Offer.objects.filter(state=OfferState.OPEN).count() == HUNDREDS
    accounts = QuotaAccount.objects.filter(mentor__in=mentors)
    assert {(a.held, a.granted) for a in accounts} == {(2, 2)}
