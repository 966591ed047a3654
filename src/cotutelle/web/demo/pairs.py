"""Second mentors of last year's students: their round, and what the pairs keep on their pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from random import Random

from cotutelle.agreements.models import AgreementMentor
from cotutelle.core.clock import at
from cotutelle.mentorship.enums import PairRecordKind, PairState, Track
from cotutelle.mentorship.models import Pair
from cotutelle.mentorship.services.pair_records import add_record, agree, set_done
from cotutelle.people.models import Person
from cotutelle.selection.enums import RoundState, Verdict
from cotutelle.selection.models import Offer, Participant, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.selection.queries.answers import applicant_ids
from cotutelle.selection.queries.market import OfferFacts, clashes, conflicts_in, forbidden
from cotutelle.selection.queries.second_stage import second_stage
from cotutelle.selection.services.answers import Word, save_answer, submit_answer
from cotutelle.selection.services.confirmation import confirm_round
from cotutelle.selection.services.lists import save_list, submit_list
from cotutelle.selection.services.offers import OfferData, open_offer, save_offer
from cotutelle.selection.services.publication import publish_round
from cotutelle.selection.services.rounds import edit_round
from cotutelle.selection.services.runs import run_round
from cotutelle.selection.services.second_stage import create_second_stage
from cotutelle.selection.services.steps import move_round
from cotutelle.web.demo.season import Season
from cotutelle.web.demo.state import DemoMentor

# Days before the day of the demonstration.
PREPARED, OPENED, CLOSED, ANSWERED, RUN = -352, -350, -343, -336, -335
MENTORS, PLACES, CHOICES = 8, 2, 4
_SEED = 20260901
_PARTNERS = ("HDUT", "BJC", "CVI")


def find_second_mentors(season: Season) -> Round:
    """Run the second stage of last year: mentors of partner institutions first."""
    demo, officer = season.demo, season.demo.staff["officer"]
    season.round.refresh_from_db()
    with at(demo.moment(PREPARED)):
        name_zh, name_en = f"{season.year}级第二导师双选", f"Second mentors {season.year}"
        round_ = create_second_stage(
            season.round, {"signs_claims": "both"},
            name_zh=name_zh, name_en=name_en, actor=officer,
        )  # fmt: skip
        edit_round(
            round_,
            RoundRules.from_parameters(round_.policy.parameters),
            name_zh=name_zh,
            name_en=name_en,
            quota_year=round_.quota_year,
            calendars={
                route: (demo.moment(OPENED), demo.moment(CLOSED, 17)) for route in season.windows
            },
            answers_close_at=demo.moment(ANSWERED, 18),
            actor=officer,
        )
        for number, one in enumerate(_willing(season), 1):
            _offer(round_, one, number)
    with at(demo.moment(OPENED, 10)):
        move_round(round_, RoundState.RANKING, actor=officer)
    _choose(season, round_)
    with at(demo.moment(CLOSED, 18)):
        move_round(round_, RoundState.ANSWERING, actor=officer)
    _answer(season, round_)
    with at(demo.moment(ANSWERED, 19)):
        move_round(round_, RoundState.CLOSED, actor=officer)
    with at(demo.moment(RUN)):
        run_round(round_, actor=officer)
        round_.refresh_from_db()
        notice = publish_round(round_, actor=officer)
    with at(notice.ends_at + dt.timedelta(hours=10)):
        confirm_round(round_, actor=officer)
    return round_


def _willing(season: Season) -> list[DemoMentor]:
    """Return mentors who are nobody's first mentor that year, from partners before others."""
    first = {one.mentor.pk for one in season.mentors}
    rows = [one for one in season.demo.mentors if one.mentor.pk not in first]
    rows.sort(key=lambda one: (one.institution not in _PARTNERS, one.mentor.pk))
    return rows[:MENTORS]


def _offer(round_: Round, one: DemoMentor, number: int) -> None:
    topic, person = one.topics[0], one.mentor.person
    data = OfferData(
        title_zh=f"{topic.zh}：第二导师",
        title_en=f"{topic.en[:1].upper()}{topic.en[1:]}: second mentor",
        track=Track(one.mentor.track),
        places=PLACES,
        number=f"S{number:02}",
    )
    open_offer(save_offer(round_, data, mentor=one.mentor, actor=person), actor=person)


