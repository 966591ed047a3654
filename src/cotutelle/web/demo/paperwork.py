"""Signed papers that the demonstration uploads: one plain page each."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.files.base import ContentFile

_PAGE = """#set page(paper: "a5", margin: 2cm)
#set text(font: ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei"), lang: "zh", size: 11pt)
#align(center)[#text(size: 16pt)[{title}]]
#v(1em)
{body}
#v(3em)
#align(right)[签名（盖章）：演示]
"""


def signed_page(title: str, lines: Sequence[str]) -> ContentFile[bytes]:
    """Return an upload of a PDF with a title and a few lines, as somebody would scan it."""
    import typst  # noqa: PLC0415  heavy

    page = _PAGE.format(title=title, body="\n\n".join(lines))
    found = typst.compile(page.encode(), format="pdf")
    if not isinstance(found, bytes):
        raise TypeError("typst returned no PDF")
    return ContentFile(found, name=f"{title}.pdf")
