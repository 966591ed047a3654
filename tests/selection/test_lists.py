"""Lists: written, submitted, taken back; by the clock, by the rules, by one hand at a time."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import LIST_TRANSITIONS, ListState, RoundState
from cotutelle.selection.models import Participant
from cotutelle.workflow.models import Task
from tests.factories.mentorship import ConflictFactory, TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_round

pytestmark = pytest.mark.django_db


def _ids(part: Participant) -> list[object]:
    return list(part.preferences.order_by("position").values_list("offer_id", flat=True))


def test_choices_are_added_moved_and_removed() -> None:
    round_ = make_round()
    a, b, c = (make_offer(round_) for _n in range(3))
    part = make_list(round_, [], submitted=False)
    actor = part.student.person
    for offer in (a, b, c):
        services.add_choice(part, offer, expected_version=part.list_version, actor=actor)
    assert _ids(part) == [a.pk, b.pk, c.pk]
    services.move_choice(part, c, 1, expected_version=3, actor=actor)
    assert _ids(part) == [c.pk, a.pk, b.pk]
    services.move_choice(part, c, 99, expected_version=4, actor=actor)
    assert _ids(part) == [a.pk, b.pk, c.pk]
    services.remove_choice(part, b, expected_version=5, actor=actor)
    assert _ids(part) == [a.pk, c.pk]


def test_save_list_refuses_a_stale_copy_and_keeps_the_newer_list() -> None:
    round_ = make_round()
    a, b = make_offer(round_), make_offer(round_)
    part = make_list(round_, [], submitted=False)
    other_tab = Participant.objects.get(pk=part.pk)
    services.save_list(part, [a.public_id], expected_version=0, actor=part.student.person)
    with pytest.raises(RuleViolation) as refused:
        services.save_list(other_tab, [b.public_id], expected_version=0, actor=part.student.person)
    assert refused.value.code == "list.stale"
    assert _ids(part) == [a.pk]


@pytest.mark.parametrize(("seen", "to"), list(product(ListState, ListState)))
def test_lists_follow_their_chart(seen: ListState, to: ListState) -> None:
    round_ = make_round()
    part = make_list(round_, [make_offer(round_)])
    Participant.objects.filter(pk=part.pk).update(list_state=seen)
    verb = {
        ListState.SUBMITTED: services.submit_list,
        ListState.DRAFT: services.reopen_list,
        ListState.WITHDRAWN: services.withdraw_list,
    }[to]
    allowed = to in LIST_TRANSITIONS[seen] or (seen == to and to != ListState.SUBMITTED)
    if allowed:
        verb(part, expected_version=None, actor=part.student.person)
    else:
        with pytest.raises(RuleViolation) as refused:
            verb(part, expected_version=None, actor=part.student.person)
        assert refused.value.code == "list.transition"
    part.refresh_from_db()
    assert part.list_state == (to if allowed else seen)


def test_a_submitted_list_is_first_taken_back() -> None:
    round_ = make_round()
    offer = make_offer(round_)
    part = make_list(round_, [offer])
    actor = part.student.person
    with pytest.raises(RuleViolation) as refused:
        services.save_list(part, [], expected_version=1, actor=actor)
    assert refused.value.code == "list.submitted"
    services.reopen_list(part, expected_version=1, actor=actor)
    assert Task.objects.get(state="open").assignee == actor
    services.submit_list(part, expected_version=2, actor=actor)
    assert not Task.objects.filter(state="open").exists()


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.RANKING}))
def test_lists_are_closed_outside_ranking(state: RoundState) -> None:
    round_ = make_round(state)
    part = make_list(round_, [make_offer(round_)], submitted=False)
    with pytest.raises(RuleViolation) as refused:
        services.submit_list(part, expected_version=0, actor=part.student.person)
    assert refused.value.code == "list.closed"


@pytest.mark.parametrize("shift", [dt.timedelta(days=1), dt.timedelta(days=-10)])
def test_the_clock_closes_lists_though_nobody_moved_the_round(shift: dt.timedelta) -> None:
    round_ = make_round()
    part = make_list(round_, [make_offer(round_)], submitted=False)
    start = now() + shift
    round_.calendars.update(opens_at=start, closes_at=start + dt.timedelta(hours=1))
    with pytest.raises(RuleViolation) as refused:
        services.submit_list(part, expected_version=0, actor=part.student.person)
    assert refused.value.code == "list.closed"


def test_what_a_list_refuses() -> None:
    round_ = make_round(max_choices=3, min_choices=2, same_discipline_only=True)
    good = make_offer(round_)
    part = make_list(round_, [], submitted=False)
    others = make_list(make_round(), [], submitted=False)
    mentor = make_mentor(unit=round_.unit, discipline="外科学")
    wrong = {
        "list.not_allowed": [
            make_offer(round_, routes=["doctoral"]),
            make_offer(round_, degree_types=["academic"]),
            make_offer(round_, mentor),
        ],
        "list.offer_closed": [make_offer(round_, state="draft")],
        "list.unknown": [make_offer(others.round)],
        "list.twice": [good, good],
        "list.too_long": [good, make_offer(round_), make_offer(round_), make_offer(round_)],
    }
    actor = part.student.person
    for code, offers in wrong.items():
        tries = [[o] for o in offers] if code == "list.not_allowed" else [offers]
        for chosen in tries:
            with pytest.raises(RuleViolation) as refused:
                services.save_list(
                    part, [o.public_id for o in chosen], expected_version=0, actor=actor
                )
            assert refused.value.code == code
    services.save_list(part, [good.public_id], expected_version=0, actor=actor)
    with pytest.raises(RuleViolation) as refused:
        services.submit_list(part, expected_version=1, actor=actor)
    assert refused.value.code == "list.too_short"


def test_a_conflict_keeps_an_offer_off_the_list_whoever_of_a_team_has_it() -> None:
    round_ = make_round()
    one, two = make_mentor(unit=round_.unit), make_mentor(unit=round_.unit)
    team = TeamFactory.create(unit=round_.unit, first=one, second=two)
    part = make_list(round_, [], submitted=False)
    ConflictFactory.create(mentor=two, student=part.student)
    for offer in (make_offer(round_, team=team), make_offer(round_, two)):
        with pytest.raises(RuleViolation) as refused:
            services.add_choice(part, offer, expected_version=0, actor=part.student.person)
        assert refused.value.code == "list.conflict"


def test_a_conflict_declared_later_stops_the_submission() -> None:
    round_ = make_round()
    offer = make_offer(round_)
    part = make_list(round_, [offer], submitted=False)
    ConflictFactory.create(mentor=offer.mentor, student=part.student)
    with pytest.raises(RuleViolation) as refused:
        services.submit_list(part, expected_version=0, actor=part.student.person)
    assert refused.value.code == "list.conflict"


def test_lists_belong_to_the_student_and_the_office() -> None:
    round_ = make_round()
    offer = make_offer(round_)
    part = make_list(round_, [], submitted=False)
    classmate = make_list(round_, []).student.person
    strangers = (
        classmate,
        offer.mentor.person,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.LEADER, unit=round_.unit),
        make_person(Role.STUDENT_ADVISER, unit=round_.unit),
    )
    for actor in strangers:
        with pytest.raises(Refused):
            services.save_list(part, [offer.public_id], expected_version=0, actor=actor)
    office = make_person(Role.DEPARTMENT_SECRETARY, unit=round_.unit)
    services.save_list(part, [offer.public_id], expected_version=None, actor=office)
    services.submit_list(part, expected_version=None, actor=office)
    assert Notice.objects.get(kind="selection.list_entered").person == part.student.person


def test_a_student_who_left_has_no_list_and_the_word_on_adjustment_is_kept() -> None:
    round_ = make_round()
    part = make_list(round_, [], submitted=False)
    services.set_adjustment(part, accepts=False, actor=part.student.person)
    part.refresh_from_db()
    assert part.accepts_adjustment is False
    Participant.objects.update(state="withdrawn")
    with pytest.raises(RuleViolation) as refused:
        services.set_adjustment(part, accepts=True, actor=part.student.person)
    assert refused.value.code == "list.left"
