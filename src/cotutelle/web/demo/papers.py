"""Publications, interests and introductions of invented mentors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cotutelle.web.demo.chance import happens
from cotutelle.web.demo.fields import Field, Term

JOURNALS = (
    "云岭医学杂志", "华西临床研究", "中华演示医学杂志", "实用临床医学进展",
    "Demonstration Journal of Medicine", "Yunling Clinical Reports", "Annals of Invented Research",
)  # fmt: skip
DESIGNS = (
    Term("多中心回顾性研究", "a multicentre retrospective study"),
    Term("单中心前瞻性队列研究", "a single-centre prospective cohort study"),
    Term("随机对照试验", "a randomised controlled trial"),
    Term("横断面研究", "a cross-sectional study"),
    Term("诊断准确性研究", "a diagnostic accuracy study"),
)
TITLES_ZH = (
    "基于{m}的{t}：{d}",
    "{m}在{t}中的应用：{d}",
    "{t}的影响因素分析：{d}",
    "{t}研究进展与展望",
    "{m}揭示{t}的关键机制",
)
TITLES_EN = (
    "{M} in {t}: {d}",
    "{T}: {d} based on {m}",
    "Risk factors of {t}: {d}",
    "Progress and prospects in {t}",
    "{M} reveals key mechanisms of {t}",
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One invented publication."""

    title: str
    abstract: str
    authors: str
    venue: str
    year: int


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def paper(random: Random, field: Field, topic: Term, *, authors: str, last_year: int) -> Paper:
    """Return a publication on ``topic``, in Chinese or English."""
    method, design = random.choice(field.methods), random.choice(DESIGNS)
    chinese = happens(random, 0.6)
    which = random.randrange(len(TITLES_ZH))
    cases = random.randrange(60, 2400)
    if chinese:
        title = TITLES_ZH[which].format(m=method.zh, t=topic.zh, d=design.zh)
        abstract = (
            f"目的：探讨{method.zh}对{topic.zh}的价值。方法：纳入{cases}例，采用{design.zh}设计，"
            f"以{random.choice(field.methods).zh}辅助验证。结果：与对照相比，主要结局有改善。"
            f"结论：{method.zh}可为{topic.zh}的临床决策提供依据。"
        )
    else:
        words = {"m": method.en, "t": topic.en, "d": design.en}
        words |= {"M": _first_up(method.en), "T": _first_up(topic.en)}
        title = TITLES_EN[which].format(**words)
        abstract = (
            f"We studied {topic.en} with {method.en}. In {design.en} of {cases} participants "
            f"the primary outcome improved; {random.choice(field.methods).en} confirmed the finding."
        )
    year = last_year - random.randrange(7)
    return Paper(title, abstract, authors, random.choice(JOURNALS), year)


def interests(topics: tuple[Term, ...], methods: tuple[Term, ...]) -> Term:
    """Return interests out of topics and methods."""
    zh = "；".join(t.zh for t in topics) + "。常用方法：" + "、".join(m.zh for m in methods) + "。"
    en = "; ".join(t.en for t in topics) + ". Methods: " + ", ".join(m.en for m in methods) + "."
    return Term(zh, _first_up(en))


_BIOS = (
    Term(
        "长期从事{f}的临床与研究，指导研究生十余名。课题组每周一次文献报告，鼓励学生从床旁问题出发。",
        "Works in {f} at the bedside and in research; has guided more than ten postgraduates. The "
        "group meets weekly and starts from questions of the ward.",
    ),
    Term(
        "主持{f}方向省级课题两项，与工科团队长期合作，欢迎愿意学编程的临床学生。",
        "Leads two provincial projects in {f} together with engineers; welcomes clinical students "
        "who want to program.",
    ),
    Term(
        "以临床能力培养为先，要求学生完成全部轮转后进入课题；研究方向为{f}。",
        "Puts clinical training first: projects in {f} begin after the rotations.",
    ),
    Term(
        "课题组规模小，导师每周与每位学生单独讨论。研究方向为{f}，数据与代码组内共享。",
        "A small group in {f}: the mentor meets each student weekly; data and code are shared.",
    ),
)


def bio(random: Random, field: Field) -> Term:
    """Return a short introduction."""
    found = random.choice(_BIOS)
    return Term(
        found.zh.format(f=field.name.zh),
        found.en.format(f=field.name.en[:1].lower() + field.name.en[1:]),
    )
