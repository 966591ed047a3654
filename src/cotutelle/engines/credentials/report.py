"""What a check found: one row for each question, and a verdict that follows from the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.times import write_time

FORMAT = "cotutelle-report/1"
ROWS = (
    "signature",
    "validity",
    "issuer",
    "logged",
    "witnesses",
    "anchor",
    "status",
    "completeness",
)
NEEDED = ("signature", "validity", "issuer", "logged", "witnesses", "status")

State = Literal["good", "bad", "unknown", "absent"]
Verdict = Literal["valid", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer: a state, a code for ``words.json`` and the parameters of its sentence."""

    state: State
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def bad(cls, error: VerifyError) -> Finding:
        """Return a refusal as an answer."""
        return cls("bad", error.code, error.params)


@dataclass(frozen=True, slots=True)
class Report:
    """
    The outcome of a whole check.

    ``findings`` has an answer for each of ``ROWS``, ``credential`` a short summary of what the file
    says about itself, believed or not.
    """

    checked_at: datetime
    findings: Mapping[str, Finding]
    credential: Mapping[str, Any]

    @property
    def verdict(self) -> Verdict:
        """
        ``refused`` when any row is bad, ``valid`` when all needed rows are good, else ``unknown``.

        Needed are all rows but the anchor and completeness, which may be absent.
        """
        if any(finding.state == "bad" for finding in self.findings.values()):
            return "refused"
        if all(self.findings[name].state == "good" for name in NEEDED):
            return "valid"
        return "unknown"

    def as_json(self) -> dict[str, Any]:
        """Return the report as a value that JSON can hold (``cotutelle-report/1``)."""
        return {
            "format": FORMAT,
            "checked_at": write_time(self.checked_at),
            "verdict": self.verdict,
            "checks": [
                {"name": name, "state": f.state, "code": f.code, "params": dict(f.params)}
                for name, f in ((name, self.findings[name]) for name in ROWS)
            ],
            "credential": dict(self.credential),
        }


def worst(main: Finding, others: Mapping[str, Finding], row: str) -> Finding:
    """
    Return what a row says of a transcript and the credentials it contains.

    The first that is bad counts, the transcript before its members; then the first that is not good.
    """
    ranked = [main, *(_of_member(name, finding, row) for name, finding in others.items())]
    for state in ("bad", "unknown", "absent"):
        for finding in ranked:
            if finding.state == state:
                return finding
    return main


def _of_member(name: str, finding: Finding, row: str) -> Finding:
    if finding.state == "good":
        return finding
    return Finding(
        finding.state, f"{row}.member", {**finding.params, "name": name, "code": finding.code}
    )
