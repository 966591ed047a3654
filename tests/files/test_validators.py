"""What a file is, whatever its name says."""

from __future__ import annotations

import pytest

from cotutelle.files.validators import clean_name, type_of
from tests.factories.files import PDF, PNG, office_file


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (PDF, "a.pdf", "pdf"),
        (PDF, "A.PDF", "pdf"),
        (PDF, "a.png", ""),
        (PDF, "a", ""),
        (PNG, "a.png", "png"),
        (b"\xff\xd8\xff\xe0", "a.jpeg", "jpeg"),
        (office_file(), "a.xlsx", "xlsx"),
        (office_file("word/document.xml"), "a.docx", "docx"),
        (office_file("word/document.xml"), "a.xlsx", ""),
        (b"PK\x03\x04broken", "a.xlsx", ""),
        ("学号,姓名\n".encode("gb18030"), "a.csv", "csv"),
        (b'{"a": 1}', "a.json", "json"),
        (b"<html><script>x</script>", "a.html", ""),
        (b"<html><script>x</script>", "a.pdf", ""),
        (b"<svg xmlns='x'/>", "a.svg", ""),
        (b"MZ\x90\0", "a.txt", ""),
    ],
)
def test_bytes_and_name_must_agree(content: bytes, name: str, found: str) -> None:
    assert type_of(content, name) == found


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\名单.xlsx", "名单.xlsx"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\r\nb.pdf", "ab.pdf"),
        (" .. ", "file"),
        ("", "file"),
    ],
)
def test_names_cannot_mislead(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_long_name_keeps_its_end() -> None:
    name = clean_name("名" * 400 + ".pdf")
    assert len(name) == 150
    assert name.endswith("名.pdf")
