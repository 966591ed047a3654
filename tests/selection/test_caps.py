"""Places above the mentor: who may set them, what they mean for the market, what is odd."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.engines import matching
from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.enums import MentorCategory
from cotutelle.people.enums import Role
from cotutelle.selection import queries
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Offer, PlaceCap, Round
from cotutelle.selection.queries.caps import cap_rows
from cotutelle.selection.queries.problem import problem_of
from cotutelle.selection.services.caps import OPEN_TO, Bounds, set_caps, set_minimum
from tests.factories.agreements import make_agreement
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer, make_round
from tests.selection.markets import hold_places

pytestmark = pytest.mark.django_db
CAP_QUERIES = 30


def below(unit: Unit) -> Unit:
    return UnitFactory.create(parent=unit)


def cap(
    round_: Round, thing: Unit | Agreement, most: int | None = None, least: int = 0
) -> PlaceCap:
    name = "agreement" if isinstance(thing, Agreement) else "unit"
    return PlaceCap.objects.create(round=round_, places=most, places_min=least, **{name: thing})


# ---------------------------------------------------------------- the market


def _expected_group(round_: Round, offer: Offer) -> str | None:
    """Written from the rule alone: agreements first, then units upwards, parent by parent."""
    bounding = [
        c
        for c in PlaceCap.objects.filter(round=round_)
        if (c.places is not None or c.places_min)
        and (c.agreement is None or c.agreement.state == AgreementState.IN_FORCE)
    ]
    for mentor in offer.supervisors:
        lending = sorted(
            (
                c
                for c in bounding
                if c.agreement and c.agreement.mentors.filter(mentor=mentor).exists()
            ),
            key=lambda c: c.agreement_id or 0,
        )
        if lending:
            return str(lending[0].public_id)
    owner = offer.mentor or offer.team
    assert owner
    return _upwards(bounding, owner.unit)


def _upwards(bounding: list[PlaceCap], unit: Unit | None) -> str | None:
    while unit is not None:
        for one in bounding:
            if one.unit == unit:
                return str(one.public_id)
        unit = unit.parent
    return None


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_those_of_the_rule_written_independently(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  invented markets
    round_ = make_round(RoundState.CLOSED)
    partner = UnitFactory.create()
    units = [round_.unit, partner]
    units += [below(draw.choice(units)) for _n in range(6)]
    mentors = [make_mentor(3, unit=draw.choice(units)) for _n in range(6)]
    agreements = [
        make_agreement(
            *draw.sample(mentors, 2), unit=round_.unit, partner=partner,
            state=draw.choice([AgreementState.IN_FORCE, AgreementState.ENDED]),
        )
        for _n in range(2)
    ]  # fmt: skip
    team = TeamFactory.create(unit=draw.choice(units), first=mentors[0], second=mentors[1])
    offers = [make_offer(round_, one) for one in mentors] + [make_offer(round_, team=team)]
    for thing in [*draw.sample(units, 4), *agreements]:
        cap(round_, thing, *draw.choice([(2, 0), (3, 1), (None, 2), (None, 0)]))
    problem = queries.build_problem(round_, seed="s").problem
    for offer in offers:
        entry = problem.offers[str(offer.public_id)]
        assert problem.mentors[entry.mentor_id].group_id == _expected_group(round_, offer)
    bounding = PlaceCap.objects.filter(public_id__in=problem.groups)
    assert {str(c.public_id) for c in bounding} == set(problem.groups)
    everything = [
        c for c in PlaceCap.objects.filter(round=round_)
        if (c.places is not None or c.places_min)
        and (c.agreement is None or c.agreement.state == AgreementState.IN_FORCE)
    ]  # fmt: skip
    assert len(everything) == len(problem.groups)
    for one in everything:
        group = problem.groups[str(one.public_id)]
        above = one.unit.parent if one.unit else one.agreement.partner  # type: ignore[union-attr]
        assert group.parent_id == _upwards(everything, above)
        assert (group.quota, group.lower_quota) == (one.places, one.places_min)
    assert problem_of(matching.problem_to_json(problem)) == problem


def test_the_order_of_a_unit_is_the_score_with_ties_and_the_unscored_last() -> None:
    round_ = make_round(RoundState.CLOSED)
    offer = make_offer(round_)
    cap(round_, round_.unit, 1)
    low, high, high_too, none = (
        make_list(round_, [offer], admission_score=score) for score in (300, 400, 400, None)
    )
    (group,) = queries.build_problem(round_, seed="s").problem.groups.values()
    assert [sorted(tier) for tier in group.priority] == [
        sorted([str(high.public_id), str(high_too.public_id)]),
        [str(low.public_id)],
    ]
    assert str(none.public_id) not in str(group.priority)


def test_where_scores_do_not_count_the_lottery_alone_orders_a_unit() -> None:
    round_ = make_round(RoundState.CLOSED, uses_scores=False)
    make_list(round_, [make_offer(round_)], admission_score=400)
    cap(round_, round_.unit, 1)
    (group,) = queries.build_problem(round_, seed="s").problem.groups.values()
    assert list(group.priority) == []


def test_minimum_places_and_weights_reach_the_engine_and_never_exceed_what_is_held() -> None:
    round_ = make_round(RoundState.CLOSED, algorithm="exact")
    offer = make_offer(round_, make_mentor(4, unit=round_.unit), places=4)
    hold_places(round_)
    Offer.objects.update(places_min=2, weight=2)
    round_.answers.update(places_min=3)
    mentor = queries.build_problem(round_, seed="s").problem
    assert mentor.offers[str(offer.public_id)] == matching.Offer(
        str(round_.answers.get().public_id), 4, lower_quota=2, weight=2
    )
    assert next(iter(mentor.mentors.values())).lower_quota == 3
    offer.mentor.eligibilities.update(state="suspended")
    problem = queries.build_problem(round_, seed="s").problem
    suspended = next(iter(problem.mentors.values()))
    assert (suspended.quota, suspended.lower_quota) == (0, 0)
    assert problem.offers[str(offer.public_id)].lower_quota == 0


def test_an_off_campus_first_mentor_takes_no_more_than_the_rules_say() -> None:
    round_ = make_round(RoundState.CLOSED, off_campus_most=1)
    outside = make_mentor(3, unit=round_.unit, category=MentorCategory.PRACTICE)
    inside = make_mentor(3, unit=round_.unit)
    offers = [make_offer(round_, one, places=3) for one in (outside, inside)]
    hold_places(round_)
    problem = queries.build_problem(round_, seed="s").problem
    most = {
        offer: problem.mentors[problem.offers[str(offer.public_id)].mentor_id].quota
        for offer in offers
    }
    assert list(most.values()) == [1, 3]


# ---------------------------------------------------------------- services


@pytest.mark.parametrize("state", RoundState.values)
def test_limits_are_set_until_there_is_a_result(state: str) -> None:
    round_ = make_round(RoundState(state))
    if state in OPEN_TO:
        assert set_caps(round_, {round_.unit: Bounds(3, 1)}, actor=make_officer(round_)) == 1
    else:
        with pytest.raises(RuleViolation) as refused:
            set_caps(round_, {round_.unit: Bounds(3)}, actor=make_officer(round_))
        assert refused.value.code == "round.state"


def test_a_limit_is_a_decision_changed_and_lifted_with_old_and_new_numbers() -> None:
    round_ = make_round(RoundState.DRAFT)
    actor = make_officer(round_)
    for bounds in (Bounds(3, 1), Bounds(3, 1), Bounds(2), Bounds()):
        set_caps(round_, {round_.unit: bounds}, reason="床位减少", actor=actor)
    assert not round_.caps.exists()
    entries = Entry.objects.filter(action="selection.round.cap_set", decision=True)
    assert [
        (e.payload.before["places"], e.payload.after["places"]) for e in entries.order_by("pk")
    ] == [(None, 3), (3, 2), (2, None)]


REFUSALS: dict[str, tuple[dict[str, Any], Bounds, str]] = {
    "sequential": ({"regime": "sequential"}, Bounds(1), "cap.regime"),
    "promotion": ({"algorithm": "promotion"}, Bounds(1), "cap.algorithm"),
    "crossed": ({}, Bounds(1, 2), "cap.range"),
    "negative": ({}, Bounds(-1), "cap.range"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_limits_that_mean_nothing_are_refused(name: str) -> None:
    rules, bounds, code = REFUSALS[name]
    round_ = make_round(RoundState.DRAFT, **rules)
    with pytest.raises(RuleViolation) as refused:
        set_caps(round_, {round_.unit: bounds}, actor=make_officer(round_))
    assert refused.value.code == code


def test_units_and_agreements_of_others_are_refused_and_partners_taken() -> None:
    round_ = make_round(RoundState.DRAFT)
    actor = make_officer(round_)
    mine = make_agreement(unit=round_.unit)
    assert set_caps(round_, {mine: Bounds(2), below(mine.partner): Bounds(1)}, actor=actor) == 2
    for foreign in (UnitFactory.create(), make_agreement()):
        with pytest.raises(RuleViolation) as refused:
            set_caps(round_, {foreign: Bounds(1)}, actor=actor)
        assert refused.value.code == "cap.foreign"


def test_only_who_manages_the_round_sets_limits_and_minimums() -> None:
    round_ = make_round(RoundState.DRAFT, algorithm="exact")
    offer = make_offer(round_)
    colleague = make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    for actor in (colleague, stranger, offer.mentor.person):
        with pytest.raises(Refused):
            set_caps(round_, {round_.unit: Bounds(1)}, actor=actor)
        with pytest.raises(Refused):
            set_minimum(offer, least=1, weight=1, mentor_least=0, actor=actor)


MINIMUMS: dict[str, tuple[str, dict[str, int], str]] = {
    "sound": ("exact", {"least": 2, "weight": 2, "mentor_least": 2}, ""),
    "by deferred acceptance": ("deferred-acceptance", {"least": 1}, ""),
    "heavy by deferred acceptance": ("deferred-acceptance", {"weight": 2}, "cap.algorithm"),
    "by promotion": ("promotion", {"least": 1}, "cap.algorithm"),
    "beyond the offer": ("exact", {"least": 4}, "offer.places_min"),
    "beyond the mentor": ("exact", {"mentor_least": 4}, "answer.places_min"),
    "heavier than the mentor": ("exact", {"weight": 4}, "offer.weight"),
    "weightless": ("exact", {"weight": 0}, "offer.weight"),
}


@pytest.mark.parametrize("name", MINIMUMS)
def test_minimums_lie_within_the_places_and_the_rules(name: str) -> None:
    algorithm, numbers, code = MINIMUMS[name]
    round_ = make_round(RoundState.DRAFT, algorithm=algorithm)
    offer = make_offer(round_, places=3)
    values = {"least": 0, "weight": 1, "mentor_least": 0} | numbers
    if code:
        with pytest.raises(RuleViolation) as refused:
            set_minimum(offer, actor=make_officer(round_), **values)
        assert refused.value.code == code
        return
    set_minimum(offer, actor=make_officer(round_), **values)
    offer.refresh_from_db()
    answer = round_.answers.get()
    assert {
        "least": offer.places_min, "weight": offer.weight, "mentor_least": answer.places_min
    } == values  # fmt: skip


# ---------------------------------------------------------------- the page


def test_what_is_odd_about_limits_is_named() -> None:
    round_ = make_round(RoundState.DRAFT)
    inner, other = below(round_.unit), below(round_.unit)
    make_offer(round_, make_mentor(3, unit=inner), places=3)
    make_offer(round_, make_mentor(3, unit=other), places=3)
    for _n in range(9):
        make_list(round_, [])
    ended = make_agreement(unit=round_.unit, partner=other, state=AgreementState.ENDED)
    tight = make_agreement(unit=round_.unit, partner=other, first_mentor_most=1)
    cap(round_, round_.unit, 2)
    cap(round_, inner, 5, 4)
    cap(round_, other, None, 2)
    cap(round_, ended, 1)
    cap(round_, tight, 2)
    found = {row.thing: [code for code, _numbers in row.faults] for row in cap_rows(round_)}
    assert found[round_.unit] == ["minima_above"]
    assert found[inner] == ["too_much_asked", "outer_binds"]
    assert found[other] == []
    assert found[ended] == ["void"]
    assert found[tight] == ["outer_binds", "more_than_agreed"]


def sign_in(client: Client, person: Any) -> Client:
    person.language = "en"
    person.save(update_fields=["language"])
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_same_number_of_questions(
    client: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    round_ = make_round(RoundState.DRAFT)
    for _n in range(count):
        unit = below(round_.unit)
        mentor = make_mentor(2, unit=unit)
        make_offer(round_, mentor, places=2)
        cap(round_, unit, 1)
        cap(round_, make_agreement(mentor, unit=round_.unit, partner=unit), 1)
    sign_in(client, make_officer(round_))
    with django_assert_max_num_queries(CAP_QUERIES):
        page = client.get(reverse("selection:caps", args=[round_.public_id]))
    assert len(page.context["lines"]) == 1 + 2 * count


def test_an_officer_types_limits_and_every_slip_is_named(client: Client) -> None:
    round_ = make_round(RoundState.DRAFT)
    unit = below(round_.unit)
    make_offer(round_, make_mentor(3, unit=unit), places=3)
    sign_in(client, make_officer(round_))
    url = reverse("selection:caps", args=[round_.public_id])
    name = f"unit:{unit.public_id}"
    bad = client.post(url, {f"most-{name}": "1", f"least-{name}": "2"})
    assert list(bad.context["form"].errors) == [f"least-{name}"]
    client.post(url, {f"most-{name}": "2", f"least-{name}": "1", "reason": "床位"})
    made = round_.caps.get()
    assert (made.unit, made.places, made.places_min, made.reason) == (unit, 2, 1, "床位")
    page = client.get(url).content.decode()
    assert "does not plan minimum places" in page
    assert client.get(f"{url}?format=xlsx").status_code == 200


def test_colleagues_read_and_strangers_see_nothing(client: Client) -> None:
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_)
    url = reverse("selection:caps", args=[round_.public_id])
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit)
    page = sign_in(client, secretary).get(url)
    assert not page.context["may_edit"] or "<input" not in page.content.decode()
    assert client.post(url, {}).status_code == 403
    minimum = reverse("selection:offer-minimum", args=[round_.public_id, offer.public_id])
    assert client.get(minimum).status_code == 403
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    assert sign_in(Client(), stranger).get(url).status_code == 404
    student = make_list(round_, [offer]).student.person
    assert sign_in(Client(), student).get(url).status_code == 403


def test_the_minimum_of_an_offer_is_typed_on_its_page(client: Client) -> None:
    round_ = make_round(RoundState.RANKING, algorithm="exact")
    offer = make_offer(round_, places=2)
    sign_in(client, make_officer(round_))
    url = reverse("selection:offer-minimum", args=[round_.public_id, offer.public_id])
    bad = client.post(url, {"least": 9, "mentor_least": 0, "weight": 1})
    assert list(bad.context["form"].errors) == ["least"]
    client.post(url, {"least": 1, "mentor_least": 2, "weight": 1})
    offer.refresh_from_db()
    assert (offer.places_min, round_.answers.get().places_min) == (1, 2)


def test_only_its_parties_and_reviewers_read_the_row_of_an_agreement(client: Client) -> None:
    round_ = make_round(RoundState.RANKING)
    hospital, other = below(round_.unit), below(round_.unit)
    mentor, neighbour = make_mentor(3, unit=hospital), make_mentor(3, unit=other)
    make_offer(round_, mentor)
    make_offer(round_, neighbour)
    agreement = make_agreement(mentor, unit=round_.unit, partner=hospital, places=7)
    cap(round_, agreement, 2)
    url = reverse("selection:caps", args=[round_.public_id])
    seen = {
        role: f"cap-{agreement.public_id}" in sign_in(client, person).get(url).content.decode()
        for role, person in {
            "party": make_person(Role.PARTNER_OFFICER, unit=hospital),
            "officer": make_officer(round_),
            "leader": make_person(Role.LEADER, unit=round_.unit),
            "neighbour": make_person(Role.PARTNER_OFFICER, unit=other),
            "secretary": make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit),
        }.items()
    }
    assert seen == {
        "party": True, "officer": True, "leader": True, "neighbour": False, "secretary": False,
    }  # fmt: skip
    file = client.get(f"{url}?format=csv").content.decode()
    assert not any(name and name in file for name in (agreement.name_zh, agreement.name_en))
