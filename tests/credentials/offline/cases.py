"""Files to check, good and bad, by name: what is refused on the server, transcripts, anchors, other policies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cotutelle.engines.translog import (
    Algorithm,
    Signer,
    commitment,
    entry_bytes,
    inclusion_proof,
    statement_entry,
)
from tests.engines.credentials.histories import HISTORIES
from tests.engines.credentials.refusals import REFUSALS, changed
from tests.engines.credentials.world import ISSUER, OTHER, World

SHOWN = "credential/credentialSubject/trace/shown"
COUNT = "credential/credentialSubject/trace/count"


@dataclass(frozen=True)
class Case:
    """A file, whom to believe about the log, and when."""

    text: str
    policy: str
    now: datetime


def _case(
    world: World, bundle: Any, policy: str | None = None, now: datetime | None = None
) -> Case:
    text = json.dumps(bundle, ensure_ascii=False)
    return Case(text, policy or world.policy, now or world.now)


def _of(make: Callable[[World], Any], **world: Any) -> Callable[[], Case]:
    def build() -> Case:
        here = World(**world)
        return _case(here, make(here))

    return build


def _anchored(**changes: Any) -> Callable[[World], Any]:
    def make(world: World) -> Any:
        credential = world.certificate()
        index, size = world.places[credential["id"]], len(world.entries)
        hashes = inclusion_proof(world.tree, index, size)
        anchor = {
            "type": "evm",
            "chain_id": 1337,
            "contract": "0x01",
            "origin": world.origin,
            "size": size,
            "root": world.tree.root(size).hex(),
            "at": "2026-11-20T08:30:00Z",
            "inclusion": [base64.b64encode(one).decode() for one in hashes],
        }
        return world.bundle(credential, anchors=[{**anchor, **changes}])

    return make


def _stamped(token: Any) -> Callable[[World], Any]:
    return _anchored(type="rfc3161", token=token)


def _elsewhere() -> Case:
    world = World()
    return _case(world, world.bundle(), policy=World(7).policy)


def _at(**later: float) -> Callable[[], Case]:
    def build() -> Case:
        world = World()
        return _case(world, world.bundle(), now=world.now + timedelta(**later))

    return build


def _retired_later(world: World) -> Any:
    bundle = world.bundle()
    world.add_key(ISSUER, "2")
    world.retire_key(ISSUER)
    return {**bundle, "keys": [world.evidence(index) for index in world.key_events]}


def _origin_of_another(world: World) -> Any:
    """A log of the policy signs, under its own name, the checkpoint of another log."""
    world.origin = "elsewhere.example/log"
    return world.bundle()


def _next_log() -> World:
    """A log of its own key, seen by the same witnesses."""
    later = World(origin="demo.cotutelle.example/log/2")
    later.log = Signer(later.origin, Algorithm.ED25519, b"2" * 32)
    return later


def _two_logs(event: str, **members: Any) -> Callable[[], Case]:
    """The next log of the same operator knows more about the key than the log of the certificate."""

    def build() -> Case:
        world, later = World(), _next_log()
        bundle = world.bundle()
        if event != "added":
            later.key_event(ISSUER, "1", event=event, **members)
        keys = [*bundle["keys"], *(later.evidence(index) for index in later.key_events)]
        policy = f"log {later.log.verifier.vkey}\n{world.policy}"
        return _case(world, {**bundle, "keys": keys}, policy)

    return build


def _only_in_the_next_log() -> Case:
    world, later = World(), _next_log()
    keys = [later.evidence(index) for index in later.key_events]
    policy = f"log {later.log.verifier.vkey}\n{world.policy}"
    return _case(world, {**world.bundle(), "keys": keys}, policy)


def _two_copies(*, newest_first: bool, revoked_last: bool) -> Callable[[World], Any]:
    """Two states of one list: the one that was logged later counts, wherever it stands."""

    def make(world: World) -> Any:
        credential = world.certificate()
        copies = []
        for is_set in (not revoked_last, revoked_last):
            world.publish_list("revocation", [credential] if is_set else [])
            copies.append(world.status_lists[f"{ISSUER} revocation"])
        bundle = world.bundle(credential)
        others = [one for one in bundle["status"] if "/suspension/" in one["credential"]["id"]]
        told = [{"credential": doc, "logged": world.evidence(at)} for doc, at in copies]
        return {**bundle, "status": [*(reversed(told) if newest_first else told), *others]}

    return make


def _list_logged_by_another(world: World) -> Any:
    bundle = world.bundle()
    statement = bundle["status"][0]["logged"]["entry"]["statement"]
    index = world.append(statement_entry(OTHER, "status", "2026-11-21", statement))
    return changed(bundle, "status/0/logged", world.evidence(index))


def _exchanged_event(world: World) -> Any:
    """The second event is exchanged for another of the same number, on which the third does not build."""
    trace = world.new_uuid()
    first, other = (world.decide("assessment.rating.signed", trace=trace) for _ in range(2))
    world.traces[trace].pop()
    world.decide("assessment.rating.amended", trace=trace)
    member = world.certificate(trace=trace)
    last = world.places[member["id"]]
    document = world.transcript([member], trace, [1, 2, 3])
    return world.bundle(document, members=[member], disclosed=[first, other, last])


def _first_event_with_one_before(world: World) -> Any:
    """The trace calls its first event a later one's heir: it was cut off in front."""
    trace = world.new_uuid()
    world.decide("assessment.rating.signed", trace=trace)
    payload, salt = dict(world.entries[-1][1] or {}), bytes(31) + b"x"
    payload["trace"] = {"id": trace, "seq": 1, "prev": "0" * 64}
    entry = entry_bytes(ISSUER, "decision", "2026-11-21", commitment(payload, salt))
    world.traces[trace] = [world.append(entry, payload, salt)]
    document = world.transcript([], trace)
    return world.bundle(document, disclosed=[world.traces[trace][0]])


