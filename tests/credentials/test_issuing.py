"""Issuing, ending and issuing anew: what is signed, logged, and said by the lists."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import translation

from cotutelle.core.canonical import canonical, sha256_hex
from cotutelle.core.clock import at, now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import (
    AchievementKind,
    AwardState,
    CredentialState,
    Cryptosuite,
    IssuerKeyState,
    SignerRole,
    StatusPurpose,
)
from cotutelle.credentials.models import Award, Credential, IssuerKey, StatusList, StatusSlot
from cotutelle.credentials.queries.credentials import (
    active_key,
    invalidated_by,
    is_to_be_reissued,
)
from cotutelle.credentials.services import standing, status_lists
from cotutelle.credentials.services.awards import refuse_award
from cotutelle.credentials.services.issuer_keys import (
    hold_keys,
    report_compromise,
    rotate_key,
)
from cotutelle.credentials.services.issuing import (
    issue_award,
    issue_awards,
    preview,
    start_issuing,
    verify_batch,
)
from cotutelle.credentials.services.reissuing import reissue
from cotutelle.decisions.models import Run
from cotutelle.engines.credentials.integrity import verify_proof
from cotutelle.engines.credentials.keys import public_key
from cotutelle.engines.credentials.status import LIST_BITS, status_of
from cotutelle.jobs.services import run_now
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Entry, Pending
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from tests.factories.credentials import (
    Scene,
    make_achievement,
    make_award,
    make_credential,
    make_scene,
    sign_all,
)
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db
BOTH = (SignerRole.CLINICAL, SignerRole.RESEARCH)


def document(credential: Credential) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(credential.body)
    return found


@pytest.mark.parametrize("suite", Cryptosuite)
@pytest.mark.parametrize("kind", [k for k in AchievementKind if k != AchievementKind.FINAL])
def test_every_kind_is_issued_signed_and_logged(kind, suite):
    scene = make_scene()

    achievement = make_achievement(scene.unit, kind, actor=scene.officer, cryptosuite=suite)
    made = make_credential(scene, achievement)

    said = document(made)
    assert said["proof"]["cryptosuite"] == suite
    assert canonical(said).decode() == made.body
    assert made.digest == sha256_hex(made.body.encode())
    verify_proof(said, public_key(made.key.multikey))
    assert said["issuer"]["id"].endswith(f"/issuers/{scene.unit.code}")
    assert said["credentialSubject"]["zh"]["name"] == scene.person.name_zh
    assert made.entry.decision
    assert made.entry.person == scene.person
    pending = Pending.objects.get(entry=made.entry)
    assert (pending.kind, pending.statement) == (LogKind.CREDENTIAL, None)
    after = made.entry.payload.after
    assert (after["credential"], after["digest"]) == (said["id"], made.digest)
    assert Notice.objects.filter(person=scene.person, kind="credentials.issued").count() == 1


def test_an_altered_certificate_does_not_verify():
    scene = make_scene()
    made = make_credential(scene)
    said = document(made)

    said["name"] = "Something else"
    with pytest.raises(ValueError, match=r"signature\.altered"):
        verify_proof(said, public_key(made.key.multikey))


def test_bits_are_random_unique_and_apart():
    scene = make_scene()
    achievements = [make_achievement(scene.unit, actor=scene.officer) for _n in range(5)]

    made = [make_credential(scene, one) for one in achievements]

    slots = list(StatusSlot.objects.select_related("status_list"))
    assert len(slots) == 2 * len(made)
    assert len({(s.status_list_id, s.index) for s in slots}) == len(slots)
    assert len({s.index for s in slots}) > len(made), "not the same bit in both lists"
    assert max(s.index for s in slots) > 1000, "not counted up from nought"
    assert {s.status_list.used for s in slots} == {5}
    for one in made:
        named = {
            e["statusPurpose"]: int(e["statusListIndex"]) for e in document(one)["credentialStatus"]
        }
        kept = {s.status_list.purpose: s.index for s in slots if s.credential_id == one.pk}
        assert named == kept


def test_a_list_that_is_half_full_gets_a_successor():
    scene = make_scene()
    make_credential(scene)
    StatusList.objects.update(used=LIST_BITS // 2)

    made = make_credential(scene)

    assert {slot.status_list.number for slot in made.slots.all()} == {2}
    assert set(StatusList.objects.values_list("purpose", "number")) == {
        (purpose.value, n) for purpose in StatusPurpose for n in (1, 2)
    }


def test_what_is_not_signed_by_all_is_not_issued():
    scene = make_scene()
    award = make_award(scene)

    with pytest.raises(RuleViolation) as refusal:
        issue_award(award, actor=scene.officer)

    assert refusal.value.code == "award.state"
    assert not Credential.objects.exists()


def test_a_stale_copy_is_refused():
    scene = make_scene()
    award = sign_all(make_award(scene))
    copy = Award.objects.get(pk=award.pk)
    issue_award(award, actor=scene.officer)

    with pytest.raises(RuleViolation) as refusal:
        issue_award(copy, actor=scene.officer)

    assert refusal.value.code == "award.stale"


@pytest.mark.parametrize(
    "role",
    [Role.DEPARTMENT_SECRETARY, Role.RESIDENCY_OFFICE, Role.LEADER, Role.SYSTEM_ADMINISTRATOR],
)
def test_only_officers_of_the_institution_issue_and_revoke(role):
    scene = make_scene()
    award = sign_all(make_award(scene))
    made = make_credential(scene)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    for actor in (
        make_person(role, unit=scene.unit),
        stranger,
        scene.person,
        scene.clinical.person,
    ):
        with pytest.raises(Refused):
            issue_award(award, actor=actor)
        with pytest.raises(Refused):
            standing.revoke(made, "Fehler", actor=actor)


def test_an_officer_refuses_with_a_reason():
    scene = make_scene()
    award = sign_all(make_award(scene))
    with pytest.raises(RuleViolation) as refusal:
        refuse_award(award, " ", actor=scene.officer)
    assert (refusal.value.code, refusal.value.field) == ("award.reason", "reason")

    refuse_award(award, "Not this year", actor=scene.officer)

    award.refresh_from_db()
    assert (award.state, award.reason) == (AwardState.DECLINED, "Not this year")
    told = set(
        Notice.objects.filter(kind="credentials.award_refused").values_list("person", flat=True)
    )
    assert told == {scene.clinical.person_id}


def test_facts_that_do_not_fit_the_schema_are_named_before_anything_is_signed():
    scene = make_scene()
    award = sign_all(make_award(scene))
    Award.objects.filter(pk=award.pk).update(facts={"course": {"zh": "统计", "en": "Statistics"}})
    award.refresh_from_db()

    with translation.override("en"):
        (found,) = preview([award])
    with pytest.raises(RuleViolation) as refusal:
        issue_award(award, actor=scene.officer)

    assert not found.ok
    assert "Credits" in found.problem
    assert refusal.value.code == "award.schema"
    award.refresh_from_db()
    assert award.state == AwardState.SIGNED


# ---------------------------------------------------------------- batches


def test_a_batch_is_a_decision_that_anybody_entitled_checks_again():
    scene = make_scene()
    awards = [
        sign_all(make_award(scene, make_achievement(scene.unit, actor=scene.officer)))
        for _n in range(3)
    ]

    job = run_now(start_issuing(awards, actor=scene.officer))

    assert (job.state, job.result) == ("done", {"issued": 3})
    run = Run.objects.get(kind="credentials.issue")
    assert (run.state, run.verdict["ok"], run.result) == ("verified", True, {"issued": 3})
    assert run.certificate["input_sha256"] == run.snapshot.sha256
    kept = json.dumps([run.certificate, json.loads(run.snapshot.body)])
    assert scene.person.name_zh not in kept
    victim = Credential.objects.first()
    assert victim is not None
    Credential.objects.filter(pk=victim.pk).update(body=victim.body.replace("2.5", "9.5"))
    verdict = verify_batch(run.certificate)
    assert not verdict["ok"]
    assert str(victim.public_id) in verdict["problems"][0]
    Credential.objects.filter(pk=victim.pk).update(body="")
    assert verify_batch(run.certificate)["ok"], "an erased one is counted, not checked"


def test_a_stop_keeps_what_is_done_and_a_second_run_goes_on():
    scene = make_scene()
    awards = [
        sign_all(make_award(scene, make_achievement(scene.unit, actor=scene.officer)))
        for _n in range(3)
    ]
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    first = issue_awards(awards, actor=scene.officer, should_stop=stop)
    assert first is not None
    assert first.result == {"issued": 2}
    again = list(Award.objects.filter(pk__in=[a.pk for a in awards]).order_by("pk"))
    second = issue_awards(again, actor=scene.officer)

    assert second is not None
    assert second.result == {"issued": 3}
    first.refresh_from_db()
    assert first.state == "verified", "a later batch takes nothing back"
    assert len(first.certificate["inputs"]["awards"]) == 3, "whoever was chosen stays visible"
    assert len(first.certificate["credentials"]) == 2
    assert Credential.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_officers_who_issue_the_same_award_make_one_certificate():
    scene = make_scene()
    award = sign_all(make_award(scene))
    barrier, outcomes = threading.Barrier(6), []

    def issue() -> None:
        try:
            mine = Award.objects.select_related("achievement__unit", "student__person").get(
                pk=award.pk
            )
            barrier.wait()
            issue_award(mine, actor=scene.officer)
            outcomes.append("issued")
        except RuleViolation as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue) for _n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(outcomes) == ["award.stale"] * 5 + ["issued"]
    assert Credential.objects.count() == 1
    assert IssuerKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_different_awards_draws_different_bits_and_makes_one_list():
    scene = make_scene()
    awards = [
        sign_all(make_award(scene, make_achievement(scene.unit, actor=scene.officer)))
        for _n in range(8)
    ]
    barrier, faults = threading.Barrier(len(awards)), []

    def issue(award: Award) -> None:
        try:
            barrier.wait()
            issue_award(award, actor=scene.officer)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue, args=[one]) for one in awards]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert faults == []
    assert sorted(StatusList.objects.values_list("purpose", "used")) == [
        ("revocation", 8),
        ("suspension", 8),
    ]
    assert StatusSlot.objects.count() == 16


@pytest.mark.django_db(transaction=True)
def test_certificates_are_suspended_while_others_are_signed():
    scene = make_scene()
    made = make_credential(scene)
    held, done = threading.Event(), threading.Event()

    def sign() -> None:
        with transaction.atomic():
            hold_keys(scene.unit)
            held.set()
            done.wait(30)
        connection.close()

    other = threading.Thread(target=sign)
    other.start()
    held.wait(30)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            suspend_it(made, scene)
    finally:
        done.set()
        other.join()

    assert made.state == CredentialState.SUSPENDED


def suspend_it(credential: Credential, scene: Scene) -> None:
    standing.suspend(credential, "Under review", actor=scene.officer)


# ---------------------------------------------------------------- standing


def bits(credential: Credential) -> tuple[bool, bool]:
    """Return what the published lists say: revoked, suspended."""
    status_lists.publish_lists()
    found = {}
    for slot in credential.slots.select_related("status_list"):
        slot.status_list.refresh_from_db()
        found[slot.status_list.purpose] = status_of(json.loads(slot.status_list.body), slot.index)
    return found["revocation"], found["suspension"]


def test_the_whole_life_of_a_certificate_shows_in_the_lists():
    scene = make_scene()
    made = make_credential(scene)
    other = make_credential(scene)
    assert bits(made) == (False, False)

    standing.suspend(made, "Under review", actor=scene.officer)
    assert (made.state, made.reason, bits(made)) == ("suspended", "Under review", (False, True))
    standing.reinstate(made, "Cleared", actor=scene.officer)
    assert (made.state, made.reason, bits(made)) == ("valid", "", (False, False))
    standing.suspend(made, "Again", actor=scene.officer)
    standing.revoke(made, "Forged", actor=scene.officer)
    assert (made.state, bits(made)) == ("revoked", (True, True))
    assert bits(other) == (False, False)
    actions = list(
        Entry.objects.filter(subject_type="credentials.credential", subject_id=made.pk)
        .order_by("id")
        .values_list("action", "decision", "person")
    )
    assert actions == [
        (f"credentials.credential.{word}", True, scene.person.pk)
        for word in ("suspended", "reinstated", "suspended", "revoked")
    ]
    told = Notice.objects.filter(person=scene.person).values_list("kind", flat=True)
    assert "credentials.revoked" in set(told)


@pytest.mark.parametrize(
    ("state", "step", "allowed"),
    [
        ("valid", standing.suspend, True),
        ("valid", standing.reinstate, False),
        ("valid", standing.revoke, True),
        ("suspended", standing.suspend, False),
        ("suspended", standing.reinstate, True),
        ("suspended", standing.revoke, True),
        ("revoked", standing.suspend, False),
        ("revoked", standing.reinstate, False),
        ("revoked", standing.revoke, False),
    ],
)
def test_every_state_and_every_step(state, step, allowed):
    scene = make_scene()
    made = make_credential(scene)
    if state != "valid":
        Credential.objects.filter(pk=made.pk).update(state=state, reason="because")
        made.refresh_from_db()

    if allowed:
        step(made, "Reason", actor=scene.officer)
        made.refresh_from_db()
        assert made.state != state
    else:
        with pytest.raises(RuleViolation) as refusal:
            step(made, "Reason", actor=scene.officer)
        assert refusal.value.code == "credential.state"


def test_a_stale_copy_of_a_certificate_changes_nothing():
    scene = make_scene()
    made = make_credential(scene)
    copy = Credential.objects.get(pk=made.pk)
    standing.revoke(made, "Forged", actor=scene.officer)

    with pytest.raises(RuleViolation) as refusal:
        standing.suspend(copy, "Hm", actor=scene.officer)

    assert refusal.value.code == "credential.stale"
    made.refresh_from_db()
    assert made.state == CredentialState.REVOKED


def test_lists_are_signed_once_a_change_and_stated_in_the_log():
    scene = make_scene()
    made = make_credential(scene)
    assert status_lists.publish_lists() == 2
    assert status_lists.publish_lists() == 0
    standing.revoke(made, "Forged", actor=scene.officer)

    assert status_lists.publish_lists() == 1

    found = StatusList.objects.get(purpose=StatusPurpose.REVOCATION)
    said = json.loads(found.body)
    key = active_key(scene.unit)
    assert key is not None
    verify_proof(said, public_key(key.multikey))
    assert found.digest == sha256_hex(found.body.encode())
    assert found.entry is not None
    pending = Pending.objects.get(entry=found.entry)
    assert pending.kind == LogKind.STATUS
    assert pending.statement == {
        "event": "list",
        "id": said["id"],
        "purpose": "revocation",
        "digest": found.digest,
        "at": said["validFrom"],
    }
    assert found.entry.person is None


# ---------------------------------------------------------------- keys


def test_a_key_is_added_retired_and_stated():
    scene = make_scene()
    old = make_credential(scene).key

    new = rotate_key(old, actor=scene.officer)

    old.refresh_from_db()
    assert (old.state, new.state) == (IssuerKeyState.RETIRED, IssuerKeyState.ACTIVE)
    assert old.ended_at is not None
    events = [p.statement for p in Pending.objects.filter(kind=LogKind.KEY).order_by("id")]
    assert [(e["event"], e["key"]) for e in events] == [
        ("added", old.multikey),
        ("retired", old.multikey),
        ("added", new.multikey),
    ]
    assert {e["controller"] for e in events} == {f"https://{authority()}/issuers/{scene.unit.code}"}
    assert make_credential(scene).key == new
    with pytest.raises(RuleViolation) as refusal:
        rotate_key(old, actor=scene.officer)
    assert refusal.value.code == "key.state"


def authority() -> str:
    from cotutelle.ledger.queries.log import authority as found  # noqa: PLC0415

    return found()


def test_a_compromise_takes_down_what_was_logged_later_and_it_is_issued_anew(settings, tmp_path):
    from tests.factories.log import make_log  # noqa: PLC0415

    log = make_log(settings, tmp_path)
    scene = make_scene()
    early = make_credential(scene)
    size = log.publish().size
    late = make_credential(scene)
    log.publish()
    key = early.key

    new = report_compromise(key, size, actor=scene.officer)

    key.refresh_from_db()
    assert (key.state, key.from_index) == (IssuerKeyState.COMPROMISED, size)
    assert new == active_key(scene.unit)
    assert [one.pk for one in invalidated_by(key, size)] == [late.pk]
    assert status_lists.publish_lists() == 2, "lists are signed with the new key"
    late.refresh_from_db()
    again = reissue(late, "Key lost", actor=scene.officer)
    late.refresh_from_db()
    assert (late.state, late.award) == (CredentialState.REVOKED, None)
    assert again.key == new
    assert again.award.facts == {"course": {"zh": "医学统计学", "en": "Medical statistics"},
                                 "credits": 2.5, "grade": "92"}  # fmt: skip
    assert document(again)["id"] != document(late)["id"]
    with pytest.raises(RuleViolation) as refusal:
        reissue(again, "Once more", actor=scene.officer)
    assert refusal.value.code == "credential.reissue"


def test_issued_anew_it_lasts_as_long_as_before_and_what_no_longer_holds_is_not(settings, tmp_path):
    from tests.factories.log import make_log  # noqa: PLC0415

    log = make_log(settings, tmp_path)
    scene = make_scene()
    early = now() - dt.timedelta(days=700)
    with at(early):
        kind = make_achievement(scene.unit, actor=scene.officer, valid_months=24)
        lasting = make_credential(scene, kind)
        short = make_achievement(scene.unit, actor=scene.officer, valid_months=12)
        expired = make_credential(scene, short)
    suspended = make_credential(scene)
    suspend_it(suspended, scene)
    log.publish()
    report_compromise(lasting.key, 0, actor=scene.officer)

    again = reissue(lasting, "Key lost", actor=scene.officer)

    assert again.valid_until == lasting.valid_until
    assert again.valid_from > lasting.valid_from
    for one in (expired, suspended):
        with pytest.raises(RuleViolation) as refusal:
            reissue(one, "Key lost", actor=scene.officer)
        assert refusal.value.code == "credential.reissue"
    down = invalidated_by(lasting.key, 0)
    assert [one.pk for one in down if is_to_be_reissued(one)] == []


def test_a_place_beyond_the_log_is_refused():
    scene = make_scene()
    key = make_credential(scene).key

    with pytest.raises(RuleViolation) as refusal:
        report_compromise(key, 10**6, actor=scene.officer)

    assert (refusal.value.code, refusal.value.field) == ("key.index", "from_index")


def test_strangers_do_not_touch_keys():
    scene = make_scene()
    key = make_credential(scene).key
    stranger = make_person(Role.SYSTEM_ADMINISTRATOR, unit=UnitFactory.create())
    for actor in (stranger, scene.secretary, scene.clinical.person):
        with pytest.raises(Refused):
            rotate_key(key, actor=actor)
        with transaction.atomic(), pytest.raises(Refused):
            report_compromise(key, 0, actor=actor)
