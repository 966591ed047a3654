"""In which language a command answers whose sentences are there in both."""

from __future__ import annotations

import os


def language_of(wanted: str) -> str:
    """Return ``zh`` or ``en``: as asked for, otherwise as ``LC_ALL`` or ``LANG`` say."""
    told = wanted or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return "zh" if told.lower().startswith("zh") else "en"
