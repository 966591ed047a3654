"""A small season with one of everything, for tests that walk the whole interface."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from cotutelle.core.clock import now, today
from cotutelle.credentials.models import Award, Credential, Share
from cotutelle.credentials.services.shares import make_share
from cotutelle.decisions.models import Run
from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.services import start_import
from cotutelle.files.services import store_file
from cotutelle.institutions.models import Unit
from cotutelle.jobs.models import Job
from cotutelle.ledger.models import Witness
from cotutelle.mentorship.enums import PairRecordKind
from cotutelle.mentorship.models import Pair, PairRecord
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Leave
from cotutelle.rotations.enums import AlertKind, DutyKind, EventKind, ExceptionKind, WishKind
from cotutelle.rotations.models import (
    Cycle,
    HourException,
    HoursAlert,
    Meeting,
    PlanEvent,
    Ward,
    Wish,
)
from cotutelle.rotations.models import Participant as Trainee
from cotutelle.rotations.models import Scenario as Plan
from cotutelle.selection.enums import OfferState, RoundState
from cotutelle.selection.models import (
    Answer,
    Objection,
    Offer,
    Override,
    Participant,
    Placement,
    PublicNotice,
    Round,
    Scenario,
)
from cotutelle.selection.services.offers import open_offer
from cotutelle.selection.services.overrides import MINUTES as MINUTES_PURPOSE
from cotutelle.selection.services.runs import run_round, start_run
from tests.factories.credentials import make_award, make_credential, make_scene
from tests.factories.institutions import make_consortium
from tests.factories.log import make_witness
from tests.factories.mentorship import PublicationFactory, make_pair
from tests.factories.people import RoleGrantFactory, make_person
from tests.factories.rotations_programmes import make_enrolment, make_leave
from tests.factories.rotations_setup import (
    DepartmentFactory,
    make_cycle,
    make_ready_plan,
    make_stay,
    make_ward,
)
from tests.factories.rotations_setup import make_participant as make_trainee
from tests.factories.rotations_weekly import make_meeting, make_term
from tests.factories.rotations_weekly import make_round as make_joint_round
from tests.factories.selection import make_answer, make_list, make_offer, make_officer, make_round
from tests.selection.markets import closed_round

MINUTES = b"%PDF-1.4 minutes of the meeting"
CSV = "单位代码,中文名称,类型,上级单位代码\nD01,内科,department,CONSORTIUM\n".encode()


@dataclass(frozen=True, slots=True)
class Training:
    """Wards, a plan in force, a joint round, hours and leave."""

    ward: Ward
    cycle: Cycle
    trainee: Trainee
    wish: Wish
    event: PlanEvent
    plan: Plan
    meeting: Meeting
    difference: HourException
    alert: HoursAlert
    leave: Leave


@dataclass(frozen=True, slots=True)
class Season:
    """What there is."""

    officer: Person
    ranking: Round
    closed: Round
    offer: Offer
    participant: Participant
    answer: Answer
    placement: Placement
    run: Run
    job: Job
    notice: Notice
    upload: ImportRun
    on_show: PublicNotice
    objection: Objection
    assignment: Override
    grant_id: UUID
    spare: Person
    pair: Pair
    pair_record: PairRecord
    scenario: Scenario
    training: Training
    award: Award
    credential: Credential
    share: Share
    witness: Witness

    def ids(self) -> dict[str, str]:
        """Return path parameter → identifier of something that is there."""
        one = self.participant
        return {
            "unit_id": str(self.ranking.unit.public_id),
            "person_id": str(self.spare.public_id),
            "grant_id": str(self.grant_id),
            "student_id": str(one.student.public_id),
            "mentor_id": str(self.offer.supervisors[0].public_id),
            "round_id": str(self.ranking.public_id),
            "offer_id": str(self.offer.public_id),
            "participant_id": str(one.public_id),
            "answer_id": str(self.answer.public_id),
            "placement_id": str(self.placement.public_id),
            "run_id": str(self.run.public_id),
            "job_id": str(self.job.public_id),
            "notice_id": str(self.notice.public_id),
            "public_notice_id": str(self.on_show.public_id),
            "objection_id": str(self.objection.public_id),
            "assignment_id": str(self.assignment.public_id),
            "import_id": str(self.upload.public_id),
            "pair_id": str(self.pair.public_id),
            "pair_record_id": str(self.pair_record.public_id),
            "scenario_id": str(self.scenario.public_id),
            "ward_id": str(self.training.ward.public_id),
            "cycle_id": str(self.training.cycle.public_id),
            "trainee_id": str(self.training.trainee.public_id),
            "wish_id": str(self.training.wish.public_id),
            "event_id": str(self.training.event.public_id),
            "term_id": str(self.training.meeting.series.term.public_id),
            "plan_scenario_id": str(self.training.plan.public_id),
            "meeting_id": str(self.training.meeting.public_id),
            "difference_id": str(self.training.difference.public_id),
            "alert_id": str(self.training.alert.public_id),
            "leave_id": str(self.training.leave.public_id),
            "achievement_id": str(self.award.achievement.public_id),
            "award_id": str(self.award.public_id),
            "credential_id": str(self.credential.public_id),
            "share_id": str(self.share.public_id),
            "witness_id": str(self.witness.public_id),
            "subject_type": "people.person",
            "subject_id": str(self.spare.public_id),
        }


def make_season() -> Season:
    """Return a round in which students choose, and one that has been run; an officer of all."""
    root = make_consortium()
    officer = make_person(Role.GRADUATE_OFFICER, Role.SYSTEM_ADMINISTRATOR, unit=root)
    ranking = make_round(RoundState.RANKING)
    offer = make_offer(ranking, places=2)
    PublicationFactory.create(mentor=offer.mentor)
    participant = make_list(ranking, [offer], submitted=False)
    closed = closed_round()
    taken = make_offer(closed, state=OfferState.DRAFT)
    Round.objects.filter(pk=closed.pk).update(state=RoundState.RANKING)
    open_offer(taken, actor=make_officer(closed))
    Round.objects.filter(pk=closed.pk).update(state=RoundState.CLOSED)
    placed = make_list(closed, [taken])
    answer = make_answer(closed, taken, [[placed]])
    run = run_round(closed, actor=officer)
    closed.refresh_from_db()
    on_show = PublicNotice.objects.create(
        round=closed, run=run, starts_at=now(), ends_at=now() + dt.timedelta(days=5)
    )
    pair = make_pair()
    scene = make_scene()
    return Season(
        officer=officer,
        ranking=ranking,
        closed=closed,
        offer=offer,
        participant=participant,
        answer=answer,
        placement=Placement.objects.get(run=run),
        run=run,
        job=start_run(closed_round(), actor=officer),
        notice=Notice.objects.create(
            person=officer, kind="selection.result", created_at=closed.created_at
        ),
        on_show=on_show,
        objection=Objection.objects.create(
            notice=on_show, raised_by=placed.student.person, raised_at=now(), text="……"
        ),
        assignment=Override.objects.create(
            round=closed,
            participant=make_list(closed, []),
            offer=taken,
            ground="……",
            minutes=store_file(
                MINUTES, name="minutes.pdf", actor=officer, unit=root, purpose=MINUTES_PURPOSE
            ),
            requested_by=make_officer(closed),
            requested_unit=closed.unit,
            requested_at=now(),
        ),
        upload=start_import("units", actor=officer, unit=root, content=CSV, name="units.csv"),
        grant_id=RoleGrantFactory.create(
            person=make_person(unit=root), role=Role.LEADER, unit=root
        ).public_id,
        spare=make_person(unit=root),
        pair=pair,
        pair_record=PairRecord.objects.create(
            pair=pair,
            kind=PairRecordKind.PLAN,
            title="开题",
            author=pair.student.person,
            created_at=now(),
        ),
        scenario=Scenario.objects.create(
            round=closed, base=run, name="Try", created_by=officer, created_at=now()
        ),
        training=make_training(root),
        award=make_award(scene),
        credential=(credential := make_credential(scene)),
        share=make_share(credential, actor=credential.person),
        witness=make_witness("witness.example/w1", root)[0],
    )


def make_training(unit: Unit) -> Training:
    """Return one of everything that programmes, plans, weeks and hours answer about."""
    ward = make_ward(DepartmentFactory.create(), unit=unit)
    trainee = make_trainee(make_cycle(unit))
    make_stay(trainee, ward, 0, 2)
    student = trainee.student
    series = make_joint_round(make_term(unit), student=student.person)
    logged = HourException.objects.create(
        student=student, day=today(), kind=ExceptionKind.EXTRA, duty=DutyKind.CLINICAL,
        minutes=60, ward=ward, logged_at=now(),
    )  # fmt: skip
    alert = HoursAlert.objects.create(
        student=student, ward=ward, kind=AlertKind.RESEARCH_LOW, week=today(),
        figures={"value": 2.0, "bound": 4.6}, opened_at=now(), due_on=today(),
    )  # fmt: skip
    return Training(
        ward=ward,
        cycle=trainee.cycle,
        trainee=trainee,
        wish=Wish.objects.create(
            participant=trainee, kind=WishKind.PREFER_WARD, ward=ward, created_at=now()
        ),
        event=PlanEvent.objects.create(
            cycle=trainee.cycle,
            kind=EventKind.WARD_PLACES,
            ward=ward,
            first=3,
            upper=1,
            created_at=now(),
        ),
        plan=make_ready_plan(trainee),
        meeting=make_meeting(series, now() + dt.timedelta(days=7)),
        difference=logged,
        alert=alert,
        leave=make_leave(make_enrolment()),
    )
