"""Offers and what they hold on the quota accounts."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.mentorship.models import Eligibility, Mentor, QuotaAccount
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import OFFER_TRANSITIONS, OfferState, RoundState
from cotutelle.selection.models import Answer, Offer, Round
from tests.factories.mentorship import TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_round

pytestmark = pytest.mark.django_db


def _offer(round_: Round, mentor: Mentor, places: int = 1) -> Offer:
    data = services.OfferData("影像", places, "clinical")
    return services.save_offer(round_, data, mentor=mentor, actor=mentor.person)


def _held(mentor: Mentor) -> int:
    return QuotaAccount.objects.get(mentor=mentor, year=2026).held


@pytest.mark.parametrize(("seen", "to"), list(product(OfferState, OfferState)))
def test_offers_follow_their_chart(seen: OfferState, to: OfferState) -> None:
    round_ = make_round(RoundState.DRAFT)
    offer = make_offer(round_, state=seen)
    verb = {
        OfferState.OPEN: services.open_offer,
        OfferState.DRAFT: services.close_offer,
        OfferState.WITHDRAWN: services.withdraw_offer,
    }[to]
    Answer.objects.update(places=0)
    QuotaAccount.objects.update(held=0)
    actor = offer.supervisors[0].person
    if to in OFFER_TRANSITIONS[seen]:
        verb(offer, actor=actor)
    else:
        with pytest.raises(RuleViolation) as refused:
            verb(offer, actor=actor)
        assert refused.value.code == "offer.transition"
    offer.refresh_from_db()
    assert offer.state == (to if to in OFFER_TRANSITIONS[seen] else seen)


def test_several_offers_hold_no_more_than_the_account_has() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(2, unit=round_.unit)
    offers = [_offer(round_, mentor) for _n in range(3)]
    for offer in offers:
        services.open_offer(offer, actor=mentor.person)
    assert (_held(mentor), Answer.objects.get().places) == (2, 2)
    services.withdraw_offer(offers[0], actor=mentor.person)
    assert _held(mentor) == 2
    services.close_offer(offers[1], actor=mentor.person)
    assert (_held(mentor), Answer.objects.get().places) == (1, 1)


def test_one_offer_never_names_more_places_than_the_account_has() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(2, unit=round_.unit)
    offer = _offer(round_, mentor, places=3)
    with pytest.raises(RuleViolation) as refused:
        services.open_offer(offer, actor=mentor.person)
    assert refused.value.code == "quota.short"
    offer.refresh_from_db()
    assert (offer.state, _held(mentor)) == (OfferState.DRAFT, 0)


def test_a_person_in_two_institutions_has_one_account_for_both_rounds() -> None:
    first, second = make_round(RoundState.DRAFT), make_round(RoundState.DRAFT)
    mentor = make_mentor(1, unit=first.unit)
    mentor.other_units.add(second.unit)
    services.open_offer(_offer(first, mentor), actor=mentor.person)
    with pytest.raises(RuleViolation) as refused:
        services.open_offer(_offer(second, mentor), actor=mentor.person)
    assert refused.value.code == "quota.short"


def test_a_team_holds_on_both_accounts_or_on_none() -> None:
    round_ = make_round(RoundState.DRAFT)
    rich, poor = make_mentor(3, unit=round_.unit), make_mentor(0, unit=round_.unit)
    team = TeamFactory.create(unit=round_.unit, first=rich, second=poor)
    data = services.OfferData("联合", 1, "both")
    offer = services.save_offer(round_, data, team=team, actor=poor.person)
    with pytest.raises(RuleViolation):
        services.open_offer(offer, actor=rich.person)
    assert (_held(rich), _held(poor)) == (0, 0)
    QuotaAccount.objects.filter(mentor=poor).update(granted=1)
    services.open_offer(offer, actor=rich.person)
    assert (_held(rich), _held(poor)) == (1, 1)


def test_a_suspended_or_retired_mentor_opens_nothing() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(2, unit=round_.unit)
    offer = _offer(round_, mentor)
    Eligibility.objects.filter(mentor=mentor).update(state="suspended")
    with pytest.raises(RuleViolation) as refused:
        services.open_offer(offer, actor=mentor.person)
    assert refused.value.code == "quota.suspended"
    Eligibility.objects.filter(mentor=mentor).update(state="eligible")

    mentor.retires_on = dt.date(2026, 7, 1)
    mentor.save()
    with pytest.raises(RuleViolation) as refused:
        services.open_offer(Offer.objects.get(), actor=mentor.person)
    assert refused.value.code == "offer.retired"

    mentor.retires_on = dt.date(2028, 1, 1)
    mentor.save()
    offer = Offer.objects.get()
    services.open_offer(offer, actor=mentor.person)
    assert len(services.offer_warnings(offer)) == 1


def test_offers_are_written_by_their_mentor_and_office_alone() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor, other = make_mentor(unit=round_.unit), make_mentor(unit=round_.unit)
    data = services.OfferData("影像", 1, "clinical")
    for actor in (
        other.person,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.STUDENT, unit=round_.unit),
        make_person(Role.LEADER, unit=round_.unit),
    ):
        with pytest.raises(Refused):
            services.save_offer(round_, data, mentor=mentor, actor=actor)
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=mentor.unit)
    offer = services.save_offer(round_, data, mentor=mentor, actor=secretary)
    assert offer.state == OfferState.DRAFT


def test_numbers_are_given_within_the_mentor_and_taken_ones_refused() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(unit=round_.unit)
    first, second = _offer(round_, mentor), _offer(round_, mentor)
    assert first.number != second.number
    data = services.OfferData("影像", 1, "clinical", number=first.number)
    with pytest.raises(RuleViolation) as refused:
        services.save_offer(round_, data, offer=second, actor=mentor.person)
    assert refused.value.code == "offer.number"


def test_withdrawing_tells_the_students_who_chose_it() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(unit=round_.unit)
    offer = _offer(round_, mentor)
    services.open_offer(offer, actor=mentor.person)
    Round.objects.update(state=RoundState.RANKING)
    part = make_list(round_, [offer])
    services.withdraw_offer(offer, actor=mentor.person)
    notice = Notice.objects.get(kind="selection.offer_withdrawn")
    assert notice.person == part.student.person


def test_offers_stand_still_once_mentors_answer() -> None:
    round_ = make_round(RoundState.ANSWERING)
    offer = make_offer(round_)
    with pytest.raises(RuleViolation) as refused:
        services.withdraw_offer(offer, actor=offer.supervisors[0].person)
    assert refused.value.code == "round.state"


def test_a_limit_on_places_releases_what_is_over() -> None:
    round_ = make_round(RoundState.DRAFT)
    mentor = make_mentor(4, unit=round_.unit)
    for _n in range(3):
        services.open_offer(_offer(round_, mentor), actor=mentor.person)
    answer = Answer.objects.get()
    services.set_places(answer, 2, actor=mentor.person)
    assert (_held(mentor), answer.places) == (2, 2)
    services.set_places(answer, None, actor=mentor.person)
    assert _held(mentor) == 3
    with pytest.raises(RuleViolation) as refused:
        services.set_places(answer, 0, actor=mentor.person)
    assert refused.value.code == "answer.places_limit"
