"""The kind of a file, by its content, and the endings that a file of that kind may have.

Guarantees: only kinds of this list are taken, whatever a file is called; to check a file costs a
few passes over its bytes, and no more than `MAX_ENTRIES` entries of an archive are read.
Must not know: who uploads, where files are kept.
"""

import codecs
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
GIF: Final = "image/gif"
WEBP: Final = "image/webp"
PDF: Final = "application/pdf"
DOC: Final = "application/msword"
XLS: Final = "application/vnd.ms-excel"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT: Final = "text/plain"

PICTURES: Final = frozenset({JPEG, PNG, GIF, WEBP})

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
    PNG: (".png",),
    GIF: (".gif",),
    WEBP: (".webp",),
    PDF: (".pdf",),
    DOC: (".doc",),
    XLS: (".xls",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    TEXT: (
        *(".txt", ".text", ".log", ".md", ".markdown", ".rst", ".tex", ".bib"),
        *(".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".srt", ".vtt", ".diff", ".patch"),
    ),
}
"""Kind -> its endings, in lower case. Systems open files with these endings in a viewer or editor,
and never run them, whatever they contain. A file that has none of them gets the first one.
"""

MAX_ENTRIES: Final = 10_000  # of an office document
PIECE_BYTES: Final = 65_536  # of text, checked at a time
_ENTRY: Final = b"PK\x01\x02"
_CONTROLS: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_WINDOWS_1252: Final = _CONTROLS + b"\x81\x8d\x8f\x90\x9d"


def kind_of(content: bytes, name: str) -> str | None:
    """The media type of a file by its content, or None if it is not of an allowed kind. For text
    that is not UTF-8, it has the parameter `charset`.

    Args:
        content: the whole file.
        name: distinguishes Word from Excel in their old common container, and nothing else.
    """
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind(content, name)
    charset = _charset(content)
    if charset is None:
        return None
    return TEXT if charset == "utf-8" else f"{TEXT}; charset={charset}"


def essence(media_type: str) -> str:
    """A media type without parameters."""
    return media_type.partition(";")[0]


def _webp(content: bytes, _: str) -> str | None:
    return WEBP if content[8:12] == b"WEBP" else None


def _office(content: bytes, _: str) -> str | None:
    if content.count(_ENTRY) > MAX_ENTRIES:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def _old_office(_: bytes, name: str) -> str | None:
    return {".doc": DOC, ".xls": XLS}.get(Path(name).suffix.lower())


def _always(kind: str) -> Callable[[bytes, str], str | None]:
    return lambda _, __: kind


_MAGIC: Final = (
    (b"\xff\xd8\xff", _always(JPEG)),
    (b"\x89PNG\r\n\x1a\n", _always(PNG)),
    (b"GIF87a", _always(GIF)),
    (b"GIF89a", _always(GIF)),
    (b"RIFF", _webp),
    (b"%PDF-", _always(PDF)),
    (b"PK\x03\x04", _office),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _old_office),
)


def _charset(content: bytes) -> str | None:
    """The encoding of a text; None if the content is none, because it cannot be decoded or has
    control characters other than white space. Windows-1252 includes the letters of Latin-1.
    """
    if content.startswith(_UTF_16):
        return "utf-16" if _is_text(content, "utf-16") else None
    if _is_text(content, "utf-8"):
        return "utf-8"
    is_binary = any(_has(_NOT_WINDOWS_1252, piece) for piece in _pieces(content))
    return None if is_binary else "windows-1252"


def _is_text(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in _pieces(content):
            if _has(_CONTROLS, decoder.decode(piece).encode()):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(content: bytes) -> Iterator[bytes]:
    """Pieces of a file: the whole is never copied, and the event loop can run in between."""
    for begin in range(0, len(content), PIECE_BYTES):
        yield content[begin : begin + PIECE_BYTES]


def _has(some: bytes, content: bytes) -> bool:
    return len(content.translate(None, some)) < len(content)
