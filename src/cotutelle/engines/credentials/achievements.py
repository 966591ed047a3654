"""
Credentials for what somebody has achieved: Open Badges 3.0 achievement credentials.

Sources: W3C *Verifiable Credentials Data Model 2.0*, section 4; 1EdTech *Open Badges 3.0*, section 5
and appendix B; W3C *Verifiable Credentials JSON Schema*, section 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from cotutelle.engines.credentials.names import CREDENTIALS_V2, OPEN_BADGES, OWN_TERMS
from cotutelle.engines.credentials.times import read_time

KINDS = {
    "gate-passed": "Competency",
    "rotation-completed": "ApprenticeshipCertificate",
    "course-credit": "Course",
    "project-stage": "Award",
    "integrated-evaluation": "Assessment",
    "dual-mentor-certificate": "CertificateOfCompletion",
    "generic": "Achievement",
}
"""Kind of credential → ``achievementType`` of Open Badges (appendix B.1.6)."""


class CredentialProblem(ValueError):
    """A field of a credential that is missing or unfit: ``field`` is its path, ``reason`` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def build_credential(
    *,
    kind: str,
    credential_id: str,
    issuer: Mapping[str, Any],
    valid_from: str,
    name: Mapping[str, str],
    achievement: Mapping[str, Any],
    facts: Mapping[str, Any],
    subject_id: str,
    subject_name: Mapping[str, str] | None = None,
    description: Mapping[str, str] | None = None,
    results: Sequence[str] = (),
    status: Sequence[Mapping[str, Any]] = (),
    valid_until: str | None = None,
    schema_id: str | None = None,
) -> dict[str, Any]:
    """
    Return an achievement credential without a proof, checked against the schema of its kind.

    A text in both languages is ``{"en": …, "zh": …}``; ``zh`` may be absent.

    Parameters
    ----------
    kind : one of ``KINDS``.
    credential_id : URL of the credential; never fetched.
    issuer : ``{"id": URL, "name": {"en", "zh"}}``.
    valid_from, valid_until : RFC 3339 times.
    achievement : ``{"id": URL, "name": …, "description": …, "criteria": …}``, texts in both languages.
    facts : what the kind's schema asks for (``schemas/<kind>.json``).
    subject_id : ``urn:uuid:`` made for this credential alone.
    results : values shown by badge viewers, as text.
    status : entries made by ``status.status_entry``.
    schema_id : URL under which the schema is published.

    Raises
    ------
    CredentialProblem
        A ``ValueError`` naming the field, such as ``credentialSubject.facts.standardError``.
    """
    _achievement_type(kind)
    document: dict[str, Any] = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES, OWN_TERMS],
        "id": credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": issuer_profile(issuer),
        "validFrom": valid_from,
        **({"validUntil": valid_until} if valid_until else {}),
        **in_two_languages(name=name, description=description),
        "credentialSubject": {
            "id": subject_id,
            "type": ["AchievementSubject"],
            **in_two_languages(name=subject_name),
            "achievement": _achievement(kind, achievement),
            **({"result": [{"type": ["Result"], "value": r} for r in results]} if results else {}),
            "facts": dict(facts),
        },
        **({"credentialStatus": [dict(entry) for entry in status]} if status else {}),
        **({"credentialSchema": {"id": schema_id, "type": "JsonSchema"}} if schema_id else {}),
    }
    check_credential(document, kind)
    return document


def check_credential(document: Mapping[str, Any], kind: str) -> None:
    """
    Check a credential against the schema of its kind, and its dates for their order.

    Raises
    ------
    CredentialProblem
        A ``ValueError`` naming the first bad field and what is wrong with it.
    """
    found = sorted(_validator(kind).iter_errors(document), key=_path)
    if found:
        raise CredentialProblem(".".join(_path(found[0])), found[0].message[:200])
    for field in ("validFrom", "validUntil"):
        if field in document:
            try:
                read_time(document[field])
            except ValueError as error:
                raise CredentialProblem(field, str(error)) from None
    until = document.get("validUntil")
    if until and read_time(until) <= read_time(document["validFrom"]):
        raise CredentialProblem("validUntil", "not after validFrom")
    facts = document["credentialSubject"]["facts"]
    if kind != "generic" and facts.get("from", "") > facts.get("until", "9"):
        raise CredentialProblem("credentialSubject.facts.until", "before from")


def schema(kind: str, schema_id: str | None = None) -> dict[str, Any]:
    """
    Return the JSON Schema (2020-12) of a kind, in one document that needs no other.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    _achievement_type(kind)
    found: dict[str, Any] = _file("credential")
    found["$defs"]["facts"] = _file(kind)
    found["properties"]["credentialSubject"]["required"].append("facts")
    found["title"] = found["$defs"]["facts"]["title"]
    return {"$id": schema_id, **found} if schema_id else found


def in_two_languages(**texts: Mapping[str, str] | None) -> dict[str, Any]:
    """Return English texts by name, and the Chinese ones together under ``zh``."""
    given = {name: text for name, text in texts.items() if text}
    chinese = {name: text["zh"] for name, text in given.items() if text.get("zh")}
    return {
        **{name: text["en"] for name, text in given.items()},
        **({"zh": chinese} if chinese else {}),
    }


def issuer_profile(issuer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``issuer`` of a credential from an id and a name in both languages."""
    return {"id": issuer["id"], "type": ["Profile"], **in_two_languages(name=issuer["name"])}


def _path(error: Any) -> list[str]:
    path = [str(step) for step in error.absolute_path]
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        path += missing[:1]
    return path


def _achievement(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    told = in_two_languages(
        name=given["name"], description=given["description"], criteria=given["criteria"]
    )
    return {
        "id": given["id"],
        "type": ["Achievement"],
        "achievementType": _achievement_type(kind),
        **told,
        "criteria": {"narrative": told["criteria"]},
    }


def _achievement_type(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    return KINDS[kind]


def _file(name: str) -> Any:
    return json.loads(files(__package__).joinpath(f"schemas/{name}.json").read_bytes())


@cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy

    return Draft202012Validator(schema(kind))
