"""
Assemble the offline verifier: scripts, style, words and a trust policy in one HTML text.

The page fetches nothing: its Content-Security-Policy forbids every connection and allows exactly its
own script and style, by their hashes. Whoever keeps the file can verify in ten years what it was
made to trust.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from cotutelle.credentials.offline.scripts import join_modules

ENTRY = "verify-page.js"

Words = Mapping[str, Mapping[str, str]]

_HERE = Path(__file__).resolve().parent
_STATIC = _HERE.parent / "static" / "credentials"
_ENGINE_WORDS = _HERE.parents[1] / "engines" / "credentials" / "words.json"


def page_words() -> dict[str, dict[str, str]]:
    """Return every sentence the verifier page speaks: ``{code: {"en": …, "zh": …}}``."""
    words: dict[str, dict[str, str]] = json.loads(_ENGINE_WORDS.read_text(encoding="utf-8"))
    own: dict[str, dict[str, str]] = json.loads(_data("words.json"))
    return words | own


def page_data(
    policy_text: str, *, built_on: date | None = None, words: Words | None = None
) -> dict[str, Any]:
    """
    Return what the page script reads from its data block.

    Parameters
    ----------
    policy_text : trust policy in the format of C2SP tlog-policy.
    built_on : day on which an offline page is made; None on the site, which is always of today.
    words : further sentences, such as ``actions.action_words()`` for the events of transcripts.
    """
    built = built_on.isoformat() if built_on else None
    return {"policy": policy_text, "builtOn": built, "words": {**page_words(), **(words or {})}}


def build_page(policy_text: str, *, built_on: date, words: Words | None = None) -> str:
    """
    Return the offline verifier as one HTML text.

    Parameters
    ----------
    policy_text : trust policy (C2SP tlog-policy): the root of trust of the page.
    built_on : day written on the page.
    words : as in ``page_data``.

    Raises
    ------
    ValueError
        When ``policy_text`` is no policy.
    """
    from cotutelle.engines.translog import policies  # noqa: PLC0415  heavy for those who only read words

    policies.Policy.parse(policy_text)
    style = _data("page.css") + _static("verify.css")
    script = join_modules(ENTRY, _static)
    places = {
        "csp": _csp(style, script),
        "style": f"<style>{style}</style>",
        "script": f"<script>{script}</script>",
        "data": _data_block(page_data(policy_text, built_on=built_on, words=words)),
    }
    page = _data("page.html")
    for name, text in places.items():
        page = page.replace("{{ " + name + " }}", text, 1)
    return page


def _csp(style: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_block(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="cv-data">{text}</script>'


def _data(name: str) -> str:
    return (_HERE / "data" / name).read_text(encoding="utf-8")


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
