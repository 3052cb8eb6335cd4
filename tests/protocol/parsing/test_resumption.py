"""The log positions in a client's `resume`."""

import pytest

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID
from protocol.parsing.resumption import (
    MAX_POSITIONS,
    parse_channels,
    parse_decimal,
    parse_positions,
)


def test_the_keys_of_positions_are_parsed() -> None:
    assert parse_positions({"1": 0, "2": MAX_ID}, parse_decimal) == {1: 0, 2: MAX_ID}


@pytest.mark.parametrize("value", [None, {}])
def test_no_positions_are_an_empty_mapping(value: object) -> None:
    assert parse_positions(value, parse_decimal) == {}


def test_an_empty_mapping_of_channels_is_not_the_same_as_none() -> None:
    assert parse_channels(None, parse_decimal) is None
    assert parse_channels({}, parse_decimal) == {}
    assert parse_channels({"1": 2}, parse_decimal) == {1: 2}


@pytest.mark.parametrize(
    "value",
    ["", 0, [], [["1", 2]], True, {"x": 1}, {"0": 1}, {"01": 1}, {"1": -1}, {"1": None},
     {"1": True}, {"1": 1.0}, {"1": "1"}, {"1": MAX_ID + 1}, {"1": 1, "x": 1}],
)  # fmt: skip
def test_one_bad_entry_refuses_them_all(value: object) -> None:
    with pytest.raises(WireError) as caught:
        parse_positions(value, parse_decimal)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "after")


def test_the_number_of_positions_is_limited() -> None:
    full = {str(number): 0 for number in range(1, MAX_POSITIONS + 1)}
    assert len(parse_positions(full, parse_decimal)) == MAX_POSITIONS
    with pytest.raises(WireError):
        parse_positions({**full, str(MAX_POSITIONS + 1): 0}, parse_decimal)


def test_a_key_that_is_refused_is_shown_in_at_most_100_characters() -> None:
    with pytest.raises(WireError) as caught:
        parse_positions({"x" * 200: 1}, parse_decimal)
    assert caught.value.text == f"after: {'x' * 100!r} is not understood"


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("42", 42), (str(MAX_ID), MAX_ID)])
def test_a_decimal_is_an_id_as_json_writes_it(text: str, number: int) -> None:
    assert parse_decimal(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "٣", "²", "x", str(MAX_ID + 1),
     "9" * 5_000],
)  # fmt: skip
def test_anything_else_is_no_decimal(text: str) -> None:
    assert parse_decimal(text) is None
