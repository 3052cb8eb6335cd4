"""The words of a text, as they are searched for.

Guarantees: takes time that grows with the text alone; white space and punctuation separate words,
so `a_b` and `a.b` are two each; text in scripts without spaces, or with particles at the end of
words (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese), becomes overlapping pairs of
characters, and the last character alone; invisible format characters are left out. `spaced_words`
in persistence/postgres/routines/search.sql does the same. Must not know: what is searched.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from attrs import frozen

_UNSPACED: Final = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
    r"\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_ACCENTS: Final = r"\u0300-\u036f"
# Marks that are no letters and stand within words.
_MARKS: Final = (
    rf"{_ACCENTS}\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u0f71-\u0f84"
    r"\u1000-\u109f\u1780-\u17d3"
)
_RUN: Final = re.compile(rf"[\w{_MARKS}]+")
_PART: Final = re.compile(rf"[{_UNSPACED}]+|(?![{_ACCENTS}])[^{_UNSPACED}]+")
_IS_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")
_UNSEEN: Final = (
    r"\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
# Characters that may be combined with the one before them into one.
_JOINING: Final = (
    rf"{_ACCENTS}\u0653-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6"
    r"\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    r"\u102b-\u103e\u1160-\u11ff\u17b6-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    r"\ufe20-\ufe2f\uff9e\uff9f\uffa0-\uffdc"
)
_CHARACTER: Final = re.compile(rf"[^{_UNSEEN}](?:[{_UNSEEN}]*[{_JOINING}])*", re.DOTALL)
_NOT_SEEN: Final = re.compile(rf"[{_UNSEEN}]")
_ONE_FORM: Final = str.maketrans({"\u0131": "i", "\u03c2": "\u03c3", "\u2044": "fr"})


@frozen
class Word:
    """A word, as it is compared, and where it stands: from `start` to before `end`, in characters
    (code points). `is_unspaced`: it is one or two characters of a script without spaces.
    """

    text: str
    start: int
    end: int
    is_unspaced: bool = False


@frozen
class Phrase:
    """Words that follow each other.

    Args:
        words: as `words_in` gives them.
        is_prefix: the last one may be longer in the text.
        is_exact: other forms of the words do not match.
    """

    words: tuple[str, ...]
    is_prefix: bool = False
    is_exact: bool = True


def words_in(text: str) -> Iterator[Word]:
    """The words of a text, in their order."""
    letters, starts, ends = _folded(text)
    for run in _RUN.finditer(letters.replace("_", " ")):
        for part in _PART.finditer(letters, run.start(), run.end()):
            start, end = part.span()
            if _IS_UNSPACED.match(letters, start) is None:
                yield Word(letters[start:end], starts[start], ends[end - 1])
                continue
            for place in range(start, end):
                last = min(place + 2, end)
                pair = letters[place:last]
                yield Word(pair, starts[place], ends[last - 1], is_unspaced=True)


def _folded(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The form of a text that is compared, and for each character of that form where it begins and
    ends in the text.
    """
    if text.isascii():
        return text.lower(), range(len(text)), range(1, len(text) + 1)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for found in _CHARACTER.finditer(text):
        part = _one_form(found[0])
        start, end = found.span()
        parts.append(part)
        starts += [start] * len(part)
        ends += [end] * len(part)
    return "".join(parts), starts, ends


@lru_cache(maxsize=4096)
def _one_form(character: str) -> str:
    """A character and its marks without the differences of upper and lower case, of compatible
    characters, and of letters that are lower case only in one language or position. A
    fraction such as ½ is one word.
    """
    plain = unicodedata.normalize("NFKC", _NOT_SEEN.sub("", character)).lower()
    return unicodedata.normalize("NFC", plain).replace("i\u0307", "i").translate(_ONE_FORM)
