"""Files for tests: small, and really what their names say."""

from __future__ import annotations

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.people.models import Person

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


def office_file(inside: str = "xl/workbook.xml") -> bytes:
    """Return a container that looks like xlsx (or docx with ``inside="word/document.xml"``)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(inside, "<x/>")
    return out.getvalue()


def upload(content: bytes = PDF, name: str = "签字.pdf") -> SimpleUploadedFile:
    """Return an upload as a browser sends it."""
    return SimpleUploadedFile(name, content)


def make_file(owner: Person, *, content: bytes = PDF, purpose: str = "test.any") -> StoredFile:
    """Return a stored file of ``owner``."""
    return store_file(content, name="paper.pdf", actor=owner, unit=owner.unit, purpose=purpose)
