"""Chinese is complete: what the code says is in its room's catalogue, translated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import polib
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "cotutelle"
ROOMS = sorted(p.parents[2].name for p in SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES"))


def test_rooms_have_catalogues():
    assert len(ROOMS) >= 10


@pytest.mark.parametrize("room", ROOMS)
def test_catalogue_is_complete(room, tmp_path):
    if shutil.which("xgettext") is None:
        pytest.skip("GNU gettext is not installed")
    copy = tmp_path / room
    shutil.copytree(
        SOURCE / room, copy, ignore=shutil.ignore_patterns("*.mo", "vendor", "__pycache__")
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "django",
            "makemessages",
            "-l",
            "zh_Hans",
            "--no-wrap",
            "--no-location",
        ],
        cwd=copy,
        check=True,
        capture_output=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
    )
    catalogue = copy / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    entries = (
        [e for e in polib.pofile(str(catalogue)) if not e.obsolete] if catalogue.exists() else []
    )

    missing = [e.msgid for e in entries if not e.translated() or "fuzzy" in e.flags]

    assert missing == []


def test_a_message_has_one_translation_over_the_rooms():
    """Catalogues merge when the server runs: of two translations all rooms show one."""
    words: dict[tuple[str | None, str], dict[str, list[str]]] = defaultdict(dict)
    for room in ROOMS:
        catalogue = SOURCE / room / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        for entry in polib.pofile(str(catalogue)):
            if not entry.obsolete and entry.translated():
                chinese = entry.msgstr or " | ".join(entry.msgstr_plural.values())
                words[entry.msgctxt, entry.msgid].setdefault(chinese, []).append(room)

    several = {message: found for message, found in words.items() if len(found) > 1}

    assert several == {}, "give the rarer meaning a context, or say all of them alike"


@pytest.mark.parametrize("room", ROOMS)
def test_readers_are_addressed_politely(room):
    catalogue = polib.pofile(str(SOURCE / room / "locale/zh_Hans/LC_MESSAGES/django.po"))

    familiar = [e.msgid for e in catalogue if "你" in e.msgstr + "".join(e.msgstr_plural.values())]

    assert familiar == []
