"""Two languages: names come in two columns, texts in catalogues."""

from __future__ import annotations

from pathlib import Path

from django.utils import translation

CHINESE = "zh-hans"
ENGLISH = "en"


def is_chinese() -> bool:
    """Tell whether the active language is Chinese."""
    return (translation.get_language() or CHINESE).startswith("zh")


def localized(zh: str, en: str) -> str:
    """Return the name in the active language, or the other one where it is empty."""
    return (zh or en) if is_chinese() else (en or zh)


def compile_catalogues(root: Path) -> int:
    """Compile every ``django.po`` beneath ``root`` that is newer than its ``.mo``; return how many."""
    import polib  # noqa: PLC0415  only needed at set-up

    done = 0
    for po in sorted(root.rglob("LC_MESSAGES/django.po")):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
            polib.pofile(str(po)).save_as_mofile(str(mo))
            done += 1
    return done


if __name__ == "__main__":
    compile_catalogues(Path(__file__).resolve().parents[1])
