"""The whole check of a bundle: what holds, and each thing that can be wrong."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import pytest

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.integrity import JCS, RDFC
from cotutelle.engines.credentials.rdfc import MAX_VALUES
from cotutelle.engines.credentials.report import NEEDED, ROWS
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.credentials.words import sentence
from tests.engines.credentials.oracle import is_signed_and_logged
from tests.engines.credentials.refusals import REFUSALS, changed
from tests.engines.credentials.world import ISSUER, OTHER, World


def check(world, bundle, **changes):
    return verify_bundle(bundle, **{"policy": world.policy, "now": world.now, **changes})


@pytest.mark.parametrize("suite", [JCS, RDFC])
def test_a_good_bundle_is_valid_in_every_needed_row(suite):
    world = World(suite=suite)

    report = check(world, json.loads(json.dumps(world.bundle())))

    assert report.verdict == "valid"
    assert {report.findings[row].state for row in NEEDED} == {"good"}
    assert report.findings["anchor"].code == "anchor.none"
    assert report.findings["completeness"].code == "completeness.not_transcript"


def test_an_independent_reading_of_the_formats_agrees():
    world = World()
    bundle = world.bundle()

    assert is_signed_and_logged(bundle, world.log.verifier.public_key)
    assert not is_signed_and_logged(
        changed(bundle, "credential/name", "Better"), world.log.verifier.public_key
    )


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_wrong_is_said_in_its_row(name):
    refusal, world = REFUSALS[name], World()

    report = check(world, json.loads(json.dumps(refusal.make(world))))

    finding = report.findings[refusal.row]
    assert (finding.code, finding.state) == (refusal.code, refusal.state)
    assert report.verdict == ("refused" if refusal.state == "bad" else "unknown")
    for language in ("en", "zh"):
        assert "{" not in sentence(finding.code, finding.params, language)


@pytest.mark.parametrize(
    "name", ["expired", "not yet valid", "revoked", "backdated with a retired key"]
)
def test_a_good_signature_alone_convinces_nobody(name):
    world = World()

    report = check(world, REFUSALS[name].make(world))

    assert report.findings["signature"].state == "good"
    assert report.findings["logged"].state == "good"
    assert report.verdict == "refused"


def test_a_bare_credential_is_undecided_although_its_signature_holds():
    world = World()

    report = check(world, world.certificate())

    states = {row: report.findings[row].state for row in ROWS}
    assert report.verdict == "unknown"
    assert states["signature"] == states["validity"] == "good"
    assert states["issuer"] == "unknown"
    assert states["logged"] == states["witnesses"] == states["status"] == "absent"


def test_what_was_issued_before_a_key_was_retired_or_lost_stays_valid():
    world = World()
    credential = world.certificate()
    world.publish_lists()
    world.add_key(ISSUER, "2")
    retired = world.retire_key(ISSUER)
    world.compromise_key(ISSUER, from_index=retired)

    assert check(world, world.bundle(credential)).verdict == "valid"


def test_a_suspension_can_be_lifted_the_list_logged_last_counts():
    world = World()
    credential = world.certificate()
    world.publish_list("suspension", [credential])
    earlier = world.bundle(credential)
    world.publish_list("suspension")
    later = world.bundle(credential)
    both = {**later, "status": [*earlier["status"], *later["status"]]}

    assert check(world, earlier).findings["status"].code == "status.suspended"
    assert check(world, both).verdict == "valid"


def test_two_of_three_witnesses_suffice():
    world = World()
    credential = world.certificate()
    evidence = world.evidence(world.places[credential["id"]], witnesses=[0, 2])

    report = check(world, world.bundle(credential, logged=evidence))

    assert report.verdict == "valid"
    assert report.findings["witnesses"].params["names"] == ["witness1.example", "witness3.example"]


def test_another_policy_that_trusts_other_witnesses_refuses():
    world, stranger = World(), World(7)
    policy = (
        world.policy.split("witness", 1)[0] + "witness" + stranger.policy.split("witness", 1)[1]
    )

    report = check(world, world.bundle(), policy=policy)

    assert report.findings["logged"].state == "good"
    assert report.findings["witnesses"].code == "witnesses.quorum"


def test_a_policy_that_asks_for_no_witness_decides_nothing():
    world = World(witnesses=0, needed=0)

    report = check(world, world.bundle())

    assert report.findings["witnesses"].code == "witnesses.absent"
    assert report.verdict == "unknown"


def test_validity_includes_both_ends():
    world = World()
    credential = world.certificate(
        valid_from="2026-01-01T00:00:00Z", valid_until="2026-12-31T00:00:00Z"
    )
    bundle = world.bundle(credential)

    def code(text):
        return check(world, bundle, now=datetime.fromisoformat(text)).findings["validity"].code

    assert code("2025-12-31T23:59:59Z") == "validity.not_yet"
    assert code("2026-01-01T00:00:00Z") == code("2026-12-31T00:00:00Z") == "validity.good"
    assert code("2026-12-31T00:00:01Z") == "validity.expired"


def test_a_time_in_another_zone_is_the_same_moment():
    world = World()
    credential = world.certificate(valid_from="2026-11-21T16:30:00+08:00")

    assert check(world, world.bundle(credential)).verdict == "valid"
    assert (
        check(world, world.bundle(credential), now=world.now - timedelta(seconds=1))
        .findings["validity"]
        .code
        == "validity.not_yet"
    )


@pytest.mark.parametrize("zone", ["+14:60", "+24:00", "-00", "+0800", ""])
def test_a_zone_that_is_none_is_refused(zone):
    world = World()
    bundle = changed(world.bundle(), "credential/validUntil", f"2031-07-01T00:00:00{zone}")

    assert check(world, bundle).findings["validity"].code == "validity.malformed"


@pytest.mark.parametrize("value", [["a"] * MAX_VALUES, [{"zh": ["a"]}] * MAX_VALUES])
def test_a_document_of_endless_values_is_given_up(value):
    world = World(suite=RDFC)
    bundle = world.bundle()
    contexts = [*bundle["credential"]["@context"], *value]

    for endless in (
        changed(bundle, "credential/name", value),
        changed(bundle, "credential/@context", contexts),
    ):
        assert check(world, endless).findings["signature"].code == "rdf.too_much_work"


def test_an_expired_proof_is_refused():
    world = World()
    document = world.unsigned()
    signed = world.sign(document)
    assert "expires" not in signed["proof"]
    late = changed({"credential": signed}, "credential/proof/expires", "2026-01-01T00:00:00Z")

    report = check(world, world.bundle(world.issue(late["credential"])))

    assert report.findings["validity"].code == "validity.proof_expired"
    assert report.findings["signature"].code == "signature.altered"


@pytest.mark.parametrize(
    "value", [{}, {"format": "cotutelle-bundle/2", "credential": {}}, {"@type": "x"}, {"format": 1}]
)
def test_what_is_neither_bundle_nor_credential_is_no_case_for_a_report(value):
    with pytest.raises(FileProblem) as refused:
        check(World(), value)

    assert refused.value.code == "file.unknown_kind"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="now"):
        check(World(), World().bundle(), now=datetime(2026, 11, 21))  # noqa: DTZ001


def test_the_same_bundle_gives_the_same_report_and_is_not_changed():
    world = World()
    bundle = world.bundle()
    before = json.dumps(bundle)

    first, second = check(world, bundle).as_json(), check(world, bundle).as_json()

    assert first == second
    assert json.dumps(bundle) == before
    assert [row["name"] for row in first["checks"]] == list(ROWS)
    assert first["checked_at"] == "2026-11-21T08:30:00Z"
    assert first["credential"]["issuer"]["zh"] == {"name": "示例医院"}


def test_no_single_character_can_be_changed_unnoticed():
    """Refused, undecided or unreadable; only when the bundle was made is nobody's word."""
    world = World(needed=3)
    text = json.dumps(world.bundle(), ensure_ascii=False)
    draw = random.Random(5)  # noqa: S311
    unnoticed = []
    for place in draw.sample(range(len(text)), 250):
        letter = draw.choice("0123456789abcdefXYZ")
        altered = text[:place] + letter + text[place + 1 :]
        if altered == text:
            continue
        try:
            if check(world, json.loads(altered)).verdict == "valid":
                unnoticed.append(text[place - 30 : place + 10])
        except ValueError:
            pass

    assert all('"made_at": ' in around for around in unnoticed), unnoticed


def test_a_list_of_another_institution_does_no_harm():
    world = World()
    world.add_key(OTHER)
    bundle = world.bundle()
    world.publish_lists(OTHER)

    assert check(world, world.bundle(bundle["credential"])).verdict == "valid"
