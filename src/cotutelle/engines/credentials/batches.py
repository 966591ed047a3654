"""
Checking a batch of issued credentials again: who was to receive what, and what came out.

The certificate of a batch holds no text of anybody: only which awards were chosen, and of each
credential its name, its digest and the key that signed it. `check_batch` needs nothing else; with the
credentials themselves at hand it also checks that each is the one that was issued. It is written for
those who do not believe the program that issued: it reads no database and none of that program's code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cotutelle.engines.credentials.documents import issuer_id
from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.integrity import verify_own
from cotutelle.engines.credentials.keys import public_key
from cotutelle.engines.credentials.verifying import digest_of

FORMAT = "cotutelle-issue/1"

_FIELDS = {"credentials", "format", "input_sha256", "inputs", "issuer"}
_DIGEST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """
    Something that does not hold.

    Attributes
    ----------
    code
        ``malformed``, ``input_sha256``, ``award_twice``, ``credential_twice``, ``unknown_award``,
        ``key``, ``stranger``, ``digest``, ``signature``, ``other_key``, ``other_issuer`` or
        ``achievement``.
    where
        The field, award or credential.
    detail
        What was found there; of a bad signature the code of `VerifyError`.
    params
        Its parameters.
    """

    code: str
    where: str
    detail: str = ""
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.where}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """
    What was found.

    Attributes
    ----------
    chosen, issued
        How many awards were chosen, and how many credentials came out.
    compared
        How many of these were compared with the credential itself.
    """

    faults: tuple[Fault, ...]
    chosen: int = 0
    issued: int = 0
    compared: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds that could be checked."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class _Issued:
    """One credential as the certificate states it."""

    id: str
    award: str
    digest: str
    key: str


class _Malformed(ValueError):
    pass


def check_batch(certificate: object, documents: Iterable[object] = ()) -> BatchVerdict:
    """
    Check the certificate of a batch by itself, and the credentials that are at hand against it.

    Parameters
    ----------
    certificate
        ``{"format", "issuer", "inputs": {"awards": [{"award", "achievement"}]}, "input_sha256",
        "credentials": [{"id", "award", "digest", "key"}]}``.
    documents
        Credentials with their proofs: all, some or none of the batch, and no others.

    Returns
    -------
    BatchVerdict
        With every fault. What is not at hand is not compared; whether the key was the issuer's,
        and whether a credential still holds, is `verify_bundle`'s to say. Linear in what is given.
    """
    try:
        issuer, chosen, issued, stated = _read(certificate)
    except _Malformed as problem:
        return BatchVerdict((Fault("malformed", str(problem)),))
    faults = _wrong_inputs(certificate["inputs"], stated)  # type: ignore[index]  # _read has looked
    faults += _wrong_rows(chosen, issued)
    wanted = {row.id: row for row in issued}
    achievements = dict(chosen)
    compared = set()
    for document in documents:
        name = document.get("id") if isinstance(document, dict) else None
        row = wanted.get(name) if isinstance(name, str) else None
        if row is None or not isinstance(document, dict):
            faults.append(Fault("stranger", str(name or "?")))
            continue
        compared.add(row.id)
        faults += _wrong_document(document, row, issuer, achievements.get(row.award))
    return BatchVerdict(tuple(faults), len(chosen), len(issued), len(compared))


def _read(certificate: object) -> tuple[str, list[tuple[str, str]], list[_Issued], str]:
    if not isinstance(certificate, dict) or set(certificate) != _FIELDS:
        raise _Malformed("certificate")
    if certificate["format"] != FORMAT:
        raise _Malformed("format")
    inputs = certificate["inputs"]
    if not isinstance(inputs, dict) or set(inputs) != {"awards"}:
        raise _Malformed("inputs")
    chosen = [
        (row["award"], row["achievement"])
        for row in _rows(inputs["awards"], "inputs.awards", {"achievement", "award"})
    ]
    issued = [
        _Issued(**row)
        for row in _rows(
            certificate["credentials"], "credentials", {"award", "digest", "id", "key"}
        )
    ]
    for name in ("issuer", "input_sha256"):
        if not isinstance(certificate[name], str):
            raise _Malformed(name)
    return certificate["issuer"], chosen, issued, certificate["input_sha256"]


def _rows(value: object, name: str, fields: set[str]) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise _Malformed(name)
    for place, row in enumerate(value):
        whole = isinstance(row, dict) and set(row) == fields
        if not whole or not all(isinstance(text, str) for text in row.values()):
            raise _Malformed(f"{name}[{place}]")
    return value


def _wrong_inputs(inputs: Mapping[str, Any], stated: str) -> list[Fault]:
    found = digest_of(inputs)
    return [] if stated == found else [Fault("input_sha256", stated, found)]


def _wrong_rows(chosen: list[tuple[str, str]], issued: list[_Issued]) -> list[Fault]:
    """Nobody is chosen twice, nothing is issued twice, or to somebody who was not chosen."""
    awards = [award for award, _achievement in chosen]
    faults = [Fault("award_twice", award) for award in _repeated(awards)]
    for what in ("id", "award", "digest"):
        named = [getattr(row, what) for row in issued]
        faults += [Fault("credential_twice", one, what) for one in _repeated(named)]
    known = set(awards)
    for row in issued:
        if row.award not in known:
            faults.append(Fault("unknown_award", row.id, row.award))
        if len(row.digest) != _DIGEST_LETTERS or not set(row.digest) <= set("0123456789abcdef"):
            faults.append(Fault("malformed", f"{row.id}: digest"))
        try:
            public_key(row.key)
        except VerifyError:
            faults.append(Fault("key", row.id, row.key))
    return faults


def _repeated(names: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _wrong_document(
    document: Mapping[str, Any], row: _Issued, issuer: str, achievement: str | None
) -> list[Fault]:
    faults = []
    found = digest_of(document)
    if found != row.digest:
        faults.append(Fault("digest", row.id, found))
    try:
        methods = verify_own(document)
    except VerifyError as error:
        return [*faults, Fault("signature", row.id, error.code, error.params)]
    if (issuer, row.key) not in methods:
        faults.append(Fault("other_key", row.id, ", ".join(f"{who}#{key}" for who, key in methods)))
    if issuer_id(document) != issuer:
        faults.append(Fault("other_issuer", row.id, issuer_id(document)))
    named = _achievement(document)
    if named.rpartition("/")[2] != achievement:
        faults.append(Fault("achievement", row.id, named))
    return faults


def _achievement(document: Mapping[str, Any]) -> str:
    subject = document.get("credentialSubject")
    found = subject.get("achievement") if isinstance(subject, dict) else None
    name = found.get("id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""
