"""The texts that affinity compares: what stands behind an offer, what a student wrote."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from django.db.models import Prefetch, QuerySet

from cotutelle.core.text import UnreadableText, decode
from cotutelle.files.models import StoredFile
from cotutelle.files.services import read_file
from cotutelle.mentorship.models import Mentor, Publication
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection.models import Offer, Participant
from cotutelle.selection.queries import pdf_text

PAPERS = 60
LONGEST = 20_000
PDF_SECONDS = 15
READ_KINDS = (".pdf", ".docx", ".txt", ".md")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WORD_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """
    One text that is compared.

    ``kind`` is ``offer``, ``interests`` or ``paper``; ``statement``, ``career_plan`` or
    ``attachment`` on the student's side.
    """

    kind: str
    text: str
    title: str = ""

    @property
    def digest(self) -> str:
        """Tell this text from what may stand in its place later."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Written:
    """What a student wrote, and the names of attached files that should have a text and have none."""

    items: tuple[Item, ...]
    unread: tuple[str, ...] = ()


def offer_items(offers: QuerySet[Offer]) -> dict[int, list[Item]]:
    """Return the texts behind offers by their keys: the offer itself, interests, papers."""
    papers = Prefetch("publications", queryset=Publication.objects.order_by("-year", "id"))
    mentors = Mentor.objects.select_related("person").prefetch_related(papers)
    rows = offers.prefetch_related(
        Prefetch("mentor", queryset=mentors),
        Prefetch("team__first", queryset=mentors),
        Prefetch("team__second", queryset=mentors),
    )
    of_mentor: dict[int, list[Item]] = {}
    found = {}
    for offer in rows:
        texts = (offer.title_zh, offer.title_en, offer.description_zh, offer.description_en)
        found[offer.pk] = [Item("offer", _join(*texts))]
        for mentor in offer.supervisors:
            if mentor.pk not in of_mentor:
                of_mentor[mentor.pk] = list(_mentor_items(mentor))
            found[offer.pk] += of_mentor[mentor.pk]
    return found


def _mentor_items(mentor: Mentor) -> Iterator[Item]:
    if interests := _join(mentor.interests_zh, mentor.interests_en):
        yield Item("interests", interests)
    for paper in list(mentor.publications.all())[:PAPERS]:
        yield Item("paper", _join(paper.title, paper.abstract), paper.title)


def _join(*texts: str) -> str:
    return "\n".join(text.strip() for text in texts if text.strip())


def written_by(people: Sequence[Participant], *, with_files: bool = True) -> dict[int, Written]:
    """Return what each participant wrote and attached, by key; attached files are read anew."""
    attached: dict[int, list[StoredFile]] = {}
    owners = [p.student.person_id for p in people] if with_files else []
    for stored in StoredFile.objects.filter(purpose=ATTACHMENT, owner__in=owners).order_by("id"):
        attached.setdefault(stored.owner_id, []).append(stored)
    return {p.pk: _written(p, attached.get(p.student.person_id, [])) for p in people}


def _written(participant: Participant, files: Sequence[StoredFile]) -> Written:
    student = participant.student
    own = {"statement": student.statement.strip(), "career_plan": student.career_plan.strip()}
    items = [Item(kind, text) for kind, text in own.items() if text]
    unread = []
    for stored in files:
        if text := attachment_text(stored):
            items.append(Item("attachment", text, stored.name))
        elif stored.name.lower().endswith(READ_KINDS):
            unread.append(stored.name)
    return Written(tuple(items), tuple(unread))


def attachment_text(stored: StoredFile) -> str:
    """Return the text of a PDF, Word or text file, cut to a sensible length; nothing of others."""
    name = stored.name.lower()
    try:
        if name.endswith((".txt", ".md")):
            return decode(read_file(stored))[:LONGEST].strip()
        if name.endswith(".docx"):
            return _word_text(read_file(stored))[:LONGEST].strip()
        if name.endswith(".pdf"):
            return _pdf_text(read_file(stored))[:LONGEST].strip()
    except (OSError, UnreadableText, zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return ""
    return ""


def _word_text(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.getinfo("word/document.xml").file_size > _WORD_BYTES:
            return ""
        body = archive.read("word/document.xml")
    if b"<!DOCTYPE" in body[:2048]:
        return ""
    root = ElementTree.fromstring(body)  # noqa: S314  no document type, so no entities
    lines = ("".join(t.text or "" for t in p.iter(f"{_WORD}t")) for p in root.iter(f"{_WORD}p"))
    return "\n".join(line for line in lines if line)


def _pdf_text(content: bytes) -> str:
    """Read in a process that may cost little: whatever goes wrong there, the file says nothing."""
    try:
        done = subprocess.run(  # noqa: S603  our own file, nothing from outside in the command
            [sys.executable, "-I", pdf_text.__file__],
            input=content,
            capture_output=True,
            timeout=PDF_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError:
        return ""
    return done.stdout.decode("utf-8", "replace")
