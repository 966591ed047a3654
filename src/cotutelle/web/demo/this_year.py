"""The season under way: lists are in, most mentors have answered."""

from __future__ import annotations

import datetime as dt

from cotutelle.core.clock import at
from cotutelle.mentorship.models import Mentor
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route
from cotutelle.selection.enums import AnswerState, RoundState
from cotutelle.selection.models import Answer, Participant
from cotutelle.selection.queries.answers import applicants
from cotutelle.selection.services.affinity import compute_affinity
from cotutelle.selection.services.answers import declare_conflict, invite
from cotutelle.selection.services.rounds import add_cohort
from cotutelle.web.demo.fields import Field
from cotutelle.web.demo.logins import MENTOR, MENTOR_DONE, STUDENT
from cotutelle.web.demo.offers import make_offers
from cotutelle.web.demo.paperwork import signed_page
from cotutelle.web.demo.people import LATE, ROUTES, build_students, grant_year
from cotutelle.web.demo.season import (
    Season,
    ask_assignment,
    new_cohort,
    new_round,
    step,
    write_answers,
    write_lists,
)
from cotutelle.web.demo.state import Demo
from cotutelle.workflow.services import authorise

WINDOWS: dict[str, tuple[int, int]] = {
    Route.RECOMMENDED: (-24, -12),
    Route.UNIFIED_EXAM: (-16, -5),
    Route.FIVE_PLUS_THREE: (-16, -5),
    Route.DOCTORAL: (-20, -8),
}
ADMITTED, PREPARED, OPENED, ANSWERING, ANSWERS_UNTIL = -40, -30, -24, -4, 4
DRAFTS, EMPTY = 3, 5
PROXIED = 16  # a radiologist of the First Hospital, where the secretary works


def build_this_year(demo: Demo) -> Season:
    """Run the season up to the answers: 118 lists of 126, 46 answers of 58."""
    with at(demo.moment(ADMITTED)):
        grant_year(demo, demo.year, demo.mentors, suspended=True)
        cohort = new_cohort(demo, demo.year)
        students = build_students(demo, cohort, ROUTES, late=LATE)
    with at(demo.moment(PREPARED)):
        round_ = new_round(demo, cohort, WINDOWS, ANSWERS_UNTIL)
        season = Season(
            demo, demo.year, PREPARED, WINDOWS, ANSWERS_UNTIL, cohort, round_, students,
            make_offers(demo, round_, demo.mentors, with_teams=True), demo.mentors,
        )  # fmt: skip
        add_cohort(round_, actor=demo.staff["officer"])
    step(season, RoundState.RANKING, OPENED, 8)
    with at(demo.moment(OPENED, 12)):
        # By words alone: the job that the opening queued brings the text models in, in the worker.
        compute_affinity(round_, load=lambda: None)
    write_lists(season, drafts=DRAFTS, empty=EMPTY)
    step(season, RoundState.ANSWERING, ANSWERING, 8)
    _answer(season)
    return season


def _conflicts(season: Season) -> None:
    """Two mentors who have not answered yet declare a conflict with an applicant."""
    open_ = season.round.answers.filter(state=AnswerState.OPEN, mentor__isnull=False)
    grounds = iter(("与该生系亲属关系", "该生曾为本人课题组聘用人员"))
    for answer in open_.select_related("mentor__person", "round").order_by("-pk"):
        one = applicants(answer).select_related("student").order_by("pk").last()
        if one is None:
            continue
        if (ground := next(grounds, None)) is None:
            return
        person = answer.mentor.person  # type: ignore[union-attr]
        with at(season.demo.moment(-2, 16)):
            declare_conflict(answer.mentor, one.student, ground=ground, actor=person)  # type: ignore[arg-type]


def _answer(season: Season) -> None:
    demo = season.demo
    principal, agent = demo.mentors[PROXIED].mentor.person, demo.staff["secretary"]
    with at(demo.moment(ANSWERING - 6, 10)):
        authorise(
            principal,
            agent,
            starts_on=demo.day + dt.timedelta(days=ANSWERING - 6),
            ends_on=demo.day + dt.timedelta(days=90),
            document=signed_page(
                "双选工作代办授权书（演示数据）",
                [
                    f"本人{principal.name_zh}授权{agent.name_zh}代为提交师生双选应答。",
                    "有效期三个月。",
                ],
            ),
            actor=agent,
        )
    silent = [one for one in demo.mentors if one.silent]
    write_answers(
        season, silent=silent, first_day=ANSWERING, last_day=-1,
        proxies={demo.mentors[PROXIED].mentor.pk: agent},
    )  # fmt: skip
    _interviews(season)
    _conflicts(season)
    with at(demo.moment(-1, 9)):
        ask_assignment(season, "该生援外实习期间无法登录系统，本人书面申请由学院指定导师。")


def _interviews(season: Season) -> None:
    """Invite a few applicants of mentors who still think."""
    open_ = season.round.answers.filter(state=AnswerState.OPEN, mentor__isnull=False)
    for answer in open_.select_related("mentor__person", "round").order_by("pk")[:4]:
        for n, one in enumerate(applicants(answer).order_by("pk")[:2]):
            with at(season.demo.moment(-2, 11)):
                invite(
                    answer, one, starts_at=season.demo.moment(1 + n, 15), place="科教楼三层小会议室",
                    actor=answer.mentor.person,  # type: ignore[union-attr]
                )  # fmt: skip


def name_logins(season: Season) -> None:
    """Give the sign-in names of the tour to people with something to do."""
    open_ = season.round.answers.filter(state=AnswerState.OPEN, mentor__isnull=False)
    rows = open_.select_related("mentor__person").order_by("pk")
    fields = {one.mentor.pk: one.field for one in season.mentors}
    fans = {answer: _fans(season, answer, fields[answer.mentor_id]) for answer in rows}  # type: ignore[index]
    busy = max(rows, key=lambda answer: (bool(fans[answer]), applicants(answer).count()))
    _rename(_mentor(busy), MENTOR)
    done = season.round.answers.filter(
        state=AnswerState.SUBMITTED, mentor__mentorships__isnull=False, by_proxy=False
    )
    _rename(_mentor(done.select_related("mentor__person").order_by("pk").first()), MENTOR_DONE)
    _rename(max(fans[busy], key=lambda one: one.preferences.count()).student.person, STUDENT)


def _fans(season: Season, answer: Answer, field: Field) -> list[Participant]:
    """Return the applicants who want what the mentor works on."""
    near = {one.student.pk for one in season.students if one.field == field}
    rows = applicants(answer).filter(student__in=near).select_related("student__person")
    return list(rows.order_by("pk"))


def _mentor(answer: Answer | None) -> Person:
    mentor: Mentor = answer.mentor  # type: ignore[union-attr,assignment]
    return mentor.person


def _rename(person: Person, username: str) -> None:
    person.username = username
    person.save(update_fields=["username"])
