"""What an officer tries out, and how content people were with last year's season."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count

from cotutelle.core.clock import at
from cotutelle.selection.enums import Algorithm, ScenarioState
from cotutelle.selection.models import Scenario
from cotutelle.selection.queries.outcome import ANSWER_DAYS, satisfaction_until
from cotutelle.selection.services.satisfaction import answer_satisfaction
from cotutelle.selection.services.scenario_computing import compute_scenario
from cotutelle.selection.services.scenarios import change_scenario, create_scenario, set_rules
from cotutelle.web.demo.chance import generator, happens
from cotutelle.web.demo.season import Season

_ANSWERED, _WROTE = 0.7, 0.25
_SCORES = (5, 5, 5, 4, 4, 4, 4, 3, 3, 2)
_OF_STUDENTS = (
    "流程清楚，能看到落选原因，很安心。",
    "希望填报前能看到更多导师简介。",
    "填报时间可以再长几天。",
    "Clear steps; I always knew what came next.",
)
_OF_MENTORS = (
    "应答页面一目了然，排序很方便。",
    "希望能批量查看申请人材料。",
    "契合度有参考价值。",
)


def try_out(last: Season, season: Season) -> None:
    """Make two what-ifs: last year under another rule, computed; this year's, being written."""
    demo = season.demo
    officer = demo.staff["officer"]
    last.round.refresh_from_db()
    with at(demo.moment(-3, 15)):
        replay = create_scenario(
            last.round,
            name="去年数据换一种算法 / Last year by another way",
            note="不按成绩区分并列，看看能否让更多学生录取。",
            base=last.round.official_run,
            actor=officer,
        )
        rules = {"algorithm": Algorithm.PROMOTION, "ties_by_score": False}
        set_rules(replay, rules, actor=officer)
        Scenario.objects.filter(pk=replay.pk).update(state=ScenarioState.RUNNING)
        compute_scenario(replay, actor=officer)
    with at(demo.moment(-1, 15)):
        draft = create_scenario(
            season.round,
            name="热门导师增加一个名额 / One more place at a wanted mentor",
            base=None,
            actor=officer,
        )
        for change in _one_more_place(season):
            change_scenario(draft, change, actor=officer)


def _one_more_place(season: Season) -> list[dict[str, Any]]:
    """One place more at the offer that the most students chose, and with its mentor."""
    rows = season.round.offers.filter(mentor__isnull=False, places__gt=0)
    offer = rows.annotate(chosen=Count("preferences")).order_by("-chosen", "pk")[0]
    answer = season.round.answers.get(mentor=offer.mentor)
    bounds = (("offer", offer.public_id, offer.places), ("mentor", answer.public_id, answer.places))
    return [
        {"kind": "places", "level": level, "key": str(key), "most": places + 1, "least": 0}
        for level, key, places in bounds
    ]


def say_how_content(last: Season) -> None:
    """Let most people of last year's season answer within the days they had."""
    round_, random = last.round, generator()
    round_.refresh_from_db()
    until = satisfaction_until(round_)
    if until is None:
        raise ValueError("season: last year's round is not confirmed")
    confirmed = until - dt.timedelta(days=ANSWER_DAYS)
    students = [
        p.student.person
        for p in round_.participants.select_related("student__person").order_by("pk")
    ]
    mentors = [one.mentor.person for one in last.mentors]
    asked = [*((p, _OF_STUDENTS) for p in students), *((m, _OF_MENTORS) for m in mentors)]
    for person, words in asked:
        if not happens(random, _ANSWERED):
            continue
        with at(confirmed + dt.timedelta(hours=random.randrange(1, 24 * 20))):
            answer_satisfaction(
                round_,
                score=random.choice(_SCORES),
                comment=random.choice(words) if happens(random, _WROTE) else "",
                actor=person,
            )
