"""
The whole check of a share bundle, offline: a file, a policy and the time are all it takes.

Each row of the report answers one question by itself, so that a reader sees what is known and what is
not. Formats and rules: ``docs/reference/credentials.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cotutelle.engines.credentials.anchors import check_anchors
from cotutelle.engines.credentials.comparing import compare_heads
from cotutelle.engines.credentials.completeness import check_completeness
from cotutelle.engines.credentials.documents import (
    check_shape,
    check_validity,
    is_transcript,
    issuer_id,
    label,
    members_of,
    summary,
)
from cotutelle.engines.credentials.errors import FileProblem, VerifyError
from cotutelle.engines.credentials.evidence import Book, Logged
from cotutelle.engines.credentials.history import KeyHistory, read_history
from cotutelle.engines.credentials.integrity import RDFC, verify_own
from cotutelle.engines.credentials.liststatus import StatusLists
from cotutelle.engines.credentials.reading import check_value
from cotutelle.engines.credentials.report import Finding, Report, worst
from cotutelle.engines.credentials.timestamps import read_roots
from cotutelle.engines.translog import Policy
from cotutelle.engines.translog.jcs import canonical_json

BUNDLE = "cotutelle-bundle/1"
ISSUED = "credentials.credential.issued"
MAX_MEMBERS = 500
MAX_RDFC = 100


@dataclass(frozen=True, slots=True)
class _Checked:
    """One credential, checked by itself."""

    signature: Finding
    issuer: Finding
    logged: Finding
    witnesses: Finding
    status: Finding
    place: Logged | None


def verify_bundle(
    bundle: Any,
    *,
    policy: Policy | str,
    now: datetime,
    tsa_roots: Sequence[bytes] = (),
) -> Report:
    """
    Check a share bundle, or a bare credential, and say what is known about it.

    Parameters
    ----------
    bundle : ``cotutelle-bundle/1``, or a credential alone (``files.read_file`` reads either).
    policy : whom to believe about the log; text of a C2SP tlog-policy or the policy itself.
    now : aware time at which the credential should be valid.
    tsa_roots : PEM certificates of time-stamping authorities that are trusted.

    Raises
    ------
    FileProblem
        When ``bundle`` is neither, or is not plain JSON.
    ValueError
        When ``now`` has no time zone, ``policy`` is no policy or ``tsa_roots`` hold no certificate.

    Notes
    -----
    Takes O(size of the file) and one signature check for each checkpoint signature and proof.
    """
    if now.utcoffset() is None:
        raise ValueError("now: has no time zone")
    if tsa_roots:
        read_roots(tsa_roots)
    if not isinstance(bundle, dict):
        raise FileProblem("file.unknown_kind")
    check_value(bundle)
    is_bare = "format" not in bundle
    credential = bundle if is_bare else bundle.get("credential")
    if not isinstance(credential, dict) or (
        "@context" not in credential if is_bare else bundle["format"] != BUNDLE
    ):
        raise FileProblem("file.unknown_kind")
    book = Book(policy if isinstance(policy, Policy) else Policy.parse(policy))
    members = _members(credential)
    checker = _Checker(book, {} if is_bare else bundle, is_bare, now, [credential, *members])
    return Report(now, checker.findings(credential, members, tsa_roots), summary(credential))


class _Checker:
    def __init__(
        self,
        book: Book,
        bundle: Mapping[str, Any],
        is_bare: bool,
        now: datetime,
        credentials: Sequence[Any],
    ) -> None:
        self.book, self.bundle, self.is_bare, self.now = book, bundle, is_bare, now
        told = bundle.get("status", [])
        lists = told if isinstance(told, list) else [told]
        carried = [item.get("credential") for item in lists if isinstance(item, dict)]
        _refuse_much_rdfc([*credentials, *carried])
        self.history = (
            KeyHistory((), None) if is_bare else read_history(book, bundle.get("keys", []))
        )
        named = frozenset(_lists_named_by(credentials))
        self.lists = StatusLists(book, self.history, now, lists, named)

    def findings(
        self, credential: Mapping[str, Any], members: Sequence[Any], roots: Sequence[bytes]
    ) -> dict[str, Finding]:
        main = self.check(credential, self.bundle.get("logged"))
        inner = self._check_members(members)
        rows = {
            row: worst(getattr(main, row), {n: getattr(c, row) for n, c in inner.items()}, row)
            for row in ("signature", "issuer", "logged", "status")
        }
        rows["validity"] = check_validity(credential, self.now)
        rows["anchor"] = check_anchors(self.bundle.get("anchors"), main.place, self.book, roots)
        rows["completeness"] = self._completeness(credential, inner)
        rows["witnesses"] = self._witnesses([main, *inner.values()])
        return rows

    def check(self, credential: Any, evidence: object) -> _Checked:
        try:
            check_shape(credential)
            methods = verify_own(credential)
            signature = Finding("good", "signature.good")
        except VerifyError as error:
            methods, signature = (), Finding.bad(error)
        place, logged = self._logged(credential, evidence)
        return _Checked(
            signature,
            self._issuer(credential, methods, place),
            logged,
            _quorum(place, logged),
            self._status(credential),
            place,
        )

    def _logged(self, credential: Any, evidence: object) -> tuple[Logged | None, Finding]:
        if evidence is None:
            return None, Finding("absent", "logged.absent")
        try:
            logged = self.book.prove(evidence)
            if logged.payload is None:
                return None, Finding("unknown", "logged.erased")
            _check_issued(credential, logged)
        except VerifyError as error:
            return None, Finding.bad(error)
        size = logged.head.checkpoint.size
        told = {"index": logged.index, "size": size, "origin": logged.origin}
        return logged, Finding("good", "logged.good", told)

    def _issuer(
        self, credential: Any, methods: Sequence[tuple[str, str]], place: Logged | None
    ) -> Finding:
        if not methods:
            return Finding("unknown", "issuer.unchecked")
        issuer = issuer_id(credential)
        keys = [key for controller, key in methods if controller == issuer]
        if not keys:
            return Finding("bad", "issuer.not_controller", {"controller": methods[0][0]})
        if self.is_bare:
            return Finding("unknown", "issuer.no_key_events")
        if place is None:
            return Finding("unknown", "issuer.unchecked")
        return self.history.judge(issuer, keys[0], place)

    def _status(self, credential: Any) -> Finding:
        if not isinstance(credential, dict):
            return Finding("unknown", "status.unknown", {"purpose": ""})
        if self.is_bare and credential.get("credentialStatus"):
            return Finding("absent", "status.absent")
        return self.lists.find(credential)

    def _check_members(self, members: Sequence[Any]) -> dict[str, _Checked]:
        told = self.bundle.get("members", [])
        evidence = {
            item.get("digest"): item.get("logged")
            for item in (told if isinstance(told, list) else [])
            if isinstance(item, dict) and isinstance(item.get("digest"), str)
        }
        found = {}
        for number, member in enumerate(members, 1):
            name = label(member) if isinstance(member, dict) else ""
            found[f"{number}. {name}"] = self.check(member, evidence.get(digest_of(member)))
        return found

    def _completeness(
        self, credential: Mapping[str, Any], inner: Mapping[str, _Checked]
    ) -> Finding:
        if not is_transcript(credential):
            return Finding("absent", "completeness.not_transcript")
        if self.is_bare:
            return Finding("absent", "completeness.absent")
        places = [checked.place for checked in inner.values() if checked.place is not None]
        disclosed = self.bundle.get("disclosed", [])
        return check_completeness(credential, disclosed, places, self.book)

    def _witnesses(self, checked: Sequence[_Checked]) -> Finding:
        try:
            if self.book.fork is not None:
                raise self.book.fork
            apart = compare_heads(self.bundle.get("consistency"), self.book.heads)
        except VerifyError as error:
            return Finding.bad(error)
        for state in ("bad", "unknown", "absent"):
            for one in checked:
                if one.witnesses.state == state:
                    return one.witnesses
        found = checked[0].witnesses
        if apart is None:
            return found
        told = {**found.params, "origin": apart.origin, "sizes": list(apart.sizes)}
        return Finding("good", "witnesses.apart", told)


def _quorum(place: Logged | None, logged: Finding) -> Finding:
    if place is None:
        if logged.state == "absent":
            return Finding("absent", "witnesses.absent")
        return Finding("unknown", "witnesses.unchecked")
    if place.head.problem is not None:
        return Finding.bad(place.head.problem)
    names = place.head.cosigners
    if not names:  # a policy may ask for none; that convinces nobody but its author
        return Finding("absent", "witnesses.absent")
    return Finding("good", "witnesses.good", {"count": len(names), "names": list(names)})


def _check_issued(credential: Any, logged: Logged) -> None:
    payload = logged.payload or {}
    after = payload.get("after")
    after = after if isinstance(after, dict) else {}
    if logged.entry.kind != "credential" or payload.get("action") != ISSUED:
        raise VerifyError("logged.kind")
    if after.get("digest") != digest_of(credential):
        raise VerifyError("logged.other_credential")
    if logged.entry.issuer != issuer_id(credential) or payload.get("issuer") != logged.entry.issuer:
        raise VerifyError("logged.issuer", issuer=logged.entry.issuer)


def _members(credential: Mapping[str, Any]) -> list[Any]:
    members = members_of(credential) if is_transcript(credential) else []
    if len(members) > MAX_MEMBERS:
        raise FileProblem("file.too_large", most=f"{MAX_MEMBERS} credentials")
    return members


def _refuse_much_rdfc(documents: Sequence[Any]) -> None:
    found = [str(one.get("proof")).count(RDFC) for one in documents if isinstance(one, dict)]
    if sum(found) > MAX_RDFC:
        raise FileProblem("file.too_large", most=f"{MAX_RDFC} × {RDFC}")


def digest_of(credential: Any) -> str:
    """Return the SHA-256 in hexadecimal of a document with its proof, in canonical JSON."""
    return hashlib.sha256(canonical_json(credential)).hexdigest()


def _lists_named_by(credentials: Sequence[Any]) -> list[str]:
    found: list[Any] = []
    for credential in credentials:
        entries = credential.get("credentialStatus") if isinstance(credential, dict) else None
        found.extend(entries if isinstance(entries, list) else [entries])
    named = [entry.get("statusListCredential") for entry in found if isinstance(entry, dict)]
    return [list_id for list_id in named if isinstance(list_id, str)]
