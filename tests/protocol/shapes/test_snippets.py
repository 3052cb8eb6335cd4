"""Snippets, in the units of JavaScript."""

import json

import pytest
from hypothesis import given
from hypothesis.strategies import text

from protocol.searching.marks import marks_in
from protocol.searching.query import parse_query
from protocol.shapes.snippets import SNIPPET_CHARS, MarkObject, snippet_object, utf16_length


def in_javascript(snippet: str, mark: MarkObject) -> str:
    """The result of `snippet.slice(start, end)` in JavaScript."""
    units = snippet.encode("utf-16-le")
    return units[2 * mark["start"] : 2 * mark["end"]].decode("utf-16-le")


def shown(content: str, asked: str) -> list[str]:
    snippet = snippet_object(content, marks_in(content, parse_query(asked).phrases))
    return [in_javascript(snippet["text"], mark) for mark in snippet["marks"]]


@pytest.mark.parametrize(
    ("content", "asked", "parts"),
    [
        ("hay, hay", "hay", ["hay", "hay"]),
        ("😀 hay 👩‍👩‍👧‍👦 straw 😀", "hay straw", ["hay", "straw"]),
        ("😀😀hay😀", "hay", ["hay"]),
        ("𠀀𠀁𠀂", "𠀁𠀂", ["𠀁𠀂"]),
        ("one two three", '"two three" one', ["one", "two three"]),
        ("hayfield", "hay*", ["hayfield"]),
        ("喜欢学习", "欢学习", ["欢学习"]),
    ],
)
def test_marks_select_the_found_words_in_javascript(
    content: str, asked: str, parts: list[str]
) -> None:
    assert shown(content, asked) == parts


def test_a_snippet_is_the_part_around_the_first_mark() -> None:
    content = f"{'😀 far away ' * 50}hay{' and more' * 50}"
    snippet = snippet_object(content, marks_in(content, parse_query("hay").phrases))
    assert len(snippet["text"]) == SNIPPET_CHARS
    (mark,) = snippet["marks"]
    assert in_javascript(snippet["text"], mark) == "hay"
    units = content.encode("utf-16-le")
    at = 2 * (snippet["offset"] + mark["start"])
    assert units[at : at + 6].decode("utf-16-le") == "hay"
    assert snippet["text"].startswith(("😀", "far", "away"))


@given(text(max_size=500), text("ab学😀 ", min_size=1, max_size=5))
def test_marks_do_not_overlap_and_are_within_their_snippet(content: str, asked: str) -> None:
    try:
        phrases = parse_query(f'a "{asked}"').phrases
    except ValueError:
        return
    snippet = snippet_object(content, marks_in(content, phrases))
    before = 0
    for mark in snippet["marks"]:
        assert before <= mark["start"] < mark["end"] <= utf16_length(snippet["text"])
        before = mark["end"]
    assert len(json.dumps(snippet["text"])) >= 2
