"""What the invented mentors and teams offer in a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from cotutelle.mentorship.enums import MentorCategory, Track
from cotutelle.mentorship.services.quota import account_of
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import OfferKind
from cotutelle.selection.models import Offer, Round
from cotutelle.selection.services.offers import OfferData, open_offer, save_offer
from cotutelle.web.demo.chance import happens
from cotutelle.web.demo.fields import Field, Term
from cotutelle.web.demo.state import Demo, DemoMentor
from cotutelle.web.demo.wishes import DemoOffer

MASTERS = (Route.RECOMMENDED, Route.UNIFIED_EXAM, Route.FIVE_PLUS_THREE)
_REQUIREMENTS = (
    Term("需完成科室轮转，能保证每周两个半天参加课题组讨论。",
         "Rotations are completed; two half days a week go to the group."),
    Term("有R或Python基础者优先；无基础者入组前完成指定课程。",
         "Some R or Python is welcome; otherwise a course comes first."),
    Term("英语六级以上，能独立阅读英文文献。", "Reads English papers without help."),
    Term("热爱临床，能适应夜班。执业医师资格考试须在第二年通过。",
         "Likes the ward and its nights; passes the licence examination in the second year."),
    Term("需伦理与数据安全培训合格后方可接触病例数据。",
         "Case data only after training in ethics and data protection."),
)  # fmt: skip
_DESCRIPTIONS = (
    Term("围绕{t}，依托科室现有队列，用{m}回答临床问题。学生从整理病例入手，第二年起承担独立子课题。",
         "On {t}: the department's cohort and {m} answer questions of the ward. Students begin with "
         "cases and own a part from the second year."),
    Term("本方向研究{t}。课题组与{m}平台合作，数据已完成伦理审批，可当年启动。",
         "This direction studies {t} with a platform for {m}; ethics approval is in place."),
    Term("与合作单位共同开展{t}研究，学生每学期在合作单位工作四周，学习{m}。",
         "Joint work with a partner on {t}; four weeks a term at the partner to learn {m}."),
)  # fmt: skip


def make_offers(
    demo: Demo, round_: Round, mentors: Sequence[DemoMentor], *, with_teams: bool
) -> list[DemoOffer]:
    """Write and open the offers: teams first, then each mentor with the places left."""
    made = _team_offers(demo, round_) if with_teams else []
    number = len(made)
    for one in (m for m in mentors if m.own_offer):
        left = account_of(one.mentor, round_.quota_year).free
        for data in _own(demo.random, one, left):
            number += 1
            offer = _opened(round_, data, number, mentor=one)
            made.append(DemoOffer(offer, one.field, one.topics, one.institution))
    return made


def _team_offers(demo: Demo, round_: Round) -> list[DemoOffer]:
    made = []
    of = {one.mentor.pk: one for one in demo.mentors}
    for number, team in enumerate(demo.teams, 1):
        lead, second = of[team.first_id], of[team.second_id]
        topic, method = lead.topics[0], demo.random.choice(second.field.methods)
        data = _data(
            demo.random, lead.field, topic, method, places=1, routes=MASTERS, kind=OfferKind.TOPIC,
            track=Track.BOTH,
        )  # fmt: skip
        offer = save_offer(round_, _numbered(data, number), team=team, actor=lead.mentor.person)
        open_offer(offer, actor=lead.mentor.person)
        topics = (*lead.topics, *second.topics)
        made.append(DemoOffer(offer, lead.field, topics, lead.institution))
    return made


def _own(random: Random, one: DemoMentor, left: int) -> list[OfferData]:
    """Return a direction, for doctoral mentors one for doctoral students, sometimes a topic."""
    methods = random.sample(one.field.methods, 2)
    track = Track(one.mentor.track)
    doctoral = one.mentor.category == MentorCategory.DOCTORAL and left > 1
    found = [
        _data(random, one.field, one.topics[0], methods[0], places=max(1, left - doctoral),
              routes=MASTERS, kind=OfferKind.DIRECTION, track=track)
    ]  # fmt: skip
    if doctoral:
        found.append(
            _data(random, one.field, one.topics[1], methods[1], places=1, routes=(Route.DOCTORAL,),
                  kind=OfferKind.DIRECTION, track=Track.RESEARCH)
        )  # fmt: skip
    elif left > 1 and happens(random, 0.45):
        found.append(
            _data(random, one.field, one.topics[2], methods[1], places=1, routes=MASTERS,
                  kind=OfferKind.TOPIC, track=track)
        )  # fmt: skip
    return found


def _data(
    random: Random,
    field: Field,
    topic: Term,
    method: Term,
    *,
    places: int,
    routes: tuple[Route, ...],
    kind: OfferKind,
    track: Track,
) -> OfferData:
    needs, about = random.choice(_REQUIREMENTS), random.choice(_DESCRIPTIONS)
    title_en = f"{topic.en[:1].upper()}{topic.en[1:]}"
    degrees = () if track == Track.BOTH else (DegreeType.ACADEMIC,)
    if kind == OfferKind.TOPIC:
        zh, en = f"基于{method.zh}的{topic.zh}研究", f"{title_en} by {method.en}"
    else:
        zh, en = f"{topic.zh}的临床与基础研究", f"{title_en}: from ward to bench"
    return OfferData(
        title_zh=zh, title_en=en, kind=kind, track=track, places=places, routes=routes,
        degree_types=degrees, discipline=field.discipline,
        description_zh=about.zh.format(t=topic.zh, m=method.zh),
        description_en=about.en.format(t=topic.en, m=method.en),
        requirements_zh=needs.zh, requirements_en=needs.en,
    )  # fmt: skip


def _opened(round_: Round, data: OfferData, number: int, *, mentor: DemoMentor) -> Offer:
    person = mentor.mentor.person
    offer = save_offer(round_, _numbered(data, number), mentor=mentor.mentor, actor=person)
    return open_offer(offer, actor=person)


def _numbered(data: OfferData, number: int) -> OfferData:
    return replace(data, number=f"F{number:03}")
