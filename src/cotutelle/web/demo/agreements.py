"""One agreement in force with a partner hospital, and limits of the season under way."""

from __future__ import annotations

import datetime as dt

from cotutelle.agreements.models import Agreement
from cotutelle.agreements.services import (
    AgreementData,
    add_mentors,
    create_agreement,
    put_in_force,
    set_document,
)
from cotutelle.core.clock import at
from cotutelle.institutions.models import Unit
from cotutelle.selection.queries.caps import agreements_for, cap_rows
from cotutelle.selection.services.caps import Bounds, set_caps
from cotutelle.web.demo.paperwork import signed_page
from cotutelle.web.demo.season import Season
from cotutelle.web.demo.state import Demo

SIGNED, BOUND = -1100, -6
YEARS = 5
LENT = 6
PARTNER, DEPARTMENT = "BJC", "YL1-RA"
MOST, FIRST_MOST = 12, 12


def sign_agreement(demo: Demo) -> None:
    """Let the university and the partner hospital agree; the partner lends some mentors."""
    officer = demo.staff["officer"]
    start = demo.day + dt.timedelta(days=SIGNED)
    with at(demo.moment(SIGNED)):
        made = create_agreement(
            demo.units["YLMU"],
            demo.units[PARTNER],
            AgreementData(
                number=f"YLMU-BJC-{start.year}",
                name_zh="与滨江中心医院研究生联合培养协议（演示数据）",
                name_en="Joint training with Riverside Central Hospital (demo)",
                starts_on=start,
                ends_on=start + dt.timedelta(days=365 * YEARS),
                places=MOST,
                first_mentor_most=FIRST_MOST,
                notes="双方共同制定培养计划；临床轮转在合作医院进行，论文署名单位由双方协商。",
            ),
            actor=officer,
        )
        page = signed_page(
            "联合培养协议（演示数据）",
            ["甲方：云岭医科大学；乙方：滨江中心医院。", "协议期五年，每年联合培养研究生若干名。"],
        )
        set_document(made, page, actor=officer)
        theirs = [one.mentor for one in demo.mentors if one.institution == PARTNER]
        add_mentors(made, theirs[:LENT], actor=officer)
        put_in_force(made, actor=officer)


def limit_places(season: Season) -> None:
    """Bound one department somewhat below what is offered, and the agreement as agreed."""
    demo, round_ = season.demo, season.round
    offered = {row.thing: row.offered for row in cap_rows(round_)}
    department = demo.units[DEPARTMENT]
    limits: dict[Unit | Agreement, Bounds] = {
        department: Bounds(max(1, offered.get(department, 0) - 2))
    }
    for agreement in agreements_for(round_):
        limits[agreement] = Bounds(agreement.places)
    with at(demo.moment(BOUND, 10)):
        set_caps(
            round_,
            limits,
            reason="按科室床位与协议约定核定（演示数据）",
            actor=demo.staff["officer"],
        )
