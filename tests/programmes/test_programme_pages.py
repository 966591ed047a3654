"""Pages of programmes, certificates and leave: owner, colleague, stranger; questions asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.urls import reverse

from cotutelle.core.clock import today
from cotutelle.people.enums import Role
from cotutelle.programmes import services
from cotutelle.programmes.enums import AttainmentState, LeaveState
from cotutelle.programmes.models import Enrolment, Leave, Template, TrackChoice
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import CohortFactory, StudentFactory
from tests.factories.rotations_programmes import example, make_enrolment, make_leave, make_template

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
TEMPLATE_QUERIES, ENROLMENT_QUERIES, CERTIFICATE_QUERIES, LEAVE_QUERIES = 11, 11, 15, 12


@pytest.fixture
def cohort():
    return CohortFactory.create()


@pytest.fixture
def officer(cohort):
    return make_person(Role.GRADUATE_OFFICER, unit=cohort.unit, language="en")


@pytest.fixture
def as_(client):
    def sign_in(person):
        person.language = "en"
        person.save(update_fields=["language"])
        client.force_login(person)
        client.cookies["language"] = "en"
        return client

    return sign_in


def url(name, thing=None, *more):
    return reverse(f"programmes:{name}", args=[thing.public_id, *more] if thing else [])


def body(answer):
    return answer.content.decode()


# ---------------------------------------------------------------- lists ask few questions


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_programmes(as_, officer, cohort, count, django_assert_max_num_queries):
    for n in range(count):
        services.create_template(cohort.unit, replace(example(), code=f"P{n}"), actor=officer)
    office = as_(officer)

    with django_assert_max_num_queries(TEMPLATE_QUERIES):
        answer = office.get(url("templates"))

    assert body(answer).count('class="open"') == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_enrolments(as_, officer, cohort, count, django_assert_max_num_queries):
    template = make_template(cohort.unit, actor=officer)
    for _n in range(count):
        make_enrolment(cohort=cohort, template=template)
    office = as_(officer)

    with django_assert_max_num_queries(ENROLMENT_QUERIES):
        answer = office.get(url("enrolments"))

    assert body(answer).count('class="open"') == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_those_at_risk(as_, officer, cohort, count, django_assert_max_num_queries):
    template = make_template(cohort.unit, actor=officer)
    for _n in range(count):
        one = make_enrolment(cohort=cohort, template=template)
        one.attainments.filter(kind="licence").update(state=AttainmentState.FAILED)
    make_enrolment(cohort=cohort, template=template)
    office = as_(officer)

    with django_assert_max_num_queries(CERTIFICATE_QUERIES):
        answer = office.get(url("four-certificates"))

    assert body(answer).count('class="open"') == count
    assert body(office.get(url("four-certificates"), {"any": "0"})).count('class="open"') == (
        count + 1
    )
    table = body(office.get(url("four-certificates"), {"format": "csv"}))
    assert table.count("Not passed") == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_leave(as_, officer, cohort, count, django_assert_max_num_queries):
    template = make_template(cohort.unit, actor=officer)
    for _n in range(count):
        make_leave(make_enrolment(cohort=cohort, template=template))
    office = as_(officer)

    with django_assert_max_num_queries(LEAVE_QUERIES):
        answer = office.get(url("leaves"))

    assert body(answer).count('class="open"') == count
    assert "家中有事" not in body(office.get(url("leaves"), {"format": "csv"}))


# ---------------------------------------------------------------- programmes


def phases(*rows):
    data = {"phases-TOTAL_FORMS": str(len(rows)), "phases-INITIAL_FORMS": "0"}
    for n, (kind, start, months) in enumerate(rows):
        data |= {
            f"phases-{n}-kind": kind,
            f"phases-{n}-starts_month": start,
            f"phases-{n}-months": months,
        }
    return data


def test_an_officer_drafts_edits_and_puts_a_programme_in_force(as_, officer, cohort):
    office = as_(officer)
    typed = {
        "unit": str(cohort.unit.public_id), "code": "X1", "name_zh": "方案", "kind": "other",
        "degree_type": "academic", "months": "36", "takes_recommended": "on",
        "enrol_recommended": "9", "gate_proposal": "12",
    }  # fmt: skip

    refused = office.post(url("template-new"), typed | phases(("thesis", "30", "7")))
    assert "A phase ends after the programme does." in body(refused)
    office.post(url("template-new"), typed | phases(("courses", "0", "36"), ("", "", "")))
    made = Template.objects.get()
    assert (made.routes, made.gates, made.phases.count()) == (["recommended"], {"proposal": 12}, 1)

    office.post(
        url("template-edit", made), typed | {"months": "24"} | phases(("courses", "0", "9"))
    )
    assert "becomes the programme in force" in body(office.get(url("template-in-force", made)))
    office.post(url("template-in-force", made))
    made.refresh_from_db()
    assert (made.months, made.state) == (24, "in_force")
    office.post(url("template-new-edition", made))
    assert Template.objects.get(edition=2).state == "draft"
    office.post(url("template-retire", made))
    made.refresh_from_db()
    assert made.state == "retired"


def test_the_examples_come_by_one_button_and_say_so(as_, officer, cohort):
    office = as_(officer)

    office.post(url("template-examples"), {"unit": str(cohort.unit.public_id)})

    assert Template.objects.count() == 4
    one = Template.objects.get(code="CM4535")
    page = body(office.get(url("template", one)))
    assert "Example, to be confirmed by the school" in page
    assert "No clinical authority" in page
    assert office.post(url("template-examples"), {"unit": "x"}).status_code == 404


def test_strangers_and_students_see_no_programmes_of_others(as_, officer, cohort):
    template = make_template(cohort.unit, actor=officer)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    student = StudentFactory.create(cohort=cohort).person

    assert as_(stranger).get(url("template", template)).status_code == 404
    assert as_(student).get(url("template", template)).status_code == 403
    assert as_(make_person(Role.LEADER, unit=cohort.unit)).get(url("template-new")).status_code == (
        403
    )


# ---------------------------------------------------------------- enrolments


def test_students_of_a_cohort_are_put_on_a_programme_and_others_shown_with_reasons(
    as_, officer, cohort
):
    template = make_template(cohort.unit, actor=officer)
    good = StudentFactory.create(cohort=cohort)
    doctor = StudentFactory.create(cohort=cohort, route="doctoral")
    office = as_(officer)
    data = {
        "template": str(template.public_id),
        "pick": [str(good.public_id), str(doctor.public_id), "nonsense"],
    }

    page = body(office.post(url("assign", cohort), data))

    assert Enrolment.objects.get().student == good
    assert "does not take the route" in page
    assert "Choose at least one student." in body(
        office.post(url("assign", cohort), {"template": str(template.public_id)})
    )


def test_the_page_of_an_enrolment_and_its_steps(as_, officer, cohort):
    one = make_enrolment(cohort=cohort, is_enrolled=False)
    office = as_(officer)

    assert "Enrol student" in body(office.get(url("enrolment", one)))
    office.post(url("enrol", one), {"number": "2026777"})
    office.post(
        url("attainment", one, "licence"),
        {"state": "awaited", "awaited_until": str(today() + 5 * DAY)},
    )
    office.post(url("milestone", one, "proposal"), {"done_on": str(today())})
    office.post(url("enrolment-move", one), {"state": "suspended", "reason": "休学"})

    one.refresh_from_db()
    assert one.state == "suspended"
    assert one.student.person.number == "2026777"
    assert one.attainments.get(kind="licence").state == "awaited"
    assert one.milestones.get(kind="proposal").done_on == today()
    assert "Asked" not in body(office.get(url("enrolment", one) + "?tab=history"))


def test_pre_entry_is_refused_with_the_rule_on_the_page(as_, officer, cohort):
    one = make_enrolment(cohort=cohort, is_enrolled=False)

    page = body(as_(officer).post(url("pre-entry", one), {"starts_on": "2026-03-02"}))

    assert "has no half-year before enrolment for the route" in page


@pytest.mark.parametrize(
    ("who", "status"), [("own", 302), ("classmate", 404), ("stranger", 404), ("officer", 200)]
)
def test_who_opens_an_enrolment(as_, officer, cohort, who, status):
    one = make_enrolment(cohort=cohort)
    people = {
        "own": one.student.person,
        "classmate": make_enrolment(cohort=cohort, template=one.template).student.person,
        "stranger": make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create()),
        "officer": officer,
    }

    assert as_(people[who]).get(url("enrolment", one)).status_code == status


def test_a_student_reads_the_programme_and_chooses_a_track_only_after_a_second_look(
    as_, officer, cohort
):
    one = make_enrolment(cohort=cohort)
    assert as_(one.student.person).get(url("choose-track")).status_code == 404
    as_(officer).post(
        url("ask-track", one), {"due_on": str(today() + 9 * DAY), "reason": "考试未通过"}
    )
    me = as_(one.student.person)
    assert "Choose your track" in body(me.get(url("my-programme")))

    looked = body(me.post(url("choose-track"), {"track": "academic"}))

    assert "This cannot be changed afterwards" in looked
    assert TrackChoice.objects.get().to_track == ""
    me.post(url("choose-track"), {"track": "academic", "confirm": "1"})
    assert TrackChoice.objects.get().to_track == "academic"
    assert me.get(url("choose-track")).status_code == 302
    as_(officer).post(url("track-followed", one))
    assert "chosen on" in body(as_(officer).get(url("enrolment", one)))


def test_somebody_without_a_programme_is_told_what_comes_first(as_, cohort):
    me = as_(StudentFactory.create(cohort=cohort).person)

    assert "You are on no programme yet" in body(me.get(url("my-programme")))
    assert "You are on no programme yet" in body(me.get(url("leave-new")))


def test_leaders_see_how_many_are_at_risk_and_no_names(as_, cohort):
    one = make_enrolment(cohort=cohort, person__name_en="Zhao Min")
    one.attainments.filter(kind="licence").update(state=AttainmentState.FAILED)

    page = body(as_(make_person(Role.LEADER, unit=cohort.unit)).get(url("four-certificates")))

    assert "1 certificate is at risk, of 1 students under way." in page
    assert "Zhao Min" not in page


# ---------------------------------------------------------------- leave


def test_leave_from_the_phone_to_the_confirmed_return(as_, cohort):
    one = make_enrolment(cohort=cohort)
    secretary = make_person(Role.DEPARTMENT_SECRETARY, unit=cohort.unit)
    typed = {
        "kind": "sick", "starts_on": str(today()), "ends_on": str(today() + DAY), "reason": "发烧",
    }  # fmt: skip
    me = as_(one.student.person)
    assert "Give a reason" not in body(me.get(url("leave-new")))
    me.post(url("leave-new"), typed)
    leave = Leave.objects.get()
    assert "发烧" in body(me.get(url("leave", leave)))
    assert me.post(url("leave", leave), {"answer": "agree"}).status_code == 404

    office = as_(secretary)
    page = body(office.get(url("leave", leave)))
    assert "发烧" in page
    assert "Say why you refuse." in body(office.post(url("leave", leave), {"answer": "refuse"}))
    office.post(url("leave", leave), {"answer": "agree"})
    leave.refresh_from_db()
    assert leave.state == LeaveState.APPROVED

    me = as_(one.student.person)
    me.post(url("leave-return", leave), {"returned_on": str(today())})
    as_(secretary).post(url("leave-confirm", leave), {"returned_on": str(today())})
    leave.refresh_from_db()
    assert (leave.days, leave.return_confirmed_by) == (0, secretary)


def test_others_read_that_somebody_is_away_and_not_why(as_, cohort):
    leave = make_leave(make_enrolment(cohort=cohort))
    adviser = make_person(Role.STUDENT_ADVISER, unit=cohort.unit)

    page = body(as_(adviser).get(url("leave", leave)))

    assert "家中有事" not in page
    assert "Personal leave" in page


def test_a_leave_is_withdrawn_by_the_student_alone(as_, cohort, officer):
    leave = make_leave(make_enrolment(cohort=cohort), state=LeaveState.ASKED)
    classmate = make_enrolment(cohort=cohort).student.person

    assert as_(classmate).post(url("leave-withdraw", leave)).status_code == 404
    assert as_(officer).post(url("leave-withdraw", leave)).status_code == 403
    as_(leave.enrolment.student.person).post(url("leave-withdraw", leave))

    leave.refresh_from_db()
    assert leave.state == LeaveState.WITHDRAWN


def test_the_calendar_shows_blocks_and_counts_of_a_month(as_, cohort, officer):
    one = make_enrolment(cohort=cohort, person__name_en="Zhao Min")
    make_leave(one, starts_on=dt.date(2027, 2, 27), ends_on=dt.date(2027, 3, 2))
    make_leave(
        one,
        starts_on=dt.date(2027, 3, 10),
        ends_on=dt.date(2027, 3, 11),
        state=LeaveState.ASKED,
    )

    page = body(as_(officer).get(url("leave-calendar"), {"month": "2027-03"}))

    assert page.count('colspan="2"') == 2
    assert page.count('<td class="tn">1</td>') == 2
    assert "Zhao Min" in page
    assert "Nobody is away" in body(as_(officer).get(url("leave-calendar"), {"month": "2027-05"}))
    assert as_(officer).get(url("leave-calendar"), {"month": "x"}).status_code == 200


def test_rules_are_kept_on_their_page(as_, cohort):
    residency = make_person(Role.RESIDENCY_OFFICE, unit=cohort.unit)
    office = as_(residency)
    rules = {
        "part": "rules", "rules-TOTAL_FORMS": "2", "rules-INITIAL_FORMS": "0",
        "rules-0-kind": "", "rules-0-up_to_days": "7", "rules-0-steps": ["mentors"],
        "rules-1-kind": "",
    }  # fmt: skip

    office.post(url("leave-rules"), rules)
    office.post(url("leave-rules"), {"part": "example"})

    assert [row.up_to_days for row in cohort.unit.leave_rules.all()] == [7]
    assert cohort.unit.extension_rules.get().is_example
    assert "Example" in body(office.get(url("leave-rules")))
    office.post(
        url("leave-rules"),
        {"part": "extension", "province": "本省", "threshold_days": "30", "is_yearly": "on"},
    )
    office.post(
        url("leave-rules"),
        {"part": "drop", "province": cohort.unit.extension_rules.get(is_example=True).province},
    )
    office.post(url("leave-rules"), {"part": "usual"})
    assert [row.province for row in cohort.unit.extension_rules.all()] == ["本省"]
    assert not cohort.unit.leave_rules.exists()
    student = make_enrolment(cohort=cohort).student.person
    assert as_(student).get(url("leave-rules")).status_code == 403


def test_the_slip_is_one_paper_without_the_reason(as_, cohort, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    leave = make_leave(make_enrolment(cohort=cohort))
    me = as_(leave.enrolment.student.person)

    first = me.post(url("leave-slip", leave))
    second = me.post(url("leave-slip", leave))

    assert first.status_code == 302
    assert first.url == second.url
    assert me.get(first.url).status_code == 200
