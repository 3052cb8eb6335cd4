"""How queries are parsed, and what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from, text

from protocol.errors import ErrorCode, WireError
from protocol.searching.query import MAX_PHRASES, MAX_QUERY_CHARS, Query, parse_query
from protocol.searching.words import Phrase

PARTS = ["hay", '"', "from:", "in:#", "before:", "2026-01-31", "has:file", ":", "*", " ", "学习"]


@pytest.mark.parametrize(
    ("asked", "phrases"),
    [
        ("Hay", [Phrase(("hay",), is_exact=False)]),
        ('"Hay"', [Phrase(("hay",))]),
        ("hay*", [Phrase(("hay",), is_prefix=True)]),
        ('"ha*"', [Phrase(("ha",))]),
        ('"hay and straw', [Phrase(("hay", "and", "straw"))]),
        ('hay"and straw"', [Phrase(("hay",), is_exact=False), Phrase(("and", "straw"))]),
        ("a.b.cde*", [Phrase(("a", "b", "cde"), is_prefix=True)]),
        ("学习法", [Phrase(("学习", "习法"))]),
        ("学", [Phrase(("学",), is_prefix=True)]),
        ("学习python", [Phrase(("学习",)), Phrase(("python",), is_exact=False)]),
        ("http://x foo:bar", [Phrase(("http", "x")), Phrase(("foo", "bar"))]),
        ("hay hay", [Phrase(("hay",), is_exact=False)]),
        ("(a+)+$ hay", [Phrase(("a",), is_exact=False), Phrase(("hay",), is_exact=False)]),
    ],
)
def test_words_and_phrases(asked: str, phrases: list[Phrase]) -> None:
    assert parse_query(asked) == Query(tuple(phrases))


def test_filters() -> None:
    query = parse_query(
        'From:@ann from:"Ben B" in:#ops in:eve has:FILE has:link after:2026-01-31 '
        "after:2026-02-01T10:00:00+02:00 before:2026-03-01 before:2026-04-01"
    )
    assert query == Query(
        senders=("ann", "Ben B"),
        places=("ops", "eve"),
        since=datetime(2026, 2, 1, 8, tzinfo=UTC),
        until=datetime(2026, 3, 1, tzinfo=UTC),
        has_file=True,
        has_link=True,
    )


@pytest.mark.parametrize(
    "asked",
    [
        "",
        " \t",
        '""',
        ".,-—",
        "🎉",
        "a\x00b",
        "a\ud800b",
        "x" * (MAX_QUERY_CHARS + 1),
        "x " * (MAX_PHRASES + 1),
        "ha*",
        "hay.a*",
        "has:cheese",
        "has:",
        "from:",
        'from:"',
        "from:@",
        "in:#",
        "before:",
        "before:yesterday",
        "before:2026-13-01",
        "before:2026-1-1",
        "before:20260131",
        "after:2026-W05-6",
        "after:0001-01-01T00:00:00+14:00",
    ],
)
def test_a_malformed_query_is_refused_with_one_sentence(asked: str) -> None:
    with pytest.raises(WireError) as refused:
        parse_query(asked)
    assert (refused.value.code, refused.value.field) == (ErrorCode.INVALID_FIELD, "q")
    assert "\n" not in refused.value.text


@given(text() | lists(sampled_from(PARTS)).map("".join))
def test_every_text_is_a_query_or_refused(asked: str) -> None:
    try:
        query = parse_query(asked)
    except WireError:
        return
    assert query != Query()
    assert len(query.phrases) <= MAX_PHRASES
    assert all(phrase.words and all(phrase.words) for phrase in query.phrases)


@given(lists(text("abcäß", min_size=1, max_size=5), min_size=1, max_size=MAX_PHRASES))
def test_a_quoted_phrase_has_the_words_as_they_were_written(words: list[str]) -> None:
    (phrase,) = parse_query(f'"{" ".join(words)}"').phrases
    assert phrase == Phrase(tuple(word.lower() for word in words))
