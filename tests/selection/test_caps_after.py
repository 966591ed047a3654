"""Limits above mentors hold after confirmation too: for vacancies and supplementary rounds."""

from __future__ import annotations

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.enums import OfferState, PlacementSource, PlacementState, RoundState
from cotutelle.selection.models import Offer, PlaceCap, Placement, Round
from cotutelle.selection.queries.vacancies import free_places
from cotutelle.selection.services.supplement import create_supplement
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import make_mentor
from tests.factories.selection import make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_() -> Round:
    return make_round(RoundState.CONFIRMED)


@pytest.fixture
def officer(round_: Round) -> Person:
    return make_officer(round_)


@pytest.fixture
def two(round_: Round) -> tuple[Offer, Offer]:
    """Two mentors of one department, which may take three places; the first has taken one."""
    department = UnitFactory.create(parent=round_.unit)
    first, second = (
        make_offer(round_, make_mentor(5, unit=department), places=4) for _ in range(2)
    )
    PlaceCap.objects.create(round=round_, unit=department, places=3, places_min=2)
    Placement.objects.create(
        round=round_,
        participant=make_list(round_, [first]),
        offer=first,
        source=PlacementSource.RUN,
        state=PlacementState.CONFIRMED,
    )
    return first, second


def test_a_vacancy_is_filled_only_while_the_unit_has_places(
    round_: Round, officer: Person, two: tuple[Offer, Offer]
) -> None:
    first, second = two
    services.fill_vacancy(make_list(round_, []), second, actor=officer)
    services.fill_vacancy(make_list(round_, []), first, actor=officer)

    with pytest.raises(RuleViolation) as refused:
        services.fill_vacancy(make_list(round_, []), second, actor=officer)

    assert refused.value.code == "cap.full"
    assert free_places(round_) == {first.pk: 0, second.pk: 0}
    assert round_.placements.count() == 3


def test_free_places_are_those_of_the_fullest_limit(
    round_: Round, two: tuple[Offer, Offer]
) -> None:
    first, second = two
    assert free_places(round_) == {first.pk: 2, second.pk: 2}
    Offer.objects.filter(pk=second.pk).update(weight=2)
    assert free_places(round_) == {first.pk: 2, second.pk: 1}
    PlaceCap.objects.update(places=None)
    assert free_places(round_) == {first.pk: 3, second.pk: 2}


def test_a_weighty_student_needs_as_many_places_of_the_mentor(
    round_: Round, officer: Person, two: tuple[Offer, Offer]
) -> None:
    PlaceCap.objects.all().delete()
    first, _second = two
    Offer.objects.filter(pk=first.pk).update(weight=3)
    first.refresh_from_db()

    with pytest.raises(RuleViolation) as refused:
        services.fill_vacancy(make_list(round_, []), first, actor=officer)

    assert refused.value.code == "offer.full"


def test_a_supplementary_round_has_what_the_limits_leave(
    round_: Round, officer: Person, two: tuple[Offer, Offer]
) -> None:
    first, second = two
    Offer.objects.filter(pk=first.pk).update(places_min=4)
    make_list(round_, [second])

    fresh = create_supplement(round_, name_zh="补录", actor=officer)

    cap = fresh.caps.get()
    assert (cap.places, cap.places_min) == (2, 1)
    copies = {o.mentor_id: o for o in fresh.offers.filter(state=OfferState.DRAFT)}
    assert copies[first.mentor_id].places == 2
    assert copies[first.mentor_id].places_min == 2
    assert copies[second.mentor_id].places == 2
