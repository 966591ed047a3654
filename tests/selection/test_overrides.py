"""Assignment by the school: ground, minutes, another unit's word, a cap, and the quota."""

from __future__ import annotations

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.enums import OverrideState, PlacementSource, RoundState
from cotutelle.selection.models import Offer, Override, Participant, Round
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import ConflictFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import make_list, make_offer, make_officer
from tests.selection.bursts import burst
from tests.selection.markets import closed_round

pytestmark = pytest.mark.django_db
MINUTES = b"%PDF-1.4 minutes of the meeting"


def _upload() -> object:
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    return SimpleUploadedFile("minutes.pdf", MINUTES, content_type="application/pdf")


class Scene:
    """A closed round whose offer lies in another hospital; ``share`` of students by hand."""

    def __init__(self, share: int = 50, places: int = 1) -> None:
        self.round = closed_round(override_share_percent=share)
        self.hospital: Unit = UnitFactory.create(kind="hospital")
        mentor = make_mentor(places, unit=self.hospital)
        self.offer: Offer = make_offer(self.round, mentor, places=places)
        self.parts: list[Participant] = [
            make_list(self.round, [self.offer], admission_score=score)
            for score in (400, 300, 200, 100)
        ]
        QuotaAccount.objects.update(held=0)
        (answer,) = self.round.answers.all()
        quota.hold_for_round(mentor, 2026, places, reference=answer.reference, actor=None)
        self.asker: Person = make_officer(self.round)
        self.decider: Person = make_person(Role.RESIDENCY_OFFICE, unit=self.hospital)

    def ask(self, n: int = 1, **given: object) -> Override:
        values = {"ground": "国家专项", "minutes": _upload(), "actor": self.asker, **given}
        return services.request_override(self.parts[n], self.offer, **values)  # type: ignore[arg-type]


def test_an_approved_assignment_is_kept_by_the_run_and_labelled() -> None:
    scene = Scene()
    override = scene.ask(n=1)
    assert [(d["participant"], d["after"]) for d in override.displaced] == [
        (str(scene.parts[0].public_id), None)
    ]
    services.decide_override(override, approve=True, actor=scene.decider)
    run = services.run_round(scene.round, actor=scene.asker)
    placement = scene.round.placements.get()
    assert (placement.participant, placement.source) == (scene.parts[1], PlacementSource.OVERRIDE)
    assert run.verdict["ok"] is True
    assert [t["cause"] for t in run.verdict["tolerated"]] == ["pin"]


def test_a_preview_names_whom_it_displaces_and_keeps_nothing() -> None:
    scene = Scene()
    preview = services.preview_override(scene.parts[1], scene.offer, actor=scene.asker)
    (moved,) = preview.moved
    assert (moved.participant, moved.before, moved.after) == (scene.parts[0], scene.offer, None)
    assert (preview.unmatched, preview.before) == (1, None)
    assert not Override.objects.exists()


def test_the_second_word_comes_from_somebody_else_of_another_unit() -> None:
    scene = Scene()
    override = scene.ask()
    same_unit = make_person(Role.GRADUATE_OFFICER, unit=scene.round.unit)
    both = make_person(Role.RESIDENCY_OFFICE, unit=scene.hospital)
    both.grants.create(role=Role.GRADUATE_OFFICER, unit=scene.round.unit, starts_on="2020-01-01")
    stranger = make_person(Role.RESIDENCY_OFFICE)
    leader = make_person(Role.LEADER, unit=scene.hospital)
    mentor = scene.offer.mentor.person
    for actor in (scene.asker, same_unit, Person.objects.get(pk=both.pk), stranger, leader, mentor):
        with pytest.raises(Refused):
            services.decide_override(override, approve=True, actor=actor)
    services.decide_override(override, approve=True, actor=scene.decider)
    with pytest.raises(RuleViolation) as refused:
        services.decide_override(override, approve=False, note="否", actor=scene.decider)
    assert refused.value.code == "override.stale"


