"""Names of the events that a transcript shows, for the verifier page."""

from __future__ import annotations

from django.utils import translation

from cotutelle.ledger.actions import known

_LANGUAGES = {"en": "en", "zh": "zh-hans"}


def action_words() -> dict[str, dict[str, str]]:
    """Return the name of every public action in both languages: ``{"action.…": {"en", "zh"}}``."""
    words: dict[str, dict[str, str]] = {}
    for short, code in _LANGUAGES.items():
        with translation.override(code):
            for action, name in known().items():
                words.setdefault(f"action.{action}", {})[short] = name
    return words
