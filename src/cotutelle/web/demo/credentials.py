"""What the demonstration certifies: some proposals wait, some are issued, one no longer holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cotutelle.core.clock import at
from cotutelle.credentials.enums import AchievementKind, AchievementState, SignerRole
from cotutelle.credentials.models import Achievement, Award, Credential
from cotutelle.credentials.queries.awards import people_in, proposable_stays, signers_of
from cotutelle.credentials.services.achievements import (
    AchievementData,
    create_achievement,
    move_achievement,
)
from cotutelle.credentials.services.awards import Proposal, propose_award, sign_award
from cotutelle.credentials.services.issuing import issue_awards
from cotutelle.credentials.services.standing import revoke, suspend
from cotutelle.credentials.services.status_lists import publish_lists
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from cotutelle.web.demo.logins import MENTOR_DONE, STUDENT_PLACED
from cotutelle.web.demo.season import Season
from cotutelle.web.demo.state import Demo

# Days before the day of the demonstration.
DEFINED, PROPOSED, SIGNED, ISSUED, ENDED, PUBLISHED = -90, -60, -55, -50, -20, -1
PER_KIND = 5

_TEXTS: dict[AchievementKind, tuple[str, str, str, str, str, tuple[SignerRole, ...], int | None]] = {
    AchievementKind.GATE: (
        "YLMU", "临床基本技能操作授权", "Gate: basic clinical skills",
        "完成三次直接观察评估，均达到置信等级3。",
        "Three direct observations, each at entrustment level 3.",
        (SignerRole.PRINCIPAL,), 24,
    ),
    AchievementKind.ROTATION: (
        "YL1", "轮转合格证书", "Rotation completed",
        "轮转期满，出科考核合格。", "The stay is over and its exit assessment was passed.",
        (SignerRole.RESIDENCY,), None,
    ),
    AchievementKind.COURSE: (
        "YLMU", "医学统计学课程学分", "Course credit: medical statistics",
        "课程考试成绩60分以上。", "At least 60 of 100 points in the examination.",
        (SignerRole.PRINCIPAL,), None,
    ),
    AchievementKind.PROJECT: (
        "YLMU", "学位课题开题合格", "Thesis proposal accepted",
        "开题报告经专家组评议通过。", "A panel has accepted the plan of the thesis.",
        (SignerRole.PRINCIPAL,), None,
    ),
    AchievementKind.EVALUATION: (
        "YLMU", "学年综合评价", "Integrated evaluation of the year",
        "按多来源评价合成，附测量标准误。",
        "Composed of several sources of assessment and stated with its standard error.",
        (SignerRole.PRINCIPAL,), None,
    ),
    AchievementKind.FINAL: (
        "YLMU", "双导师联合培养证书", "Dual-mentor certificate",
        "完成联合培养方案，临床导师与科研导师共同确认。",
        "The joint programme is complete; both mentors confirm it.",
        (SignerRole.CLINICAL, SignerRole.RESEARCH), None,
    ),
}  # fmt: skip


def certify(demo: Demo, last: Season) -> None:
    """Define one achievement of each kind and take last year's students through them."""
    made = _define(demo)
    students = _students(last)
    done: list[Award] = []
    for kind, achievement in made.items():
        if kind != AchievementKind.FINAL:
            done += _take_through(demo, achievement, students)
    _issue(demo, done)
    _end_two(demo)
    with at(demo.moment(PUBLISHED)):
        publish_lists()


def _officer(demo: Demo, achievement: Achievement) -> Person:
    return demo.staff["officer.yl1" if achievement.unit.code == "YL1" else "officer"]


def _define(demo: Demo) -> dict[AchievementKind, Achievement]:
    made = {}
    with at(demo.moment(DEFINED)):
        for kind, (unit, zh, en, criteria_zh, criteria_en, signers, months) in _TEXTS.items():
            data = AchievementData(
                kind=kind, name_zh=zh, name_en=en, criteria_zh=criteria_zh,
                criteria_en=criteria_en, signers=signers, valid_months=months,
            )  # fmt: skip
            officer = demo.staff["officer"]
            made[kind] = create_achievement(demo.units[unit], data, actor=officer)
            move_achievement(made[kind], AchievementState.OPEN, actor=officer)
    return made


def _students(last: Season) -> list[Student]:
    """Return last year's students with a principal supervisor, those with a login first."""
    rows = Student.objects.filter(cohort=last.cohort).select_related("person", "unit", "cohort")
    found = [s for s in rows.order_by("id") if people_in(SignerRole.PRINCIPAL, s, None)]
    return sorted(found, key=lambda s: (not _has_login(s), s.pk))


