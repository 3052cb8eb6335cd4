"""Where the words that were searched for are in a content."""

import pytest

from protocol.searching.marks import Span, marks_in
from protocol.searching.query import parse_query


@pytest.mark.parametrize(
    ("content", "asked", "marks"),
    [
        ("hay, hay", "hay", [(0, 3), (5, 8)]),
        ("hay", "straw", []),
        ("one two three", '"two three" one', [(0, 3), (4, 13)]),
        ("one two three", '"one two" "two three"', [(0, 13)]),
        ("hayfield", "hay*", [(0, 8)]),
        ("喜欢学习", "欢学习", [(1, 4)]),
        ("一\U00020bb7野家", "\U00020bb7", [(1, 2)]),
        ("学习", "习", [(1, 2)]),
        ("ไปกรุงเทพ", "กรุงเทพ", [(2, 9)]),
        ("กิน", "ก", [(0, 2)]),
        ("대한민국은", "민국", [(2, 4)]),
        ("in İstanbul\u202c.", "istanbul", [(3, 11)]),
        ("a \u202ahay\u00adfield b", "HAYFIELD", [(3, 12)]),
        ("1.2.3.4", "½", []),
        ("add 3½ l", "3½", [(4, 6)]),
    ],
)
def test_marks_are_where_the_words_are(content: str, asked: str, marks: list[Span]) -> None:
    assert marks_in(content, parse_query(asked).phrases) == marks


def test_other_forms_are_marked_as_well() -> None:
    phrases = parse_query("run").phrases
    assert marks_in("he ran, running", phrases, {("run", "running")}) == [(8, 15)]
