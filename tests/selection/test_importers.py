from __future__ import annotations

import pytest

from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.selection.enums import ListState, RoundState
from cotutelle.selection.models import Offer, Participant
from tests.factories.mentorship import ConflictFactory, TeamFactory, make_mentor
from tests.factories.selection import make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_round(RoundState.RANKING)


@pytest.fixture
def ctx(round_):
    return Context(round_.unit, make_officer(round_), options={"round": str(round_.public_id)})


def run(kind, rows, ctx):
    importer = registry.find(kind)
    assert importer.check(rows, ctx) == []
    return importer.apply(rows, ctx, lambda done: None)


def offer_row(lead, number="A001", **values):
    base = {
        "number": number,
        "mentor": (lead.person.number,),
        "title_zh": "肺癌筛查",
        "places": 1,
    }
    return Row(2, base | values)


def test_offers_are_created_once_and_updated(round_, ctx):
    mentor = make_mentor(unit=round_.unit, track="research")

    first = run("offers", [offer_row(mentor)], ctx)
    same = run("offers", [offer_row(mentor)], ctx)
    changed = run("offers", [offer_row(mentor, title_zh="新题", routes=("doctoral",))], ctx)

    assert (first.created, same.unchanged, changed.updated) == (1, 1, 1)
    offer = Offer.objects.get()
    assert (offer.number, offer.mentor, offer.track) == ("A001", mentor, "research")
    assert (offer.title_zh, offer.routes, offer.state) == ("新题", ["doctoral"], "draft")


def test_two_numbers_mean_a_team_that_must_have_been_formed(round_, ctx):
    team = TeamFactory.create(unit=round_.unit)
    alone = make_mentor(unit=round_.unit)
    numbers = (team.second.person.number, team.first.person.number)

    run("offers", [offer_row(alone, mentor=numbers)], ctx)
    assert Offer.objects.get().team == team

    wrong = offer_row(alone, mentor=(alone.person.number, team.first.person.number))
    assert [p.code for p in registry.find("offers").check([wrong], ctx)] == ["offer.team"]


def test_an_unknown_mentor_is_a_problem_of_its_cell(round_, ctx):
    row = Row(7, {"number": "A", "mentor": ("000",), "title_zh": "x", "places": 1})

    (problem,) = registry.find("offers").check([row], ctx)

    assert (problem.row, problem.column, problem.code) == (7, "mentor", "offer.mentor")


def choice(participant, offer, position, number=2):
    values = {
        "student": participant.student.candidate_number,
        "offer": offer.number,
        "position": position,
    }
    return Row(number, values)


def test_lists_are_taken_over_in_the_order_of_their_positions_and_submitted(round_, ctx):
    first, second = make_offer(round_), make_offer(round_)
    one = make_list(round_, [], submitted=False)

    run("preferences", [choice(one, second, 2), choice(one, first, 1)], ctx)

    one = Participant.objects.get(pk=one.pk)
    assert one.list_state == ListState.SUBMITTED
    assert [p.offer for p in one.preferences.all()] == [first, second]


def test_what_the_rules_forbid_is_named_before_anything_changes(round_, ctx):
    offer, other = make_offer(round_), make_offer(round_, routes=["doctoral"])
    one, done = make_list(round_, [], submitted=False), make_list(round_, [offer])
    ConflictFactory.create(mentor=offer.mentor, student=one.student)
    importer = registry.find("preferences")

    def codes(*rows):
        return [(p.column, p.code) for p in importer.check(rows, ctx)]

    assert codes(choice(one, offer, 1)) == [("offer", "list.not_allowed")]
    assert codes(choice(one, other, 1)) == [("offer", "list.not_allowed")]
    assert codes(choice(done, offer, 1)) == [("student", "list.not_allowed")]
    assert codes(Row(2, {"student": "0", "offer": "0", "position": 1})) == [
        ("student", "list.student"), ("offer", "list.offer"),
    ]  # fmt: skip
    free = make_offer(round_)
    twice = codes(choice(one, free, 1), choice(one, make_offer(round_), 1, number=3))
    assert twice == [("position", "list.position")]
