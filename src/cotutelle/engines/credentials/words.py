"""The sentence of every code, in English and Chinese (``words.json``)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")

_GAP = re.compile(r"\{(\w+)\}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?Z", re.ASCII)


def sentence(code: str, params: Mapping[str, Any], language: str) -> str:
    """
    Return the sentence of ``code``.

    ``{reason}`` stands for the sentence of the code in ``params["code"]``, a time in UTC is written
    ``2026-11-21 08:30 UTC``, a list as an enumeration, and a gap without a parameter stays empty.

    Parameters
    ----------
    language : ``en`` or ``zh``; anything that begins with ``zh`` is Chinese, all else English.

    Raises
    ------
    ValueError
        When ``code`` is unknown.
    """
    words = _words().get(code)
    if words is None:
        raise ValueError(f"code: {code!r} has no sentence")

    def fill(gap: re.Match[str]) -> str:
        name = gap[1]
        if name == "reason" and "code" in params:
            inner = {key: value for key, value in params.items() if key != "code"}
            return sentence(str(params["code"]), inner, language)
        return _shown(params.get(name, ""), "、" if tongue == "zh" else ", ")

    tongue = "zh" if language.startswith("zh") else "en"
    return _GAP.sub(fill, words[tongue])


def codes() -> tuple[str, ...]:
    """Return every code there is."""
    return tuple(_words())


def _shown(value: Any, comma: str) -> str:
    text = comma.join(map(str, value)) if isinstance(value, list) else str(value)
    time = _TIME.fullmatch(text)
    return f"{time[1]} {time[2]} UTC" if time else text


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        files(__package__).joinpath("words.json").read_bytes()
    )
    return found