def _choose(season: Season, round_: Round) -> None:
    random, stage = Random(_SEED), second_stage(round_)  # noqa: S311  a demonstration
    rules = RoundRules.from_parameters(round_.policy.parameters)
    offers = list(round_.offers.select_related("mentor").order_by("number"))
    facts = {offer.pk: OfferFacts.of(offer) for offer in offers}
    people = list(
        round_.participants.select_related("student__person", "student__unit", "round__policy")
    )
    conflicts = conflicts_in(one.student_id for one in people)

    def fits(one: Participant, offer: Offer) -> bool:
        student, about = one.student, facts[offer.pk]
        return not clashes(conflicts, student.pk, about.supervisors) and not forbidden(
            rules, about, route=student.route, degree_type=student.degree_type,
            discipline=student.discipline, student=student.pk, stage=stage,
        )  # fmt: skip

    for one in people:
        chosen = [offer for offer in offers if fits(one, offer)]
        if not chosen:
            continue
        random.shuffle(chosen)
        wanted, person = [o.public_id for o in chosen[:CHOICES]], one.student.person
        with at(season.demo.moment(CLOSED - random.randrange(1, 6), random.randrange(9, 22))):
            save_list(one, wanted, expected_version=None, accepts_adjustment=True, actor=person)
            submit_list(one, expected_version=None, actor=person)


def _answer(season: Season, round_: Round) -> None:
    rows = round_.answers.filter(places__gt=0).select_related("mentor__person", "round__policy")
    for answer in rows.order_by("pk"):
        keys = applicant_ids(answer)
        words = [Word(keys[pk], Verdict.ACCEPT, place) for place, pk in enumerate(sorted(keys), 1)]
        assert answer.mentor is not None  # noqa: S101  teams offer nothing in a second stage
        person = answer.mentor.person
        with at(season.demo.moment(ANSWERED - 2, 20)):
            save_answer(answer, words, expected_version=None, actor=person)
            submit_answer(answer, expected_version=None, actor=person)


def keep_pair_pages(season: Season) -> None:
    """Fill the pages of last year's pairs; one arrangement waits for the second mentor."""
    rows = Pair.objects.filter(student__cohort=season.cohort, state=PairState.ACTIVE)
    pairs = list(
        rows.select_related(
            "student__person", "student__unit", "first__mentor__person", "second__mentor__person"
        ).order_by("pk")
    )
    lent = AgreementMentor.objects.filter(mentor__in=[pair.second.mentor_id for pair in pairs])
    under = {line.mentor_id: line.agreement_id for line in lent.order_by("-pk")}
    for pair in pairs:
        if pair.agreement_id is None and pair.second.mentor_id in under:
            Pair.objects.filter(pk=pair.pk).update(agreement=under[pair.second.mentor_id])
        _fill(season, pair)


def _fill(season: Season, pair: Pair) -> None:
    first, second = pair.first.mentor.person, pair.second.mentor.person
    student, demo = pair.student.person, season.demo
    _plan(season, pair, (first, second, student))
    with at(demo.moment(-120, 16)):
        add_record(
            pair, PairRecordKind.NOTE, title="联合查房记录", actor=second,
            text="两位导师与学生共同查房，讨论影像特征与病理结果的对应关系。下次带来分组统计表。",
        )  # fmt: skip
    with at(demo.moment(-40, 9)):
        held = add_record(
            pair, PairRecordKind.ARRANGEMENT, title="每两周一次三方例会", actor=first,
            text="单周周四16:00，线上或科室会议室；学生提前一天发送进展。",
        )  # fmt: skip
        agree(held, actor=second)
        agree(held, actor=student)
    with at(demo.moment(-3, 11)):
        open_ = add_record(
            pair, PairRecordKind.ARRANGEMENT, title="论文署名与数据使用", actor=first,
            text="学生为第一作者，两位导师为共同通讯作者；合作单位数据仅用于本课题。",
        )  # fmt: skip
        agree(open_, actor=student)


def _plan(season: Season, pair: Pair, people: Sequence[Person]) -> None:
    demo, (first, second, student) = season.demo, people
    items = (
        ("完成伦理与数据安全培训", -280, first, True),
        ("提交个人培养计划", -250, student, True),
        ("整理队列基线数据", 20, second, False),
        ("开题报告", 75, first, False),
        ("中期考核", 260, first, False),
    )
    with at(demo.moment(-310, 15)):
        made = [
            add_record(
                pair, PairRecordKind.PLAN, title=title, actor=author,
                due_on=demo.day + dt.timedelta(days=day),
            )
            for title, day, author, _done in items
        ]  # fmt: skip
    for record, (_title, day, _author, done) in zip(made, items, strict=True):
        if done:
            with at(demo.moment(day - 2, 17)):
                set_done(record, True, actor=student)
