"""The report of a check, in the words of the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from cotutelle.core.clock import now
from cotutelle.core.i18n import localized
from cotutelle.credentials.facts import in_words
from cotutelle.engines.credentials.report import ROWS, Report
from cotutelle.engines.credentials.times import read_time
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.credentials.words import sentence
from cotutelle.ledger.queries.log import policy_text
from cotutelle.ui.dates import format_date

BADGES = {"good": "ok", "bad": "late", "unknown": "due", "absent": "wait"}
VERDICTS = {"valid": "ok", "refused": "late", "unknown": "due"}
NO_LOGS = "quorum none\n"
ICONS = {"good": "circle-check", "bad": "circle-x", "unknown": "help-circle", "absent": "minus"}


@dataclass(frozen=True, slots=True)
class Row:
    """One question and its answer."""

    name: str
    label: str
    state: str
    kind: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A report as a page shows it: verdict first, then each row, then what the file says."""

    verdict: str
    kind: str
    says: str
    rows: tuple[Row, ...]
    title: str
    facts: tuple[tuple[str, str], ...]
    contains: tuple[str, ...]


def check_bundle(bundle: Mapping[str, Any]) -> Report:
    """Check ``bundle`` under the policy of this consortium, as of now; without one no log counts."""
    return verify_bundle(bundle, policy=policy_text() or NO_LOGS, now=now())


def in_the_readers_words(report: Report) -> Shown:
    """Put ``report`` into words in the active language."""
    language = get_language() or "zh"
    rows = tuple(
        Row(
            name=name,
            label=sentence(f"row.{name}", {}, language),
            state=sentence(f"state.{found.state}", {}, language),
            kind=BADGES[found.state],
            icon=ICONS[found.state],
            text=sentence(found.code, found.params, language),
        )
        for name, found in ((name, report.findings[name]) for name in ROWS)
    )
    told = report.credential
    return Shown(
        verdict=report.verdict,
        kind=VERDICTS[report.verdict],
        says=sentence(f"verdict.{report.verdict}", {}, language),
        rows=rows,
        title=_name(told),
        facts=tuple(_facts(told)),
        contains=tuple(_name(one) for one in told.get("contains", ())),
    )


def _name(part: Any) -> str:
    if not isinstance(part, Mapping):
        return ""
    chinese = part.get("zh")
    return localized(
        str(chinese.get("name", "")) if isinstance(chinese, Mapping) else "",
        str(part.get("name", "")),
    )


def _facts(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    issuer = told.get("issuer", {})
    rows = [
        (_("Holder"), _name(told.get("subject"))),
        (pgettext("certificate", "Issued by"), _name(issuer)),
        (_("Identifier of the issuer"), str(issuer.get("id", ""))),
        (_("Valid from"), _day(told.get("validFrom"))),
        (_("Valid until"), _day(told.get("validUntil"))),
        (_("Results"), _(", ").join(told.get("results", ()))),
        *in_words(told.get("facts", {})),
        (_("Identifier"), str(told.get("id", ""))),
    ]
    return [(label, value) for label, value in rows if value]


def _day(text: object) -> str:
    try:
        return format_date(read_time(text))
    except (ValueError, OverflowError):  # a stranger's file: no time, or none of our calendar
        return str(text or "")
