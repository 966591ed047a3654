"""Defining, proposing and signing: whose role it is, and what follows."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils.translation import override

from cotutelle.core.access import why_not
from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import (
    ACHIEVEMENT_TRANSITIONS,
    AchievementKind,
    AchievementState,
    AwardState,
    SignerRole,
)
from cotutelle.credentials.facts import clean_facts
from cotutelle.credentials.models import Achievement, Award, IssuerKey
from cotutelle.credentials.queries.achievements import achievements_visible_to
from cotutelle.credentials.queries.awards import (
    awards_visible_to,
    people_in,
    proposable_stays,
    signers_of,
)
from cotutelle.credentials.queries.credentials import credentials_visible_to
from cotutelle.credentials.services.achievements import (
    AchievementData,
    change_achievement,
    copy_achievement,
    create_achievement,
    move_achievement,
)
from cotutelle.credentials.services.awards import (
    Proposal,
    propose_award,
    propose_awards,
    sign_award,
    withdraw_award,
)
from cotutelle.credentials.services.issuing import issue_award
from cotutelle.credentials.services.standing import revoke
from cotutelle.ledger.models import Entry, Pending
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.models import Mentorship
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.workflow.models import Task
from tests.factories.credentials import (
    STATED,
    Scene,
    achievement_data,
    make_achievement,
    make_award,
    make_credential,
    make_scene,
    sign_all,
)
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.rotations_programmes import make_enrolment, make_template
from tests.factories.rotations_setup import DepartmentFactory, make_stay, make_ward

pytestmark = pytest.mark.django_db
BOTH = (SignerRole.CLINICAL, SignerRole.RESEARCH)


# ---------------------------------------------------------------- achievements


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name_en": " "}, "achievement.text", "name_en"),
        ({"criteria_zh": ""}, "achievement.text", "criteria_zh"),
        ({"description_zh": "说明"}, "achievement.text", "description_en"),
        ({"signers": ()}, "achievement.signers", "signers"),
        ({"signers": ("dean",)}, "achievement.signers", "signers"),
        ({"valid_months": 0}, "achievement.validity", "valid_months"),
        ({"kind": AchievementKind.FINAL}, "achievement.signers", "signers"),
    ],
)
def test_an_achievement_that_cannot_become_a_certificate_is_refused(changes, code, field):
    scene = make_scene()
    said = {name: getattr(achievement_data(), name) for name in AchievementData.__slots__}

    with pytest.raises(RuleViolation) as refusal:
        create_achievement(scene.unit, AchievementData(**said | changes), actor=scene.officer)

    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not Achievement.objects.exists()


@pytest.mark.parametrize("before", AchievementState)
@pytest.mark.parametrize("after", AchievementState)
def test_every_step_of_an_achievement(before, after):
    scene = make_scene()
    made = make_achievement(scene.unit, state=before, actor=scene.officer)

    if after in ACHIEVEMENT_TRANSITIONS[before]:
        move_achievement(made, after, actor=scene.officer)
        assert Achievement.objects.get(pk=made.pk).state == after
    else:
        with pytest.raises(RuleViolation) as refusal:
            move_achievement(made, after, actor=scene.officer)
        assert refusal.value.code == "achievement.state"


def test_the_first_achievement_in_use_gives_its_institution_a_key():
    scene = make_scene()
    draft = make_achievement(scene.unit, state=AchievementState.DRAFT, actor=scene.officer)
    assert not IssuerKey.objects.exists()

    move_achievement(draft, AchievementState.OPEN, actor=scene.officer)
    make_achievement(scene.unit, actor=scene.officer)

    assert IssuerKey.objects.filter(unit=scene.unit).count() == 1


def test_what_is_in_use_does_not_change_but_its_copy_does():
    scene = make_scene()
    made = make_achievement(scene.unit, actor=scene.officer)
    with pytest.raises(RuleViolation) as refusal:
        change_achievement(made, achievement_data(), actor=scene.officer)
    assert refusal.value.code == "achievement.in_use"
    with pytest.raises(RuleViolation) as refusal:
        copy_achievement(
            made, unit=scene.unit, name_zh=made.name_zh, name_en="Copy", actor=scene.officer
        )
    assert (refusal.value.code, refusal.value.field) == ("achievement.name", "name_zh")

    copy = copy_achievement(
        made, unit=scene.unit, name_zh="副本", name_en="Copy", actor=scene.officer
    )
    change_achievement(copy, achievement_data(name_zh="新"), actor=scene.officer)

    copy.refresh_from_db()
    assert (copy.state, copy.name_zh, copy.signers) == ("draft", "新", ["principal"])


def test_a_department_issues_nothing():
    scene = make_scene()
    below = UnitFactory.create(parent=scene.unit, kind="department")

    with pytest.raises(RuleViolation) as refusal:
        create_achievement(below, achievement_data(), actor=scene.officer)

    assert (refusal.value.code, refusal.value.field) == ("achievement.unit", "unit")


def test_nobody_retires_what_people_are_proposed_for():
    scene = make_scene()
    award = make_award(scene)

    with pytest.raises(RuleViolation) as refusal, transaction.atomic():
        move_achievement(award.achievement, AchievementState.RETIRED, actor=scene.officer)

    assert refusal.value.code == "achievement.open_awards"
    assert Achievement.objects.get().state == AchievementState.OPEN


def test_drafts_are_seen_by_officers_of_the_institution_alone():
    scene = make_scene()
    make_achievement(scene.unit, state=AchievementState.DRAFT, actor=scene.officer)
    used = make_achievement(scene.unit, actor=scene.officer)
    colleague = make_person(Role.GRADUATE_OFFICER, unit=scene.unit)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())

    assert achievements_visible_to(colleague).count() == 2
    for actor in (stranger, scene.secretary, scene.clinical.person, scene.person):
        assert list(achievements_visible_to(actor)) == [used]


# ---------------------------------------------------------------- facts


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        (AchievementKind.COURSE, {"credits": None}, "credits"),
        (AchievementKind.COURSE, {"credits": "many"}, "credits"),
        (AchievementKind.COURSE, {"credits": 0}, "credits"),
        (AchievementKind.COURSE, {"credits": float("nan")}, "credits"),
        (AchievementKind.COURSE, {"credits": True}, "credits"),
        (AchievementKind.COURSE, {"course_zh": "  "}, "course_zh"),
        (AchievementKind.COURSE, {"course_en": "x" * 301}, "course_en"),
        (AchievementKind.COURSE, {"teacher": "x"}, "teacher"),
        (AchievementKind.GATE, {"level": 2.5}, "level"),
        (AchievementKind.GATE, {"level": 10}, "level"),
        (AchievementKind.GATE, {"passedOn": "soon"}, "passedOn"),
        (AchievementKind.EVALUATION, {"standardError": None}, "standardError"),
        (AchievementKind.EVALUATION, {"standardError": -1}, "standardError"),
        (AchievementKind.EVALUATION, {"value": 101}, "value"),
    ],
)
def test_a_fact_that_is_missing_or_unfit_is_named(kind, changes, field):
    with pytest.raises(RuleViolation) as refusal:
        clean_facts(kind, STATED[kind] | changes)

    assert (refusal.value.code, refusal.value.field) == ("award.fact", field)


def test_facts_are_kept_as_the_certificate_says_them():
    stated = STATED[AchievementKind.EVALUATION] | {"asOf": dt.date(2026, 11, 1)}

    assert clean_facts(AchievementKind.EVALUATION, stated) == {
        "value": 86.5,
        "standardError": 2.1,
        "scale": {"min": 0, "max": 100},
        "asOf": "2026-11-01",
    }


def test_a_rotation_is_read_off_the_plan():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)

    award = make_award(scene, achievement)

    days = (scene.stay.ends_on - scene.stay.starts_on).days + 1
    assert award.facts["department"]["zh"] == scene.stay.ward.name_zh
    assert award.facts["until"] == scene.stay.ends_on.isoformat()
    assert award.facts["weeks"] == pytest.approx(days / 7, abs=0.05)
    assert not proposable_stays(scene.officer).exists(), "proposed already"


def test_a_stay_that_is_not_theirs_or_not_over_is_refused():
    scene, other = make_scene(), make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)
    for stay in (None, other.stay):
        with pytest.raises(RuleViolation) as refusal:
            propose_award(achievement, Proposal(scene.student, {}, stay), actor=scene.officer)
        assert (refusal.value.code, refusal.value.field) == ("award.stay", "stay")
    type(scene.stay).objects.filter(pk=scene.stay.pk).update(ends_on=today())
    scene.stay.refresh_from_db()
    with pytest.raises(RuleViolation) as refusal:
        propose_award(achievement, Proposal(scene.student, {}, scene.stay), actor=scene.officer)
    assert refusal.value.code == "award.stay"


def test_the_final_certificate_names_the_programme_and_both_mentors():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.FINAL, BOTH, actor=scene.officer)
    with pytest.raises(RuleViolation) as refusal:
        make_award(scene, achievement)
    assert refusal.value.code == "award.programme"
    enrolment = make_enrolment(template=make_template(scene.unit), cohort=scene.student.cohort)
    type(enrolment).objects.filter(pk=enrolment.pk).update(student=scene.student)

    award = sign_all(make_award(scene, achievement))
    made = issue_award(award, actor=scene.officer)

    assert [m["name"]["zh"] for m in award.facts["mentors"]] == [
        scene.clinical.person.name_zh,
        scene.research.person.name_zh,
    ]
    assert scene.research.person.name_zh in made.body
    kept = Entry.objects.filter(subject_type="credentials.award", subject_id=award.pk)
    assert not any("mentors" in str(e.payload.after) for e in kept)


def test_a_final_certificate_with_one_mentor_is_refused():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.FINAL, BOTH, actor=scene.officer)
    enrolment = make_enrolment(template=make_template(scene.unit), cohort=scene.student.cohort)
    type(enrolment).objects.filter(pk=enrolment.pk).update(student=scene.student)
    Mentorship.objects.filter(mentor=scene.research).update(state="ended")

    with pytest.raises(RuleViolation) as refusal:
        make_award(scene, achievement)

    assert refusal.value.code == "award.mentors"


# ---------------------------------------------------------------- proposing


def test_who_proposes_whom():
    scene, other = make_scene(), make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    for actor in (scene.officer, scene.secretary, scene.residency, scene.clinical.person):
        award = make_award(scene, achievement, actor=actor)
        withdraw_award(award, "Test", actor=scene.officer)
    for actor in (
        other.officer, other.clinical.person, scene.person, other.person,
        make_person(Role.LEADER, unit=scene.unit), make_person(Role.INSPECTOR, unit=scene.unit),
    ):  # fmt: skip
        with pytest.raises(Refused):
            make_award(scene, achievement, actor=actor)
    with pytest.raises(RuleViolation) as refusal:
        propose_award(
            make_achievement(scene.unit, state=AchievementState.DRAFT, actor=scene.officer),
            Proposal(scene.student, STATED[AchievementKind.COURSE]),
            actor=scene.officer,
        )
    assert refusal.value.code == "award.achievement"


def test_signers_get_a_task_and_are_told():
    scene = make_scene()
    award = make_award(scene, make_achievement(scene.unit, signers=BOTH, actor=scene.officer))

    people = {scene.clinical.person_id, scene.research.person_id}
    tasks = Task.objects.filter(kind="credentials.sign_award", subject_id=award.pk)
    assert set(tasks.values_list("assignee", flat=True)) == people
    assert {t.url for t in tasks} == {f"/certificates/awards/{award.public_id}/"}
    told = Notice.objects.filter(kind="credentials.sign_asked")
    assert set(told.values_list("person", flat=True)) == people


def test_stays_that_wait_for_the_same_signature_are_told_apart():
    scene = make_scene()
    award = make_award(
        scene, make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)
    )

    task = Task.objects.filter(subject_id=award.pk)[0]
    name = f"{award.achievement.name_en} ({award.stay.ward.name_en})"
    with override("en"):
        assert name in task.title
        assert name in Notice.objects.filter(kind="credentials.sign_asked")[0].title


def test_open_proposals_are_unique_and_a_valid_certificate_is_not_repeated():
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    award = make_award(scene, achievement)
    with pytest.raises(RuleViolation) as refusal:
        make_award(scene, achievement)
    assert refusal.value.code == "award.open"
    made = issue_award(sign_all(award), actor=scene.officer)
    with pytest.raises(RuleViolation) as refusal:
        make_award(scene, achievement)
    assert refusal.value.code == "award.issued"

    revoke(made, "Mistake", actor=scene.officer)

    assert make_award(scene, achievement).state == AwardState.PROPOSED


def test_many_are_proposed_and_those_who_cannot_be_are_named():
    scene = make_scene()
    lonely = StudentFactory.create(cohort=scene.student.cohort)
    achievement = make_achievement(scene.unit, actor=scene.officer)
    stated = STATED[AchievementKind.COURSE]

    done = propose_awards(
        achievement,
        [Proposal(scene.student, stated), Proposal(lonely, stated)],
        actor=scene.officer,
    )

    assert [one.student for one in done.done] == [scene.student]
    assert [student for student, _reason in done.skipped] == [lonely]
    assert Award.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_proposals_makes_one():
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    barrier, outcomes = threading.Barrier(6), []

    def propose() -> None:
        try:
            mine = Achievement.objects.select_related("unit").get(pk=achievement.pk)
            student = Student.objects.select_related("person", "unit").get(pk=scene.student.pk)
            barrier.wait()
            proposal = Proposal(student, STATED[AchievementKind.COURSE])
            propose_award(mine, proposal, actor=scene.officer)
            outcomes.append("proposed")
        except RuleViolation as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=propose) for _n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(outcomes) == ["award.open"] * 5 + ["proposed"]


# ---------------------------------------------------------------- signing


def test_the_last_signature_makes_it_ready_and_each_is_a_decision_about_the_student():
    scene = make_scene()
    signers = (*BOTH, SignerRole.DEPARTMENT)
    award = make_award(scene, make_achievement(scene.unit, signers=signers, actor=scene.officer))

    for role, person in (
        (SignerRole.CLINICAL, scene.clinical.person),
        (SignerRole.RESEARCH, scene.research.person),
    ):
        sign_award(award, role, agrees=True, actor=person)
        assert award.state == AwardState.PROPOSED
        assert not Task.objects.filter(
            assignee=person, kind="credentials.sign_award", state="open"
        ).exists()
    sign_award(award, SignerRole.DEPARTMENT, agrees=True, actor=scene.secretary)

    award.refresh_from_db()
    assert award.state == AwardState.SIGNED
    entries = Entry.objects.filter(action="credentials.award.signed")
    assert [(e.decision, e.person_id) for e in entries] == [(True, scene.person.pk)] * 3
    assert Pending.objects.filter(entry__in=entries).count() == 3
    task = Task.objects.get(kind="credentials.issue", state="open", assignee=scene.officer)
    issue_award(award, actor=scene.officer)
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.parametrize("role", SignerRole)
def test_nobody_signs_for_a_role_they_do_not_hold(role):
    scene = make_scene()
    award = make_award(scene, make_achievement(scene.unit, signers=(role,), actor=scene.officer))
    right = people_in(role, scene.student, None)
    everybody = {
        scene.officer, scene.secretary, scene.residency, scene.clinical.person,
        scene.research.person, scene.person,
        make_scene().clinical.person, make_person(Role.MENTOR, unit=scene.unit),
    }  # fmt: skip
    assert right
    for actor in everybody - set(right):
        with pytest.raises(Refused):
            sign_award(award, role, agrees=True, actor=actor)

    sign_award(award, role, agrees=True, actor=right[0])

    assert award.state == AwardState.SIGNED


def test_a_role_that_is_not_asked_for_does_not_sign():
    scene = make_scene()
    award = make_award(scene)

    with pytest.raises(Refused) as refusal:
        sign_award(award, SignerRole.RESEARCH, agrees=True, actor=scene.research.person)

    assert refusal.value.code == "award.not_signer"


def test_clinical_and_research_mentor_are_two_people():
    scene = make_scene()
    type(scene.clinical).objects.filter(pk=scene.clinical.pk).update(track=Track.BOTH)
    type(scene.research).objects.filter(pk=scene.research.pk).update(track=Track.BOTH)
    award = make_award(scene, make_achievement(scene.unit, signers=BOTH, actor=scene.officer))
    me = scene.clinical.person
    sign_award(award, SignerRole.CLINICAL, agrees=True, actor=me)

    with pytest.raises(RuleViolation) as refusal:
        sign_award(award, SignerRole.RESEARCH, agrees=True, actor=me)

    assert refusal.value.code == "award.same_person"
    sign_award(award, SignerRole.RESEARCH, agrees=True, actor=scene.research.person)
    assert award.state == AwardState.SIGNED


def test_who_does_not_agree_says_why_and_ends_it():
    scene = make_scene()
    award = make_award(scene, make_achievement(scene.unit, signers=BOTH, actor=scene.officer))
    sign_award(award, SignerRole.CLINICAL, agrees=True, actor=scene.clinical.person)
    with pytest.raises(RuleViolation) as refusal, transaction.atomic():
        sign_award(award, SignerRole.RESEARCH, agrees=False, actor=scene.research.person)
    assert refusal.value.code == "award.reason"

    sign_award(
        award, SignerRole.RESEARCH, agrees=False, note="No data", actor=scene.research.person
    )

    award.refresh_from_db()
    assert (award.state, award.reason) == (AwardState.DECLINED, "No data")
    assert not Task.objects.filter(subject_id=award.pk, state="open").exists()
    told = Notice.objects.filter(kind="credentials.award_refused")
    assert set(told.values_list("person", flat=True)) == {
        scene.officer.pk,
        scene.clinical.person_id,
    }


def _reach(scene: Scene, state: AwardState) -> Award:
    award = make_award(scene)
    if state == AwardState.DECLINED:
        sign_award(
            award, SignerRole.PRINCIPAL, agrees=False, note="No", actor=scene.clinical.person
        )
    elif state == AwardState.WITHDRAWN:
        withdraw_award(award, "No", actor=scene.officer)
    elif state != AwardState.PROPOSED:
        sign_all(award)
        if state == AwardState.ISSUED:
            issue_award(award, actor=scene.officer)
    return award


@pytest.mark.parametrize("state", AwardState)
def test_every_state_and_every_step_of_a_proposal(state):
    steps = {
        "sign": lambda s, a: sign_award(
            a, SignerRole.PRINCIPAL, agrees=True, actor=s.clinical.person
        ),
        "withdraw": lambda s, a: withdraw_award(a, "No", actor=s.officer),
        "issue": lambda s, a: issue_award(a, actor=s.officer),
    }
    allowed = {
        AwardState.PROPOSED: {"sign": AwardState.SIGNED, "withdraw": AwardState.WITHDRAWN},
        AwardState.SIGNED: {"withdraw": AwardState.WITHDRAWN, "issue": AwardState.ISSUED},
    }.get(state, {})
    for name, step in steps.items():
        scene = make_scene()
        award = _reach(scene, state)
        if name in allowed:
            step(scene, award)
            assert Award.objects.get(pk=award.pk).state == allowed[name]
        else:
            with pytest.raises(RuleViolation) as refusal:
                step(scene, award)
            assert refusal.value.code == "award.state"
            assert Award.objects.get(pk=award.pk).state == state


def test_a_stale_copy_is_not_signed():
    scene = make_scene()
    award = make_award(scene)
    copy = Award.objects.get(pk=award.pk)
    withdraw_award(award, "No", actor=scene.officer)

    with pytest.raises(RuleViolation) as refusal:
        sign_award(copy, SignerRole.PRINCIPAL, agrees=True, actor=scene.clinical.person)

    assert refusal.value.code == "award.stale"


# ---------------------------------------------------------------- who sees


def test_owner_colleague_and_stranger():
    scene, other = make_scene(), make_scene()
    made = make_credential(scene)
    award = made.award
    classmate = StudentFactory.create(cohort=scene.student.cohort)
    insiders = (
        scene.person, scene.officer, scene.secretary, scene.residency,
        scene.clinical.person, scene.research.person,
    )  # fmt: skip
    for actor in insiders:
        assert list(awards_visible_to(actor)) == [award], actor
        assert list(credentials_visible_to(actor)) == [made], actor
    outsiders = (
        classmate.person, other.person, other.officer, other.clinical.person,
        make_person(Role.LEADER, unit=scene.unit), make_person(Role.INSPECTOR, unit=scene.unit),
        make_person(Role.SYSTEM_ADMINISTRATOR, unit=scene.unit),
    )  # fmt: skip
    for actor in outsiders:
        assert not awards_visible_to(actor).exists(), actor
        assert not credentials_visible_to(actor).exists(), actor


@pytest.mark.parametrize("role", SignerRole)
def test_whoever_is_asked_may_sign_though_the_student_rotates_elsewhere(role):
    """A ward of a hospital without a residency office, a student who is now in one with."""
    scene = make_scene()
    elsewhere = make_ward(DepartmentFactory.create(), unit=UnitFactory.create())
    away = make_ward(DepartmentFactory.create(), unit=UnitFactory.create())
    make_person(Role.RESIDENCY_OFFICE, unit=away.unit)
    make_stay(scene.stay.participant, away, 3, 6)
    kind = AchievementKind.ROTATION
    achievement = make_achievement(scene.unit, kind=kind, signers=(role,), actor=scene.officer)
    Stay.objects.filter(pk=scene.stay.pk).update(ward=elsewhere)

    award = make_award(scene, achievement)

    (asked,) = signers_of(award).values()
    assert asked
    for person in asked:
        assert why_not(person, "credentials.sign_award", award) is None
