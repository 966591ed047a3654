"""Transcripts: whole, partial and told so, or tampered with."""

from __future__ import annotations

import pytest

from cotutelle.engines.credentials.errors import FileProblem
from cotutelle.engines.credentials.integrity import RDFC
from cotutelle.engines.credentials.status import status_entry
from cotutelle.engines.credentials.transcripts import build_transcript
from cotutelle.engines.credentials.verifying import MAX_MEMBERS, MAX_RDFC, verify_bundle
from cotutelle.engines.credentials.words import sentence
from tests.engines.credentials.refusals import changed
from tests.engines.credentials.world import ISSUER, World, both


def check(world, bundle):
    return verify_bundle(bundle, policy=world.policy, now=world.now)


def finding(world, bundle, row="completeness"):
    found = check(world, bundle).findings[row]
    assert "{" not in sentence(found.code, found.params, "zh")
    return found.code


def test_a_whole_transcript_is_valid_and_says_so():
    world = World()

    report = check(world, world.transcript_bundle())

    assert report.verdict == "valid"
    assert report.findings["completeness"].code == "completeness.whole"
    assert [one["zh"]["name"] for one in report.credential["contains"]] == ["综合评价"]


@pytest.mark.parametrize("shown", [[1, 2], [1, 3], [2, 4], [4], []])
def test_a_part_says_that_it_is_a_part(shown):
    world = World()

    report = check(world, world.transcript_bundle(shown))

    assert report.verdict == "valid"
    found = report.findings["completeness"]
    assert (found.state, found.code) == ("good", "completeness.partial")
    assert found.params == {"shown": len(shown), "count": 4}


def test_a_middle_event_cannot_be_left_out_of_a_whole_transcript():
    world = World()

    assert finding(world, world.transcript_bundle(disclosed=[1, 2, 4])) == "completeness.missing"


def test_an_event_cannot_be_added_to_a_part():
    world = World()

    assert finding(world, world.transcript_bundle([1, 3], disclosed=[1, 2, 3])) == (
        "completeness.extra"
    )


def test_an_event_shown_twice_is_refused():
    world = World()

    assert finding(world, world.transcript_bundle(disclosed=[1, 2, 2, 3, 4])) == (
        "completeness.duplicate"
    )
    assert finding(World(), changed(world.transcript_bundle(), "disclosed", "all")) == (
        "completeness.malformed"
    )


def test_an_issuer_that_drops_an_event_and_counts_anew_is_found_out():
    """The events shown claim to be 1, 2 and 3 of 3, but the third follows a hidden one."""
    world = World()
    trace = world.new_uuid()
    for _ in range(2):
        world.decide(trace=trace)
    hidden = world.decide("assessment.gate.failed", trace=trace)
    world.traces[trace].remove(hidden)
    follows_hidden = world.evidence(hidden)["entry"]["commitment"]
    last = world.decide(trace=trace, place={"id": trace, "seq": 3, "prev": follows_hidden})
    document = world.transcript([], trace, count=3)

    bundle = world.bundle(document, disclosed=[*world.traces[trace][:2], last])

    assert finding(world, bundle) == "completeness.gap"


def test_the_last_event_must_be_the_one_that_was_signed():
    world = World()

    bundle = world.transcript_bundle(head="0" * 64)

    assert finding(world, bundle) == "completeness.head"


def test_the_first_event_has_none_before_it():
    world = World()
    trace = world.new_uuid()
    first = world.decide(place={"id": trace, "seq": 1, "prev": "1" * 64})
    world.traces[trace] = [first]

    bundle = world.bundle(world.transcript([], trace), disclosed=[first])

    assert finding(world, bundle) == "completeness.gap"


def test_an_event_of_another_trace_is_refused():
    world = World()
    mine, theirs = world.new_uuid(), world.new_uuid()
    world.decide(trace=mine)
    other = world.decide(trace=theirs)

    bundle = world.bundle(world.transcript([], mine), disclosed=[other])

    assert finding(world, bundle) == "completeness.extra"


def test_a_certificate_of_another_trace_is_refused():
    world = World()
    trace = world.new_uuid()
    mine = world.decide(trace=trace)
    stranger = world.certificate(trace=world.new_uuid())
    document = world.transcript([stranger], trace)

    bundle = world.bundle(document, members=[stranger], disclosed=[mine])

    assert finding(world, bundle) == "completeness.member"


def test_an_event_that_is_not_proven_is_refused():
    world = World()
    bundle = world.transcript_bundle()

    assert finding(world, changed(bundle, "disclosed/1/salt", "0" * 64)) == "completeness.evidence"
    assert finding(world, changed(bundle, "disclosed/1/payload", None)) == "completeness.extra"


def test_an_empty_trace_is_whole():
    world = World()
    trace = world.new_uuid()
    world.traces[trace] = []

    report = check(world, world.bundle(world.transcript([], trace)))

    assert report.findings["completeness"].code == "completeness.whole"


