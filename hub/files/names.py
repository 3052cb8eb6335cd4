"""Names of files: as their authors named them, as far as that is harmless.

Guarantees: a name has an ending of its kind (`hub.files.kinds.ENDINGS`), no path, no character that
is invisible or reverses text, and at most `MAX_NAME_BYTES`; every name can be put into a header.
Must not know: what a file contains.
"""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from hub.files.kinds import ENDINGS, essence

MAX_NAME_BYTES: Final = 200  # file systems take 255
NAMELESS: Final = "file"
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})  # controls, bidi, lone surrogates
_JOINERS: Final = frozenset("\u200c\u200d")  # of Persian words, and of emoji
_ENDING: Final = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}")  # not only digits
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
_FALLBACK: Final = re.compile(r"[^ A-Za-z0-9._()+,=@-]")
_ATTRIBUTE: Final = "!#$&+-.^_`|~"  # what RFC 8187 leaves as it is, beside letters and digits


def true_name(sent: str, kind: str) -> str:
    """The name under which a file is served.

    Args:
        sent: the name that its author sent, perhaps with a path. A name that this function has
            returned stays as it is.
        kind: the file's media type.
    """
    seen = "".join(
        character
        for character in re.split(r"[/\\]", sent)[-1]
        if character in _JOINERS or unicodedata.category(character) not in _HIDDEN
    )
    name = " ".join(unicodedata.normalize("NFC", seen).split()).strip(". ") or NAMELESS
    return _with_ending(name, ENDINGS[essence(kind)])


def _with_ending(name: str, endings: tuple[str, ...]) -> str:
    """Make the name end with one of `endings`: of a PNG, `photo.png.exe` becomes `photo.png`."""
    stem, ending = _cut(name)
    if ending.lower() not in endings and _ENDING.fullmatch(ending):
        stem, ending = _cut(stem.rstrip(". "))
    if ending.lower() not in endings:
        stem, ending = stem + ending, endings[0]
    room = MAX_NAME_BYTES - len(ending)
    short = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return (short or NAMELESS) + ending


def _cut(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    return name.removesuffix(path.suffix) if path.suffix else name, path.suffix


def plain_name(name: str) -> str:
    """A name in letters, digits, dots, dashes and underscores alone, for addresses and folders."""
    ending = PurePosixPath(name).suffix
    stem = _PLAIN.sub("_", _unaccented(name.removesuffix(ending)))[:100]
    return (stem.strip("._") or NAMELESS) + ending


def disposition(how: str, name: str) -> str:
    """The value of Content-Disposition (RFC 6266): the name in ASCII for all clients, and in full.

    Args:
        how: `inline` or `attachment`.
        name: any text.
    """
    fallback = _FALLBACK.sub("_", _unaccented(name))
    exact = quote(name, safe=_ATTRIBUTE)
    return f"{how}; filename=\"{fallback}\"; filename*=UTF-8''{exact}"


def _unaccented(name: str) -> str:
    """`Übung` becomes `Ubung`; a character that has no such form stays."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(each for each in parts if not unicodedata.combining(each))
