"""Programmes in force, last year's students on them, their certificates and some leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from cotutelle.core.clock import at
from cotutelle.programmes.enums import (
    AdmissionState,
    AttainmentKind,
    AttainmentState,
    DegreeType,
    LeaveKind,
)
from cotutelle.programmes.models import Enrolment, Leave, Student, Template
from cotutelle.programmes.queries.leave import approvals_on, to_decide
from cotutelle.programmes.services import (
    ask_for_expired_results,
    ask_leave,
    ask_track_choice,
    assign_template,
    change_admission,
    enrol,
    install_example_extension_rule,
    install_examples,
    put_template_in_force,
    reach_milestone,
    report_return,
    set_attainment,
)
from cotutelle.programmes.services.examples import EXAMPLES
from cotutelle.programmes.services.templates import create_template
from cotutelle.web.demo.logins import STUDENT_PLACED
from cotutelle.web.demo.paperwork import signed_page
from cotutelle.web.demo.season import Season
from cotutelle.web.demo.state import Demo
from cotutelle.workflow.services import decide_approval

# Days before the day of the demonstration.
DRAFTED, CONFIRMED, ASSIGNED, ENROLLED, RESULTS = -420, -332, -330, -325, -40
ACADEMIC = "CMA"
# Of every five the fourth still awaits the result; of every seven the sixth did not pass.
AWAITING, FAILING = 3, 5
_DAY = dt.timedelta(days=1)


def build_programmes(demo: Demo, last: Season) -> None:
    """Put the examples in force, last year's students on them, and let some be away."""
    templates = _templates(demo)
    students = list(
        Student.objects.filter(cohort=last.cohort, state=AdmissionState.PROVISIONAL)
        .select_related("person", "unit", "cohort")
        .order_by("id")
    )
    officer = demo.staff["officer"]
    with at(demo.moment(CONFIRMED)):
        for student in students:
            change_admission(student, AdmissionState.CONFIRMED, reason="", actor=officer)
    with at(demo.moment(ASSIGNED)):
        done = [
            one
            for degree, code in ((DegreeType.PROFESSIONAL, "CM53"), (DegreeType.ACADEMIC, ACADEMIC))
            for one in assign_template(
                [s for s in students if s.degree_type == degree], templates[code], actor=officer
            ).done
        ]
    with at(demo.moment(ENROLLED)):
        for one in done:
            enrol(one, number=one.student.person.number, actor=officer)
        install_example_extension_rule(demo.units["YLMU"], actor=officer)
    _certificates(demo, [one for one in done if one.track == DegreeType.PROFESSIONAL])
    with at(demo.moment(-60)):
        for one in done[::3]:
            for proposal in one.milestones.filter(kind="proposal"):
                reach_milestone(proposal, done_on=(demo.moment(-61)).date(), actor=officer)
    _absences(demo, done)


def _templates(demo: Demo) -> dict[str, Template]:
    """Draft the examples and put them in force, but for one that waits to be confirmed."""
    officer, unit = demo.staff["officer"], demo.units["YLMU"]
    plain = next(one for one in EXAMPLES if one.code == "CMH")
    phases = [one for one in plain.phases if one.kind != "hosted"]
    with at(demo.moment(DRAFTED)):
        made = install_examples(unit, actor=officer)
        data = replace(
            plain, code=ACADEMIC, name_zh="临床医学学术学位培养方案", name_en="Clinical research",
            phases=phases, routes=dict.fromkeys(
                ("recommended", "unified_exam", "five_plus_three"), plain.routes["recommended"]
            ),
        )  # fmt: skip
        made.append(create_template(unit, data, actor=officer))
        for one in made:
            if one.code != "CMH":
                put_template_in_force(one, actor=officer)
    return {one.code: one for one in made}


