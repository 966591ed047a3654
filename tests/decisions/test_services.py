"""The common road of decisions: nothing refuted is kept, nothing kept changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from cotutelle.core.canonical import canonical, digest
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.decisions.enums import (
    POLICY_TRANSITIONS,
    RUN_TRANSITIONS,
    PolicyState,
    RunState,
)
from cotutelle.decisions.models import Policy, Run, Snapshot
from cotutelle.decisions.queries import (
    active_policies,
    official_run,
    policies_visible_to,
    runs_of,
    snapshot_data,
    visible_to,
)
from cotutelle.decisions.services import (
    activate_policy,
    certificate_bytes,
    check_again,
    make_official,
    policy_in_force,
    retire_policy,
    supersede_run,
)
from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.decisions.kinds import DATA, make_policy, make_run
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Person:
    return make_person(Role.GRADUATE_OFFICER)


def test_record_run_keeps_everything_needed_to_check_it(officer: Person) -> None:
    run = make_run(officer)
    assert (run.number, run.state) == (1, RunState.VERIFIED)
    assert snapshot_data(run.snapshot) == DATA
    assert run.snapshot.sha256 == digest(DATA)
    assert run.certificate_sha256 == digest(run.certificate)
    assert json.loads(certificate_bytes(Run.objects.get())) == run.certificate
    entry = Entry.objects.get(action="decisions.run.recorded")
    assert entry.decision
    assert entry.payload.after["certificate"] == run.certificate_sha256


def test_equal_inputs_are_kept_once_and_runs_are_numbered(officer: Person) -> None:
    policy = make_policy(officer)
    first, second = make_run(officer, policy=policy), make_run(officer, policy=policy)
    assert (first.number, second.number) == (1, 2)
    assert first.snapshot_id == second.snapshot_id
    assert Snapshot.objects.count() == 1
    assert officer.unit is not None
    assert list(runs_of(officer.unit, "test.match")) == [second, first]


@pytest.mark.parametrize("verdict", [{"ok": False}, {}, {"ok": "yes"}, {"ok": 1}])
def test_a_refuted_result_is_never_kept(officer: Person, verdict: dict[str, Any]) -> None:
    policy = make_policy(officer)
    with pytest.raises(RuleViolation) as refused:
        make_run(officer, policy=policy, verdict=verdict)
    assert refused.value.code == "run.refuted"
    assert not Run.objects.exists()
    assert not Snapshot.objects.exists()


def test_a_policy_must_be_in_force(officer: Person) -> None:
    policy = make_policy(officer, active=False)
    with pytest.raises(RuleViolation) as refused:
        make_run(officer, policy=policy)
    assert refused.value.code == "run.policy"


def test_canonical_json_is_the_same_whatever_the_order(officer: Person) -> None:
    policy = make_policy(officer)
    first = make_run(officer, policy=policy, snapshot_data={"a": 1, "b": [1, 2]})
    second = make_run(officer, policy=policy, snapshot_data={"b": [1, 2], "a": 1})
    assert first.snapshot_id == second.snapshot_id


def test_one_run_counts_at_a_time(officer: Person) -> None:
    policy = make_policy(officer)
    first, second = make_run(officer, policy=policy), make_run(officer, policy=policy)
    make_official(first, actor=officer)
    make_official(second, actor=officer)
    first.refresh_from_db()
    assert (first.state, second.state) == (RunState.SUPERSEDED, RunState.OFFICIAL)
    assert officer.unit is not None
    assert official_run(officer.unit, "test.match") == second


@pytest.mark.parametrize("before", list(RunState))
@pytest.mark.parametrize("after", [RunState.OFFICIAL, RunState.SUPERSEDED])
def test_runs_move_as_their_life_says(officer: Person, before: RunState, after: RunState) -> None:
    run = make_run(officer)
    Run.objects.filter(pk=run.pk).update(state=before)
    run.refresh_from_db()
    move = make_official if after == RunState.OFFICIAL else supersede_run
    if after in RUN_TRANSITIONS[before]:
        assert move(run, actor=officer).state == after
    else:
        with pytest.raises(RuleViolation) as refused:
            move(run, actor=officer)
        assert refused.value.code == "run.state"
        run.refresh_from_db()
        assert run.state == before


@pytest.mark.parametrize("before", list(PolicyState))
@pytest.mark.parametrize("after", [PolicyState.ACTIVE, PolicyState.RETIRED])
def test_policies_move_as_their_life_says(
    officer: Person, before: PolicyState, after: PolicyState
) -> None:
    policy = make_policy(officer, active=False)
    Policy.objects.filter(pk=policy.pk).update(state=before)
    move = activate_policy if after == PolicyState.ACTIVE else retire_policy
    if after in POLICY_TRANSITIONS[before]:
        assert move(policy, actor=officer).state == after
    else:
        with pytest.raises(RuleViolation) as refused:
            move(policy, actor=officer)
        assert refused.value.code == "policy.state"


def test_policies_are_versions_and_belong_to_the_graduate_school(officer: Person) -> None:
    first, second = make_policy(officer), make_policy(officer)
    assert (first.version, second.version) == (1, 2)
    below = UnitFactory.create(parent=officer.unit)
    assert set(active_policies(below, "test.match")) == {first, second}
    with pytest.raises(Refused):
        make_policy(make_person(Role.MENTOR))
    mentor = make_person(Role.MENTOR, unit=below)
    assert set(policies_visible_to(mentor)) == {first, second}
    assert not policies_visible_to(make_person(Role.MENTOR)).exists()


def test_checking_again_refutes_a_certificate_that_was_touched(officer: Person) -> None:
    run = make_run(officer)
    assert check_again(run, actor=officer)["ok"] is True
    assert run.state == RunState.VERIFIED
    Run.objects.filter(pk=run.pk).update(certificate={"pairs": [["1", "b"]]})
    assert check_again(run, actor=officer)["ok"] is False
    assert run.state == RunState.REFUTED
    assert Entry.objects.filter(action="decisions.run.checked").count() == 2


def test_checking_again_refutes_a_certificate_the_verifier_refutes(officer: Person) -> None:
    run = make_run(officer)
    wrong = {"pairs": [["1", "nobody"]]}
    Run.objects.filter(pk=run.pk).update(certificate=wrong, certificate_sha256=digest(wrong))
    verdict = check_again(run, actor=officer)
    assert verdict["problems"] == ["nobody is no offer"]
    assert (run.state, run.verdict["ok"]) == (RunState.REFUTED, False)


def test_who_sees_and_checks_runs(officer: Person) -> None:
    run = make_run(officer)
    student = make_person(Role.STUDENT, unit=officer.unit)
    concerned = make_person(Role.STUDENT, unit=officer.unit, username="concerned")
    assert list(visible_to(officer)) == [run]
    assert list(visible_to(concerned)) == [run]
    assert list(visible_to(student)) == []
    assert list(visible_to(make_person(Role.GRADUATE_OFFICER))) == []
    with pytest.raises(Refused):
        check_again(run, actor=concerned)


def in_threads(burst: Callable[[], None]) -> None:
    threads = [threading.Thread(target=burst) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_ten_runs_at_once_have_ten_numbers() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    policy = make_policy(officer)
    gate = threading.Barrier(10)

    def burst() -> None:
        gate.wait()
        make_run(officer, policy=policy)
        connection.close()

    in_threads(burst)
    numbers = sorted(Run.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 11))
    assert canonical(DATA).decode() == Snapshot.objects.get().body


@pytest.mark.django_db(transaction=True)
def test_the_first_ten_who_need_a_policy_at_once_share_one() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    unit = UnitFactory.create()
    gate = threading.Barrier(10)

    def burst() -> None:
        gate.wait()
        policy_in_force("example", unit=unit, name_zh="规则", parameters={"n": 1}, actor=officer)
        connection.close()

    in_threads(burst)
    assert list(Policy.objects.values_list("version", "state")) == [(1, PolicyState.ACTIVE)]
    again = {"unit": unit, "name_zh": "规则", "actor": officer}
    assert policy_in_force("example", parameters={"n": 2}, **again).version == 2
    assert policy_in_force("example", parameters={"n": 1}, **again).version == 1
    assert policy_in_force("example", parameters={"n": 1}, is_new=True, **again).version == 3
