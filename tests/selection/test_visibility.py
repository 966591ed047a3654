"""What each role sees of a season: own, colleague's, stranger's, another institution's."""

from __future__ import annotations

import pytest

from cotutelle.core.access import why_not
from cotutelle.core.clock import now
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import queries
from cotutelle.selection.enums import OfferState, PlacementState, RoundState
from cotutelle.selection.models import Participant, Placement, Round
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_round
from tests.factories.workflow import make_proxy

pytestmark = pytest.mark.django_db


class Scene:
    """A round with a mentor in another hospital and one student placed, not yet published."""

    def __init__(self, state: RoundState = RoundState.RANKING) -> None:
        self.round: Round = make_round(state)
        self.hospital: Unit = UnitFactory.create(kind="hospital")
        self.offer = make_offer(self.round, make_mentor(unit=self.hospital))
        self.hidden = make_offer(self.round, state=OfferState.DRAFT)
        self.part: Participant = make_list(self.round, [self.offer])
        self.other: Participant = make_list(self.round, [])
        self.placement = Placement.objects.create(
            round=self.round,
            participant=self.part,
            offer=self.offer,
            source="run",
            state="proposed",
        )
        self.officer = make_person(Role.GRADUATE_OFFICER, unit=self.round.unit)
        self.secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=self.hospital)
        self.stranger = make_person(Role.GRADUATE_OFFICER)

    @property
    def student(self) -> Person:
        return Person.objects.get(pk=self.part.student.person_id)

    @property
    def mentor(self) -> Person:
        assert self.offer.mentor
        return Person.objects.get(pk=self.offer.mentor.person_id)


def test_rounds() -> None:
    scene = Scene()
    elsewhere = make_round()
    seen = {
        name: set(queries.rounds_visible_to(actor))
        for name, actor in {
            "officer": scene.officer,
            "secretary": scene.secretary,
            "student": scene.student,
            "mentor": scene.mentor,
            "stranger": scene.stranger,
            "nobody": make_person(),
        }.items()
    }
    assert seen == {
        "officer": {scene.round},
        "secretary": {scene.round},
        "student": {scene.round},
        "mentor": {scene.round, elsewhere},
        "stranger": set(),
        "nobody": set(),
    }


def test_students_see_no_round_in_preparation_and_nobody_else_a_cancelled_one() -> None:
    scene = Scene(RoundState.DRAFT)
    assert not queries.rounds_visible_to(scene.student).exists()
    assert queries.rounds_visible_to(scene.mentor).exists()
    Round.objects.update(state=RoundState.CANCELLED)
    assert not queries.rounds_visible_to(make_mentor().person).exists()
    assert queries.rounds_visible_to(scene.officer).exists()


def test_offers() -> None:
    scene = Scene()
    assert set(queries.offers_visible_to(scene.student)) == {scene.offer}
    assert set(queries.offers_visible_to(scene.mentor)) == {scene.offer}
    assert set(queries.offers_visible_to(scene.hidden.supervisors[0].person)) == {
        scene.offer,
        scene.hidden,
    }
    assert set(queries.offers_visible_to(scene.officer)) == {scene.offer, scene.hidden}
    assert set(queries.offers_visible_to(scene.secretary)) == {scene.offer}
    assert not queries.offers_visible_to(scene.stranger).exists()
    assert list(queries.own_offers(scene.mentor)) == [scene.offer]


def test_participants_and_answers() -> None:
    scene = Scene()
    assert set(queries.participants_visible_to(scene.officer)) == {scene.part, scene.other}
    assert list(queries.participants_visible_to(scene.student)) == [scene.part]
    for actor in (scene.mentor, scene.secretary, scene.stranger):
        assert not queries.participants_visible_to(actor).exists()
    mine = scene.round.answers.get(mentor=scene.offer.mentor)
    assert list(queries.answers_visible_to(scene.mentor)) == [mine]
    assert list(queries.answers_visible_to(scene.secretary)) == [mine]
    assert queries.answers_visible_to(scene.officer).count() == 2
    for actor in (scene.student, scene.stranger):
        assert not queries.answers_visible_to(actor).exists()


@pytest.mark.parametrize(
    ("state", "pair"), [(PlacementState.PROPOSED, False), (PlacementState.PUBLISHED, True)]
)
def test_a_result_is_the_pairs_once_it_is_published(state: str, pair: bool) -> None:
    scene = Scene()
    Placement.objects.update(state=state)
    assert queries.placements_visible_to(scene.officer).exists()
    for actor in (scene.student, scene.mentor, scene.secretary):
        assert queries.placements_visible_to(actor).exists() is pair
    classmate = Person.objects.get(pk=scene.other.student.person_id)
    for actor in (classmate, scene.stranger, make_mentor().person):
        assert not queries.placements_visible_to(actor).exists()


def test_a_place_that_fell_vacant_before_anybody_was_told_stays_unknown_to_the_pair() -> None:
    scene = Scene(RoundState.PUBLISHED)
    pair = (scene.offer.mentor.person, scene.part.student.person)
    Placement.objects.filter(pk=scene.placement.pk).update(state=PlacementState.VACATED)
    assert not any(queries.placements_visible_to(one).exists() for one in pair)
    Placement.objects.filter(pk=scene.placement.pk).update(confirmed_at=now())
    assert all(queries.placements_visible_to(one).exists() for one in pair)


@pytest.mark.parametrize(
    ("state", "seen"), [(RoundState.RANKING, True), (RoundState.CANCELLED, False)]
)
def test_who_stands_in_for_a_mentor_elsewhere_opens_the_rounds_a_mentor_sees(
    state: RoundState, seen: bool
) -> None:
    scene = Scene(state)
    agent = make_person(Role.DEPARTMENT_SECRETARY, unit=UnitFactory.create(kind="hospital"))
    assert why_not(agent, "selection.view_round", scene.round) is not None

    make_proxy(make_mentor(unit=agent.unit).person, agent)

    assert (why_not(agent, "selection.view_round", scene.round) is None) == seen
    assert queries.rounds_visible_to(agent).contains(scene.round) == seen
