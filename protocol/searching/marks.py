"""The parts of a text that match a search.

Guarantees: marks are in their order and do not overlap. Must not know: how the text was found.
"""

from collections.abc import Container, Sequence
from typing import TypeAlias

from protocol.searching.words import Phrase, Word, words_in

Span: TypeAlias = tuple[int, int]
"""The first character, and the one after the last, in code points."""


def marks_in(
    text: str, phrases: Sequence[Phrase], forms: Container[tuple[str, str]] = ()
) -> list[Span]:
    """The parts of a text that match one of the phrases.

    Args:
        text: the content of a message.
        phrases: what was searched for.
        forms: pairs of a word that was searched for and another form of it that matches.
    """
    words = list(words_in(text))
    found = [
        (words[at].start, _end(words, at + len(phrase.words) - 1, phrase))
        for phrase in phrases
        for at in range(len(words) - len(phrase.words) + 1)
        if _stands_at(words, at, phrase, forms)
    ]
    return _joined(sorted(found))


def _stands_at(
    words: Sequence[Word], at: int, phrase: Phrase, forms: Container[tuple[str, str]]
) -> bool:
    last = len(phrase.words) - 1
    for place, wanted in enumerate(phrase.words):
        text = words[at + place].text
        is_open = phrase.is_prefix and place == last
        if text == wanted or (is_open and text.startswith(wanted)):
            continue
        if phrase.is_exact or (wanted, text) not in forms:
            return False
    return True


def _end(words: Sequence[Word], last: int, phrase: Phrase) -> int:
    """The end of a phrase whose last word is at `last`. A single character of a script without
    spaces matches the first one of a pair; it ends where the next pair begins.
    """
    word = words[last]
    if word.is_unspaced and len(word.text) > len(phrase.words[-1]):
        return words[last + 1].start if words[last + 1].start > word.start else word.end
    return word.end


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