def test_a_revoked_certificate_makes_the_transcript_refused_and_is_named():
    world = World()
    bundle = world.transcript_bundle()
    member = bundle["credential"]["credentialSubject"]["verifiableCredential"][0]
    world.publish_list("revocation", [member])
    lists = [
        {"credential": document, "logged": world.evidence(index)}
        for document, index in world.status_lists.values()
    ]

    report = check(world, {**bundle, "status": lists})

    found = report.findings["status"]
    assert (found.code, found.params["code"]) == ("status.member", "status.revoked")
    assert "Integrated evaluation" in sentence(found.code, found.params, "en")
    assert "已被撤销" in sentence(found.code, found.params, "zh")
    assert report.verdict == "refused"


def test_a_certificate_inside_must_itself_be_signed_and_logged():
    world = World()
    trace = world.new_uuid()
    good = world.certificate(trace=trace)
    altered = changed(good, "credentialSubject/facts/value", 100)
    document = world.transcript([altered], trace)
    bundle = world.bundle(document, members=[good], disclosed=[world.traces[trace][0]])

    report = check(world, bundle)

    assert report.findings["signature"].code == "signature.member"
    assert report.findings["logged"].code == "logged.member"
    assert report.verdict == "refused"


def test_a_member_without_evidence_leaves_the_transcript_undecided():
    world = World()
    bundle = {**world.transcript_bundle(), "members": []}

    report = check(world, bundle)

    assert report.findings["logged"].code == "logged.member"
    assert report.verdict == "unknown"


def test_so_many_contained_credentials_are_read_and_no_more():
    world = World()
    trace = world.new_uuid()
    world.traces[trace] = []
    one = {"proof": {"cryptosuite": RDFC}}
    half = [{"proof": [one["proof"]] * (MAX_RDFC // 2)}]
    lists = {"status": [{"credential": one}] * (MAX_RDFC // 2 + 1)}

    for members in ([{}] * (MAX_MEMBERS + 1), [one] * (MAX_RDFC + 1), half * 2 + [one]):
        with pytest.raises(FileProblem, match=r"file\.too_large"):
            check(world, world.transcript(members, trace))
    with pytest.raises(FileProblem, match=r"file\.too_large"):
        check(world, {**world.bundle(world.transcript(half, trace)), **lists})


def test_a_stranger_s_numbers_are_looked_at_once_each():
    many = 100_000
    world = World()
    shown = [*range(1, many + 1), many]
    trace = {"id": "t", "count": many, "head": "0" * 64, "shown": shown}

    report = check(
        world, changed(world.transcript_bundle(), "credential/credentialSubject/trace", trace)
    )

    found = report.findings["completeness"]
    assert (found.code, found.params) == ("completeness.duplicate", {"seq": many})


def test_a_stranger_s_lists_are_looked_at_once_each():
    world = World()
    entries = [status_entry(f"urn:list:{n}", 1, "revocation") for n in range(4 * MAX_MEMBERS)]
    members = [{"credentialStatus": entries[at : at + 4]} for at in range(0, len(entries), 4)]
    own = [status_entry("urn:list:own", 1, "revocation")]
    transcript = world.transcript_bundle()["credential"]
    transcript = changed(transcript, "credentialSubject/verifiableCredential", members)
    lists = [{"credential": {"id": "urn:list:own"}}] * 50_000

    report = check(
        world, {**world.bundle({**transcript, "credentialStatus": own}), "status": lists}
    )

    assert report.findings["status"].code == "status.malformed"


def test_a_bare_transcript_shows_no_events():
    world = World()

    report = check(world, world.transcript_bundle()["credential"])

    assert report.findings["completeness"].code == "completeness.absent"
    assert report.verdict == "unknown"


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"count": -1}, "count"),
        ({"head": None}, "head"),
        ({"count": 0}, "head"),
        ({"shown": [1, 1]}, "shown"),
        ({"shown": [3]}, "shown"),
        ({"shown": [0]}, "shown"),
        ({"as_of": "today"}, "today"),
    ],
)
def test_a_transcript_that_contradicts_itself_is_not_built(changes, argument):
    told = {
        "credential_id": "urn:uuid:1",
        "issuer": {"id": ISSUER, "name": both("a", "甲")},
        "valid_from": "2026-11-21T08:30:00Z",
        "name": both("a", "甲"),
        "credentials": [],
        "subject_id": "urn:uuid:2",
        "trace_id": "t",
        "count": 2,
        "head": "0" * 64,
        "as_of": "2026-11-21T08:30:00Z",
        "shown": [1, 2],
    }

    with pytest.raises(ValueError, match=argument):
        build_transcript(**{**told, **changes})


@pytest.mark.parametrize(
    "trace",
    [
        {},
        {"id": "t", "count": True, "head": "0", "shown": []},
        {"id": "t", "count": 1, "head": None, "shown": []},
        {"id": "t", "count": 0, "head": "0", "shown": []},
        {"id": "t", "count": 1, "head": "0", "shown": [2]},
        {"id": "t", "count": 1, "head": "0", "shown": ["1"]},
        {"id": 1, "count": 0, "head": None, "shown": []},
    ],
)
def test_a_malformed_trace_is_refused(trace):
    world = World()
    key = world.new_uuid()
    world.decide(trace=key)
    document = world.transcript([], key)
    bare = {name: value for name, value in document.items() if name != "proof"}
    subject = {**bare["credentialSubject"], "trace": trace}
    signed = world.issue(world.sign({**bare, "credentialSubject": subject}))

    assert finding(world, world.bundle(signed)) == "completeness.malformed"
