"""The mentor's step of a leave, decided by who holds an authorisation (代办)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.programmes.enums import LeaveState
from cotutelle.programmes.queries import leave as reads
from cotutelle.workflow.models import ProxyAct, Task
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorshipFactory
from tests.factories.people import make_person
from tests.factories.rotations_programmes import make_enrolment
from tests.factories.workflow import make_proxy
from tests.programmes.test_leave import agree, ask, pending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def enrolment():
    return make_enrolment()


@pytest.fixture
def secretary(enrolment):
    return make_person(Role.DEPARTMENT_SECRETARY, unit=enrolment.student.unit)


@pytest.fixture
def mentor(enrolment):
    return MentorshipFactory.create(student=enrolment.student).mentor.person


@pytest.mark.parametrize("approves", [True, False])
def test_a_secretary_with_an_authorisation_decides_for_the_mentor(
    enrolment, secretary, mentor, client, approves
):
    unit = enrolment.student.unit
    agent = make_person(Role.DEPARTMENT_SECRETARY, unit=unit, language="en")
    leave = agree(ask(enrolment), secretary)
    assert reads.to_decide(agent, pending(leave)) is None
    make_proxy(mentor, agent)
    client.force_login(agent)
    url = reverse("programmes:leave", args=[leave.public_id])
    assert "You act on behalf of" in client.get(url).content.decode()
    page = client.post(
        url, {"answer": "agree" if approves else "refuse", "note": "查房"}, follow=True
    ).content.decode()
    assert f"{agent.name_en} on behalf of {mentor.name_en}" in page
    leave.refresh_from_db()
    assert leave.state == (LeaveState.APPROVED if approves else LeaveState.REFUSED)
    entry = Entry.objects.get(
        action=f"workflow.approval.{'approved' if approves else 'refused'}", actor=agent
    )
    assert entry.on_behalf_of == mentor
    act = ProxyAct.objects.get()
    assert (act.action, act.authorisation.principal) == (
        "programmes.leave.decided_for_mentor",
        mentor,
    )
    assert mentor.notices.filter(kind="workflow.acted_for_you").exists()
    assert not Task.objects.filter(assignee=mentor, state="open").exists()


def test_an_authorisation_opens_no_leave_to_other_offices(enrolment, secretary, mentor):
    agent = make_person(Role.DEPARTMENT_SECRETARY, unit=UnitFactory.create())
    plain = make_person(unit=enrolment.student.unit)
    for one in (agent, plain):
        make_proxy(mentor, one)
    leave = agree(ask(enrolment), secretary)
    for one in (agent, plain):
        assert reads.to_decide(one, pending(leave)) is None
        assert leave not in reads.leaves_visible_to(one)
        assert not reads.reads_reason(one, leave)
