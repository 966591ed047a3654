from __future__ import annotations

from pathlib import Path

import polib

import cotutelle.ui

CATALOGUE = Path(cotutelle.ui.__file__).parent / "locale/zh_Hans/LC_MESSAGES/django.po"


def test_every_text_of_the_pieces_is_in_chinese() -> None:
    entries = polib.pofile(str(CATALOGUE))
    missing = [entry.msgid for entry in entries if not entry.translated() or entry.fuzzy]
    assert missing == []
    assert len(entries) > 80
