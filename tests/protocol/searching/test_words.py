"""The words of a text, and their positions."""

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
        ("İstanbul I\u0307STANBUL ISTANBUL \u0131stanbul", ["istanbul"] * 4),
        ("ΟΔΟΣ οδος οδοσ", ["οδοσ"] * 3),
        ("ΐ \u03aa\u0301 ǰ J\u030c \N{KELVIN SIGN}", ["ΐ", "ΐ", "ǰ", "ǰ", "k"]),
        ("ﬁle\u00adname \u202ahay\u202c s\u200bt\ufeffraw", ["filename", "hay", "straw"]),
        ("½ 1/2", ["1fr2", "1", "2"]),
        ("it\u00b4s", ["it", "s"]),
        ("ไทย1", ["ไท", "ทย", "ย", "1"]),
        ("한국어 \u1112\u1161\u11ab", ["한국", "국어", "어", "한"]),
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
def test_words_are_in_order_and_within_the_text(content: str) -> None:
    before = 0
    for word in words_in(content):
        assert before <= word.start < word.end <= len(content)
        before = word.start
