"""Reading the members of a credential that decide something; each refusal names the member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.names import CREDENTIALS_V2
from cotutelle.engines.credentials.report import Finding
from cotutelle.engines.credentials.times import read_time

LONGEST = 300


def check_shape(document: object) -> None:
    """
    Check that ``document`` is a credential of the Data Model 2.0 at all.

    Raises
    ------
    VerifyError
        ``signature.not_credential`` naming the member.

    Notes
    -----
    Source: VC Data Model 2.0, sections 4.3 (context), 4.5 (type), 4.7 (issuer), 4.8 (subject).
    """
    if not isinstance(document, dict):
        raise VerifyError("signature.not_credential", field="credential")
    contexts = document.get("@context")
    if not isinstance(contexts, list) or contexts[:1] != [CREDENTIALS_V2]:
        raise VerifyError("signature.not_credential", field="@context")
    if "VerifiableCredential" not in types_of(document):
        raise VerifyError("signature.not_credential", field="type")
    if not issuer_id(document):
        raise VerifyError("signature.not_credential", field="issuer")
    if not isinstance(document.get("credentialSubject"), dict | list):
        raise VerifyError("signature.not_credential", field="credentialSubject")


def types_of(document: Mapping[str, Any]) -> list[str]:
    """Return the types of a document; an empty list when they are malformed."""
    found = document.get("type")
    types: list[Any] = found if isinstance(found, list) else [found]
    return types if all(isinstance(name, str) for name in types) else []


def issuer_id(document: Mapping[str, Any]) -> str:
    """Return who issued a document; an empty text when that is malformed."""
    issuer = document.get("issuer")
    found = issuer.get("id") if isinstance(issuer, dict) else issuer
    return found if isinstance(found, str) else ""


def is_transcript(document: Mapping[str, Any]) -> bool:
    """Return whether a document is a transcript that contains other credentials."""
    return "ClrCredential" in types_of(document)


def members_of(document: Mapping[str, Any]) -> list[Any]:
    """Return the credentials that a transcript contains."""
    subject = document.get("credentialSubject")
    found = subject.get("verifiableCredential") if isinstance(subject, dict) else None
    return found if isinstance(found, list) else []


def check_validity(document: Mapping[str, Any], now: datetime) -> Finding:
    """
    Return whether ``now`` lies in the time for which a credential was issued.

    A proof that expires (``expires``) ends it too. Source: VC Data Model 2.0, section 4.9.
    """
    try:
        begin, end = _time(document, "validFrom"), _time(document, "validUntil")
        proofs = document.get("proof")
        ends = [
            _time(proof, "expires")
            for proof in (proofs if isinstance(proofs, list) else [proofs])
            if isinstance(proof, dict)
        ]
    except VerifyError as error:
        return Finding.bad(error)
    told = {"from": document.get("validFrom", ""), "until": document.get("validUntil", "")}
    if begin and end and end < begin:
        return Finding("bad", "validity.malformed", {"field": "validUntil"})
    if begin and now < begin:
        return Finding("bad", "validity.not_yet", {"from": told["from"]})
    if end and now > end:
        return Finding("bad", "validity.expired", {"until": told["until"]})
    if any(moment and now > moment for moment in ends):
        return Finding("bad", "validity.proof_expired")
    return Finding("good", "validity.good" if end else "validity.no_end", told)


def _time(document: Mapping[str, Any], name: str) -> datetime | None:
    if name not in document:
        return None
    try:
        return read_time(document[name])
    except ValueError:
        raise VerifyError("validity.malformed", field=name) from None


def summary(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says about itself, for people to read; believed or not."""
    subject = document.get("credentialSubject")
    subject = subject if isinstance(subject, dict) else {}
    achievement, issuer = subject.get("achievement"), document.get("issuer")
    results = subject.get("result")
    told: dict[str, Any] = {
        "id": _text(document.get("id")),
        "type": _kind(document),
        **_named(document),
        "issuer": {"id": issuer_id(document), **_named(issuer)},
        "subject": _named(subject),
        "achievement": _named(achievement),
        "results": [
            _text(result.get("value"))
            for result in (results if isinstance(results, list) else [])
            if isinstance(result, dict)
        ],
        "facts": subject.get("facts") if isinstance(subject.get("facts"), dict) else {},
        "validFrom": _text(document.get("validFrom")),
        "validUntil": _text(document.get("validUntil")),
    }
    if is_transcript(document):
        told["contains"] = [
            {"id": _text(m.get("id")), **_named(m)}
            for m in members_of(document)
            if isinstance(m, dict)
        ]
        told["trace"] = subject.get("trace") if isinstance(subject.get("trace"), dict) else {}
    return told


def label(document: Mapping[str, Any]) -> str:
    """Return a name by which people know a credential."""
    return _text(document.get("name")) or _text(document.get("id"))


def _kind(document: Mapping[str, Any]) -> str:
    if is_transcript(document):
        return "transcript"
    return "achievement" if "OpenBadgeCredential" in types_of(document) else "other"


def _named(part: object) -> dict[str, Any]:
    if not isinstance(part, dict):
        return {}
    chinese = part.get("zh")
    told = {name: _text(part.get(name)) for name in ("name", "description") if part.get(name)}
    if isinstance(chinese, dict):
        told["zh"] = {  # type: ignore[assignment]
            name: _text(chinese.get(name)) for name in ("name", "description") if chinese.get(name)
        }
    return told


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""
