"""
What it costs to issue a credential, against what it must cost at least.

JCS issuance is measured against its ceiling: ``json.dumps`` of the document, two SHA-256 and one Ed25519
signature, nothing else. RDFC issuance is measured against PyLD normalising the same document once. Both
in the same run, interleaved, medians of CPU time.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyld import jsonld

from cotutelle.engines.credentials.achievements import build_credential
from cotutelle.engines.credentials.contexts import PINNED
from cotutelle.engines.credentials.integrity import JCS, RDFC, secure, verify_proof
from cotutelle.engines.credentials.keys import multikey
from cotutelle.engines.credentials.status import status_entry

ISSUER = "https://demo.cotutelle.example/issuers/bjh"
CREATED = "2026-11-21T08:30:00Z"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
METHOD = f"{ISSUER}#{multikey(PUBLIC)}"
SHARE_OF_CEILING = 0.45
PYLD_RATIO = 1.3


def certificate(kind: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return an unsigned certificate of ordinary size."""
    text = {"en": "Joint training of two institutions", "zh": "两个单位的联合培养"}
    lists = f"{ISSUER.replace('/issuers/', '/status/')}"
    return build_credential(
        kind=kind,
        credential_id="https://demo.cotutelle.example/credentials/6f9e7a3c-2d5b-4c0f-9a57-1f3ad7f1c001",
        issuer={"id": ISSUER, "name": {"en": "Example Hospital", "zh": "示例医院"}},
        valid_from=CREATED,
        valid_until="2036-11-21T08:30:00Z",
        name=text,
        achievement={
            "id": "https://demo.cotutelle.example/achievements/17",
            "name": text,
            "description": text,
            "criteria": text,
        },
        facts=facts,
        subject_id="urn:uuid:0d6e4079-4f0f-4a63-8c2e-6f6a3fd1b002",
        subject_name={"en": "Lin Xiaoyu", "zh": "林晓雨"},
        status=[status_entry(f"{lists}/{p}/1", 71_001, p) for p in ("revocation", "suspension")],
        schema_id=f"https://demo.cotutelle.example/schemas/{kind}.json",
    )


ROTATION = certificate(
    "rotation-completed",
    {"department": "Cardiology", "from": "2026-01-05", "until": "2026-03-29", "weeks": 12},
)
EVALUATION = certificate(
    "integrated-evaluation",
    {"value": 86.5, "standardError": 1.25, "scale": {"min": 0, "max": 100}},
)


def issue(document: dict[str, Any], suite: str) -> dict[str, Any]:
    """Issue as the product does."""
    return secure(
        document,
        sign=PRIVATE.sign,
        verification_method=METHOD,
        created=CREATED,
        cryptosuite=suite,
    )


def ceiling(document: dict[str, Any]) -> bytes:
    """Do the least that signing a document can cost."""
    data = json.dumps(document).encode()
    return PRIVATE.sign(hashlib.sha256(data).digest() + hashlib.sha256(data).digest())


def normalise(document: dict[str, Any]) -> Any:
    """Let PyLD canonicalise the document, with the same pinned contexts."""
    return jsonld.normalize(
        document,
        {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            "documentLoader": _load,
        },
    )


def _load(url: str, _options: Any) -> dict[str, Any]:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": PINNED[url],
    }


def medians(rounds: int, *ways: Callable[[], object]) -> list[float]:
    """Return the median CPU seconds of each way, taken in turns."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, found in zip(ways, seconds, strict=True):
            started = time.process_time_ns()
            way()
            found.append((time.process_time_ns() - started) / 1e9)
    return [statistics.median(found) for found in seconds]


class Verdict(Protocol):
    """Prints a figure with what is asked of it."""

    def line(self, name: str, value: float, asked: float, *, at_least: bool) -> None:
        """Print one judged figure."""


def measure_issuing(rounds: int, verdict: Verdict) -> None:
    """Issue ``rounds`` credentials with JCS, a twentieth of that with RDFC."""
    for suite in (JCS, RDFC):
        verify_proof(issue(ROTATION, suite), PUBLIC)
    print("issuing a credential, CPU time, medians")
    for name, document in (("whole numbers", ROTATION), ("fractions", EVALUATION)):
        ours, least = medians(
            rounds, lambda d=document: issue(d, JCS), lambda d=document: ceiling(d)
        )
        print(f"  JCS, {name}: {ours * 1e6:.1f} µs; dumps, 2 SHA-256, sign: {least * 1e6:.1f} µs")
        verdict.line(
            f"JCS issuing, share of the ceiling ({name})",
            least / ours,
            SHARE_OF_CEILING,
            at_least=True,
        )
    few = max(20, rounds // 20)
    ours, theirs = medians(few, lambda: issue(ROTATION, RDFC), lambda: normalise(ROTATION))
    print(f"  RDFC: {ours * 1e3:.2f} ms; PyLD alone: {theirs * 1e3:.2f} ms")
    verdict.line("RDFC issuing, times PyLD's own time", ours / theirs, PYLD_RATIO, at_least=False)
