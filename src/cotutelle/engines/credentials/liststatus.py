"""Whether a credential is revoked or suspended, by the status lists a file carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cotutelle.engines.credentials.documents import issuer_id, types_of
from cotutelle.engines.credentials.errors import VerifyError, shown
from cotutelle.engines.credentials.evidence import Book, Logged
from cotutelle.engines.credentials.history import KeyHistory
from cotutelle.engines.credentials.integrity import verify_own
from cotutelle.engines.credentials.report import Finding
from cotutelle.engines.credentials.status import PURPOSES, status_of
from cotutelle.engines.credentials.times import read_time
from cotutelle.engines.translog.jcs import canonical_json

_BITS = {"revocation": "status.revoked", "suspension": "status.suspended"}


@dataclass(slots=True)
class StatusLists:
    """
    The status lists of a file.

    Parameters
    ----------
    items : ``[{"credential": status list credential, "logged": evidence}]``.
    named : ids of all lists that the file's credentials point at.
    """

    book: Book
    history: KeyHistory
    now: datetime
    items: list[Any]
    named: frozenset[str]
    _checked: dict[int, Logged | VerifyError] = field(default_factory=dict)
    _copies: dict[str, list[tuple[int, Mapping[str, Any]]]] = field(default_factory=dict)
    _has_strange: bool = False

    def __post_init__(self) -> None:
        for number, item in enumerate(self.items):
            document = item.get("credential") if isinstance(item, dict) else None
            list_id = document.get("id") if isinstance(document, dict) else None
            if isinstance(list_id, str):
                self._copies.setdefault(list_id, []).append((number, item))
            self._has_strange |= not isinstance(list_id, str) or list_id not in self.named

    def find(self, credential: Mapping[str, Any]) -> Finding:
        """Return the status of ``credential``: the worst that its entries say."""
        entries = credential.get("credentialStatus")
        if entries is None or entries == []:
            return Finding("good", "status.none")
        try:
            found = [self._entry(credential, entry) for entry in _as_list(entries)]
        except VerifyError as error:
            return Finding.bad(error)
        for state in ("bad", "unknown"):
            for finding in found:
                if finding.state == state:
                    return finding
        return min(found, key=lambda finding: read_time(finding.params["as_of"]))

    def _entry(self, credential: Mapping[str, Any], entry: object) -> Finding:
        if not isinstance(entry, dict):
            raise VerifyError("status.malformed", field="credentialStatus")
        kind, purpose = entry.get("type"), entry.get("statusPurpose")
        if (
            kind != "BitstringStatusListEntry"
            or purpose not in PURPOSES
            or entry.get("statusSize", 1) != 1
        ):
            return Finding("unknown", "status.unsupported", {"purpose": shown(purpose)})
        list_id, index = entry.get("statusListCredential"), entry.get("statusListIndex")
        if not isinstance(list_id, str) or not isinstance(index, str):
            raise VerifyError("status.malformed", field="credentialStatus")
        try:
            return self._bit(credential, list_id, str(purpose), index)
        except VerifyError as error:
            return Finding.bad(error)

    def _bit(
        self, credential: Mapping[str, Any], list_id: str, purpose: str, index: str
    ) -> Finding:
        copies = self._copies.get(list_id)
        if copies is None:
            if self._has_strange:
                raise VerifyError("status.other_list")
            return Finding("unknown", "status.unknown", {"purpose": purpose})
        proven = [(self._check(number, item), item["credential"]) for number, item in copies]
        for _, document in proven:
            _check_matches(document, credential, purpose)
        newest = max(proven, key=lambda pair: pair[0].index)[1]
        if read_time(newest["validFrom"]) > self.now:
            raise VerifyError("status.future", as_of=newest["validFrom"])
        if status_of(newest, index):
            return Finding("bad", _BITS[purpose], {"as_of": newest["validFrom"]})
        until = newest.get("validUntil")
        if until is not None and read_time(until) < self.now:
            return Finding("unknown", "status.outdated", {"until": until})
        return Finding("good", "status.good", {"as_of": newest["validFrom"]})

    def _check(self, number: int, item: Mapping[str, Any]) -> Logged:
        if number not in self._checked:
            try:
                self._checked[number] = self._prove(item)
            except VerifyError as error:
                self._checked[number] = error
        found = self._checked[number]
        if isinstance(found, VerifyError):
            raise found
        return found

    def _prove(self, item: Mapping[str, Any]) -> Logged:
        document = item["credential"]
        _check_form(document)
        try:
            methods = verify_own(document)
        except VerifyError as error:
            raise VerifyError("status.signature", code=error.code, **error.params) from None
        issuer = issuer_id(document)
        keys = [key for controller, key in methods if controller == issuer]
        if not keys:
            raise VerifyError("status.issuer", issuer=methods[0][0])
        logged = self._logged(item.get("logged"))
        _check_statement(logged, document)
        judged = self.history.judge(issuer, keys[0], logged)
        if judged.state != "good":
            raise VerifyError("status.key", **{**judged.params, "code": judged.code})
        return logged

    def _logged(self, evidence: object) -> Logged:
        try:
            logged = self.book.prove(evidence)
            if logged.head.problem is not None:
                raise logged.head.problem
        except VerifyError as error:
            raise VerifyError("status.not_logged", code=error.code, **error.params) from None
        return logged


def _as_list(entries: object) -> list[Any]:
    found = entries if isinstance(entries, list) else [entries]
    if len(found) > len(PURPOSES) * 2:
        raise VerifyError("status.malformed", field="credentialStatus")
    return found


def _check_form(document: Mapping[str, Any]) -> None:
    subject = document.get("credentialSubject")
    if "BitstringStatusListCredential" not in types_of(document) or not isinstance(subject, dict):
        raise VerifyError("status.malformed", field="type")
    for name in ("validFrom", "validUntil"):
        try:
            if name in document or name == "validFrom":
                read_time(document.get(name))
        except ValueError:
            raise VerifyError("status.malformed", field=name) from None


def _check_matches(
    document: Mapping[str, Any], credential: Mapping[str, Any], purpose: str
) -> None:
    if issuer_id(document) != issuer_id(credential):
        raise VerifyError("status.issuer", issuer=issuer_id(document))
    if document["credentialSubject"].get("statusPurpose") != purpose:
        raise VerifyError("status.purpose", purpose=purpose)


def _check_statement(logged: Logged, document: Mapping[str, Any]) -> None:
    statement = logged.entry.statement or {}
    if logged.entry.kind != "status" or statement.get("event") != "list":
        raise VerifyError("status.not_logged", code="logged.kind")
    if logged.entry.issuer != issuer_id(document):
        raise VerifyError("status.issuer", issuer=logged.entry.issuer)
    if (
        statement.get("digest") != hashlib.sha256(canonical_json(document)).hexdigest()
        or statement.get("id") != document["id"]
        or statement.get("purpose") != document["credentialSubject"].get("statusPurpose")
    ):
        raise VerifyError("status.digest")
