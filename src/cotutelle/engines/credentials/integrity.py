"""
Data Integrity proofs with Ed25519: ``eddsa-jcs-2022`` and ``eddsa-rdfc-2022``.

Sources: W3C *Verifiable Credential Data Integrity 1.0*, sections 2.1 and 4; W3C *Data Integrity EdDSA
Cryptosuites 1.0*, sections 3.2 (RDFC) and 3.3 (JCS).

Decided here where the specifications leave it open:

* ``created`` may be absent; a malformed one is refused.
* A set of proofs (an array) is accepted; a chain (``previousProof``) is refused.
* A proof made here repeats ``@context`` only where all of it are addresses. Verifiers exist that compare
  its items by identity, and so refuse every inline definition; without the copy they check the same
  signature, which covers the document's own ``@context``.
* Under ``eddsa-rdfc-2022`` nothing may fall out of the signature (see ``rdfc``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cotutelle.engines.credentials import keys
from cotutelle.engines.credentials.errors import VerifyError, shown
from cotutelle.engines.credentials.keys import (
    base58btc,
    from_base58btc,
    multikey,
    split_method,
)
from cotutelle.engines.credentials.times import read_time
from cotutelle.engines.translog.jcs import canonical_json

JCS = "eddsa-jcs-2022"
RDFC = "eddsa-rdfc-2022"
SIGNATURE_BYTES = 64
MAX_PROOFS = 8

Proof = Mapping[str, Any]


def secure(
    document: Mapping[str, Any],
    *,
    sign: Callable[[bytes], bytes],
    verification_method: str,
    created: str,
    cryptosuite: str = JCS,
    purpose: str = "assertionMethod",
) -> dict[str, Any]:
    """
    Return ``document`` with a proof; the document itself is not changed.

    Parameters
    ----------
    document : a credential without ``proof``.
    sign : Ed25519 signing of the 64 bytes it is given; returns 64 bytes.
    verification_method : ``controller#z6Mk…``.
    created : RFC 3339 time.

    Raises
    ------
    ValueError
        Naming the argument that cannot be used.
    VerifyError
        ``rdf.*``, when a document under ``eddsa-rdfc-2022`` holds what no pinned context defines.

    Notes
    -----
    Source: VC Data Integrity 4.2; EdDSA Cryptosuites 3.2.1, 3.3.1.
    """
    if "proof" in document:
        raise ValueError("document: has a proof already")
    if cryptosuite not in _HASHES:
        raise ValueError(f"cryptosuite: {cryptosuite!r} is neither {JCS} nor {RDFC}")
    read_time(created)
    proof: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
    }
    if cryptosuite == JCS and _has_only_addresses(document.get("@context")):
        proof["@context"] = document["@context"]
    signature = sign(_HASHES[cryptosuite](document, proof))
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError(f"sign: an Ed25519 signature has 64 bytes, not {len(signature)}")
    proof["proofValue"] = "z" + base58btc(signature)
    return {**document, "proof": proof}


def _has_only_addresses(context: object) -> bool:
    contexts = context if isinstance(context, list) else [context]
    return all(isinstance(item, str) for item in contexts)


def verify_proof(document: Mapping[str, Any], public_key: bytes) -> None:
    """
    Check the proof of ``document`` under one Ed25519 key.

    Of a set of proofs, those whose verification method names this key must hold, and there must be
    one; the others are not looked at. A proof that stands alone must hold whatever it names.

    Parameters
    ----------
    public_key : 32 bytes.

    Raises
    ------
    ValueError
        When ``public_key`` is not 32 bytes long.
    VerifyError
        ``signature.no_proof``, ``.malformed``, ``.unknown_suite``, ``.purpose``, ``.context``,
        ``.method``, ``.altered`` or ``rdf.*``.

    Notes
    -----
    Source: VC Data Integrity 4.4; EdDSA Cryptosuites 3.2.2, 3.3.2.
    """
    key = multikey(public_key)
    proofs = proofs_of(document)
    if len(proofs) > 1:
        proofs = [p for p in proofs if str(p.get("verificationMethod")).partition("#")[2] == key]
    if not proofs:
        raise VerifyError("signature.method", method=key)
    for proof in proofs:
        verify_one(document, proof, public_key)


def verify_own(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """
    Check every proof of ``document`` under the key that its own method names.

    Returns
    -------
    Controller and Multikey of each proof. Whose keys they are is another question.

    Raises
    ------
    VerifyError
        As ``verify_proof``.
    """
    methods = []
    for proof in proofs_of(document):
        controller, key = split_method(proof.get("verificationMethod"))
        verify_one(document, proof, keys.public_key(key))
        methods.append((controller, key))
    return tuple(methods)


def proofs_of(document: Mapping[str, Any]) -> list[Proof]:
    """
    Return the proofs of ``document``, one to eight.

    Raises
    ------
    VerifyError
        ``signature.no_proof`` or ``signature.malformed``.
    """
    found = document.get("proof")
    proofs: list[Any] = found if isinstance(found, list) else [found]
    if found is None or not proofs:
        raise VerifyError("signature.no_proof")
    if len(proofs) > MAX_PROOFS or not all(isinstance(proof, dict) for proof in proofs):
        raise VerifyError("signature.malformed", field="proof")
    return proofs


def verify_one(document: Mapping[str, Any], proof: Proof, public_key: bytes) -> None:
    """
    Check one proof of ``document``.

    Raises
    ------
    VerifyError
        As ``verify_proof``.
    """
    _check_form(proof)
    signature = _signature(proof.get("proofValue"))
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    if "@context" in proof:
        _check_prefix(proof["@context"], unsecured.get("@context"))
        if proof["cryptosuite"] == JCS:
            unsecured["@context"] = proof["@context"]
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        signed = _HASHES[proof["cryptosuite"]](unsecured, config)
    except VerifyError:
        raise
    except ValueError:
        raise VerifyError("signature.malformed", field="document") from None
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except InvalidSignature:
        raise VerifyError("signature.altered") from None


def _check_form(proof: Proof) -> None:
    if proof.get("type") != "DataIntegrityProof":
        raise VerifyError("signature.malformed", field="type")
    suite = proof.get("cryptosuite")
    if not isinstance(suite, str) or suite not in _HASHES:
        raise VerifyError("signature.unknown_suite", suite=shown(suite))
    if proof.get("proofPurpose") != "assertionMethod":
        raise VerifyError("signature.purpose", purpose=shown(proof.get("proofPurpose")))
    if "previousProof" in proof:
        raise VerifyError("signature.malformed", field="previousProof")
    if not isinstance(proof.get("verificationMethod"), str):
        raise VerifyError("signature.malformed", field="verificationMethod")
    for name in ("created", "expires"):
        if name in proof:
            try:
                read_time(proof[name])
            except ValueError:
                raise VerifyError("signature.malformed", field=name) from None


def _signature(value: object) -> bytes:
    try:
        if not isinstance(value, str) or not value.startswith("z"):
            raise ValueError("value: base58btc begins with z")
        signature = from_base58btc(value[1:])
    except ValueError:
        raise VerifyError("signature.malformed", field="proofValue") from None
    if len(signature) != SIGNATURE_BYTES:
        raise VerifyError("signature.malformed", field="proofValue")
    return signature


def _check_prefix(part: object, whole: object) -> None:
    parts = part if isinstance(part, list) else [part]
    wholes = whole if isinstance(whole, list) else [whole]
    if not parts or wholes[: len(parts)] != parts:
        raise VerifyError("signature.context")


def _hash_jcs(document: Mapping[str, Any], config: Proof) -> bytes:
    return _sha256(canonical_json(config)) + _sha256(canonical_json(document))


def _hash_rdfc(document: Mapping[str, Any], config: Proof) -> bytes:
    from cotutelle.engines.credentials import rdfc  # noqa: PLC0415 - PyLD is heavy

    options = {**config, "@context": document.get("@context")}
    quads = rdfc.canonize_proof(options), rdfc.canonize(document)
    return b"".join(_sha256(text.encode()) for text in quads)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


_HASHES: dict[str, Callable[[Mapping[str, Any], Proof], bytes]] = {
    JCS: _hash_jcs,
    RDFC: _hash_rdfc,
}
