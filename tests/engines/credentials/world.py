"""
A whole small world on the engines alone: a log, witnesses, a policy, an issuer and its certificates.

Everything follows from ``seed``; nothing reads a clock. ``World().bundle()`` is a valid share bundle, and
each step can be taken differently to make one that is not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cotutelle.engines.credentials.achievements import build_credential
from cotutelle.engines.credentials.bundles import build_bundle
from cotutelle.engines.credentials.integrity import JCS, secure
from cotutelle.engines.credentials.keys import multikey
from cotutelle.engines.credentials.status import (
    LIST_BITS,
    new_list,
    set_bit,
    status_entry,
    status_list,
)
from cotutelle.engines.credentials.times import write_time
from cotutelle.engines.credentials.transcripts import build_transcript
from cotutelle.engines.credentials.verifying import digest_of
from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    LogProof,
    Signer,
    Tree,
    commitment,
    consistency_proof,
    entry_bytes,
    inclusion_proof,
    leaf_hash,
    sign_note,
    statement_entry,
    threshold_policy,
)
from cotutelle.engines.translog.notes import add_signatures, signature_line

AUTHORITY = "https://demo.cotutelle.example"
ISSUER = f"{AUTHORITY}/issuers/bjh"
OTHER = f"{AUTHORITY}/issuers/uni"
ORIGIN = "demo.cotutelle.example/log/1"
NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
PURPOSES = ("revocation", "suspension")
SCORE = {"value": 86.5, "standardError": 1.25, "scale": {"min": 0, "max": 100}}


def both(en: str, zh: str) -> dict[str, str]:
    """Return a text in both languages."""
    return {"en": en, "zh": zh}


NAMES = {
    ISSUER: both("Example Hospital", "示例医院"),
    OTHER: both("Example University", "示例大学"),
}


class World:
    """
    A log with ``witnesses`` witnesses, of which ``needed`` must cosign.

    The issuer's key is announced at once. ``start`` is how many entries others have made before.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        witnesses: int = 3,
        needed: int = 2,
        start: int = 3,
        origin: str = ORIGIN,
        suite: str = JCS,
    ) -> None:
        self.seed, self.origin, self.now, self.suite = seed, origin, NOW, suite
        self.log = Signer(origin, Algorithm.ED25519, self._secret(f"log {origin}"))
        self.witnesses = [
            Signer(f"witness{n}.example", Algorithm.COSIGNATURE, self._secret(f"witness{n}"))
            for n in range(1, witnesses + 1)
        ]
        keys = {w.verifier.name: w.verifier.vkey for w in self.witnesses}
        self.policy = threshold_policy([self.log.verifier.vkey], keys, needed).text
        self.tree = Tree()
        self.entries: list[tuple[bytes, Mapping[str, Any] | None, bytes | None]] = []
        self.key_events: list[int] = []
        self.status_lists: dict[str, tuple[dict[str, Any], int]] = {}
        self.places: dict[str, int] = {}
        self.traces: dict[str, list[int]] = {}
        self._counter = 0
        for _ in range(start):
            self.decide()
        self.add_key(ISSUER)

    # chance, from the seed

    def _secret(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{name}".encode()).digest()

    def _next(self) -> bytes:
        self._counter += 1
        return self._secret(f"draw {self._counter}")

    def new_uuid(self) -> str:
        """Return the next UUID."""
        return str(uuid.UUID(bytes=self._next()[:16], version=4))

    # keys

    def private(self, controller: str, name: str = "1") -> Ed25519PrivateKey:
        """Return the key ``name`` of an institution."""
        return Ed25519PrivateKey.from_private_bytes(self._secret(f"{controller} {name}"))

    def multikey(self, controller: str, name: str = "1") -> str:
        """Return its public half."""
        return multikey(self.private(controller, name).public_key().public_bytes_raw())

    def add_key(self, controller: str, name: str = "1", **changes: Any) -> int:
        """Announce a key; ``changes`` replace members of the statement."""
        return self.key_event(controller, name, event="added", suite="ed25519", **changes)

    def retire_key(self, controller: str, name: str = "1", **changes: Any) -> int:
        """Retire a key."""
        return self.key_event(controller, name, event="retired", **changes)

    def compromise_key(self, controller: str, name: str = "1", *, from_index: int) -> int:
        """Tell from which index on a key was in wrong hands."""
        return self.key_event(controller, name, event="compromised", from_index=from_index)

    def key_event(self, owner: str, name: str, **members: Any) -> int:
        """Log an event in the life of a key."""
        statement = {
            "controller": owner,
            "key": self.multikey(owner, name),
            "at": write_time(self.now),
            **members,
        }
        index = self.append(statement_entry(owner, "key", self._day(), statement))
        self.key_events.append(index)
        return index

    # the log

    def append(
        self, entry: bytes, payload: Mapping[str, Any] | None = None, salt: bytes | None = None
    ) -> int:
        """Append an entry and return its index."""
        self.tree.append(leaf_hash(entry))
        self.entries.append((entry, payload, salt))
        return len(self.entries) - 1

    def decide(
        self,
        action: str = "selection.round.published",
        *,
        kind: str = "decision",
        issuer: str = ISSUER,
        trace: str | None = None,
        after: Mapping[str, Any] | None = None,
        place: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> int:
        """Log a decision; with ``trace`` the next event of that trace, or at a ``place`` made up."""
        events = self.traces.setdefault(trace, []) if trace else []
        prev = self._commitment(events[-1]) if events else None
        told = {"id": trace, "seq": len(events) + 1, "prev": prev} if trace else None
        payload = {
            "v": 1,
            "action": action,
            "at": write_time(self.now),
            "issuer": issuer,
            "subject": {"type": "test", "id": self.new_uuid()},
            "actor": None,
            "before": None,
            "after": dict(after or {"state": "published"}),
            "trace": place or told,
            **changes,
        }
        salt = self._next()
        entry = entry_bytes(issuer, kind, self._day(), commitment(payload, salt))
        index = self.append(entry, payload, salt)
        events.append(index)
        return index

    def note(self, size: int | None = None, *, witnesses: Sequence[int] | None = None) -> str:
        """Return the checkpoint of ``size``, cosigned by those witnesses (all: None)."""
        size = len(self.entries) if size is None else size
        text = Checkpoint(self.origin, size, self.tree.root(size)).text
        chosen = range(len(self.witnesses)) if witnesses is None else witnesses
        time = int(self.now.timestamp())
        lines = [signature_line(text, self.witnesses[n], time) for n in chosen]
        return add_signatures(sign_note(text, [self.log]), lines)

    def evidence(
        self,
        index: int,
        *,
        size: int | None = None,
        witnesses: Sequence[int] | None = None,
        erased: bool = False,
    ) -> dict[str, Any]:
        """Return the evidence that entry ``index`` is in the log of ``size``."""
        size = len(self.entries) if size is None else size
        entry, payload, salt = self.entries[index]
        hashes = tuple(inclusion_proof(self.tree, index, size))
        proof = LogProof(index, hashes, self.note(size, witnesses=witnesses)).text
        found = {"entry": json.loads(entry), "proof": proof}
        if payload is not None and salt is not None and not erased:
            found |= {"payload": payload, "salt": salt.hex()}
        return found

    def consistency(self, small: int, large: int) -> dict[str, Any]:
        """Return the proof that the log of ``large`` continues that of ``small``, as bundles have it."""
        hashes = consistency_proof(self.tree, small, large)
        proof = [base64.b64encode(one).decode() for one in hashes]
        return {"origin": self.origin, "from": small, "to": large, "proof": proof}

    # certificates

    def sign(
        self,
        document: Mapping[str, Any],
        *,
        controller: str = ISSUER,
        key: str = "1",
        suite: str | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return ``document`` with a proof."""
        options = {
            "sign": self.private(controller, key).sign,
            "verification_method": f"{controller}#{self.multikey(controller, key)}",
            "created": write_time(self.now),
            "cryptosuite": suite or self.suite,
        }
        return secure(document, **{**options, **changes})

    def unsigned(self, *, issuer: str = ISSUER, **changes: Any) -> dict[str, Any]:
        """Return a certificate without a proof; ``changes`` go to ``build_credential``."""
        index = int.from_bytes(self._next()[:4], "big") % LIST_BITS
        told: dict[str, Any] = {
            "kind": "integrated-evaluation",
            "credential_id": f"{AUTHORITY}/credentials/{self.new_uuid()}",
            "issuer": {"id": issuer, "name": NAMES[issuer]},
            "valid_from": write_time(self.now - timedelta(days=10)),
            "valid_until": write_time(self.now + timedelta(days=3650)),
            "name": both("Integrated evaluation", "综合评价"),
            "achievement": {
                "id": f"{AUTHORITY}/achievements/evaluation",
                "name": both("Integrated evaluation", "综合评价"),
                "description": both("All sources together.", "综合各项来源。"),
                "criteria": both("At least 12 observations.", "至少 12 次观察。"),
            },
            "facts": SCORE,
            "results": ["86.5"],
            "subject_id": f"urn:uuid:{self.new_uuid()}",
            "subject_name": both("Lin Xiaoyu", "林晓雨"),
            "status": [status_entry(list_url(issuer, p), index, p) for p in PURPOSES],
        }
        return build_credential(**{**told, **changes})

    def issue(
        self, document: Mapping[str, Any], *, trace: str | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Log the issuing of a signed document; ``changes`` replace members of the payload."""
        after = {"credential": document["id"], "digest": digest_of(document)}
        issuer = document["issuer"]["id"]
        told = {"kind": "credential", "issuer": issuer, "trace": trace, "after": after, **changes}
        self.places[document["id"]] = self.decide("credentials.credential.issued", **told)
        return dict(document)

    def certificate(self, *, trace: str | None = None, **changes: Any) -> dict[str, Any]:
        """Return a certificate that is signed and logged."""
        issuer = changes.get("issuer", ISSUER)
        return self.issue(self.sign(self.unsigned(**changes), controller=issuer), trace=trace)

    def publish_list(
        self,
        purpose: str,
        set_for: Sequence[Mapping[str, Any]] = (),
        *,
        issuer: str = ISSUER,
        signed_by: str | None = None,
        key: str = "1",
        statement: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Sign and log a status list in which ``set_for`` are set; ``changes`` replace its members."""
        bits = new_list()
        for credential in set_for:
            for entry in credential["credentialStatus"]:
                if entry["statusPurpose"] == purpose:
                    set_bit(bits, int(entry["statusListIndex"]), True)
        document = status_list(
            list_id=list_url(issuer, purpose),
            issuer=issuer,
            purpose=purpose,
            bits=bits,
            valid_from=write_time(self.now),
        )
        signed = self.sign({**document, **changes}, controller=signed_by or issuer, key=key)
        told = {
            "event": "list",
            "id": signed["id"],
            "purpose": signed["credentialSubject"]["statusPurpose"],
            "digest": digest_of(signed),
            "at": write_time(self.now),
            **(statement or {}),
        }
        index = self.append(statement_entry(issuer, "status", self._day(), told))
        self.status_lists[f"{issuer} {purpose}"] = (signed, index)
        return str(signed["id"])

    def publish_lists(self, issuer: str = ISSUER) -> None:
        """Publish both lists, empty, unless they are there."""
        for purpose in PURPOSES:
            if f"{issuer} {purpose}" not in self.status_lists:
                self.publish_list(purpose, issuer=issuer)

    def transcript(
        self,
        credentials: Sequence[Mapping[str, Any]],
        trace: str,
        shown: Sequence[int] | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """Return a signed and logged transcript of the trace as it stands; ``shown`` None: all."""
        events = self.traces[trace]
        count = len(events)
        told: dict[str, Any] = {
            "credential_id": f"{AUTHORITY}/credentials/{self.new_uuid()}",
            "issuer": {"id": ISSUER, "name": NAMES[ISSUER]},
            "valid_from": write_time(self.now),
            "name": both("Transcript", "成长记录单"),
            "credentials": credentials,
            "subject_id": f"urn:uuid:{self.new_uuid()}",
            "trace_id": trace,
            "count": count,
            "head": self._commitment(events[-1]) if events else None,
            "as_of": write_time(self.now),
            "shown": list(range(1, count + 1)) if shown is None else shown,
        }
        document = build_transcript(**{**told, **changes})
        return self.issue(self.sign(document, suite=JCS), trace=trace)

    # bundles

    def bundle(
        self,
        credential: Mapping[str, Any] | None = None,
        *,
        members: Sequence[Mapping[str, Any]] = (),
        disclosed: Sequence[int] = (),
        **changes: Any,
    ) -> dict[str, Any]:
        """
        Return a share bundle of ``credential``, or of a new certificate.

        ``disclosed`` are log indices; ``changes`` replace members of the bundle (None removes).
        """
        credential = credential or self.certificate()
        self.publish_lists()
        found = build_bundle(
            credential=credential,
            logged=self.evidence(self.places[credential["id"]]),
            keys=[self.evidence(index) for index in self.key_events],
            made_at=write_time(self.now),
            status=[(doc, self.evidence(index)) for doc, index in self.status_lists.values()],
            members=[(one, self.evidence(self.places[one["id"]])) for one in members],
            disclosed=[self.evidence(index) for index in disclosed],
        )
        return {name: v for name, v in {**found, **changes}.items() if v is not None}

    def transcript_bundle(
        self,
        shown: Sequence[int] | None = None,
        *,
        events: int = 4,
        disclosed: Sequence[int] | None = None,
        **changes: Any,
    ) -> dict[str, Any]:
        """
        Return the bundle of a transcript of ``events`` events and one certificate, the last event.

        ``shown`` are the numbers of the events shown (all: None), ``disclosed`` those really there.
        """
        trace = self.new_uuid()
        for _ in range(events - 1):
            self.decide("assessment.rating.signed", trace=trace)
        member = self.certificate(trace=trace)
        places = list(self.traces[trace])
        document = self.transcript([member], trace, shown, **changes)
        numbers = (
            document["credentialSubject"]["trace"]["shown"] if disclosed is None else disclosed
        )
        return self.bundle(
            document, members=[member], disclosed=[places[seq - 1] for seq in numbers]
        )

    def _commitment(self, index: int) -> str:
        return str(json.loads(self.entries[index][0])["commitment"])

    def _day(self) -> str:
        return self.now.date().isoformat()


def list_url(issuer: str, purpose: str) -> str:
    """Return the id of an institution's first status list."""
    return f"{AUTHORITY}/status/{issuer.rsplit('/', 1)[1]}/{purpose}/1"
