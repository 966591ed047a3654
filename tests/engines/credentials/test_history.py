"""Keys across two logs: the first was frozen, the second took over, both are in the policy."""

from __future__ import annotations

import pytest

from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.translog import threshold_policy
from tests.engines.credentials.world import ISSUER, World

SECOND = "demo.cotutelle.example/log/2"


def two_logs():
    """Return two worlds with the same institutions and witnesses, and a policy for both logs."""
    first, second = World(), World(origin=SECOND, start=0)
    keys = {w.verifier.name: w.verifier.vkey for w in first.witnesses}
    vkeys = [first.log.verifier.vkey, second.log.verifier.vkey]
    return first, second, threshold_policy(vkeys, keys, 2).text


def issuer_row(bundle, policy, now, *more):
    bundle = {**bundle, "keys": [*bundle["keys"], *more]}
    report = verify_bundle(bundle, policy=policy, now=now)
    assert report.findings["logged"].state == "good"
    return report.findings["issuer"].code


def test_a_certificate_of_the_frozen_log_stays_valid():
    first, second, policy = two_logs()
    bundle = first.bundle()
    more = [second.evidence(index) for index in second.key_events]

    assert issuer_row(bundle, policy, first.now, *more) == "issuer.good"


def test_a_key_announced_only_in_another_log_is_unknown():
    first, second, policy = two_logs()
    bundle = {**first.bundle(), "keys": []}
    more = [second.evidence(index) for index in second.key_events]

    assert issuer_row(bundle, policy, first.now, *more) == "issuer.unknown_key"


def test_a_retirement_in_the_next_log_leaves_the_old_certificates_alone():
    first, second, policy = two_logs()
    second.publish_lists()
    bundle, early = first.bundle(), second.certificate()
    place = second.retire_key(ISSUER)
    retired, late, after = second.evidence(place), second.bundle(early), second.certificate()

    assert place > second.places[early["id"]]
    assert issuer_row(bundle, policy, first.now, retired) == "issuer.good"
    assert issuer_row(late, policy, first.now, retired) == "issuer.good"
    assert issuer_row(second.bundle(after), policy, first.now) == "issuer.retired"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"from_index": 0}, "issuer.compromised"),
        ({"from_index": 0, "origin": SECOND}, "issuer.good"),
        ({"from_index": 4, "origin": World().origin}, "issuer.compromised"),
        ({"from_index": 5, "origin": World().origin}, "issuer.good"),
        ({"from_index": 5, "origin": 5}, "issuer.key_event"),
        ({"from_index": "5"}, "issuer.key_event"),
        ({"from_index": None}, "issuer.key_event"),
        ({"from_index": -1}, "issuer.key_event"),
        ({"from_index": True}, "issuer.key_event"),
    ],
)
def test_a_compromise_told_by_the_next_log_says_which_log_it_means(members, code):
    first, second, policy = two_logs()
    bundle = first.bundle()
    assert bundle["logged"]["proof"].split("\n")[1] == "index 4"
    told = second.evidence(second.key_event(ISSUER, "1", event="compromised", **members))

    assert issuer_row(bundle, policy, first.now, told) == code


@pytest.mark.parametrize(
    "members",
    [{"event": "lost"}, {"key": "z6Mk"}, {"key": 5}, {"controller": None}, {"event": None}],
)
def test_a_malformed_event_spoils_the_list(members):
    world = World()
    bundle = world.bundle()
    told = {"event": "retired", **members}

    more = world.evidence(world.key_event(ISSUER, "9", **told))

    assert issuer_row(bundle, world.policy, world.now, more) == "issuer.key_event"


def test_a_retirement_is_not_compared_with_places_in_another_log():
    first, second, policy = two_logs()
    bundle = first.bundle()

    place = second.retire_key(ISSUER)

    assert place < first.places[bundle["credential"]["id"]]
    assert issuer_row(bundle, policy, first.now, second.evidence(place)) == "issuer.good"
