"""A cohort of 120 who are to rotate through three hospitals, and those around one of them."""

from __future__ import annotations

import datetime as dt

from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.mentorship.enums import Signer, Track
from cotutelle.people.enums import Role
from cotutelle.people.models import Person, RoleGrant
from cotutelle.programmes.enums import DegreeType
from cotutelle.programmes.models import Cohort
from cotutelle.programmes.services import install_example_extension_rule
from cotutelle.rotations.models import Participant, Ward
from cotutelle.rotations.services.planning_wishes import PinData, set_pin
from cotutelle.web.demo.rotation_setup import seed_rotation_setup
from cotutelle.web.demo.staff import open_sign_in
from cotutelle.web.demo.state import Demo
from tests.factories.mentorship import make_mentor, make_pair
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.rotations_programmes import make_enrolment, make_template

YEAR = today().year
COHORT = f"{YEAR}级"
# Discipline → how many; the last have no curriculum of their own and follow that of radiology.
DISCIPLINES = {"内科学": 66, "外科学": 44, "影像医学与核医学": 10}
TRAINEE, CLINICAL, RESEARCH, KEEPER = "fang", "deng", "finch", "keeper"
NUMBER = f"{YEAR}110001"


def build_cohort() -> None:
    """Wards, curricula, 120 students, and for one of them two mentors and a programme."""
    RoleGrant.objects.update(starts_on=dt.date(2020, 1, 1))  # the wards are older than the site
    units = {unit.code: unit for unit in Unit.objects.select_related("parent", "calendar")}
    staff = {person.username: person for person in Person.objects.all()}
    seed_rotation_setup(Demo(today(), units=units, staff=staff))
    cohort = CohortFactory.create(unit=units["YLMU"], year=YEAR, name_zh=COHORT)
    _students(cohort, units["YL1"])
    _trainee(cohort, units, staff["officer"])
    make_person(
        Role.DEPARTMENT_SECRETARY, unit=units["YL1-CV"], username=KEEPER, name_zh="白雪",
        name_en="Bai Xue",
    )  # fmt: skip
    open_sign_in()


def _students(cohort: Cohort, hospital: Unit) -> None:
    disciplines = [name for name, count in DISCIPLINES.items() for _n in range(count)]
    for n, discipline in enumerate(disciplines[1:]):
        StudentFactory.create(
            cohort=cohort, unit=hospital, discipline=discipline,
            person__name_zh=f"学员{n:03}", person__name_en=f"Trainee {n:03}",
        )  # fmt: skip


def _trainee(cohort: Cohort, units: dict[str, Unit], officer: Person) -> None:
    """The one whom the story follows: in cardiology, with a mentor there and one at a partner."""
    template = make_template(units["YLMU"], actor=officer)
    enrolment = make_enrolment(
        template=template, cohort=cohort, unit=units["YL1-CV"], discipline="内科学",
        degree_type=DegreeType.PROFESSIONAL, person__username=TRAINEE, person__number=NUMBER,
        person__name_zh="方晓宁", person__name_en="Fang Xiaoning",
    )  # fmt: skip
    install_example_extension_rule(units["YLMU"], actor=officer)
    install_example_extension_rule(units["YL1"], actor=officer)
    first = make_mentor(
        unit=units["YL1-CV"], track=Track.CLINICAL, person__username=CLINICAL,
        person__name_zh="邓永强", person__name_en="Deng Yongqiang",
    )  # fmt: skip
    second = make_mentor(
        unit=units["BJC-RH"], track=Track.RESEARCH, person__username=RESEARCH,
        person__name_zh="芬奇", person__name_en="Alan Finch",
    )  # fmt: skip
    pair = make_pair(enrolment.student, second_mentor=second)
    pair.first.mentor, pair.signs_leave = first, Signer.BOTH
    pair.first.save()
    pair.save()


def hold_first_stay() -> None:
    """Let the trainee begin in the cardiology ward of the first hospital."""
    row = Participant.objects.select_related("cycle", "curriculum").get(
        student__person__username=TRAINEE
    )
    block = row.curriculum.blocks.get(code="CARD")
    ward = Ward.objects.get(hospital__code="YL1", code="CARD")
    officer = Person.objects.get(username="residency")
    set_pin(row, PinData(block=block, part=0, ward=ward, start=0), actor=officer)
