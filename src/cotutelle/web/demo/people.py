"""The invented mentors and students."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cotutelle.mentorship.enums import EligibilityState, MentorCategory, MentorTitle, Track
from cotutelle.mentorship.models import Mentor, Publication, Team
from cotutelle.mentorship.services import grant_places
from cotutelle.mentorship.services.mentors import appoint_mentor, form_team
from cotutelle.mentorship.services.publication_formats import fingerprint_of
from cotutelle.mentorship.services.reviews import review_mentors, set_cap
from cotutelle.people.services import create_person
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.programmes.models import Cohort
from cotutelle.programmes.services import StudentData, admit_late, admit_student, save_profile
from cotutelle.web.demo import papers, statements
from cotutelle.web.demo.fields import FIELD_OF, FIELDS, Field
from cotutelle.web.demo.names import Name, names, sign_in_name
from cotutelle.web.demo.state import Demo, DemoMentor, DemoStudent
from cotutelle.web.demo.units import DEPARTMENTS, Department

MENTORS = 58
SILENT = 12
# By their place in the list of departments; the tests keep these in step with it.
TWO_INSTITUTIONS = {13: "YLMU-MT", 34: "HDUT-BE"}
RETIRING = 9
SUSPENDED = 21
TEAM_ONLY = (51, 52, 54, 57)
TEAMS = (
    (15, 54, "影像智能联合导师组", "Joint team for intelligent imaging"),
    (14, 57, "影像产学研导师组", "Imaging team of hospital and industry"),
    (3, 51, "心电可穿戴联合导师组", "Joint team for wearable ECG"),
    (10, 52, "手术机器人联合导师组", "Joint team for surgical robots"),
    (36, 50, "康复工程联合导师组", "Joint team for rehabilitation engineering"),
    (18, 41, "肿瘤转化联合导师组", "Joint team for translational oncology"),
)
_CAPS = {
    MentorTitle.SENIOR: 5, MentorTitle.ASSOCIATE: 4, MentorTitle.LECTURER: 3, MentorTitle.INDUSTRY: 2,
}  # fmt: skip
BACHELOR = ("云岭医科大学", "滇西医学院", "海东理工大学", "南湖医科大学", "江州大学", "北原医学院")


# ---------------------------------------------------------------- mentors


def build_mentors(demo: Demo) -> None:
    """Appoint the mentors with their papers, and let them form teams."""
    people = names(demo.random, older=True)
    for n, department in enumerate(_posts()):
        demo.mentors.append(_appoint(demo, n, department, next(people)))
    for first, second, zh, en in TEAMS:
        lead = demo.mentors[first].mentor
        team = form_team(
            lead, demo.mentors[second].mentor, lead.unit, name_zh=zh, name_en=en,
            actor=demo.staff["officer"],
        )  # fmt: skip
        demo.teams.append(team)
    _read_again(demo)
    answering = [m for m in demo.mentors if m.own_offer]
    for one in demo.random.sample(answering, SILENT):
        one.silent = True


def _read_again(demo: Demo) -> None:
    """Drop what the rows remember from before the roles were given."""
    found = Mentor.objects.select_related("person__unit", "unit").in_bulk()
    for one in demo.mentors:
        one.mentor = found[one.mentor.pk]
    rows = Team.objects.select_related("first__person", "second__person", "unit")
    demo.teams = list(rows.order_by("pk"))


def _posts() -> Iterator[Department]:
    return (one for one in DEPARTMENTS for _ in range(one.mentors))


def _appoint(demo: Demo, n: int, department: Department, name: Name) -> DemoMentor:
    officer, unit = demo.staff["officer"], demo.units[department.code]
    field = FIELD_OF[department.field]
    topics = tuple(demo.random.sample(field.topics, 3))
    title, category = _rank(demo, n, department)
    about = papers.interests(topics, tuple(demo.random.sample(field.methods, 2)))
    bio = papers.bio(demo.random, field)
    username = sign_in_name(name, demo.usernames)
    person = create_person(
        unit=unit, actor=None, username=username, number=f"M{n + 1:05}", name_zh=name.zh,
        name_en=name.en, gender=name.gender, email=f"{username}@demo.example",
    )  # fmt: skip
    other = [demo.units[TWO_INSTITUTIONS[n]]] if n in TWO_INSTITUTIONS else []
    mentor = appoint_mentor(
        person, unit, actor=officer, other_units=other, title=title, category=category,
        track=_track(department), discipline=field.discipline, interests_zh=about.zh,
        interests_en=about.en, bio_zh=bio.zh, bio_en=bio.en,
        retires_on=demo.day.replace(month=12, day=31) if n == RETIRING else None,
    )  # fmt: skip
    _publish(demo, DemoMentor(mentor, field, topics, department.parent, 0), name)
    places = 1 if department.parent == "CVI" else {"senior": 4, "associate": 3}.get(title, 2)
    own = n not in {RETIRING, SUSPENDED, *TEAM_ONLY}
    return DemoMentor(mentor, field, topics, department.parent, places, own_offer=own)


def _rank(demo: Demo, n: int, department: Department) -> tuple[MentorTitle, MentorCategory]:
    if department.parent == "CVI":
        return MentorTitle.INDUSTRY, MentorCategory.PRACTICE
    if n % 3 == 0 or n == RETIRING:
        return MentorTitle.SENIOR, MentorCategory.DOCTORAL
    title = demo.random.choice((MentorTitle.ASSOCIATE, MentorTitle.ASSOCIATE, MentorTitle.LECTURER))
    return title, MentorCategory.MASTER


def _track(department: Department) -> Track:
    return Track.BOTH if department.parent in {"YL1", "YL2", "BJC"} else Track.RESEARCH


def _publish(demo: Demo, one: DemoMentor, name: Name) -> None:
    random = demo.random
    found = [
        papers.paper(
            random, one.field, random.choice(one.topics),
            authors=f"{name.zh}; 合作者甲; 合作者乙", last_year=demo.year - 1,
        )
        for _ in range(random.randrange(6, 11))
    ]  # fmt: skip
    if one.institution == "CVI":
        return  # experts of industry publish little: too little to judge their affinity
    unique = {fingerprint_of(p.title): p for p in found}
    Publication.objects.bulk_create(
        Publication(
            mentor=one.mentor, title=p.title, abstract=p.abstract, authors=p.authors, venue=p.venue,
            year=p.year, fingerprint=key,
        )
        for key, p in unique.items()
    )  # fmt: skip


def grant_year(demo: Demo, year: int, mentors: list[DemoMentor], *, suspended: bool) -> None:
    """Hold the yearly review of ``mentors`` and give them their places."""
    officer = demo.staff["officer"]
    root = demo.units["YLJT"]
    for title, most in _CAPS.items():
        for category in MentorCategory:
            set_cap(root, year=year, title=title, category=category, places=most, actor=officer)
    barred = [demo.mentors[SUSPENDED]] if suspended else []
    fit = [m for m in mentors if m not in barred]
    review_mentors(
        [m.mentor for m in fit], year=year, state=EligibilityState.ELIGIBLE, reason="",
        actor=officer,
    )  # fmt: skip
    for one in fit:
        grant_places(one.mentor, year, one.places, reason=f"{year}年度招生指标", actor=officer)
    if barred:
        review_mentors(
            [m.mentor for m in barred], year=year, state=EligibilityState.SUSPENDED,
            reason="近三年无在研项目，暂停招生一年", actor=officer,
        )  # fmt: skip


# ---------------------------------------------------------------- students

ROUTES: tuple[tuple[Route, int], ...] = (
    (Route.RECOMMENDED, 24),
    (Route.UNIFIED_EXAM, 58),
    (Route.FIVE_PLUS_THREE, 28),
    (Route.DOCTORAL, 16),
)
LAST_YEAR_ROUTES: tuple[tuple[Route, int], ...] = (
    (Route.RECOMMENDED, 8),
    (Route.UNIFIED_EXAM, 20),
    (Route.FIVE_PLUS_THREE, 12),
)
LATE = 2


def build_students(
    demo: Demo, cohort: Cohort, routes: tuple[tuple[Route, int], ...], *, late: int = 0
) -> list[DemoStudent]:
    """Admit students route by route; the last ``late`` of the unified exam come late."""
    people = names(demo.random)
    students: list[DemoStudent] = []
    for route, count in routes:
        for n in range(count):
            is_late = route == Route.UNIFIED_EXAM and n >= count - late
            number = len(students) + 1
            students.append(_admit(demo, cohort, route, next(people), number, is_late=is_late))
    return students


def _admit(
    demo: Demo, cohort: Cohort, route: Route, name: Name, n: int, *, is_late: bool
) -> DemoStudent:
    random, unit, officer = demo.random, demo.units["YLMU-CM"], demo.staff["officer"]
    field = random.choice(FIELDS)
    topics = tuple(random.sample(field.topics, 2))
    degree = _degree(demo, route, field)
    data = StudentData(
        name_zh=name.zh,
        name_en=name.en,
        number=f"{cohort.year}{n:04}",
        candidate_number=f"10999{cohort.year % 100}{n:08}",
        route=route,
        degree_type=degree,
        discipline=field.discipline,
        bachelor_school=random.choice(BACHELOR),
        gender=name.gender,
        email=f"{cohort.year}{n:04}@demo.example",
        admission_score=_score(demo, route),
    )
    if is_late:
        reason = "国家补充计划下达较晚，经招生领导小组同意补录"
        student = admit_late(cohort, unit, data, reason=reason, actor=officer)
    else:
        student = admit_student(cohort, unit, data, actor=officer)
    save_profile(
        student,
        statement=statements.statement(random, topics, random.choice(field.methods)),  # type: ignore[arg-type]
        career_plan=statements.career_plan(random, field),
        path_wish=statements.path_wish(random, professional=degree == DegreeType.PROFESSIONAL),
        actor=student.person,
    )
    return DemoStudent(student, field, topics)  # type: ignore[arg-type]


def _degree(demo: Demo, route: Route, field: Field) -> DegreeType:
    if route == Route.FIVE_PLUS_THREE:
        return DegreeType.PROFESSIONAL
    bench = field.key in {"basic", "public", "drugs", "engineering", "computing"}
    if bench or route == Route.DOCTORAL:
        return DegreeType.ACADEMIC
    return demo.random.choice((DegreeType.PROFESSIONAL, DegreeType.ACADEMIC))


def _score(demo: Demo, route: Route) -> Decimal:
    low, high = {
        Route.RECOMMENDED: (820, 960),
        Route.UNIFIED_EXAM: (640, 860),
        Route.FIVE_PLUS_THREE: (700, 900),
        Route.DOCTORAL: (720, 940),
    }[route]
    return Decimal(demo.random.randrange(low, high)) / 10
