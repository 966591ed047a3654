"""Bundles that show one log at several sizes: proven to belong together, not proven, and forked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tests.engines.credentials.world import World

Make = Callable[[World], dict[str, Any]]


def seen_early(world: World, *more: int) -> dict[str, Any]:
    """Return a bundle whose key event was proven at four entries, and ``more`` of them later."""
    bundle = world.bundle()
    sizes = (4, *more)
    return {**bundle, "keys": [world.evidence(world.key_events[0], size=one) for one in sizes]}


def proven(*pairs: tuple[int, int], more: tuple[int, ...] = (), **changes: Any) -> Make:
    """Return a maker of `seen_early` with proofs; a size 0 is that of the log, counted from there."""

    def make(world: World) -> dict[str, Any]:
        world.decide()
        bundle, size = seen_early(world, *more), len(world.entries)
        proofs = [world.consistency(small or size, large or size) for small, large in pairs]
        return {**bundle, "consistency": [{**one, **changes} for one in proofs]}

    return make


def told(proofs: Any) -> Make:
    """Return a maker of a bundle that carries ``proofs`` as they are."""
    return lambda world: {**seen_early(world), "consistency": proofs}


def forked(*, with_proof: bool) -> Make:
    """Return a maker of a bundle in which the key was proven in a shorter, other history."""

    def make(world: World) -> dict[str, Any]:
        bundle = world.bundle()
        twin = World(world.seed)
        twin.decide("a history that others see")
        found = {**bundle, "keys": [twin.evidence(twin.key_events[0])]}
        small, large = len(twin.entries), len(world.entries)
        proofs = [world.consistency(small, large)]
        return {**found, "consistency": proofs} if with_proof else found

    return make


def anchored_early(*, with_proof: bool) -> Make:
    """Return a maker of a bundle whose anchor is of a smaller tree than its checkpoint."""
    from tests.engines.credentials.test_anchors import anchor  # noqa: PLC0415

    def make(world: World) -> dict[str, Any]:
        credential = world.certificate()
        early = anchor(world, credential)
        bundle = world.bundle(credential, anchors=[early])
        proofs = [world.consistency(early["size"], len(world.entries))]
        return {**bundle, "consistency": proofs} if with_proof else bundle

    return make


def altered(make: Make) -> Make:
    """Return a maker of the same with the first hash of the proof exchanged."""

    def other(world: World) -> dict[str, Any]:
        found = copy.deepcopy(make(world))
        found["consistency"][0]["proof"][0] = "A" * 43 + "="
        return found

    return other


_PROOF: Mapping[str, Any] = {"origin": "x", "from": 1, "to": 2, "proof": []}
HISTORIES: dict[str, tuple[Make, str]] = {
    "two sizes, proven": (proven((4, 0)), "witnesses.good"),
    "two sizes, not compared": (seen_early, "witnesses.apart"),
    "two sizes, no proofs": (told([]), "witnesses.apart"),
    "two sizes, null for proofs": (told(None), "witnesses.apart"),
    "two sizes, altered proof": (altered(proven((4, 0))), "witnesses.inconsistent"),
    "two sizes, empty proof": (proven((4, 0), proof=[]), "witnesses.inconsistent"),
    "two sizes, a short hash": (proven((4, 0), proof=["AAAA"]), "witnesses.inconsistent"),
    "two sizes, proof of another log": (proven((4, 0), origin="b.example"), "witnesses.apart"),
    "two sizes, proof of other sizes": (proven((3, 0), (4, 6)), "witnesses.apart"),
    "three sizes in a chain": (proven((5, 0), (4, 5), more=(5,)), "witnesses.good"),
    "three sizes, a chain with a gap": (proven((4, 5), more=(5,)), "witnesses.apart"),
    "three sizes, one of them left": (proven((4, 0), more=(5,)), "witnesses.apart"),
    "a fork between two sizes": (forked(with_proof=True), "witnesses.inconsistent"),
    "a fork that nothing compares": (forked(with_proof=False), "witnesses.apart"),
    "an early anchor, proven": (anchored_early(with_proof=True), "witnesses.good"),
    "an early anchor, not compared": (anchored_early(with_proof=False), "witnesses.apart"),
    "proofs that are no list": (told({}), "witnesses.malformed"),
    "a proof that is no object": (told(["x"]), "witnesses.malformed"),
    "a proof without its log": (told([{**_PROOF, "origin": None}]), "witnesses.malformed"),
    "a proof from no entry": (told([{**_PROOF, "from": 0}]), "witnesses.malformed"),
    "a proof backwards": (told([{**_PROOF, "from": 3}]), "witnesses.malformed"),
    "a proof from a truth": (told([{**_PROOF, "from": True}]), "witnesses.malformed"),
    "a proof to a half": (told([{**_PROOF, "to": 2.5}]), "witnesses.malformed"),
    "a proof to a text": (told([{**_PROOF, "to": "2"}]), "witnesses.malformed"),
    "a proof that is a text": (told([{**_PROOF, "proof": "AAAA"}]), "witnesses.malformed"),
    "a proof of numbers": (told([{**_PROOF, "proof": [1]}]), "witnesses.malformed"),
    "a proof that is no base64": (told([{**_PROOF, "proof": ["*"]}]), "witnesses.malformed"),
    "too many proofs": (told([_PROOF] * 65), "witnesses.malformed"),
    "as many proofs as may be": (told([_PROOF] * 64), "witnesses.apart"),
}
