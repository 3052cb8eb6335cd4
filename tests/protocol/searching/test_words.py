"""The words of a text, and where they stand."""

import pytest
from hypothesis import given
from hypothesis.strategies import text

from protocol.searching.words import words_in


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", []),
        ("  ,.—“” 🎉 ", []),
        ("Hello, World", ["hello", "world"]),
        ("a_b fooBar(x[1]) it's", ["a", "b", "foobar", "x", "1", "it", "s"]),
        ("ÄPFEL ﬁne \uff12", ["äpfel", "fine", "2"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("u\u0308ber", ["über"]),
        ("我喜欢学", ["我喜", "喜欢", "欢学", "学"]),
        ("用python写", ["用", "python", "写"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー", "ー"]),
        ("𠀀𠀁", ["𠀀𠀁", "𠀁"]),
    ],
)
def test_words_are_separated_and_folded(content: str, words: list[str]) -> None:
    assert [word.text for word in words_in(content)] == words


@given(text())
def test_words_stand_in_their_order_within_the_text(content: str) -> None:
    before = 0
    for word in words_in(content):
        assert before <= word.start < word.end <= len(content)
        assert word.end - word.start <= 2 or not word.is_unspaced
        before = word.start + 1 if word.is_unspaced else word.end
