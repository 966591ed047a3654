"""A mentor suspended in the middle of a season: nothing is left hanging at a closed door."""

from __future__ import annotations

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import EligibilityState
from cotutelle.mentorship.services import review_mentors
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.selection import services
from cotutelle.selection.enums import ApplicationState, OfferState, RoundState
from cotutelle.selection.models import Answer, Offer
from cotutelle.selection.services.holds import settle_hold
from cotutelle.workflow.models import Task
from tests.factories.mentorship import TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round
from tests.selection.markets import closed_round

pytestmark = pytest.mark.django_db


def _suspend(offer: Offer, mentor: object | None = None) -> None:
    one = mentor or offer.mentor
    officer = make_person(Role.GRADUATE_OFFICER, unit=one.unit)  # type: ignore[attr-defined]
    review_mentors(
        [one],  # type: ignore[list-item]
        year=offer.round.quota_year,
        state=EligibilityState.SUSPENDED,
        reason="年度考核未通过",
        actor=officer,
    )


def test_offers_of_a_suspended_mentor_leave_and_those_who_chose_them_are_told() -> None:
    round_ = make_round(RoundState.RANKING)
    offer = make_offer(round_, places=2)
    part = make_list(round_, [offer, make_offer(round_)])
    _suspend(offer)
    offer.refresh_from_db()
    assert offer.state == OfferState.WITHDRAWN
    assert Answer.objects.get(mentor=offer.mentor).places == 0
    kinds = Notice.objects.filter(person=part.student.person).values_list("kind", flat=True)
    assert list(kinds) == ["selection.offer_withdrawn"]


def test_the_colleague_of_a_team_gets_the_place_back() -> None:
    round_ = make_round(RoundState.RANKING)
    team = TeamFactory.create(first=make_mentor(2), second=make_mentor(2))
    offer = make_offer(round_, team=team, state=OfferState.DRAFT)
    offer.state = OfferState.OPEN
    offer.save()
    settle_hold(Answer.objects.get(team=team), actor=None)
    assert [m.quota_accounts.get().held for m in (team.first, team.second)] == [1, 1]
    _suspend(offer, team.first)
    assert [m.quota_accounts.get().held for m in (team.first, team.second)] == [0, 0]


def test_who_waits_or_was_accepted_at_a_closed_door_goes_on_to_the_next_choice() -> None:
    round_ = make_round(RoundState.ANSWERING, regime="sequential")
    closing, next_ = make_offer(round_, places=2), make_offer(round_, places=2)
    accepted, waiting = (make_list(round_, [closing, next_]) for _n in range(2))
    services.start_step(round_, actor=make_officer(round_))
    services.accept_application(accepted.applications.get(), actor=closing.mentor.person)
    _suspend(closing)
    for part in (accepted, waiting):
        doors = list(part.applications.order_by("step").values_list("offer_id", "state"))
        assert doors == [
            (closing.pk, ApplicationState.WITHDRAWN),
            (next_.pk, ApplicationState.WAITING),
        ]
    assert not round_.placements.exclude(state="vacated").exists()
    owing = Task.objects.filter(state="open").values_list("assignee_id", flat=True)
    assert list(owing) == [next_.mentor.person_id]


def test_a_result_with_a_mentor_suspended_since_is_not_published() -> None:
    round_ = closed_round()
    mentor = make_mentor(1)
    offer = make_offer(round_, mentor, state=OfferState.DRAFT)
    offer.state = OfferState.OPEN
    offer.save()
    settle_hold(Answer.objects.get(mentor=mentor), actor=None)
    part = make_list(round_, [offer])
    make_answer(round_, offer, [[part]])
    services.run_round(round_, actor=make_officer(round_))
    assert round_.placements.count() == 1
    _suspend(offer)
    with pytest.raises(RuleViolation) as refused:
        services.publish_round(round_, actor=make_officer(round_))
    assert refused.value.code == "round.suspended"
    assert mentor.display_name in str(refused.value)
