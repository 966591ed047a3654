"""Names of invented people: common characters put together at random, each name once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cotutelle.web.demo.chance import happens

# No surname here is read in two ways, so that the pinyin is right.
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎"
)
FEMALE = "雨欣思涵梦诗语佳怡静雅婷悦琳慧颖晨曦芷若瑶倩萱妍洁岚霞敏莹璐蕾晓宁舒云月秋菲"
MALE = "浩宇子轩俊杰明哲志远天佑文博建国伟强宏毅家豪嘉诚凯瑞鹏程泽楷睿思源昊然旭东海峰立新"
OLDER = "建国志明卫东秀英丽华永强文军晓红国庆海燕学勤玉兰德昌雪梅正平素琴宏伟淑珍春生惠民"


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both scripts, family name first, and the gender it was made for."""

    zh: str
    en: str
    gender: str


def names(random: Random, *, older: bool = False) -> Iterator[Name]:
    """Yield different names without end."""
    seen: set[str] = set()
    while True:
        gender = random.choice(("female", "male"))
        given = OLDER if older else FEMALE if gender == "female" else MALE
        length = 1 if happens(random, 0.15) else 2
        zh = random.choice(SURNAMES) + "".join(random.sample(given, length))
        if zh not in seen:
            seen.add(zh)
            yield Name(zh, pinyin(zh), gender)


def pinyin(zh: str) -> str:
    """Return ``Wang Xiaoming`` for 王晓明."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415  loads a dictionary

    family, *given = lazy_pinyin(zh)
    return f"{family.capitalize()} {''.join(given).capitalize()}"


def sign_in_name(name: Name, taken: set[str]) -> str:
    """Return a sign-in name out of the pinyin that nobody in ``taken`` has, and take it."""
    stem = name.en.lower().replace(" ", ".")
    found = next(s for n in range(1, 1000) if (s := stem if n == 1 else f"{stem}{n}") not in taken)
    taken.add(found)
    return found
