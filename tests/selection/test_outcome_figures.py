"""How a round came out: figures against hand counts, small counts hidden, and people's own word."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import EntryPayload
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.selection import services
from cotutelle.selection.enums import PlacementSource, PlacementState, RoundState, Side
from cotutelle.selection.models import Placement, Round, Satisfaction
from cotutelle.selection.personal import erase_selection, export_selection
from cotutelle.selection.queries import outcome
from cotutelle.selection.services.satisfaction import answer_satisfaction
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round

pytestmark = pytest.mark.django_db


def _round(students: int = 12, placed: int = 7) -> Round:
    """Some students placed at their first choice, one of them at the second, two mentors."""
    round_ = make_round(RoundState.MATCHED)
    offers = [make_offer(round_, places=9), make_offer(round_, places=9)]
    for n in range(students):
        part = make_list(
            round_,
            offers,
            submitted=n != students - 1,
            route=Route.UNIFIED_EXAM if n < 5 else Route.RECOMMENDED,
            statement="我想研究肺癌" if n % 2 else "I want to study lung cancer",
            person__gender="female" if n < 4 else "male",
        )
        if n < placed:
            Placement.objects.create(
                round=round_,
                participant=part,
                offer=offers[n == 0],
                source=PlacementSource.RUN,
                state=PlacementState.PROPOSED,
                student_rank=2 if n == 0 else 1,
            )
    make_answer(round_, offers[0], [])
    return round_


def test_participation_is_counted_of_the_cohort_the_students_and_the_mentors() -> None:
    round_ = _round()
    StudentFactory.create(cohort=round_.cohort)
    found = {name: (count, share.n) for name, share, count in outcome.participation(round_)}
    assert found == {"cohort": (12, 13), "lists": (11, 12), "answers": (1, 2)}


def test_ranks_and_places_add_up_to_the_students() -> None:
    round_ = _round()
    (profile,) = outcome.profiles(round_)
    assert profile.counts == (6, 1, 0, 0, 5)
    assert sum(profile.counts) == profile.students == 12
    assert outcome.placed_share(round_).value == pytest.approx(7 / 12)
    load = outcome.load_of(round_)
    assert (load.counts, load.taken, load.places, load.mentors) == ((0, 1, 0, 0, 0, 0, 1), 7, 18, 2)
    assert load.gini == pytest.approx(5 / 14)


def test_earlier_rounds_of_the_unit_stand_before_this_one() -> None:
    round_ = _round()
    earlier = make_round(RoundState.CONFIRMED)
    draft = make_round(RoundState.RANKING)
    Round.objects.filter(pk__in=[earlier.pk, draft.pk]).update(unit=round_.unit, quota_year=2025)
    assert [p.round.pk for p in outcome.profiles(round_)] == [earlier.pk, round_.pk]


def test_groups_are_compared_with_intervals_and_small_ones_are_hidden() -> None:
    tables = outcome.fairness(_round())
    routes = {row.label: row for row in tables["route"]}
    unified = routes[Route.UNIFIED_EXAM]
    assert (unified.n, unified.placed.value, unified.first.value) == (5, 1.0, 0.8)
    assert unified.rank.value == pytest.approx(6 / 5)
    assert not any(row.hidden for row in routes.values())
    assert {row.label: row.hidden for row in tables["gender"]} == {"female": True, "male": True}
    assert {row.label: row.n for row in tables["language"]} == {"zh": 6, "en": 6}
    (home,) = tables["institution"]
    assert (home.n, home.placed.value) == (12, pytest.approx(7 / 12))


def test_hidden_groups_leave_with_no_number_at_all() -> None:
    data = outcome.figures_json(_round())
    assert data["fairness"]["gender"] == [
        {"group": "male", "hidden": True},
        {"group": "female", "hidden": True},
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("肺癌早期筛查", "zh"),
        ("用 CT 和 MRI 研究肺癌", "zh"),
        ("Lung cancer (肺)", "en"),
        ("2026!", ""),
    ],
)
def test_the_language_of_a_statement_is_told_by_its_letters(text: str, language: str) -> None:
    assert outcome.language_of(text) == language


# ---------------------------------------------------------------- satisfaction


def _confirmed(students: int = 6) -> tuple[Round, list[Person], Person]:
    round_ = _round(students, students)
    Placement.objects.update(state=PlacementState.CONFIRMED, confirmed_at=now())
    Round.objects.filter(pk=round_.pk).update(state=RoundState.CONFIRMED)
    round_.refresh_from_db()
    people = [p.student.person for p in round_.participants.order_by("pk")]
    mentor = round_.offers.order_by("pk")[0].mentor.person  # type: ignore[union-attr]
    return round_, people, mentor


def test_one_word_each_that_can_be_changed_for_thirty_days() -> None:
    round_, people, mentor = _confirmed()
    answer_satisfaction(round_, score=2, comment=" 慢 ", actor=people[0])
    answer_satisfaction(round_, score=4, actor=people[0])
    answer_satisfaction(round_, score=5, actor=mentor)
    assert list(Satisfaction.objects.order_by("side").values_list("side", "score", "comment")) == [
        (Side.MENTOR, 5, ""),
        (Side.STUDENT, 4, ""),
    ]
    with time_machine.travel(now() + dt.timedelta(days=31), tick=False):
        with pytest.raises(RuleViolation) as refused:
            answer_satisfaction(round_, score=1, actor=people[0])
        assert refused.value.code == "satisfaction.over"


@pytest.mark.parametrize("score", [0, 6])
def test_the_scale_has_five_steps(score: int) -> None:
    round_, people, _mentor = _confirmed()
    with pytest.raises(RuleViolation) as refused:
        answer_satisfaction(round_, score=score, actor=people[0])
    assert refused.value.code == "satisfaction.score"


@pytest.mark.parametrize("state", sorted(set(RoundState) - {RoundState.CONFIRMED}))
def test_nobody_is_asked_before_the_confirmation(state: RoundState) -> None:
    round_, people, _mentor = _confirmed()
    Round.objects.filter(pk=round_.pk).update(state=state)
    round_.refresh_from_db()
    with pytest.raises(RuleViolation) as refused:
        answer_satisfaction(round_, score=3, actor=people[0])
    assert refused.value.code == "satisfaction.over"


def test_only_people_of_the_round_say_how_content_they_are() -> None:
    round_, _people, _mentor = _confirmed()
    for actor in (make_officer(round_), make_person(Role.STUDENT), make_person(Role.MENTOR)):
        with pytest.raises(Refused):
            answer_satisfaction(round_, score=3, actor=actor)


def test_means_and_comments_wait_for_five_answers() -> None:
    round_, people, _mentor = _confirmed()
    for n, person in enumerate(people[:5]):
        students = outcome.satisfaction(round_)[0]
        assert (students.hidden, students.score.n, students.response.n) == (True, n, 6)
        assert outcome.comments(round_) == {}
        answer_satisfaction(round_, score=1 + n, comment=f"word {9 - n}", actor=person)
    students, mentors = outcome.satisfaction(round_)
    assert (students.hidden, students.score.value, students.counts) == (False, 3.0, (1,) * 5)
    assert students.response.value == pytest.approx(5 / 6)
    assert (mentors.hidden, mentors.response.n) == (True, 2)
    assert outcome.comments(round_) == {Side.STUDENT: [f"word {n}" for n in range(5, 10)]}


def test_the_history_says_that_but_not_what_they_answered() -> None:
    round_, people, _mentor = _confirmed()
    answer_satisfaction(round_, score=1, comment="secret", actor=people[0])
    payload = EntryPayload.objects.get(entry__action="selection.satisfaction.answered")
    assert (payload.before, payload.after) == (None, None)


def test_a_person_takes_their_word_along_and_it_is_destroyed_with_them() -> None:
    round_, people, _mentor = _confirmed()
    answer_satisfaction(round_, score=4, comment="很好", actor=people[0])
    (mine,) = export_selection(people[0])["satisfaction"]
    assert (mine["score"], mine["comment"]) == (4, "很好")
    erase_selection(people[0])
    assert not Satisfaction.objects.filter(person=people[0]).exists()


def test_everybody_of_a_confirmed_round_is_asked_once() -> None:
    from tests.selection.test_pages_officer import make_market, run_market  # noqa: PLC0415

    round_ = make_market()
    officer = make_officer(round_)
    run_market(officer, round_)
    notice = services.publish_round(round_, actor=officer)
    with time_machine.travel(notice.ends_at + dt.timedelta(seconds=1), tick=False):
        services.confirm_round(round_, actor=officer)
    asked = Notice.objects.filter(kind="selection.satisfaction_asked")
    students = {p.student.person_id for p in round_.participants.all()}
    mentors = {o.mentor.person_id for o in round_.offers.all()}  # type: ignore[union-attr]
    assert sorted(asked.values_list("person", flat=True)) == sorted(students | mentors)
    assert {n.url for n in asked} == {f"/selection/rounds/{round_.public_id}/satisfaction/"}


def test_a_supplementary_round_shows_its_own_year_beside_the_main_rounds() -> None:
    main = _round()
    Round.objects.filter(pk=main.pk).update(state=RoundState.CONFIRMED)
    supplement = make_round(RoundState.MATCHED)
    Round.objects.filter(pk=supplement.pk).update(unit=main.unit, supplements=main)
    supplement.refresh_from_db()
    assert [one.round for one in outcome.profiles(supplement)] == [main, supplement]
    assert [one.round for one in outcome.profiles(main)] == [main]
