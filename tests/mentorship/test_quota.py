"""The quota account: never overspent, every movement with a line."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.mentorship.enums import EligibilityState
from cotutelle.mentorship.models import QuotaAccount, QuotaLine
from cotutelle.mentorship.services import quota
from cotutelle.mentorship.services.reviews import review_mentors
from cotutelle.people.enums import Role
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import (
    EligibilityFactory,
    MentorFactory,
    QuotaCapFactory,
    make_mentor,
)
from tests.factories.people import make_person
from tests.selection.bursts import burst

pytestmark = pytest.mark.django_db
REFERENCE = "answer:test"


def _state(mentor) -> tuple[int, int, int]:  # type: ignore[no-untyped-def]
    account = QuotaAccount.objects.get(mentor=mentor, year=2026)
    return account.granted, account.held, account.seated


def test_places_are_granted_within_the_nearest_cap_and_reduced_while_free() -> None:
    mentor = MentorFactory.create()
    officer = make_person(Role.GRADUATE_OFFICER, unit=mentor.unit)
    QuotaCapFactory.create(unit=mentor.unit.parent, places=9)
    QuotaCapFactory.create(unit=mentor.unit, places=3)
    told = {"reason": "年度", "actor": officer}
    quota.grant_places(mentor, 2026, 3, **told)
    with pytest.raises(RuleViolation) as refused:
        quota.grant_places(mentor, 2026, 1, **told)
    assert refused.value.code == "quota.cap"
    quota.hold_for_round(mentor, 2026, 2, reference=REFERENCE, actor=officer)
    with pytest.raises(RuleViolation) as refused:
        quota.reduce_places(mentor, 2026, 2, **told)
    assert refused.value.code == "quota.short"
    quota.reduce_places(mentor, 2026, 1, **told)
    assert _state(mentor) == (2, 2, 0)
    assert list(QuotaLine.objects.order_by("pk").values_list("kind", "places")) == [
        ("grant", 3), ("hold", 2), ("reduce", 1)
    ]  # fmt: skip


def test_only_the_graduate_school_above_grants() -> None:
    mentor = MentorFactory.create()
    for actor in (
        mentor.person,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.DEPARTMENT_SECRETARY, unit=mentor.unit),
    ):
        with pytest.raises(Refused):
            quota.grant_places(mentor, 2026, 1, reason="", actor=actor)
    assert not QuotaLine.objects.exists()


def test_hold_release_seat_unseat_add_up() -> None:
    mentor = make_mentor(3)
    told = {"reference": REFERENCE, "actor": None}
    quota.hold_for_round(mentor, 2026, 3, **told)
    quota.seat(mentor, 2026, places=2, **told)
    assert _state(mentor) == (3, 1, 2)
    assert quota.held_places([mentor.pk], 2026, REFERENCE) == {mentor.pk: 1}
    assert quota.held_for_references([REFERENCE]) == {(REFERENCE, mentor.pk): 1}
    with pytest.raises(RuleViolation) as refused:
        quota.release(mentor, 2026, 2, **told)
    assert refused.value.code == "quota.not_held"
    quota.release(mentor, 2026, 1, **told)
    quota.unseat(mentor, 2026, **told)
    assert _state(mentor) == (3, 0, 1)
    quota.seat(mentor, 2026, places=2, from_hold=False, **told)
    assert _state(mentor) == (3, 0, 3)
    with pytest.raises(RuleViolation) as refused:
        quota.seat(mentor, 2026, from_hold=False, **told)
    assert refused.value.code == "quota.short"


def test_one_rounds_hold_is_not_released_by_another() -> None:
    mentor = make_mentor(3)
    quota.hold_for_round(mentor, 2026, 2, reference="answer:a", actor=None)
    quota.hold_for_round(mentor, 2026, 1, reference="answer:b", actor=None)
    with pytest.raises(RuleViolation):
        quota.release(mentor, 2026, 2, reference="answer:b", actor=None)
    assert quota.release_holds(mentor, 2026, reason="", actor=None, reference="answer:b") == 1
    assert _state(mentor) == (3, 2, 0)
    assert quota.release_holds(mentor, 2026, reason="停招", actor=None) == 2
    assert _state(mentor) == (3, 0, 0)
    assert quota.release_holds(mentor, 2026, reason="停招", actor=None) == 0


def test_a_suspended_mentor_gets_and_holds_nothing() -> None:
    mentor = MentorFactory.create()
    EligibilityFactory.create(mentor=mentor, state="suspended")
    officer = make_person(Role.GRADUATE_OFFICER, unit=mentor.unit)
    for verb in (
        lambda: quota.grant_places(mentor, 2026, 1, reason="", actor=officer),
        lambda: quota.hold_for_round(mentor, 2026, 1, reference=REFERENCE, actor=None),
        lambda: quota.seat(mentor, 2026, reference=REFERENCE, actor=None, from_hold=False),
    ):
        with pytest.raises(RuleViolation) as refused:
            verb()
        assert refused.value.code == "quota.suspended"


def test_the_database_itself_keeps_an_account_from_being_overspent() -> None:
    mentor = make_mentor(1)
    with pytest.raises(IntegrityError):
        QuotaAccount.objects.filter(mentor=mentor).update(held=1, seated=1)


def test_a_cap_further_up_counts_where_the_own_unit_has_none() -> None:
    college = UnitFactory.create()
    mentor = MentorFactory.create(unit=UnitFactory.create(parent=college, kind="department"))
    assert quota.cap_of(mentor, 2026) is None
    QuotaCapFactory.create(unit=college, places=2)
    assert quota.cap_of(mentor, 2026) == 2


@pytest.mark.django_db(transaction=True)
def test_thirty_hands_hold_three_places() -> None:
    mentor = make_mentor(3)

    def press(n: int) -> None:
        quota.hold_for_round(mentor, 2026, 1, reference=f"answer:{n}", actor=None)

    outcomes = burst(press, 30)
    assert (outcomes.count(""), outcomes.count("quota.short")) == (3, 27)
    assert _state(mentor) == (3, 3, 0)


def test_a_suspension_gives_back_what_rounds_hold() -> None:
    mentor = make_mentor(3)
    officer = make_person(Role.GRADUATE_OFFICER, unit=mentor.unit)
    quota.hold_for_round(mentor, 2026, 2, reference=REFERENCE, actor=None)
    review_mentors(
        [mentor], year=2026, state=EligibilityState.SUSPENDED, reason="停招", actor=officer
    )
    assert _state(mentor) == (3, 0, 0)
    assert QuotaLine.objects.filter(kind="release").get().reason == "停招"
