"""What invented students write about themselves."""

from __future__ import annotations

from random import Random

from cotutelle.programmes.enums import PathWish
from cotutelle.web.demo.chance import happens
from cotutelle.web.demo.fields import Field, Term

_OPENINGS = (
    "本科实习时，我在病房第一次遇到与{a}有关的病例，从此开始关注这一问题。",
    "大四参加大学生创新项目，课题是{a}，负责病例收集和数据整理。",
    "家人曾因相关疾病就医，让我对{a}产生了持续的兴趣。",
    "在见习阶段我跟随带教老师整理了四十余份病历，主题是{a}。",
    "我的本科毕业论文围绕{a}展开，文献综述获评优秀。",
    "暑期科研训练中，我接触到{a}，意识到临床问题需要严谨的方法。",
)
_MIDDLES = (
    "之后自学了{m}，能独立完成基本分析，希望进一步研究{b}。",
    "我读过几篇关于{b}的文章，想把{m}用到其中。",
    "掌握了R和基础统计，正在学习{m}；对{b}同样感兴趣。",
    "在实验室轮转三个月，熟悉{m}的基本流程，并参与了{b}的讨论。",
    "我希望在导师指导下用{m}回答{b}中尚未解决的问题。",
)
_CLOSINGS = (
    "我做事有条理，愿意从基础工作做起。",
    "我愿意承担病例随访，能适应夜班和较高强度的轮转。",
    "英语六级五百八十分，能阅读和撰写英文文献。",
    "希望加入讨论氛围好、定期汇报的课题组。",
    "曾任班级学习委员，擅长与同学协作。",
)
_PLANS = (
    "毕业后希望在省内三甲医院从事{f}工作，五年内具备独立管理病人的能力。",
    "计划继续攻读博士学位，做既看病又做研究的{f}医生。",
    "希望回到州市医院，把{f}的规范诊疗带到基层。",
    "想在医院与企业之间做转化研究，方向为{f}。",
    "先完成规培，取得执业资格，再确定{f}中的亚专业。",
)
_ENGLISH = (
    "My main interest is {a}. During my clerkship I helped to collect cases on it, and I would "
    "like to use {m} to study {b} as well. I am used to working in a team.",
    "I wrote my bachelor thesis on {a} and taught myself {m}. I hope to join a group that works "
    "on {b} and meets regularly.",
)


def statement(random: Random, topics: tuple[Term, Term], method: Term) -> str:
    """Return a personal statement; one in eight is in English."""
    a, b = topics
    if happens(random, 0.125):
        return random.choice(_ENGLISH).format(a=a.en, b=b.en, m=method.en)
    return "".join(
        random.choice(part).format(a=a.zh, b=b.zh, m=method.zh)
        for part in (_OPENINGS, _MIDDLES, _CLOSINGS)
    )


def career_plan(random: Random, field: Field) -> str:
    """Return a career plan."""
    return random.choice(_PLANS).format(f=field.name.zh)


def path_wish(random: Random, *, professional: bool) -> PathWish:
    """Return a wish that fits the degree more often than not."""
    clinical, research = (5, 1) if professional else (1, 5)
    wishes = (PathWish.ROTATE, PathWish.ROTATE_RESEARCH, PathWish.JOIN_GROUP)
    return random.choices(wishes, weights=(clinical, 4, research))[0]
