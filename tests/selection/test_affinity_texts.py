"""The texts of attached files, within bounds; broken files say nothing."""

from __future__ import annotations

import io
import zipfile

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from cotutelle.files.models import StoredFile
from cotutelle.files.services import store_file
from cotutelle.programmes.queries import ATTACHMENT
from cotutelle.selection.queries import pdf_text
from cotutelle.selection.queries.affinity_texts import LONGEST, attachment_text, written_by
from cotutelle.selection.services.affinity import compute_affinity
from tests.factories.selection import make_list, make_offer, make_round

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture
def one(db):
    return make_list(make_round(), [], submitted=False, statement="")


def attach(participant, content, name):
    person = participant.student.person
    unit = participant.student.unit
    stored = store_file(content, name=name, actor=person, unit=unit, purpose=ATTACHMENT)
    return StoredFile.objects.get(pk=stored.pk)


def word_file(body):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
    return packed.getvalue()


def pdf_file(*pages, locked=False):
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(595, 842)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if locked:
        writer.encrypt("a", algorithm="RC4-128")
    packed = io.BytesIO()
    writer.write(packed)
    return packed.getvalue()


def test_reads_word_files(one):
    body = (
        f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Cardiac MRI</w:t></w:r>'
        "<w:r><w:t> radiomics</w:t></w:r></w:p></w:body></w:document>"
    )
    offer = make_offer(one.round, title_en="Cardiac MRI radiomics")
    stored = attach(one, word_file(body), "plan.docx")

    compute_affinity(one.round)

    assert attachment_text(stored) == "Cardiac MRI radiomics"
    found = one.affinity_scores.get(offer=offer)
    assert found.nearest[0]["item"] == "attachment"


def test_reads_pdf_files_up_to_a_page(one):
    pages = [f"Page {n} of cardiac imaging" for n in range(1, 26)]

    text = attachment_text(attach(one, pdf_file(*pages), "plan.PDF"))

    assert text.startswith("Page 1 of cardiac imaging")
    assert f"Page {pdf_text.PAGES} of" in text
    assert f"Page {pdf_text.PAGES + 1} of" not in text


def test_a_long_pdf_is_cut(one):
    text = attachment_text(attach(one, pdf_file(*["heart " * 2000] * 3), "long.pdf"))

    assert 0 < len(text) <= LONGEST


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.pdf", b"%PDF-1.4\n%%EOF"),
        ("cut.pdf", pdf_file("Cardiac imaging")[:300]),
        ("locked.pdf", pdf_file("Cardiac imaging", locked=True)),
        ("scan.pdf", pdf_file("")),
        ("type.docx", word_file("<!DOCTYPE a><w:document/>")),
    ],
)
def test_files_without_a_readable_text_are_named(one, name, content):
    stored = attach(one, content, name)

    assert attachment_text(stored) == ""
    assert written_by([one])[one.pk].unread == (name,)


def test_pictures_are_no_texts_and_not_named(one):
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 32

    stored = attach(one, png, "me.png")

    assert attachment_text(stored) == ""
    assert written_by([one])[one.pk].unread == ()


def test_files_are_left_alone_where_they_are_not_asked_for(one):
    attach(one, pdf_file("Cardiac imaging"), "plan.pdf")

    assert written_by([one], with_files=False)[one.pk].items == ()
    assert [item.title for item in written_by([one])[one.pk].items] == ["plan.pdf"]