def _certificates(demo: Demo, clinical: list[Enrolment]) -> None:
    """Some hold the licence, some wait for the result, some failed; one is asked for a track."""
    officer = demo.staff["officer"]
    with at(demo.moment(RESULTS)):
        for n, one in enumerate(clinical[: len(clinical) * 3 // 4]):
            licence = one.attainments.get(kind=AttainmentKind.LICENCE)
            licence.enrolment = one
            if n % 5 == AWAITING:
                until = demo.day + (-3 if n % 2 else 20) * _DAY
                set_attainment(
                    licence, AttainmentState.AWAITED, awaited_until=until, note="成绩待公布",
                    actor=officer,
                )  # fmt: skip
            elif n % 7 == FAILING:
                set_attainment(licence, AttainmentState.FAILED, actor=officer)
            else:
                set_attainment(
                    licence, AttainmentState.HELD, number=f"2025{n:08}",
                    held_on=demo.moment(RESULTS - 5).date(), actor=officer,
                )  # fmt: skip
    failed = [
        one
        for one in clinical
        if one.attainments.filter(kind="licence", state=AttainmentState.FAILED).exists()
    ]
    with at(demo.moment(-2)):
        for one in failed[:1]:
            ask_track_choice(
                one, due_on=demo.day + 12 * _DAY, reason="执业医师资格考试未通过。", actor=officer
            )
    with at(demo.moment(0, 6)):
        ask_for_expired_results()


def _absences(demo: Demo, done: list[Enrolment]) -> None:
    """A leave in every state: asked, approved and under way, overdue, returned, refused."""
    named = [one for one in done if one.student.person.username == STUDENT_PLACED]
    others = [one for one in done if one not in named]
    plans: list[tuple[LeaveKind, int, int, int, str]] = [
        (LeaveKind.PERSONAL, 3, 2, -1, "家中老人住院，需回家照顾两天。"),
        (LeaveKind.SICK, -3, 3, -3, "急性胃肠炎。"),
        (LeaveKind.STUDY, -1, 5, -8, "参加全国学术年会并作口头汇报。"),
        (LeaveKind.FAMILY, -9, 4, -15, "婚假。"),
        (LeaveKind.MATERNITY, -30, 128, -40, "产假。"),
        (LeaveKind.PERSONAL, 6, 2, -1, "办理户籍手续。"),
    ]
    for one, (kind, start, days, asked, reason) in zip(
        [*named, *others[:: max(1, len(others) // 5)]], plans, strict=False
    ):
        with at(demo.moment(asked, 8)):
            leave = _ask(demo, one, kind, start, days, reason)
        if start < 0:
            _agree(demo, leave, asked)
            leave.refresh_from_db()
        if kind == LeaveKind.SICK:
            with at(demo.moment(0, 8)):
                report_return(leave, returned_on=demo.day, actor=one.student.person)


def _ask(  # noqa: PLR0917  one line of the plan
    demo: Demo, one: Enrolment, kind: LeaveKind, start: int, days: int, reason: str
) -> Leave:
    first = demo.day + start * _DAY
    paper = kind in {LeaveKind.SICK, LeaveKind.MATERNITY}
    return ask_leave(
        one, kind=kind, starts_on=first, ends_on=first + (days - 1) * _DAY, reason=reason,
        evidence=signed_page("证明（演示数据）", ["演示数据，并非真实证明。"]).read() if paper else None,
        evidence_name="证明.pdf", actor=one.student.person,
    )  # fmt: skip


def _agree(demo: Demo, leave: Leave, day: int) -> None:
    """Let whoever is asked agree, step by step."""
    people = list(demo.staff.values())
    people += [one.mentor.person for one in leave.enrolment.student.mentorships.all()]
    for hour in range(9, 14):
        rows = approvals_on(leave)
        found = [(p, one) for p in people if (one := to_decide(p, rows)) is not None]
        if not found:
            return
        with at(demo.moment(day, hour)):
            decide_approval(found[0][1], True, actor=found[0][0])
