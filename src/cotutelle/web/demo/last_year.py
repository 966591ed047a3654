"""The season before: confirmed, with an assignment, an objection, pairs and papers."""

from __future__ import annotations

import datetime as dt

from cotutelle.core.clock import at
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import PairRole
from cotutelle.mentorship.models import Mentorship
from cotutelle.mentorship.queries import receiving_mentors
from cotutelle.mentorship.services.changes import answer_as_receiving, ask_change
from cotutelle.mentorship.services.reviews import open_window
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState
from cotutelle.selection.services.confirmation import confirm_round
from cotutelle.selection.services.overrides import decide_override
from cotutelle.selection.services.papers import issue_notice, issue_summary
from cotutelle.selection.services.publication import (
    answer_objection,
    publish_round,
    raise_objection,
)
from cotutelle.selection.services.rounds import add_cohort
from cotutelle.selection.services.runs import run_round
from cotutelle.web.demo.logins import STUDENT_PLACED
from cotutelle.web.demo.offers import make_offers
from cotutelle.web.demo.people import LAST_YEAR_ROUTES, build_students, grant_year
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

# Days before the day of the demonstration.
ADMITTED, PREPARED, OPENED, ANSWERING, CLOSED, RUN, PUBLISHED = (
    -410, -400, -395, -384, -377, -376, -374,
)  # fmt: skip
WINDOWS: dict[str, tuple[int, int]] = {
    route: (OPENED, ANSWERING - 1) for route, _count in LAST_YEAR_ROUTES
}
MENTORS, SILENT = 20, 2


def build_last_year(demo: Demo) -> Season:
    """Run last year's season from the admission to the pairs."""
    chosen = [m for m in demo.mentors if m.own_offer][:: 50 // MENTORS][:MENTORS]
    year = demo.year - 1
    with at(demo.moment(ADMITTED)):
        grant_year(demo, year, chosen, suspended=False)
        cohort = new_cohort(demo, year)
        students = build_students(demo, cohort, LAST_YEAR_ROUTES)
    with at(demo.moment(PREPARED)):
        round_ = new_round(demo, cohort, WINDOWS, CLOSED)
        offers = make_offers(demo, round_, chosen, with_teams=False)
        add_cohort(round_, actor=demo.staff["officer"])
    season = Season(demo, year, PREPARED, WINDOWS, CLOSED, cohort, round_, students, offers, chosen)
    step(season, RoundState.RANKING, OPENED, 8)
    write_lists(season, empty=1)
    step(season, RoundState.ANSWERING, ANSWERING, 8)
    write_answers(
        season, silent=chosen[:SILENT], first_day=ANSWERING, last_day=CLOSED - 1, proxies={}
    )
    step(season, RoundState.CLOSED, CLOSED, 19)
    _assign(season)
    _publish(season)
    return season


def _assign(season: Season) -> None:
    """Let the graduate school assign the student without a list; the hospital approves."""
    demo = season.demo
    with at(demo.moment(RUN, 9)):
        override = ask_assignment(
            season, "该生因病住院未能填报志愿，招生领导小组会议同意指定导师。"
        )
    with at(demo.moment(RUN, 15)):
        decide_override(
            override, approve=True, note="同意，材料齐全。", actor=demo.staff["officer.yl1"]
        )


def _publish(season: Season) -> None:
    demo, round_ = season.demo, season.round
    officer = demo.staff["officer"]
    with at(demo.moment(RUN, 17)):
        run_round(round_, actor=officer)
    with at(demo.moment(PUBLISHED, 9)):
        notice = publish_round(round_, actor=officer)
    with at(demo.moment(PUBLISHED + 1, 14)):
        objection = raise_objection(
            notice,
            text="公示中本人的录取方式写作“统考”，实际为“推免”，请核对是否影响结果。",
            actor=_somebody(season),
        )
    with at(demo.moment(PUBLISHED + 2, 10)):
        answer_objection(
            objection,
            upheld=False,
            answer="经核对，录取方式登记无误，双选结果不受影响。如需更正学籍信息，请联系学院。",
            actor=officer,
        )
    with at(notice.ends_at + dt.timedelta(hours=10)):
        round_.refresh_from_db()
        confirm_round(round_, actor=officer)
        _issue_papers(season, officer)


def _issue_papers(season: Season, officer: Person) -> None:
    """The papers of a season that is over; a machine without a Chinese font goes without."""
    season.round.refresh_from_db()
    try:
        issue_notice(season.round, actor=officer)
        issue_summary(season.round, actor=officer)
    except RuleViolation as refusal:
        if refusal.code != "document.no_font":
            raise


def _somebody(season: Season) -> Person:
    placed = season.round.placements.select_related("participant__student__person")
    return placed.order_by("pk")[3].participant.student.person


def ask_for_another_mentor(season: Season) -> None:
    """Open days for changes now; one student asks, and the receiving mentor has agreed."""
    demo = season.demo
    with at(demo.moment(-20)):
        open_window(
            demo.units["YLMU"], opens_on=demo.day - dt.timedelta(days=20),
            closes_on=demo.day + dt.timedelta(days=25), actor=demo.staff["officer"],
        )  # fmt: skip
    pairs = Mentorship.objects.filter(
        student__cohort=season.cohort, role=PairRole.FIRST, pairs_led__isnull=False
    )
    for pair in pairs.select_related("student__person", "student__unit", "mentor__person"):
        with at(demo.moment(-9, 20)):
            others = receiving_mentors(pair).select_related("person", "unit")
            near = others.filter(discipline=pair.mentor.discipline).order_by("pk").first()
            if near is None:
                continue
            change = ask_change(
                pair,
                near,
                reason="第一学年参加课题后，研究兴趣转向临床队列研究，与现导师沟通后希望调整。",
                is_confidential=False,
                actor=pair.student.person,
            )
        with at(demo.moment(-6, 9)):
            answer_as_receiving(
                change, accepts=True, note="欢迎加入，课题方向相符。", actor=near.person
            )
        person = pair.student.person
        person.username = STUDENT_PLACED
        person.save(update_fields=["username"])
        return
    raise ValueError("season: no mentor has a free place for a change")
