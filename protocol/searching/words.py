"""The words of a text, as they are searched for.

Guarantees: each takes time that grows with the text alone; white space and punctuation separate
words, of which `a_b` and `a.b` have two; what is written without any (Chinese, Japanese) is pairs
of characters, each beginning with the second one of the pair before, and the last character for
itself. `spaced_words` in persistence/postgres/routines/search.sql does the same. Must not know:
what is searched.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from attrs import frozen

_UNSPACED: Final = (
    r"\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
# Marks that are no letters and stand within words.
_MARKS: Final = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u0f71-\u0f84"
    r"\u1000-\u109f\u1780-\u17d3"
)
_RUN: Final = re.compile(rf"[\w{_MARKS}]+")
_PART: Final = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")


@frozen
class Word:
    """A word, as it is compared, and where it stands: from `start` to before `end`, in characters
    (code points). `is_unspaced`: it is one or two characters of what has no spaces.
    """

    text: str
    start: int
    end: int
    is_unspaced: bool = False


@frozen
class Phrase:
    """Words that stand one behind the other.

    Args:
        words: as `words_in` gives them.
        is_prefix: the last one may go on.
        is_exact: not in another form of the same word.
    """

    words: tuple[str, ...]
    is_prefix: bool = False
    is_exact: bool = True


def words_in(text: str) -> Iterator[Word]:
    """The words of a text, in their order."""
    for run in _RUN.finditer(text.replace("_", " ")):
        for part in _PART.finditer(text, run.start(), run.end()):
            start, end = part.span()
            if _IS_UNSPACED.match(text, start) is None:
                yield Word(folded(text[start:end]), start, end)
                continue
            for place in range(start, end):
                last = min(place + 2, end)
                yield Word(folded(text[place:last]), place, last, is_unspaced=True)


def folded(text: str) -> str:
    """A text without the differences of upper and lower case and of compatible characters."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()
