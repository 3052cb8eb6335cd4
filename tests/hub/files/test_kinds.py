"""The kind of a file, whatever its name."""

import codecs
import io
import zipfile

import pytest

from hub.files.kinds import ENDINGS, MAX_ENTRIES, PICTURES, essence, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\xff\xd8\xff\xe0...", "a.jpg", "image/jpeg"),
        (PNG, "a.html", "image/png"),
        (b"GIF87a..", "a", "image/gif"),
        (b"GIF89a..", "a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", "a.webp", None),
        (b"%PDF-1.7", "a", "application/pdf"),
        (archive("[Content_Types].xml", "word/document.xml"), "a", WORD),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "a", EXCEL),
        (
            archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "a.docx",
            None,
        ),
        (archive("evil.exe"), "a.docx", None),
        (b"PK\x03\x04 torn", "a.docx", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..", "a.DOC", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..", "a.xls", "application/vnd.ms-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..", "a.msi", None),
        ("just text, ünïcode\r\n".encode(), "a.txt", "text/plain"),
        (b"<script>alert(1)</script>", "a.html", "text/plain"),
        (b"text with \x00", "a.txt", None),
        ("Grüße\r\n".encode("latin-1"), "a.txt", "text/plain; charset=windows-1252"),
        ("„Zitat“ 5 €".encode("cp1252"), "a.txt", "text/plain; charset=windows-1252"),
        (b"not in it: \x81", "a.txt", None),
        ("Grüße 日本 👋".encode("utf-16"), "a.txt", "text/plain; charset=utf-16"),
        (codecs.BOM_UTF16_BE + "ü".encode("utf-16-be"), "a.txt", "text/plain; charset=utf-16"),
        (b"\xff\xfea", "a.txt", None),
        (b"\xff\xfe\x00\xd8", "a.txt", None),
        ("bell \x07".encode("utf-16"), "a.txt", None),
        ("x".encode("utf-32"), "a.txt", None),
        (b"MZ\x90\x00", "a.png", None),
        (b"\x7fELF\x02", "a.txt", None),
    ],
)
def test_the_kind_of_a_file_follows_from_its_content(
    content: bytes, name: str, kind: str | None
) -> None:
    assert kind_of(content, name) == kind


def test_an_archive_of_very_many_files_is_not_looked_into() -> None:
    names = ("[Content_Types].xml", "word/document.xml")
    more = [f"{number}" for number in range(MAX_ENTRIES)]
    assert kind_of(archive(*names, *more[len(names) :]), "a.docx") == WORD
    assert kind_of(archive(*names, *more), "a.docx") is None


def test_every_kind_has_an_ending_and_each_ending_one_kind() -> None:
    endings = [ending for each in ENDINGS.values() for ending in each]
    assert len(set(endings)) == len(endings)
    assert set(ENDINGS) > PICTURES
    assert essence("text/plain; charset=utf-16") in ENDINGS
