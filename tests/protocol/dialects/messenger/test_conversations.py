"""How the messenger names conversations and messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dialects.messenger.conversations import (
    conversation_id,
    parse_conversation_id,
    parse_message_id,
)
from protocol.model import MAX_ID, MessageId, UserId

IDS = st.integers(1, MAX_ID).map(UserId)


@given(IDS, IDS)
def test_the_name_of_a_conversation_is_parsed_to_its_two_users(one: UserId, other: UserId) -> None:
    name = conversation_id(one, other)
    assert name == conversation_id(other, one)
    assert parse_conversation_id(name) == (None if one == other else tuple(sorted((one, other))))


def test_the_lower_id_comes_first() -> None:
    assert conversation_id(UserId(12), UserId(3)) == "conv_3_12"


@pytest.mark.parametrize(
    "text",
    ["", "conv_1", "conv_2_1", "conv_1_1", "conv_0_1", "conv_01_2", "conv_1_2 ", "conv_1_2\n",
     "Conv_1_2", "conv_-1_2", "conv_1_٣", f"conv_1_{MAX_ID + 1}", "conv_1_" + "9" * 5_000],
)  # fmt: skip
def test_anything_else_names_no_conversation(text: str) -> None:
    assert parse_conversation_id(text) is None


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("09", 9), (str(MAX_ID), MAX_ID)])
def test_a_message_is_named_by_a_string_of_digits(value: object, number: int) -> None:
    assert parse_message_id(value) == MessageId(number)


@pytest.mark.parametrize(
    "value", ["", "0", "x", "1.0", "-1", "٣", 1, None, [], str(MAX_ID + 1), "9" * 5_000]
)
def test_anything_else_names_no_message(value: object) -> None:
    assert parse_message_id(value) is None
