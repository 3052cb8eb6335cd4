"""Which names users, channels and workspaces may have."""

import pytest

from protocol.parsing.names import is_address, is_name, is_username, reads_as_written

NAMES = [
    "Ann", "Ann Lee", "Émile", "O'Brien-Smith", "Ngô Thị Lan", "אבי", "محمد", "山田 太郎", "a_5",
    "7",
    "#general!", "👩‍👩‍👧‍👦", "می‌خواهم", "क्‍ष", "<b>", " Ann ", "a  b",
]  # fmt: skip
UNSEEN = [
    "An\nn", "Ann\x07", "\x1b]52;c;x\x07", "Ann\x7f", "Ann\u200b", "\u200bAnn", "Ann\u00ad",
    "Ann\ufeff", "Ann\u202egnp", "Ann\u2067", "Ann\u200f", "A\u200dnn", "Ann\u200c",
    "\u0410\u200dnn", "Ann\u2028", "\u2060Ann", "Ann\ue000", "\U000e0041Ann",
]  # fmt: skip
NOTHING = ["", " ", "\u00a0", "\u3164", "\u2800 \u2800", "\u115f\u1160", "\uffa0"]


@pytest.mark.parametrize("text", NAMES)
def test_a_name_that_reads_as_it_is_written_is_accepted(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", UNSEEN)
def test_a_name_with_invisible_characters_is_refused(text: str) -> None:
    assert not reads_as_written(text)
    assert not is_name(text)
    assert not is_username(text)


@pytest.mark.parametrize("text", NOTHING)
def test_a_name_without_a_visible_character_is_refused(text: str) -> None:
    assert not is_name(text)
    assert not is_username(text)


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "Ann Lee",
        "ann_5",
        "émile",
        "анна",
        "Άννα",
        "山田太郎",
        "o'brien",
        "אבי",
        "a-b.c",
        "channels",
        "../a",
        "deleted",
        "deleted-a",
        "undeleted-1",
        "x" * 200,
    ],
)
def test_usernames(text: str) -> None:
    assert is_username(text)


@pytest.mark.parametrize(
    "text",
    [
        " ann", "ann ", "a  nn", "ann\u00a0lee", "ann\u3000lee",  # white space that looks alike
        "e\u0301mile", "\uff41nn", "\ufb01n", "\u2460",  # other spellings of the same letters
        "\u0430nn", "ann\u03bf", "p\u0430yp\u0430l",  # letters of another alphabet
        "ann@example.org", "ann\u3164",
        "ann\u0378",  # not assigned yet: how it will look is not known
        "deleted-9", "Deleted-17", "deleted-9-9",  # the usernames of deleted accounts
        "channel", "Channel",  # `@channel` mentions everybody
        "x" * 201,
    ],
)  # fmt: skip
def test_a_username_does_not_look_like_another_one(text: str) -> None:
    assert not is_username(text)


@pytest.mark.parametrize(
    "text", ["ann@example.org", "ann.lee+x@a", "o'brien@\u00e9cole.example", "анна@пример.example"]
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "ann", "@example.org", "ann@", "ann@b@c", " ann@example.org", "ann@exam ple.org",
        "ann@example.org\n", "ann\u200b@example.org", "ann@example\u202e.org", "a\x00@b.c",
        "\u0430nn@example.org",  # a username that is derived from it would look like ann
    ],
)  # fmt: skip
def test_a_malformed_address_is_refused(text: str) -> None:
    assert not is_address(text)