def _erased_event(world: World) -> Any:
    bundle = world.transcript_bundle()
    return changed(changed(bundle, "disclosed/1/payload", None), "disclosed/1/salt", None)


CASES: dict[str, Callable[[], Case]] = {
    "valid": _of(lambda w: w.bundle()),
    "one history, three hundred entries": _of(lambda w: w.bundle(), start=300),
    "five of seven witnesses": _of(lambda w: w.bundle(), witnesses=7, needed=5),
    "no witnesses asked for": _of(lambda w: w.bundle(), witnesses=0, needed=0),
    "never revoked": _of(lambda w: w.bundle(w.certificate(status=()))),
    "without an end": _of(lambda w: w.bundle(w.certificate(valid_until=None))),
    "key retired afterwards": _of(_retired_later),
    "bare credential": _of(lambda w: w.certificate()),
    "another policy": _elsewhere,
    "years later": _at(days=4000),
    "too early": _at(days=-30),
    "an hour before the list": _at(hours=-1),
    "transcript": _of(lambda w: w.transcript_bundle()),
    "transcript of one event": _of(lambda w: w.transcript_bundle(events=1)),
    "partial transcript": _of(lambda w: w.transcript_bundle(shown=[2, 5], events=7)),
    "transcript without its middle": _of(lambda w: w.transcript_bundle(disclosed=[1, 3, 4])),
    "transcript with too much": _of(lambda w: w.transcript_bundle(shown=[1, 3], disclosed=[1, 2, 3])),
    "transcript with an event twice": _of(lambda w: w.transcript_bundle(disclosed=[1, 2, 2, 3, 4])),
    "transcript that says twice what it shows": _of(lambda w: changed(w.transcript_bundle(), SHOWN, [1, 2, 2, 1])),
    "transcript whose count has a point": _of(lambda w: changed(w.transcript_bundle(), COUNT, 4.0)),
    "until a time in no zone": _of(lambda w: changed(w.bundle(), "credential/validUntil", "2031-07-01T00:00:00+14:60")),
    "transcript that counts too few": _of(lambda w: w.transcript_bundle(count=3, shown=[1, 2, 3])),
    "transcript of another head": _of(lambda w: w.transcript_bundle(head="0" * 64)),
    "checkpoint of another origin": _of(_origin_of_another),
    "key announced in two logs": _two_logs("added"),
    "key retired in the next log": _two_logs("retired"),
    "key compromised, says the next log": _two_logs("compromised", from_index=10**6),
    "key compromised in the next log alone": _two_logs("compromised", from_index=0, origin="demo.cotutelle.example/log/2"),
    "key compromised in this log from the start": _two_logs("compromised", from_index=0, origin="demo.cotutelle.example/log/1"),
    "key compromised in this log later": _two_logs("compromised", from_index=10**6, origin="demo.cotutelle.example/log/1"),
    "key compromised in no log": _two_logs("compromised", from_index=0, origin=""),
    "key compromised in what is no log": _two_logs("compromised", from_index=0, origin=1),
    "key compromised nowhere": _two_logs("compromised", from_index="0"),
    "key announced in the next log alone": _only_in_the_next_log,
    "revoked by the second copy": _of(_two_copies(newest_first=False, revoked_last=True)),
    "revoked by the first copy": _of(_two_copies(newest_first=True, revoked_last=True)),
    "reinstated by the second copy": _of(_two_copies(newest_first=False, revoked_last=False)),
    "reinstated by the first copy": _of(_two_copies(newest_first=True, revoked_last=False)),
    "list logged by another": _of(_list_logged_by_another),
    "transcript with an exchanged event": _of(_exchanged_event),
    "transcript cut off in front": _of(_first_event_with_one_before),
    "transcript with an erased event": _of(_erased_event),
    "transcript without evidence of its members": _of(lambda w: {**w.transcript_bundle(), "members": []}),
    "transcript that discloses null": _of(lambda w: {**w.transcript_bundle(), "disclosed": None}),
    "keys that are null": _of(lambda w: {**w.bundle(), "keys": None}),
    "status that is null": _of(lambda w: {**w.bundle(), "status": None}),
    "bare transcript": _of(lambda w: w.transcript_bundle()["credential"]),
    "anchored on a chain": _of(_anchored()),
    "anchor of another root": _of(_anchored(root="00" * 32)),
    "anchor of another log": _of(_anchored(origin="other.example/log")),
    "anchor without a time": _of(_anchored(at="once")),
    "anchor that names no contract": _of(_anchored(contract=None, chain_id=1.5)),
    "signed by another suite": _of(lambda w: changed(w.bundle(), "credential/proof/cryptosuite", "x" * 300)),
    "signed for another purpose": _of(lambda w: changed(w.bundle(), "credential/proof/proofPurpose", "x" * 300)),
    "anchor with stray bits": _of(_anchored(inclusion=["A" * 42 + "B="])),
    "time-stamp that is no base64": _of(_stamped("*")),
    "time-stamp that is no text": _of(_stamped(1)),
    "time-stamp of nothing": _of(_stamped("")),
    "time-stamp that is none": _of(_stamped("AAAA")),
    "anchor of an unknown kind": _of(_anchored(type="newspaper")),
    "no object": _of(lambda w: [1]),
    "neither bundle nor credential": _of(lambda w: {"a": 1}),
    **{name: _of(make) for name, (make, _code) in HISTORIES.items()},
    **{name: _of(refusal.make) for name, refusal in REFUSALS.items()},
}  # fmt: skip
