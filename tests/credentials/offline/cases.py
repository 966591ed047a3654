"""Files to check, good and bad, by name: what is refused on the server, transcripts, anchors, other policies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cotutelle.engines.translog import inclusion_proof
from tests.engines.credentials.refusals import REFUSALS, changed
from tests.engines.credentials.world import ISSUER, World


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
    "transcript that counts too few": _of(lambda w: w.transcript_bundle(count=3, shown=[1, 2, 3])),
    "transcript of another head": _of(lambda w: w.transcript_bundle(head="0" * 64)),
    "transcript with an erased event": _of(_erased_event),
    "transcript without evidence of its members": _of(lambda w: {**w.transcript_bundle(), "members": []}),
    "bare transcript": _of(lambda w: w.transcript_bundle()["credential"]),
    "anchored on a chain": _of(_anchored()),
    "anchor of another root": _of(_anchored(root="00" * 32)),
    "anchor of another log": _of(_anchored(origin="other.example/log")),
    "anchor without a time": _of(_anchored(at="once")),
    "anchor of an unknown kind": _of(_anchored(type="newspaper")),
    "no object": _of(lambda w: [1]),
    "neither bundle nor credential": _of(lambda w: {"a": 1}),
    **{name: _of(refusal.make) for name, refusal in REFUSALS.items()},
}  # fmt: skip
