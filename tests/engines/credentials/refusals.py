"""Bundles that must not be believed, each with the row and the code that says why."""

from __future__ import annotations

import base64
import copy
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cotutelle.engines.credentials.status import encode_list, status_entry
from cotutelle.engines.credentials.times import write_time
from tests.engines.credentials.world import ISSUER, OTHER, PURPOSES, World, list_url

Make = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Refusal:
    """A bundle made in a world, and the one row that is to be ``state`` with ``code``."""

    make: Make
    row: str
    code: str
    state: str = "bad"


def changed(bundle: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of ``bundle`` with the member at ``path`` replaced (None: removed)."""
    found = copy.deepcopy(bundle)
    *steps, last = path.split("/")
    place: Any = found
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return found


def edit(path: str, value: Any) -> Make:
    """Return a maker of a valid bundle with one member changed."""
    return lambda world: changed(world.bundle(), path, value)


def signed_but(**changes: Any) -> Make:
    """Return a maker of a bundle whose certificate is signed and logged with these changes."""
    return lambda world: world.bundle(world.certificate(**changes))


def document_but(**members: Any) -> Make:
    """Return a maker of a bundle of a document whose members are replaced before it is signed."""

    def make(world: World) -> dict[str, Any]:
        return world.bundle(world.issue(world.sign({**world.unsigned(), **members})))

    return make


def logged_but(**changes: Any) -> Make:
    """Return a maker of a bundle whose issuing is logged with another payload or entry."""
    return lambda world: world.bundle(world.issue(world.sign(world.unsigned()), **changes))


def list_but(**changes: Any) -> Make:
    """Return a maker of a bundle whose revocation list is made differently."""

    def make(world: World) -> dict[str, Any]:
        world.publish_list("revocation", **changes)
        return world.bundle()

    return make


def _other_signs(world: World) -> dict[str, Any]:
    world.add_key(OTHER)
    return world.bundle(world.issue(world.sign(world.unsigned(), controller=OTHER)))


def _key_of_another(world: World) -> dict[str, Any]:
    world.add_key(OTHER)
    method = f"{ISSUER}#{world.multikey(OTHER)}"
    document = world.sign(world.unsigned(), controller=OTHER, verification_method=method)
    return world.bundle(world.issue(document))


def _unknown_key(world: World) -> dict[str, Any]:
    return world.bundle(world.issue(world.sign(world.unsigned(), key="never announced")))


def _backdated(world: World) -> dict[str, Any]:
    world.publish_lists()
    world.retire_key(ISSUER)
    early = write_time(world.now - timedelta(days=300))
    document = world.sign(world.unsigned(valid_from=early), created=early)
    return world.bundle(world.issue(document))


def _retired_and_added_again(world: World) -> dict[str, Any]:
    world.publish_lists()
    world.retire_key(ISSUER)
    world.add_key(ISSUER)
    return world.bundle()


def _compromised(world: World) -> dict[str, Any]:
    world.publish_lists()
    credential = world.certificate()
    world.compromise_key(ISSUER, from_index=world.places[credential["id"]])
    return world.bundle(credential)


def _before_added(world: World) -> dict[str, Any]:
    credential = world.issue(world.sign(world.unsigned(), key="2"))
    world.add_key(ISSUER, "2")
    return world.bundle(credential)


def _two_owners(world: World) -> dict[str, Any]:
    world.key_event(OTHER, "1", event="added", key=world.multikey(ISSUER), suite="ed25519")
    return world.bundle()


def _event_for_another(world: World) -> dict[str, Any]:
    world.key_event(ISSUER, "1", event="added", controller=OTHER)
    return world.bundle()


def _event_without_witnesses(world: World) -> dict[str, Any]:
    return changed(world.bundle(), "keys/0", world.evidence(world.key_events[0], witnesses=[0]))


def _evidence_of_another(world: World) -> dict[str, Any]:
    mine, theirs = world.certificate(), world.certificate()
    return world.bundle(mine, logged=world.evidence(world.places[theirs["id"]]))


def _proof_of_another(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    return changed(bundle, "logged/proof", bundle["keys"][0]["proof"])


def _wrong_index(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    index = world.places[bundle["credential"]["id"]]
    proof = bundle["logged"]["proof"].replace(f"\nindex {index}\n", f"\nindex {index - 1}\n")
    return changed(bundle, "logged/proof", proof)


def _of_another_log(world: World) -> dict[str, Any]:
    other = World(world.seed, origin="another.example/log")
    return other.bundle()


def _log_signature(world: World) -> dict[str, Any]:
    imposter = World(99)
    bundle = world.bundle()
    line = next(line for line in imposter.note(1).split("\n") if world.origin in line[2:])
    own = next(line for line in bundle["logged"]["proof"].split("\n") if line.startswith("— demo"))
    name, _, data = own.rpartition(" ")
    forged = f"{name} {data[:20]}{'A' if data[20] != 'A' else 'B'}{data[21:]}"
    assert line != own
    return changed(bundle, "logged/proof", bundle["logged"]["proof"].replace(own, forged))


def _too_few(world: World) -> dict[str, Any]:
    credential = world.certificate()
    bundle = world.bundle(credential)
    evidence = world.evidence(world.places[credential["id"]], witnesses=[1])
    return changed(bundle, "logged", evidence)


def _witness_signature(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    lines = bundle["logged"]["proof"].split("\n")
    number = next(n for n, line in enumerate(lines) if line.startswith("— witness1.example"))
    middle = len(lines[number]) - 20
    letter = "A" if lines[number][middle] != "A" else "B"
    lines[number] = lines[number][:middle] + letter + lines[number][middle + 1 :]
    return changed(bundle, "logged/proof", "\n".join(lines))


def _fork(world: World) -> dict[str, Any]:
    """The log shows the certificate in one history and the key in another of the same size."""
    bundle = world.bundle()
    twin = World(world.seed)
    while len(twin.entries) < len(world.entries):
        twin.decide("a history that others see")
    return changed(bundle, "keys/0", twin.evidence(twin.key_events[0]))


def _revoked(purpose: str) -> Make:
    def make(world: World) -> dict[str, Any]:
        credential = world.certificate()
        world.publish_list(purpose, [credential])
        return world.bundle(credential)

    return make


def _list_by_another(world: World) -> dict[str, Any]:
    world.add_key(OTHER)
    world.publish_list("revocation", signed_by=OTHER)
    return world.bundle()


def _list_of_another(world: World) -> dict[str, Any]:
    """The other institution publishes a list under this issuer's address."""
    world.add_key(OTHER)
    world.publish_list("revocation", issuer=OTHER, id=list_url(ISSUER, "revocation"))
    bundle = world.bundle()
    mine = list_url(ISSUER, "revocation")
    lists = [
        item
        for item in bundle["status"]
        if item["credential"]["id"] != mine or item["credential"]["issuer"] == OTHER
    ]
    return {**bundle, "status": lists}


def _list_altered(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    place = next(
        n for n, item in enumerate(bundle["status"]) if item["credential"]["id"].find("/rev") > 0
    )
    return changed(
        bundle,
        f"status/{place}/credential/credentialSubject/encodedList",
        encode_list(bytes(2**14 + 8)),
    )


def _list_without_witnesses(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    index = next(iter(world.status_lists.values()))[1]
    return changed(bundle, "status/0/logged", world.evidence(index, witnesses=[2]))


def _list_key_retired(world: World) -> dict[str, Any]:
    credential = world.certificate()
    world.add_key(ISSUER, "2")
    world.retire_key(ISSUER)
    world.publish_list("suspension", key="2")
    world.publish_list("revocation", key="1")
    return world.bundle(credential)


def _list_subject(**members: Any) -> Make:
    def make(world: World) -> dict[str, Any]:
        subject = {
            "id": f"{list_url(ISSUER, 'revocation')}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode_list(bytes(2**14)),
        }
        world.publish_list("revocation", credentialSubject={**subject, **members})
        return world.bundle()

    return make


def _statuses(purpose: str, index: int) -> list[dict[str, Any]]:
    other = next(one for one in PURPOSES if one != purpose)
    return [
        status_entry(list_url(ISSUER, other), 5, other),
        status_entry(list_url(ISSUER, purpose), index, purpose),
    ]


def _other_list(world: World) -> dict[str, Any]:
    bundle = world.bundle()
    document, index = world.status_lists[f"{ISSUER} revocation"]
    world.publish_list("revocation", id=f"{list_url(ISSUER, 'revocation')}0")
    other, place = world.status_lists[f"{ISSUER} revocation"]
    kept = [item for item in bundle["status"] if item["credential"]["id"] != document["id"]]
    assert index < place
    return {**bundle, "status": [*kept, {"credential": other, "logged": world.evidence(place)}]}


def _small_list() -> str:
    packed = gzip.compress(bytes(2**14 - 1), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


NOT_YET = write_time(World(start=0).now + timedelta(days=1))
PAST = write_time(World(start=0).now - timedelta(days=1))

REFUSALS: dict[str, Refusal] = {
    "altered": Refusal(edit("credential/credentialSubject/facts/value", 99), "signature", "signature.altered"),
    "unsigned": Refusal(edit("credential/proof", None), "signature", "signature.no_proof"),
    "unknown suite": Refusal(edit("credential/proof/cryptosuite", "ecdsa-jcs-2019"), "signature", "signature.unknown_suite"),
    "wrong purpose of the proof": Refusal(edit("credential/proof/proofPurpose", "authentication"), "signature", "signature.purpose"),
    "malformed creation time": Refusal(edit("credential/proof/created", "yesterday"), "signature", "signature.malformed"),
    "proof value is not base58": Refusal(edit("credential/proof/proofValue", "z0OIl"), "signature", "signature.malformed"),
    "proof value is too short": Refusal(edit("credential/proof/proofValue", "z2HnFSSPP"), "signature", "signature.malformed"),
    "context of the proof is not the document's": Refusal(edit("credential/proof/@context", ["https://example.com"]), "signature", "signature.context"),
    "method without a key": Refusal(edit("credential/proof/verificationMethod", ISSUER), "signature", "signature.method"),
    "chain of proofs": Refusal(edit("credential/proof/previousProof", "urn:uuid:1"), "signature", "signature.malformed"),
    "no credential": Refusal(edit("credential/type", ["Letter"]), "signature", "signature.not_credential"),
    "expired": Refusal(signed_but(valid_until=PAST), "validity", "validity.expired"),
    "not yet valid": Refusal(signed_but(valid_from=NOT_YET), "validity", "validity.not_yet"),
    "malformed validity": Refusal(document_but(validUntil="2030"), "validity", "validity.malformed"),
    "validity runs backwards": Refusal(document_but(validFrom=PAST, validUntil="2020-01-01T00:00:00Z"), "validity", "validity.malformed"),
    "another institution signs": Refusal(_other_signs, "issuer", "issuer.not_controller"),
    "key of another institution": Refusal(_key_of_another, "issuer", "issuer.conflict"),
    "key that was never announced": Refusal(_unknown_key, "issuer", "issuer.unknown_key"),
    "backdated with a retired key": Refusal(_backdated, "issuer", "issuer.retired"),
    "retired key added again": Refusal(_retired_and_added_again, "issuer", "issuer.retired"),
    "compromised key": Refusal(_compromised, "issuer", "issuer.compromised"),
    "logged before the key": Refusal(_before_added, "issuer", "issuer.before_added"),
    "two owners of one key": Refusal(_two_owners, "issuer", "issuer.conflict"),
    "key event for another institution": Refusal(_event_for_another, "issuer", "issuer.key_event"),
    "key event without witnesses": Refusal(_event_without_witnesses, "issuer", "issuer.key_event"),
    "no key events": Refusal(edit("keys", []), "issuer", "issuer.unknown_key"),
    "evidence of another credential": Refusal(_evidence_of_another, "logged", "logged.other_credential"),
    "proof of another entry": Refusal(_proof_of_another, "logged", "logged.proof"),
    "wrong index": Refusal(_wrong_index, "logged", "logged.proof"),
    "another log": Refusal(_of_another_log, "logged", "logged.log"),
    "signature of the log": Refusal(_log_signature, "logged", "logged.signature"),
    "another payload": Refusal(edit("logged/payload/at", "2020-01-01T00:00:00Z"), "logged", "logged.commitment"),
    "another salt": Refusal(edit("logged/salt", "0" * 64), "logged", "logged.commitment"),
    "salt in capitals": Refusal(edit("logged/salt", "A" * 64), "logged", "logged.malformed"),
    "malformed evidence": Refusal(edit("logged", "yes"), "logged", "logged.malformed"),
    "malformed proof": Refusal(edit("logged/proof", "proof"), "logged", "logged.malformed"),
    "logged as something else": Refusal(logged_but(kind="decision"), "logged", "logged.kind"),
    "logged for another institution": Refusal(logged_but(issuer=OTHER), "logged", "logged.issuer"),
    "erased": Refusal(edit("logged/payload", None), "logged", "logged.erased", "unknown"),
    "not logged": Refusal(edit("logged", None), "logged", "logged.absent", "absent"),
    "too few witnesses": Refusal(_too_few, "witnesses", "witnesses.quorum"),
    "signature of a witness": Refusal(_witness_signature, "witnesses", "witnesses.signature"),
    "two histories": Refusal(_fork, "witnesses", "witnesses.fork"),
    "revoked": Refusal(_revoked("revocation"), "status", "status.revoked"),
    "suspended": Refusal(_revoked("suspension"), "status", "status.suspended"),
    "no status list": Refusal(edit("status", []), "status", "status.unknown", "unknown"),
    "status list of another id": Refusal(_other_list, "status", "status.other_list"),
    "status list signed by another": Refusal(_list_by_another, "status", "status.issuer"),
    "status list of another institution": Refusal(_list_of_another, "status", "status.issuer"),
    "status list altered": Refusal(_list_altered, "status", "status.signature"),
    "status list not logged": Refusal(edit("status/0/logged", None), "status", "status.not_logged"),
    "status list without witnesses": Refusal(_list_without_witnesses, "status", "status.not_logged"),
    "status list logged with another digest": Refusal(list_but(statement={"digest": "0" * 64}), "status", "status.digest"),
    "status list logged for another purpose": Refusal(list_but(statement={"purpose": "suspension"}), "status", "status.digest"),
    "status list with a retired key": Refusal(_list_key_retired, "status", "status.key"),
    "status list from the future": Refusal(list_but(validFrom=NOT_YET), "status", "status.future"),
    "status list that is outdated": Refusal(list_but(validUntil=PAST), "status", "status.outdated", "unknown"),
    "status list for another purpose": Refusal(_list_subject(statusPurpose="suspension"), "status", "status.purpose"),
    "status list too small": Refusal(_list_subject(encodedList=_small_list()), "status", "status.too_small"),
    "status list that is no gzip": Refusal(_list_subject(encodedList="uAAAA"), "status", "status.malformed"),
    "index outside": Refusal(signed_but(status=_statuses("revocation", 131_072)), "status", "status.outside"),
    "status of an unknown kind": Refusal(document_but(credentialStatus={"type": "CredentialStatusList2017"}), "status", "status.unsupported", "unknown"),
    "malformed status": Refusal(document_but(credentialStatus="fine"), "status", "status.malformed"),
}  # fmt: skip
"""Each refusal by a name of its own."""
