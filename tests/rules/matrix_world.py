"""A small world for the access matrix: two institutions, every role, one of every object."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import time_machine

from cotutelle.core.access import why_not
from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now, today
from cotutelle.documents.models import Document
from cotutelle.documents.services import PDF_PURPOSE
from cotutelle.exchange import services as exchange
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.mentorship.enums import ChangeState, PairRole
from cotutelle.mentorship.models import (
    ChangeWindow,
    Mentor,
    MentorChange,
    Mentorship,
    Pair,
    PairRecord,
    QuotaAccount,
)
from cotutelle.mentorship.services import quota
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import ApiToken, Person, SavedView
from cotutelle.programmes import services as programmes
from cotutelle.programmes.enums import LeaveKind, Route
from cotutelle.programmes.models import Cohort, Student
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection import services
from cotutelle.selection.enums import ListState, RoundState
from cotutelle.selection.models import (
    Interview,
    Objection,
    Offer,
    Override,
    Participant,
    Preference,
    PublicNotice,
    Round,
    RouteCalendar,
    Scenario,
)
from cotutelle.workflow import approvals
from cotutelle.workflow.models import Approval, ProxyAct
from tests.exchange.books import xlsx
from tests.factories.agreements import make_agreement
from tests.factories.files import make_file
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import (
    YEAR,
    ConflictFactory,
    MentorshipFactory,
    QuotaCapFactory,
    TeamFactory,
    make_mentor,
)
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.rotations_programmes import make_leave, make_template
from tests.factories.selection import (
    SEED,
    ParticipantFactory,
    RoundFactory,
    make_answer,
    make_application,
    make_offer,
    make_policy,
)
from tests.factories.workflow import make_proxy, make_task
from tests.rules.matrix_credentials import put_credentials
from tests.rules.matrix_log import put_log
from tests.rules.matrix_rotations import put_rotations

approvals.register(
    "matrix.approval",
    may_decide=lambda actor, approval: why_not(actor, "people.grant_role", approval.unit),
    on_decided=lambda approval, actor: None,
    title="An approval",
)
STAFF = [r for r in Role if r not in {Role.STUDENT, Role.MENTOR}]


@dataclass
class World:
    """Whoever may knock, and whatever they may knock at."""

    home: Unit
    actors: dict[str, Person | None] = field(default_factory=dict)
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def put(self, kind: str, label: str, thing: Any, **more: Any) -> None:
        """Keep ``thing`` as what an address with this kind of object may name."""
        by_key = kind in {"cap", "conflict", "department", "window"}
        key = {"pk": thing.pk} if by_key else {"public_id": thing.public_id}
        self.objects.setdefault(kind, {})[label] = key | more


def make_world() -> World:
    """Return the world; officers act where services ask for one."""
    world = World(home=UnitFactory.create(code="HOME", name_zh="医科大学"))
    abroad = UnitFactory.create(code="AWAY", name_zh="别处大学")
    cohort = CohortFactory.create(unit=world.home)
    student, classmate = (StudentFactory.create(cohort=cohort) for _n in range(2))
    mentor, colleague = (make_mentor(30, unit=world.home) for _n in range(2))
    guest = StudentFactory.create(cohort=CohortFactory.create(unit=abroad))
    actors = world.actors
    actors["anonymous"] = None
    actors |= {
        "own_student": student.person,
        "other_student": classmate.person,
        "own_mentor": mentor.person,
        "other_mentor": colleague.person,
    }
    for role in STAFF:
        actors[role.value] = make_person(role, unit=world.home)
    actors |= {
        "away_student": guest.person,
        "away_mentor": make_mentor(3, unit=abroad).person,
        "away_officer": make_person(Role.GRADUATE_OFFICER, unit=abroad),
        "away_administrator": make_person(Role.SYSTEM_ADMINISTRATOR, unit=abroad),
        "superuser": make_person(unit=world.home, is_superuser=True),
    }
    _people(world, student, mentor)
    _season(world, cohort, [student, classmate], [mentor, colleague])
    _mentorship(world, mentor, colleague)
    _papers(world, student)
    _programmes(world, student)
    world.put("agreement", "in_force", make_agreement(mentor, unit=world.home, partner=abroad))
    put_rotations(world, student, mentor.person)
    put_log(world, student)
    put_credentials(world, student, mentor.person)
    return world


def _programmes(world: World, student: Student) -> None:
    """A programme in force, the student on it and asked for a track, and a leave to decide."""
    officer = _actor(world, "graduate_officer")
    template = make_template(world.home, actor=officer)
    enrolment = programmes.assign_template([student], template, actor=officer).done[0]
    programmes.enrol(enrolment, number=student.person.number, actor=officer)
    world.put("template", "in_force", template)
    world.put("template", "draft", programmes.draft_new_edition(template, actor=officer))
    world.put("enrolment", "student", enrolment)
    programmes.ask_track_choice(enrolment, due_on=today() + dt.timedelta(days=9), actor=officer)
    asked = programmes.ask_leave(
        enrolment, kind=LeaveKind.PERSONAL, starts_on=today() + dt.timedelta(days=5),
        ends_on=today() + dt.timedelta(days=6), reason="家事", actor=student.person,
    )  # fmt: skip
    world.put("leave", "asked", asked)
    world.put("leave", "under_way", make_leave(enrolment, start=-1, days=2))


def _actor(world: World, name: str) -> Person:
    person = world.actors[name]
    assert person is not None
    return person


def _people(world: World, student: Student, mentor: Mentor) -> None:
    me = student.person
    world.put("person", "student", me)
    world.put("person", "officer", _actor(world, "graduate_officer"))
    world.put("unit", "home", world.home)
    world.put("grant", "student", me.grants.get())
    world.put("student", "student", student)
    world.put("cohort", "home", student.cohort)
    world.put("token", "student", ApiToken.objects.create(person=me, name="x", sha256="0" * 64))
    world.put(
        "view", "student", SavedView.objects.create(person=me, page="/selection/find/", name="v")
    )
    told = Notice.objects.create(person=me, kind="selection.recalled", created_at=now(), url="/")
    world.put("notice", "student", told)
    world.put("task", "student", make_task(me, unit=world.home))
    proxy = make_proxy(mentor.person, _actor(world, "department_secretary"))
    world.put("proxy", "mentor", proxy)
    act = ProxyAct.objects.create(
        authorisation=proxy,
        action="selection.answer.submitted",
        subject_type="mentorship.mentor",
        subject_id=mentor.pk,
        at=now(),
        objection_until=now() + dt.timedelta(days=2),
    )
    world.put("act", "mentor", act)
    approval = Approval.objects.create(
        kind="matrix.approval",
        subject_type="institutions.unit",
        subject_id=world.home.pk,
        unit=world.home,
        requested_by=_actor(world, "graduate_officer"),
        requested_at=now(),
    )
    world.put("approval", "officer", approval)


def _mentorship(world: World, mentor: Mentor, colleague: Mentor) -> None:
    home = world.home
    world.put("mentor", "mentor", mentor)
    world.put("account", "mentor", mentor.quota_accounts.get())
    world.put("team", "mentor", TeamFactory.create(unit=home, first=mentor, second=colleague))
    world.put("cap", "home", QuotaCapFactory.create(unit=home))
    window = ChangeWindow.objects.create(
        unit=home, opens_on=today(), closes_on=today() + dt.timedelta(days=9)
    )
    world.put("window", "home", window)
    for label, pair in zip(
        ("open", "confidential"), Mentorship.objects.order_by("student_id"), strict=True
    ):
        change = MentorChange.objects.create(
            mentorship=pair,
            to_mentor=colleague if pair.mentor == mentor else mentor,
            state=ChangeState.ASKED_COLLEGE,
            reason="方向不合",
            is_confidential=label == "confidential",
            requested_at=now(),
        )
        world.put("change", label, change)
    _pair(world, Mentorship.objects.order_by("student_id")[0])


def _pair(world: World, first: Mentorship) -> None:
    """A second mentor from elsewhere beside the first, with an item of the plan."""
    second = MentorshipFactory.create(
        student=first.student,
        mentor=make_mentor(unit=UnitFactory.create()),
        role=PairRole.SECOND,
        is_first_responsible=False,
    )
    pair = Pair.objects.create(
        student=first.student, first=first, second=second, starts_on=second.starts_on
    )
    world.put("pair", "student", pair)
    record = PairRecord.objects.create(
        pair=pair, kind="plan", title="开题", author=first.student.person, created_at=now()
    )
    world.put("pair_record", "plan", record)
    stranger = make_mentor(unit=world.home)
    world.put("conflict", "mentor", ConflictFactory.create(mentor=stranger, student=first.student))


def _season(world: World, cohort: Cohort, students: list[Student], mentors: list[Mentor]) -> None:
    """One round in every state that matters; the students of the cohort are in all of them."""
    policy = make_policy(world.home)
    world.put("policy", "home", policy)
    for state in (
        RoundState.CONFIRMED,
        RoundState.DRAFT,
        RoundState.RANKING,
        RoundState.ANSWERING,
        RoundState.MATCHED,
        RoundState.PUBLISHED,
    ):
        _one_round(world, _round(cohort, policy, state), state, students, mentors)
    _sequential(world, cohort, students, mentors)


def _round(cohort: Cohort, policy: Any, state: RoundState) -> Round:
    later = {RoundState.MATCHED, RoundState.PUBLISHED, RoundState.CONFIRMED}
    round_ = RoundFactory.create(
        cohort=cohort,
        unit=cohort.unit,
        policy=policy,
        name_zh=f"双选 {state} {policy.version}",
        state=RoundState.CLOSED if state in later else state,
        answers_close_at=now() + dt.timedelta(days=10),
        seed_commitment=sha256_hex(SEED.encode()),
        seed_published_at=now(),
    )
    for route in Route.values:
        RouteCalendar.objects.create(
            round=round_,
            route=route,
            opens_at=now() - dt.timedelta(days=1),
            closes_at=now() + dt.timedelta(days=5),
        )
    return round_


def _one_round(
    world: World,
    round_: Round,
    state: RoundState,
    students: list[Student],
    mentors: list[Mentor],
) -> None:
    offers = [make_offer(round_, mentor) for mentor in mentors]
    QuotaAccount.objects.filter(mentor__in=mentors).update(held=0)
    for answer in round_.answers.all():
        quota.hold_for_round(answer.mentor, YEAR, 1, reference=answer.reference, actor=None)
    parts = [_part(round_, s, offer) for offer, s in zip(offers, students, strict=True)]
    mine = parts[0]
    answer = make_answer(round_, offers[0], [[mine]])
    officer = _actor(world, "graduate_officer")
    if round_.state == RoundState.CLOSED:
        run = services.run_round(round_, actor=officer)
        world.put("run", state, run)
    if state in {RoundState.PUBLISHED, RoundState.CONFIRMED}:
        notice = services.publish_round(round_, actor=officer)
    if state == RoundState.CONFIRMED:
        with time_machine.travel(notice.ends_at + dt.timedelta(seconds=1), tick=False):
            services.confirm_round(round_, actor=officer)
    more = {"participant": mine.public_id}
    if state not in {RoundState.RANKING, RoundState.CONFIRMED}:
        world.put("round", state, round_)
    if state in {RoundState.ANSWERING, RoundState.PUBLISHED}:
        world.put("offer", state, offers[0])
        world.put("answer", state, answer)
        world.put("answer_participant", state, answer, **more)
        world.put("participant", state, mine)
    if state == RoundState.ANSWERING:
        world.put("round_offer", state, round_, offer=offers[0].public_id)
        Interview.objects.create(answer=answer, participant=mine, starts_at=now())
        _override(world, round_, parts[1], offers[0])
    if state == RoundState.PUBLISHED:
        _objection(world, round_, students[0].person)
    if state == RoundState.MATCHED:
        tried = Scenario.objects.create(
            round=round_, base=run, name="推演", created_by=officer, created_at=now()
        )
        world.put("scenario", "draft", tried)
    if state in {RoundState.PUBLISHED, RoundState.CONFIRMED}:
        place = mine.placements.get()
        world.put("placement", state, place)
        world.put("round_placement", state, round_, placement=place.public_id)


def _part(round_: Round, student: Student, offer: Offer) -> Participant:
    part: Participant = ParticipantFactory.create(
        round=round_,
        student=student,
        list_state=ListState.SUBMITTED,
        list_version=1,
        submitted_at=now(),
    )
    Preference.objects.create(participant=part, offer=offer, position=1)
    return part


def _override(world: World, round_: Round, part: Participant, offer: Offer) -> None:
    officer = _actor(world, "graduate_officer")
    override = Override.objects.create(
        round=round_,
        participant=part,
        offer=offer,
        ground="国家专项",
        minutes=make_file(officer, purpose="selection.minutes"),
        requested_by=officer,
        requested_unit=world.home,
        requested_at=now(),
    )
    world.put("override", "pending", override)
    world.put("file", "minutes", override.minutes)


def _objection(world: World, round_: Round, person: Person) -> None:
    notice = PublicNotice.objects.get(round=round_)
    world.put("public_notice", "running", notice)
    objection = Objection.objects.create(
        notice=notice,
        raised_by=person,
        raised_at=now(),
        text="请复核",
    )
    world.put("objection", "student", objection)


def _sequential(
    world: World, cohort: Cohort, students: list[Student], mentors: list[Mentor]
) -> None:
    policy = make_policy(world.home, regime="sequential")
    round_ = _round(cohort, policy, RoundState.ANSWERING)
    offer = make_offer(round_, mentors[0])
    part = _part(round_, students[0], offer)
    world.put("application", "waiting", make_application(part, offer))


def _papers(world: World, student: Student) -> None:
    officer = _actor(world, "graduate_officer")
    world.put("file", "attachment", make_file(student.person, purpose=ATTACHMENT))
    world.put("attachment", "student", make_file(student.person, purpose=ATTACHMENT))
    paper = make_file(officer, purpose=PDF_PURPOSE)
    document = Document.objects.create(
        number="2026-GS-0001",
        kind="selection.summary",
        subject_type="selection.round",
        subject_id=Round.objects.get(state=RoundState.PUBLISHED).pk,
        unit=world.home,
        title_zh="汇总表",
        file_zh=paper,
        file_en=paper,
        sha256="0" * 64,
        issued_at=now(),
        issued_by=officer,
    )
    world.put("document", "summary", document)
    run = exchange.start_import(
        "people",
        actor=officer,
        unit=world.home,
        content=xlsx([["工号", "姓名"], ["77001", "李四"]]),
        name="people.xlsx",
    )
    exchange.map_columns(run, run.mapping, actor=officer)
    exchange.check_import(run, actor=officer)
    world.put("import", "officer", run)
    job = Job.objects.create(
        kind="exchange.import",
        actor=officer,
        unit=world.home,
        args={"run": str(run.public_id)},
        created_at=now(),
    )
    world.put("job", "officer", job)