def test_what_a_request_needs() -> None:
    scene = Scene()
    for given, code in (
        ({"ground": " "}, "override.reason"),
        ({"minutes": None}, "override.minutes"),
    ):
        with pytest.raises(RuleViolation) as refused:
            scene.ask(**given)
        assert refused.value.code == code
    for actor in (
        scene.decider,
        make_person(Role.GRADUATE_OFFICER),
        make_person(Role.LEADER, unit=scene.round.unit),
        scene.parts[1].student.person,
    ):
        with pytest.raises(Refused):
            scene.ask(actor=actor)


@pytest.mark.parametrize("state", ["draft", "published", "confirmed", "cancelled"])
def test_assignments_are_asked_for_before_the_result_is_public(state: str) -> None:
    scene = Scene()
    Round.objects.update(state=state)
    scene.parts[1].round.refresh_from_db()
    with pytest.raises(RuleViolation) as refused:
        scene.ask()
    assert refused.value.code == "round.state"


def test_a_place_given_by_hand_counts_against_the_quota() -> None:
    scene = Scene(share=100)
    first = scene.ask(n=1)
    with pytest.raises(RuleViolation) as refused:
        scene.ask(n=2)
    assert refused.value.code == "override.full"
    services.decide_override(first, approve=False, note="否", actor=scene.decider)
    second = scene.ask(n=2)
    quota.release_holds(scene.offer.mentor, 2026, reason="停招", actor=None)
    with pytest.raises(RuleViolation) as refused:
        services.decide_override(second, approve=True, actor=scene.decider)
    assert refused.value.code == "override.full"
    second.refresh_from_db()
    assert second.state == OverrideState.PENDING


def test_the_cap_is_a_share_of_the_students() -> None:
    scene = Scene(share=25, places=3)
    scene.ask(n=0)
    with pytest.raises(RuleViolation) as refused:
        scene.ask(n=1)
    assert refused.value.code == "override.cap"
    assert services.cap_of_overrides(scene.round) == (1, 1)


def test_a_conflict_is_stronger_than_the_school() -> None:
    scene = Scene()
    override = scene.ask()
    ConflictFactory.create(mentor=scene.offer.mentor, student=scene.parts[1].student)
    with pytest.raises(RuleViolation) as refused:
        services.decide_override(override, approve=True, actor=scene.decider)
    assert refused.value.code == "override.conflict"
    with pytest.raises(RuleViolation) as refused:
        services.preview_override(scene.parts[1], scene.offer, actor=scene.asker)
    assert refused.value.code == "override.conflict"


def test_a_conflict_declared_after_approval_stops_the_run() -> None:
    scene = Scene()
    override = scene.ask()
    services.decide_override(override, approve=True, actor=scene.decider)
    ConflictFactory.create(mentor=scene.offer.mentor, student=scene.parts[1].student)
    with pytest.raises(RuleViolation) as refused:
        services.run_round(scene.round, actor=scene.asker)
    assert refused.value.code == "run.invalid"
    scene.round.refresh_from_db()
    assert scene.round.state == RoundState.CLOSED


def test_a_student_is_asked_for_once_and_a_request_can_be_taken_back() -> None:
    scene = Scene(share=100, places=3)
    override = scene.ask()
    with pytest.raises(RuleViolation) as refused:
        scene.ask()
    assert refused.value.code == "override.exists"
    services.withdraw_override(override, actor=scene.asker)
    assert override.state == OverrideState.WITHDRAWN
    scene.ask()


@pytest.mark.django_db(transaction=True)
def test_ten_deciders_at_once_decide_once() -> None:
    scene = Scene()
    override = scene.ask()

    def press(n: int) -> None:
        services.decide_override(
            Override.objects.get(pk=override.pk), approve=n % 2 == 0, note="议", actor=scene.decider
        )

    outcomes = burst(press, 10)
    assert (outcomes.count(""), outcomes.count("override.stale")) == (1, 9)
