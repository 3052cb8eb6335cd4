"""An emoji is accepted in each of its spellings, and always returned in the same one."""

import pytest
from emoji import EMOJI_DATA, STATUS
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ErrorCode, WireError
from protocol.parsing.emoji import MAX_EMOJI_CHARS, check_emoji

QUALIFIED = sorted(
    emoji for emoji, data in EMOJI_DATA.items() if data["status"] == STATUS["fully_qualified"]
)


def code_of(text: str) -> ErrorCode | None:
    try:
        check_emoji(text)
    except WireError as error:
        return error.code
    return None


def test_every_emoji_is_accepted_in_each_of_its_spellings() -> None:
    parts = {STATUS["component"], STATUS["fully_qualified"]}
    others = [emoji for emoji, data in EMOJI_DATA.items() if data["status"] not in parts]
    assert len(QUALIFIED) > 3_900
    assert max(map(len, QUALIFIED)) * 2 <= MAX_EMOJI_CHARS  # a selector after each character
    assert [each for each in QUALIFIED if check_emoji(each) != each] == []
    assert {check_emoji(each) for each in others} <= set(QUALIFIED)
    bare = [each.replace("\ufe0f", "") for each in QUALIFIED]
    assert [check_emoji(each) for each in bare] == QUALIFIED


@given(st.sampled_from(QUALIFIED), st.sampled_from(QUALIFIED))
def test_two_emoji_are_refused(one: str, other: str) -> None:
    assert code_of(one + other) is ErrorCode.NO_EMOJI


@given(st.sampled_from([each for each in QUALIFIED if len(each) > 1]), st.data())
def test_a_part_of_an_emoji_is_another_emoji_or_refused(emoji: str, data: st.DataObject) -> None:
    part = emoji[: data.draw(st.integers(0, len(emoji) - 1))]
    if code_of(part) is None:
        assert check_emoji(part) in QUALIFIED


@given(st.text(max_size=30).filter(lambda text: text.isascii() or text.isalpha()))
def test_text_is_refused(text: str) -> None:
    assert code_of(text) is ErrorCode.NO_EMOJI


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "1", "#", ":)", " 👍", "👍\n", "👍👍", "❤️❤️", "\U0001f1e9", "\U0001f3fd", "\u200d",
        "\ufe0f", "\ufe0e", "👩\u200d", "\ud83d", "\x00", "👍\x00", "👍" + "\ufe0f" * 20,
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    assert code_of(text) is ErrorCode.NO_EMOJI


def test_presentation_selectors_make_no_difference_and_skin_tones_do() -> None:
    assert check_emoji("❤") == check_emoji("❤\ufe0e") == check_emoji("❤\ufe0f") == "❤\ufe0f"
    assert check_emoji("👍\ufe0f") == "👍"
    assert len({check_emoji(each) for each in ("👍", "👍🏻", "👍🏿")}) == 3
