"""A second pair of eyes: never those of the person who asked, never twice."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.workflow.enums import APPROVAL_TRANSITIONS, ApprovalState
from cotutelle.workflow.models import Approval
from cotutelle.workflow.queries import approvals_visible_to, waiting_for
from cotutelle.workflow.services import decide_approval, request_approval, withdraw_approval
from tests.factories.people import make_person
from tests.factories.workflow import DECIDED

pytestmark = pytest.mark.django_db


def asked(by: Person | None = None) -> Approval:
    person = by or make_person(Role.GRADUATE_OFFICER)
    assert person.unit is not None
    return request_approval(
        "test.override", person, unit=person.unit, actor=person, params={"student": "李四"}
    )


def test_the_same_is_asked_once_at_a_time() -> None:
    approval = asked()
    assert approval.title == "Assign 李四"
    with pytest.raises(RuleViolation) as refused:
        asked(approval.requested_by)
    assert refused.value.code == "approval.pending"
    withdraw_approval(approval, actor=approval.requested_by)
    assert asked(approval.requested_by).pk != approval.pk


def test_an_unknown_kind_is_a_mistake_of_the_caller() -> None:
    person = make_person()
    assert person.unit is not None
    with pytest.raises(ValueError, match="no approval is registered"):
        request_approval("test.nobody", person, unit=person.unit, actor=person)


@pytest.mark.parametrize(
    ("approve", "state"), [(True, ApprovalState.APPROVED), (False, ApprovalState.REFUSED)]
)
def test_decide_approval_acts_records_and_tells(approve: bool, state: ApprovalState) -> None:
    approval, other = asked(), make_person()
    decide_approval(approval, approve, actor=other, note="Because.")
    assert (approval.state, approval.decided_by, approval.note) == (state, other, "Because.")
    assert DECIDED[-1] == (approval.pk, state, other.pk)
    entry = Entry.objects.get(action=f"workflow.approval.{state}")
    assert entry.decision
    assert Notice.objects.get(person=approval.requested_by).body == "Because."


def test_a_refusal_needs_a_reason() -> None:
    approval = asked()
    with pytest.raises(RuleViolation) as refused:
        decide_approval(approval, False, actor=make_person(), note=" ")
    assert (refused.value.code, refused.value.field) == ("approval.note", "note")
    approval.refresh_from_db()
    assert approval.state == ApprovalState.PENDING


def test_neither_the_person_who_asked_nor_their_unit_decides() -> None:
    approval = asked()
    for actor in (approval.requested_by, make_person(unit=approval.unit)):
        with pytest.raises(Refused) as refused:
            decide_approval(approval, True, actor=actor)
        assert refused.value.code == "approval.not_yours"


def test_the_database_itself_refuses_one_person_in_both_parts() -> None:
    approval = asked()
    rows = Approval.objects.filter(pk=approval.pk)
    with pytest.raises(IntegrityError, match="approval_needs_two_people"), transaction.atomic():
        rows.update(state="approved", decided_by=approval.requested_by, decided_at=now())


@pytest.mark.parametrize("state", [s for s, after in APPROVAL_TRANSITIONS.items() if not after])
def test_nothing_moves_what_is_decided(state: ApprovalState) -> None:
    approval, other = asked(), make_person()
    decided_by = None if state == ApprovalState.WITHDRAWN else other
    Approval.objects.filter(pk=approval.pk).update(state=state, decided_by=decided_by)
    for call in (
        lambda: decide_approval(approval, True, actor=make_person()),
        lambda: decide_approval(approval, False, actor=make_person(), note="x"),
        lambda: withdraw_approval(approval, actor=approval.requested_by),
    ):
        with pytest.raises(RuleViolation) as refused:
            call()
        assert refused.value.code == "approval.decided"
    approval.refresh_from_db()
    assert approval.state == state


def test_only_the_person_who_asked_withdraws() -> None:
    approval = asked()
    with pytest.raises(Refused):
        withdraw_approval(approval, actor=make_person(unit=approval.unit))


def test_who_sees_what_waits() -> None:
    approval = asked()
    officer = make_person(Role.GRADUATE_OFFICER, unit=approval.unit)
    colleague, other = make_person(unit=approval.unit), make_person()
    assert waiting_for(approval.requested_by) == []
    assert waiting_for(other) == [approval]
    assert list(approvals_visible_to(officer)) == [approval]
    assert list(approvals_visible_to(colleague)) == []
    decide_approval(approval, True, actor=other)
    assert waiting_for(other) == []
    assert list(approvals_visible_to(other)) == [approval]
    assert list(approvals_visible_to(make_person())) == []


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_decide_at_once_one_wins() -> None:
    approval = asked()
    people = [make_person() for _n in range(10)]
    gate = threading.Barrier(10)
    outcomes: list[str] = []

    def decide(person: Person) -> None:
        mine = Approval.objects.select_related("unit", "requested_by").get(pk=approval.pk)
        gate.wait()
        try:
            decide_approval(mine, True, actor=person)
            outcomes.append("won")
        except RuleViolation as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(p,)) for p in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approval.decided"] * 9 + ["won"]
