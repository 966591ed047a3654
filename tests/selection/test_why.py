"""Why: the first reason that holds, in order, with counts and never a name; and the review."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from cotutelle.core.errors import Refused
from cotutelle.mentorship.models import QuotaAccount
from cotutelle.mentorship.services import quota
from cotutelle.people.enums import Role
from cotutelle.selection import queries, services
from cotutelle.selection.enums import PlacementState, RoundState
from cotutelle.selection.models import Answer, Override, Participant, Round
from tests.factories.mentorship import ConflictFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import (
    make_answer,
    make_list,
    make_offer,
    make_officer,
)
from tests.selection.markets import closed_round

pytestmark = pytest.mark.django_db


class Scene:
    """One offer per reason; ``student`` ranks them all and holds the last but one."""

    def __init__(self) -> None:
        self.round = closed_round()
        names = ("conflict", "policy", "not_accepted", "silent", "no_places", "pinned_places",
                 "preferred_others", "lottery", "assigned", "holds_better")  # fmt: skip
        self.offers = {
            name: make_offer(
                self.round, number=name, routes=["doctoral"] if name == "policy" else []
            )
            for name in names
        }
        self.student = make_list(self.round, list(self.offers.values()), admission_score=300)
        ConflictFactory.create(mentor=self.offers["conflict"].mentor, student=self.student.student)
        self.rivals: dict[str, Participant] = {}
        for name in ("pinned_places", "preferred_others", "lottery"):
            self.rivals[name] = make_list(self.round, [self.offers[name]], admission_score=300)
        self._answers()
        Override.objects.create(
            round=self.round,
            participant=self.rivals["pinned_places"],
            offer=self.offers["pinned_places"],
            ground="专项",
            minutes=_minutes(self.round),
            state="approved",
            requested_by=make_officer(self.round),
            requested_unit=self.round.unit,
            requested_at="2026-09-01T00:00Z",
        )
        QuotaAccount.objects.update(held=0)
        Answer.objects.filter(mentor=self.offers["no_places"].mentor).update(places=0)
        for answer in self.round.answers.filter(places__gt=0):
            quota.hold_for_round(
                answer.mentor, 2026, answer.places, reference=answer.reference, actor=None
            )
        self.officer = make_officer(self.round)

    def _answers(self) -> None:
        me = self.student
        make_answer(self.round, self.offers["not_accepted"], [])
        for name in ("conflict", "policy", "no_places", "assigned", "holds_better"):
            make_answer(self.round, self.offers[name], [[me]])
        make_answer(self.round, self.offers["pinned_places"], [[me]])
        make_answer(
            self.round, self.offers["preferred_others"], [[self.rivals["preferred_others"]], [me]]
        )
        make_answer(self.round, self.offers["lottery"], [[self.rivals["lottery"], me]])
        Answer.objects.filter(mentor=self.offers["silent"].mentor).update(state="open")

    def run(self) -> None:
        """Publish a run in which the lottery goes against the student."""
        from cotutelle.engines.matching import lottery_order  # noqa: PLC0415

        ids = [str(self.student.public_id), str(self.rivals["lottery"].public_id)]
        seed = next(s for n in range(99) if lottery_order(s := f"seed{n}", ids)[0] == ids[1])
        parameters = {**self.round.policy.parameters, "silent_mentor": "release"}
        type(self.round.policy).objects.update(parameters=parameters)
        Round.objects.update(seed=seed)
        self.round = Round.objects.get(pk=self.round.pk)
        services.run_round(self.round, actor=self.officer)
        services.publish_round(self.round, actor=self.officer)
        self.student = Participant.objects.get(pk=self.student.pk)


def _minutes(round_: Round):  # type: ignore[no-untyped-def]
    from cotutelle.files.services import store_file  # noqa: PLC0415

    actor = make_officer(round_)
    return store_file(
        b"%PDF-1.4 minutes", name="m.pdf", actor=actor, unit=round_.unit, purpose=services.MINUTES
    )


def test_each_reason_is_given_for_its_own_case() -> None:
    scene = Scene()
    scene.run()
    actor = scene.student.student.person
    found = {
        name: queries.why_for_student(scene.student, offer, actor=actor)
        for name, offer in scene.offers.items()
    }
    codes = {name: why.code for name, why in found.items()}
    assert codes == {name: name for name in scene.offers} | {"silent": "not_accepted"}
    assert (found["policy"].detail, found["silent"].detail) == ("route", "silent")
    counts = {
        n: found[n].numbers["count"] for n in ("pinned_places", "preferred_others", "lottery")
    }
    assert counts == {"pinned_places": 1, "preferred_others": 1, "lottery": 1}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_sentences_differ_and_name_nobody(language: str) -> None:
    scene = Scene()
    scene.run()
    actor = scene.student.student.person
    with override(language):
        sentences = [
            queries.why_for_student(scene.student, offer, actor=actor).sentence
            for offer in scene.offers.values()
        ]
    assert len(set(sentences)) == len(scene.offers)
    others = [p.student.person for p in scene.rivals.values()]
    for sentence in sentences:
        assert "blocking" not in sentence.lower()
        assert not any(o.name_zh in sentence or o.name_en in sentence for o in others)


def test_mentors_get_the_mirror_without_ranks() -> None:
    scene = Scene()
    scene.run()
    found = {}
    for name, offer in scene.offers.items():
        answer = Answer.objects.get(mentor=offer.mentor)
        why = queries.why_for_mentor(answer, scene.student, actor=offer.mentor.person)
        found[name] = why.code
        with override("en"):
            assert "first" not in why.sentence_for_mentor.lower()
    assert found == {name: name for name in scene.offers} | {"silent": "not_accepted"}
    answer = Answer.objects.get(mentor=scene.offers["silent"].mentor)
    stranger = scene.rivals["lottery"]
    actor = answer.mentor.person
    assert queries.why_for_mentor(answer, stranger, actor=actor).code == "did_not_apply"


def test_nobody_but_reviewers_reads_a_result_before_it_is_published() -> None:
    scene = Scene()
    scene.run()
    scene.round.public_notices.get()
    services.recall_notice(scene.round.public_notices.get(), reason="改", actor=scene.officer)
    part = Participant.objects.get(pk=scene.student.pk)
    offer = scene.offers["assigned"]
    assert queries.why_for_student(part, offer, actor=part.student.person).code == "not_run"
    assert queries.why_for_student(part, offer, actor=scene.officer).code == "assigned"
    for actor in (
        scene.rivals["lottery"].student.person,
        make_person(Role.GRADUATE_OFFICER),
        make_mentor(unit=scene.round.unit).person,
    ):
        with pytest.raises(Refused):
            queries.why_for_student(part, offer, actor=actor)


def test_the_review_says_who_is_left_why_and_what_would_fit() -> None:
    scene = Scene()
    left = make_list(scene.round, [scene.offers["preferred_others"]], admission_score=100)
    silent_student = make_list(scene.round, [], submitted=False)
    scene.run()
    review = queries.review_of(scene.round)
    assert (review.students, review.placed, review.assigned) == (6, 4, 1)
    # The student holds the ninth choice, the rivals their first.
    assert review.rank_profile == [3, 0, 0, 0, 0, 0, 0, 0, 1]
    reasons = {u.participant: u.why.code for u in review.unmatched}
    assert reasons == {left: "not_accepted", silent_student: "not_submitted"}
    (row,) = [u for u in review.unmatched if u.participant == left]
    assert {o.number for o in row.fitting} == {"conflict", "not_accepted", "silent", "holds_better"}
    assert [a.mentor for a in review.silent] == [scene.offers["silent"].mentor]
    assert sum(f.taken for f in review.fill) == review.placed
    assert sum(f.places for f in review.fill) == 9


def test_free_places_are_bound_by_the_mentor() -> None:
    round_ = closed_round()
    mentor = make_mentor(1, unit=round_.unit)
    a, b = make_offer(round_, mentor), make_offer(round_, mentor)
    assert queries.free_places(round_) == {a.pk: 1, b.pk: 1}
    part = make_list(round_, [a])
    round_.placements.create(participant=part, offer=a, source="run", state=PlacementState.PROPOSED)
    assert queries.free_places(round_) == {a.pk: 0, b.pk: 0}
    assert list(queries.unplaced(round_)) == []
    Round.objects.update(state=RoundState.CONFIRMED)
