"""Standing in: only with a paper, only within its period, and with 48 hours to object."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import translation

from cotutelle.core.clock import now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.files.access import why_not_read
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.workflow import proxies
from cotutelle.workflow.enums import ProxyState
from cotutelle.workflow.models import ProxyAct, ProxyAuthorisation
from cotutelle.workflow.queries import acts_for, authorisation_of, principals_of
from cotutelle.workflow.services import (
    OBJECTION_WINDOW,
    act_for,
    authorise,
    object_to_act,
    revoke_authorisation,
)
from tests.factories.files import upload
from tests.factories.people import make_person
from tests.factories.workflow import make_proxy

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture
def mentor() -> Person:
    return make_person(Role.MENTOR)


@pytest.fixture
def secretary(mentor: Person) -> Person:
    return make_person(Role.DEPARTMENT_SECRETARY, unit=mentor.unit)


def test_an_authorisation_is_recorded_by_the_office_and_both_are_told(
    mentor: Person, secretary: Person
) -> None:
    proxy = make_proxy(mentor, secretary, actor=secretary)
    assert list(principals_of(secretary)) == [mentor]
    assert list(principals_of(mentor)) == []
    told = Notice.objects.filter(kind="workflow.proxy_authorised")
    assert {n.person_id for n in told} == {mentor.pk, secretary.pk}
    assert proxy.document.owner == secretary
    assert why_not_read(mentor, proxy.document) is None
    assert why_not_read(make_person(unit=mentor.unit), proxy.document) is not None


def test_strangers_and_the_agent_alone_record_nothing(mentor: Person) -> None:
    agent = make_person(unit=mentor.unit)
    for actor in (agent, make_person(Role.DEPARTMENT_SECRETARY)):
        with pytest.raises(Refused):
            make_proxy(mentor, agent, actor=actor)
    assert not ProxyAuthorisation.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"starts_on": today(), "ends_on": today() - DAY}, "proxy.period"),
        ({"starts_on": today() - 9 * DAY, "ends_on": today() - DAY}, "proxy.period"),
        ({"ends_on": today() + 400 * DAY}, "proxy.period"),
        ({"document": upload(b"<html>", "a.html")}, "file.type"),
    ],
)
def test_authorise_refuses(
    mentor: Person, secretary: Person, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        make_proxy(mentor, secretary, **values)
    assert refused.value.code == code
    assert not ProxyAuthorisation.objects.exists()


def test_nobody_stands_in_for_themselves_or_twice(mentor: Person, secretary: Person) -> None:
    with pytest.raises(RuleViolation) as alone:
        make_proxy(mentor, mentor)
    assert alone.value.code == "proxy.same_person"
    make_proxy(mentor, secretary)
    with pytest.raises(RuleViolation) as refused:
        make_proxy(mentor, secretary, starts_on=today() + 5 * DAY)
    assert refused.value.code == "proxy.overlap"


def test_an_authorisation_holds_on_both_its_days_and_on_no_other(
    mentor: Person, secretary: Person
) -> None:
    authorise(
        mentor,
        secretary,
        starts_on=today() + DAY,
        ends_on=today() + 2 * DAY,
        document=upload(),
        actor=mentor,
    )
    held = [authorisation_of(secretary, mentor, today() + n * DAY) is not None for n in range(4)]
    assert held == [False, True, True, False]


def test_act_for_notes_the_act_and_tells_the_principal(mentor: Person, secretary: Person) -> None:
    make_proxy(mentor, secretary)
    act = act_for(secretary, mentor, action="files.file.stored", subject=mentor)
    assert act.objection_until - act.at == OBJECTION_WINDOW
    assert list(acts_for(mentor)) == [act]
    notice = Notice.objects.get(person=mentor, kind="workflow.acted_for_you")
    with translation.override("en"):
        assert notice.title == f"{secretary.name_en} acted for you: File uploaded"


def test_act_for_refuses_without_an_authorisation_in_force(
    mentor: Person, secretary: Person
) -> None:
    def acts() -> None:
        act_for(secretary, mentor, action="test.act", subject=mentor)

    with pytest.raises(Refused) as refused:
        acts()
    assert refused.value.code == "proxy.none"
    proxy = make_proxy(mentor, secretary)
    with time_machine.travel(now() + 31 * DAY), pytest.raises(Refused):
        acts()
    revoke_authorisation(proxy, actor=mentor)
    with pytest.raises(Refused):
        acts()
    assert not ProxyAct.objects.exists()


def test_an_authorisation_is_revoked_once(mentor: Person, secretary: Person) -> None:
    proxy = make_proxy(mentor, secretary)
    with pytest.raises(Refused):
        revoke_authorisation(proxy, actor=make_person(Role.DEPARTMENT_SECRETARY))
    revoke_authorisation(proxy, actor=secretary)
    assert proxy.state == ProxyState.REVOKED
    with pytest.raises(RuleViolation) as refused:
        revoke_authorisation(proxy, actor=mentor)
    assert refused.value.code == "proxy.revoked"
    make_proxy(mentor, secretary)


def test_the_principal_objects_within_48_hours_once(mentor: Person, secretary: Person) -> None:
    undone: list[int] = []
    proxies.register("test.undo", lambda act: undone.append(act.pk))
    make_proxy(mentor, secretary)
    act = act_for(secretary, mentor, action="test.undo", subject=mentor)
    with pytest.raises(Refused):
        object_to_act(act, objection="No", actor=secretary)
    with pytest.raises(RuleViolation) as empty:
        object_to_act(act, objection="  ", actor=mentor)
    assert empty.value.code == "proxy.objection_empty"
    object_to_act(act, objection="I said no.", actor=mentor)
    assert undone == [act.pk]
    told = Notice.objects.filter(kind="workflow.objected")
    assert [(n.person, n.body) for n in told] == [(secretary, "I said no.")]
    with pytest.raises(RuleViolation) as twice:
        object_to_act(act, objection="Again", actor=mentor)
    assert twice.value.code == "proxy.objected"


@pytest.mark.parametrize(("late", "accepted"), [(-1, True), (1, False)])
def test_the_window_closes_to_the_second(
    mentor: Person, secretary: Person, late: int, accepted: bool
) -> None:
    make_proxy(mentor, secretary)
    act = act_for(secretary, mentor, action="test.act", subject=mentor)
    moment = act.objection_until + dt.timedelta(seconds=late)
    with time_machine.travel(moment, tick=False):
        assert act.may_be_objected is accepted
        if accepted:
            object_to_act(act, objection="No", actor=mentor)
        else:
            with pytest.raises(RuleViolation) as refused:
                object_to_act(act, objection="No", actor=mentor)
            assert refused.value.code == "proxy.too_late"
    assert (ProxyAct.objects.get().objected_at is not None) is accepted
