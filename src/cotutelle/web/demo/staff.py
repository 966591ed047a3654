"""People who run the invented consortium, one for every role, and the sign-in names to try."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.services import create_person, grant_role
from cotutelle.web.demo.state import Demo

PASSWORD = "demo-2026-cotutelle"  # noqa: S105  printed at every start, for invented people only


@dataclass(frozen=True, slots=True)
class Post:
    """A post with the person who holds it: where they work, and on which unit the role holds."""

    username: str
    role: Role
    home: str
    holds_on: str
    zh: str
    en: str


POSTS = (
    Post("admin", Role.SYSTEM_ADMINISTRATOR, "YLMU-GS", "YLJT", "陆远航", "Lu Yuanhang"),
    Post("officer", Role.GRADUATE_OFFICER, "YLMU-GS", "YLJT", "苏文静", "Su Wenjing"),
    Post("officer.yl1", Role.GRADUATE_OFFICER, "YL1", "YL1", "段春生", "Duan Chunsheng"),
    Post("secretary", Role.DEPARTMENT_SECRETARY, "YL1-RA", "YL1", "尹晓敏", "Yin Xiaomin"),
    Post("secretary.mt", Role.DEPARTMENT_SECRETARY, "YLMU-CM", "YLMU", "戴思宁", "Dai Sining"),
    Post("lead", Role.DISCIPLINE_LEAD, "YLMU-CM", "YLMU", "汤国梁", "Tang Guoliang"),
    Post("residency", Role.RESIDENCY_OFFICE, "YL1-RO", "YL1", "侯海燕", "Hou Haiyan"),
    Post("base", Role.BASE_SECRETARY, "YL2-IM", "YL2-IM", "黎雪梅", "Li Xuemei"),
    Post("bedside", Role.BEDSIDE_TEACHER, "BJC-EM", "BJC-EM", "石立新", "Shi Lixin"),
    Post("adviser", Role.STUDENT_ADVISER, "YLMU-CM", "YLMU", "孟雨晴", "Meng Yuqing"),
    Post("partner", Role.PARTNER_OFFICER, "HDUT", "HDUT", "龙志刚", "Long Zhigang"),
    Post("partner.bjc", Role.PARTNER_OFFICER, "BJC", "BJC", "江淑珍", "Jiang Shuzhen"),
    Post("counsellor", Role.COUNSELLOR, "YLMU-CM", "YLMU", "谭若云", "Tan Ruoyun"),
    Post("inspector", Role.INSPECTOR, "YLMU-GS", "YLJT", "廖正平", "Liao Zhengping"),
    Post("leader", Role.LEADER, "YLMU", "YLJT", "邵德昌", "Shao Dechang"),
)


def build_staff(demo: Demo) -> None:
    """Create the staff with their roles."""
    for n, post in enumerate(POSTS, 1):
        person = create_person(
            unit=demo.units[post.home], actor=None, username=post.username, number=f"S{n:05}",
            name_zh=post.zh, name_en=post.en, email=f"{post.username}@demo.example",
        )  # fmt: skip
        grant_role(person, post.role, demo.units[post.holds_on], actor=None)
        demo.usernames.add(post.username)
        demo.staff[post.username] = Person.objects.get(pk=person.pk)


def open_sign_in() -> None:
    """Give everybody the one password of the demonstration, hashed once, and the mark."""
    Person.objects.update(password=make_password(PASSWORD), is_demo=True)
