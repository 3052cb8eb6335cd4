"""The part of a message that is shown in search results, the same in every dialect.

Guarantees: it is cut between characters, and numbers count UTF-16 code units, as the strings of
JavaScript do. Must not know: how the message was found.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypedDict, TypeVar

from protocol.searching.marks import Span

SNIPPET_CHARS: Final = 200
_LEAD: Final = 60  # characters before the first mark
_BREAK: Final = 20  # how far to look for a space to cut at

M = TypeVar("M")


class MarkObject(TypedDict):
    """A part of a snippet that matches the search: from `start` to before `end`."""

    start: int
    end: int


class SnippetObject(TypedDict):
    """A part of a message's content, which begins at `offset` in the content, and the marks of what
    matches the search. All numbers are UTF-16 code units.
    """

    text: str
    offset: int
    marks: list[MarkObject]


class FoundObject(TypedDict, Generic[M]):
    """A found message, and the part of it that matches the search."""

    message: M
    snippet: SnippetObject


def snippet_object(content: str, marks: Sequence[Span]) -> SnippetObject:
    """The part of a content around the first mark."""
    first = marks[0][0] if marks else 0
    begin = _cut(content, max(min(first - _LEAD, len(content) - SNIPPET_CHARS), 0))
    end = min(begin + SNIPPET_CHARS, len(content))
    shown = [(start, min(stop, end)) for start, stop in marks if begin <= start < end]
    return {
        "text": content[begin:end],
        "offset": utf16_length(content[:begin]),
        "marks": [
            {
                "start": utf16_length(content[begin:start]),
                "end": utf16_length(content[begin:stop]),
            }
            for start, stop in shown
        ],
    }


def _cut(content: str, place: int) -> int:
    """A place at or soon after `place` where a word begins, or `place` itself."""
    if place == 0:
        return 0
    space = content.find(" ", place - 1, place + _BREAK)
    return place if space < 0 else space + 1


def utf16_length(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text) + sum(letter > "\uffff" for letter in text)
