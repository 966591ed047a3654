"""
Publications out of what people have at hand: pasted lines, BibTeX, RIS, OpenAlex JSON.

Nothing is fetched; every function turns text into `Found` rows and leaves the rest alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.errors import RuleViolation
from cotutelle.core.text import half_width, squeeze

FORMATS = ("paste", "bibtex", "ris", "openalex")
MOST = 2000
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>，。；]+", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")
_NOT_WORDS = re.compile(r"[\W_]+")
_TRAILING = ".,;)]}。，；）"
_LATEX = re.compile(r"\\[a-zA-Z]+\s*|[{}]")
_NUMBERING = re.compile(r"^\s*(?:\[\d{1,3}\]|[（(]?\d{1,3}[)）.、])\s*")


@dataclass(frozen=True, slots=True)
class Found:
    """One publication as the source gives it."""

    title: str
    abstract: str = ""
    authors: str = ""
    venue: str = ""
    year: int | None = None
    doi: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DOI, or of the title without case, spaces and punctuation."""
        return fingerprint_of(self.title, self.doi)

    @property
    def title_print(self) -> str:
        """SHA-256 of the folded title alone, which also finds a copy that has no DOI."""
        return fingerprint_of(self.title)


def fingerprint_of(title: str, doi: str = "") -> str:
    """Return what two copies of one publication have in common."""
    key = (
        f"doi:{doi.lower()}" if doi else "title:" + _NOT_WORDS.sub("", half_width(title).casefold())
    )
    return hashlib.sha256(key.encode()).hexdigest()


def guess_format(text: str) -> str:
    """Tell which format ``text`` is written in."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")) and not re.match(r"\[\d{1,3}\]", start):
        return "openalex"
    if re.search(r"^\s*@\w+\s*[{(]", text, re.MULTILINE):
        return "bibtex"
    if re.search(r"^TY {2}- ", text, re.MULTILINE):
        return "ris"
    return "paste"


def read_publications(text: str, fmt: str = "") -> list[Found]:
    """
    Return what ``text`` holds, in its order, each publication once.

    Raises
    ------
    RuleViolation
        ``publications.unreadable`` (not of the format), ``publications.none``,
        ``publications.many``.
    """
    readers = {"paste": _paste, "bibtex": _bibtex, "ris": _ris, "openalex": _openalex}
    try:
        rows = list(readers[fmt or guess_format(text)](text))
    except RuleViolation:
        raise
    except Exception as error:  # a library's own error: the text is not of that format
        raise RuleViolation(
            "publications.unreadable",
            _("This text could not be read in the chosen format. Check that it is complete."),
            field="text",
        ) from error
    unique = {row.fingerprint: row for row in reversed(rows) if row.title}
    found = [row for row in dict.fromkeys(rows) if unique.get(row.fingerprint) is row]
    if not found:
        raise RuleViolation(
            "publications.none", _("No publication was found in this text."), field="text"
        )
    if len(found) > MOST:
        raise RuleViolation(
            "publications.many",
            _("At most %(n)s publications at once.") % {"n": MOST},
            field="text",
        )
    return found


def _row(**values: Any) -> Found:
    """Return a row with clean texts, cut to what is kept."""
    sizes = {"title": 500, "authors": 1000, "venue": 300, "doi": 200, "abstract": 20_000}
    clean = {n: squeeze(str(v or ""))[: sizes[n]] for n, v in values.items() if n in sizes}
    clean["doi"] = clean_doi(clean.get("doi", ""))
    return Found(**clean, year=_year(values.get("year")))


def clean_doi(text: str) -> str:
    """Return the bare DOI of ``text`` (also of a link), or nothing."""
    found = _DOI.search(text)
    return found[0].rstrip(_TRAILING).lower() if found else ""


def _year(value: Any) -> int | None:
    found = _YEAR.search(str(value or ""))
    return int(found[1]) if found else None


def _paste(text: str) -> Iterable[Found]:
    """Blocks between blank lines: the first line is the title; else one title per line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    blocks = [b.strip() for b in re.split(r"\n\s*\n", text) if b.strip()]
    if len(blocks) < 2 and not _looks_like_block(text):  # noqa: PLR2004  one block only
        blocks = [line for line in text.split("\n") if line.strip()]
    for block in blocks:
        title, _newline, rest = _NUMBERING.sub("", block).partition("\n")
        doi = clean_doi(block)
        bare = re.sub(
            r"(?:https?://(?:dx\.)?doi\.org/|doi[:：]?\s*)", "", title, flags=re.IGNORECASE
        )
        if doi:
            bare = re.sub(re.escape(doi), "", bare, flags=re.IGNORECASE)
        yield _row(
            title=bare.strip(" .;,。；，"), abstract=rest, year=_year(_DOI.sub("", block)), doi=doi
        )


def _looks_like_block(text: str) -> bool:
    """A single block is a title with its abstract when a later line is long."""
    lines = text.split("\n")
    return len(lines) > 1 and any(len(line) > 200 for line in lines[1:])  # noqa: PLR2004


def _bibtex(text: str) -> Iterable[Found]:
    import bibtexparser  # noqa: PLC0415  slow to load
    from bibtexparser.bparser import BibTexParser  # noqa: PLC0415
    from bibtexparser.customization import convert_to_unicode  # noqa: PLC0415

    parser = BibTexParser(common_strings=True, ignore_nonstandard_types=False)
    parser.customization = convert_to_unicode
    for entry in bibtexparser.loads(text, parser=parser).entries:
        authors = re.sub(r"\s+and\s+", "; ", entry.get("author", ""))
        yield _row(
            title=_LATEX.sub("", entry.get("title", "")),
            abstract=_LATEX.sub("", entry.get("abstract", "")),
            authors=_LATEX.sub("", authors),
            venue=_LATEX.sub("", entry.get("journal") or entry.get("booktitle") or ""),
            year=entry.get("year") or entry.get("date"),
            doi=entry.get("doi") or entry.get("url"),
        )


def _ris(text: str) -> Iterable[Found]:
    import rispy  # noqa: PLC0415

    for entry in rispy.loads(text.lstrip("\ufeff"), skip_unknown_tags=True):
        yield _row(
            title=entry.get("title") or entry.get("primary_title"),
            abstract=entry.get("abstract") or entry.get("notes_abstract"),
            authors="; ".join(entry.get("authors") or entry.get("first_authors") or ()),
            venue=entry.get("journal_name")
            or entry.get("secondary_title")
            or entry.get("alternate_title3"),
            year=entry.get("year") or entry.get("publication_year") or entry.get("date"),
            doi=entry.get("doi") or " ".join(entry.get("urls") or ()),
        )


def _openalex(text: str) -> Iterable[Found]:
    data = json.loads(text.lstrip("\ufeff"))
    works = data if isinstance(data, list) else data.get("results", [data])
    for work in works:
        source = (work.get("primary_location") or {}).get("source") or {}
        names = [
            (a.get("author") or {}).get("display_name", "") for a in work.get("authorships") or ()
        ]
        yield _row(
            title=re.sub(r"<[^>]+>", "", work.get("title") or work.get("display_name") or ""),
            abstract=_abstract(work.get("abstract_inverted_index") or {}),
            authors="; ".join(filter(None, names)),
            venue=source.get("display_name"),
            year=work.get("publication_year"),
            doi=work.get("doi"),
        )


def _abstract(index: Mapping[str, list[int]]) -> str:
    """Put an inverted index (word → places) back in order."""
    places = sorted((place, word) for word, where in index.items() for place in where)
    return " ".join(word for _place, word in places)