def _has_login(student: Student) -> bool:
    mentors = people_in(SignerRole.PRINCIPAL, student, None)
    return student.person.username == STUDENT_PLACED or any(
        mentor.username == MENTOR_DONE for mentor in mentors
    )


def _take_through(demo: Demo, achievement: Achievement, students: Sequence[Student]) -> list[Award]:
    """Propose a few; all but the last ones are signed, and all but some of these returned."""
    officer = _officer(demo, achievement)
    with at(demo.moment(PROPOSED)):
        proposals = _proposals(demo, achievement, students, officer)
        awards = [propose_award(achievement, one, actor=officer) for one in proposals]
    ready = [award for award in awards if award not in _left_open(achievement, awards)]
    with at(demo.moment(SIGNED)):
        for award in ready:
            for role, people in signers_of(award).items():
                sign_award(award, role, agrees=True, actor=people[0])
    return ready[:-1] if achievement.kind == AchievementKind.PROJECT else ready


def _left_open(achievement: Achievement, awards: Sequence[Award]) -> Sequence[Award]:
    """Return what still waits for a signature: where there is one, that of the mentor of the tour."""
    if achievement.kind not in {AchievementKind.GATE, AchievementKind.EVALUATION}:
        return ()
    mine = [
        award
        for award in awards
        if award.student.person.username != STUDENT_PLACED and _has_login(award.student)
    ]
    return (mine or awards)[-1:]


def _proposals(
    demo: Demo, achievement: Achievement, students: Sequence[Student], officer: Person
) -> list[Proposal]:
    if achievement.kind == AchievementKind.ROTATION:
        stays = [
            stay
            for stay in proposable_stays(officer)
            if people_in(SignerRole.RESIDENCY, stay.participant.student, stay)
        ]
        stays.sort(key=lambda stay: (not _has_login(stay.participant.student), stay.pk))
        return [
            Proposal(stay.participant.student, {"exitAssessment": "合格 Passed"}, stay)
            for stay in stays[:PER_KIND]
        ]
    return [
        Proposal(student, _stated(demo, AchievementKind(achievement.kind), n))
        for n, student in enumerate(students[:PER_KIND])
    ]


def _stated(demo: Demo, kind: AchievementKind, n: int) -> dict[str, str | int | float | dt.date]:
    """Return what is stated about the ``n``-th student."""
    day = demo.moment(PROPOSED - 7 + n).date()
    if kind == AchievementKind.GATE:
        return {
            "gate_zh": "胸腔穿刺", "gate_en": "Thoracentesis", "level": 3, "passedOn": day,
        }  # fmt: skip
    if kind == AchievementKind.COURSE:
        return {
            "course_zh": "医学统计学", "course_en": "Medical statistics", "code": "YLMU-ST01",
            "credits": 2, "grade": str(78 + 4 * n), "finishedOn": day,
        }  # fmt: skip
    if kind == AchievementKind.PROJECT:
        return {
            "project_zh": "学位课题", "project_en": "Thesis project", "stage_zh": "开题",
            "stage_en": "Thesis proposal", "reachedOn": day,
        }  # fmt: skip
    return {
        "value": 80.5 + 2 * n, "standardError": 2.1, "scale_min": 0, "scale_max": 100,
        "observations": 14 + n, "asOf": day,
    }  # fmt: skip


def _issue(demo: Demo, awards: Sequence[Award]) -> None:
    """Issue in two batches, each institution its own."""
    with at(demo.moment(ISSUED)):
        for code, officer in (("YLMU", "officer"), ("YL1", "officer.yl1")):
            mine = [one for one in awards if one.achievement.unit.code == code]
            issue_awards(mine, actor=demo.staff[officer])


def _end_two(demo: Demo) -> None:
    """Suspend one certificate and revoke another: not those of the logins."""
    rows = Credential.objects.exclude(person__username=STUDENT_PLACED).order_by("-pk")
    gate = rows.filter(award__achievement__kind=AchievementKind.GATE).first()
    course = rows.filter(award__achievement__kind=AchievementKind.COURSE).first()
    with at(demo.moment(ENDED)):
        if gate is not None:
            suspend(gate, "复核观察记录", actor=demo.staff["officer"])
        if course is not None:
            revoke(course, "成绩登记有误，已更正", actor=demo.staff["officer"])
