"""Laws of the whole tree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "cotutelle"
HARD_LIMIT = 600
ASSET = re.compile(
    r"""(?:src|href|action)=["']https?://|@import\s+url\(["']?https?:|url\(["']?https?:"""
)
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|<style|\sstyle=[\"']|\son[a-z]+=[\"']"
)


def _files(*patterns: str) -> list[Path]:
    found = [p for pattern in patterns for p in SOURCE.rglob(pattern)]
    found += [p for pattern in patterns for p in (ROOT / "tests").rglob(pattern)]
    return [p for p in found if "migrations" not in p.parts and "vendor" not in p.parts]


def test_no_file_is_longer_than_the_hard_limit():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files("*.py", "*.html", "*.js", "*.css")
        if (lines := path.read_text(encoding="utf-8").count("\n")) > HARD_LIMIT
    }

    assert long == {}


def test_pages_load_nothing_from_elsewhere():
    foreign = [
        str(path.relative_to(ROOT))
        for path in SOURCE.rglob("*")
        if path.suffix in {".html", ".css"}
        and "vendor" not in path.parts
        and ASSET.search(path.read_text(encoding="utf-8"))
    ]

    assert foreign == []


def test_templates_hold_no_inline_script_or_style():
    inline = [
        f"{path.relative_to(ROOT)}: {found.group(0)!r}"
        for path in SOURCE.rglob("*.html")
        if (found := INLINE.search(path.read_text(encoding="utf-8")))
    ]

    assert inline == []


def test_the_words_of_the_engines_stay_off_the_pages():
    spoken = [
        str(path.relative_to(ROOT))
        for path in [*SOURCE.rglob("*.html"), *SOURCE.rglob("*.po"), *SOURCE.rglob("*.typ")]
        if re.search(r"blocking pair", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]

    assert spoken == []


@pytest.mark.django_db
def test_models_and_migrations_agree_and_each_app_has_one_line_of_migrations():
    from django.core.management import call_command  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    assert MigrationLoader(None).detect_conflicts() == {}


def test_every_command_is_documented():
    from typer.main import get_command  # noqa: PLC0415

    from cotutelle.cli import app  # noqa: PLC0415

    pages = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs").rglob("*.md"))
    names = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", {})
        names += [f"cotutelle {name} {sub}" for sub in inner] or [f"cotutelle {name}"]

    assert [name for name in names if name not in pages] == []


def test_no_tracked_file_is_large_or_names_a_path_of_one_machine():
    tracked = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        .stdout.decode()
        .split("\0")
    )
    paths = [ROOT / name for name in tracked if name and (ROOT / name).is_file()]

    written = [p for p in paths if p.name not in {"uv.lock", "package-lock.json"}]
    assert [str(p) for p in written if p.stat().st_size > 1024 * 1024] == []
