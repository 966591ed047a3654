"""From a template and data to PDF, by Typst, in a folder of its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation

PACKAGE = Path(__file__).resolve().parents[1]
BASE = Path(__file__).resolve().parent / "typst" / "base.typ"
SANS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
)
SERIF = (
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "SimSun",
    "Songti SC",
)


@cache
def font_files() -> Any:
    """Return the fonts of this machine and of ``COTUTELLE_FONTS``, read once."""
    extra = [p for p in os.environ.get("COTUTELLE_FONTS", "").split(os.pathsep) if p]
    return typst.Fonts(font_paths=extra)


def chosen_fonts() -> dict[str, str]:
    """
    Return the families for text and titles that this machine has.

    Raises
    ------
    RuleViolation
        ``document.no_font``: no font with Chinese characters.
    """
    families = set(font_files().families())
    sans = next((f for f in SANS if f in families), "")
    serif = next((f for f in SERIF if f in families), "")
    if not sans and not serif:
        raise RuleViolation(
            "document.no_font",
            _(
                "This machine has no font with Chinese characters, so no paper can be made. "
                "Install the package fonts-noto-cjk, or name a folder in COTUTELLE_FONTS."
            ),
            status=503,
        )
    return {"sans": sans or serif, "serif": serif or sans}


def template_path(template: str) -> Path:
    """
    Return the file of a template named ``<room>/<name>.typ``.

    Raises
    ------
    ValueError
        There is none.
    """
    room, _slash, name = template.partition("/")
    folder = PACKAGE / room / "typst"
    path = folder / name
    if not room.isidentifier() or "/" in name or not path.is_file():
        raise ValueError(f"template: {template!r} is not <room>/<name>.typ of a room")
    return path


def render_pdf(
    template: str,
    data: Mapping[str, Any],
    *,
    lang: str,
    heading: Mapping[str, Any],
    link: str,
    at: dt.datetime,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """
    Return one paper as PDF.

    Parameters
    ----------
    template
        ``<room>/<name>.typ``; begins with ``#import "base.typ": *`` and ``#show: paper``.
        Other files beside it may be imported.
    data
        Plain values; the template reads them as ``data``.
    lang
        ``zh`` or ``en``.
    heading
        What the frame prints: number, titles, unit, day.
    link
        Where the QR code leads.
    at
        The moment written into the file, so that the same input gives the same bytes.
    attachments
        Files inside the PDF, by plain name: what a program reads beside what people read.

    Raises
    ------
    RuleViolation
        ``document.no_font``.
    """
    fonts = chosen_fonts()
    source = template_path(template)
    with tempfile.TemporaryDirectory(prefix="cotutelle-paper-") as folder:
        root = Path(folder)
        for piece in source.parent.iterdir():
            if piece.is_file():
                shutil.copyfile(piece, root / piece.name)
        shutil.copyfile(BASE, root / "base.typ")
        shutil.copyfile(source, root / "main.typ")
        inside = dict(attachments or {})
        for name, content in inside.items():
            (root / name).write_bytes(content)
        frame = {
            "lang": lang, "fonts": fonts, "link": link, "attachments": list(inside), **heading,
        }  # fmt: skip
        _write_json(root / "frame.json", frame)
        _write_json(root / "data.json", data)
        segno.make(link, error="m").save(str(root / "qr.svg"), border=1)
        compiler = typst.Compiler(root=root, font_paths=font_files())
        pdf = compiler.compile(root / "main.typ", format="pdf", timestamp=int(at.timestamp()))
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned no PDF")
    return pdf


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
