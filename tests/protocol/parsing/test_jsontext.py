"""Untrusted JSON text is parsed to an object, or refused with a code."""

import pytest

from protocol.errors import ErrorCode, WireError
from protocol.parsing.jsontext import parse_object


@pytest.mark.parametrize("text", ['{"a":[1,{"b":null}]}', b' {"a":[1,{"b":null}]} '])
def test_an_object_is_parsed(text: str | bytes) -> None:
    assert parse_object(text) == {"a": [1, {"b": None}]}


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", "1" * 5_000, "[" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "\ufeff{}",
     r'{"a":"\ud800"}', '{"a":1,}', "{'a':1}", b'{"a":"\xff"}'],
)  # fmt: skip
def test_text_that_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(WireError) as caught:
        parse_object(text)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_JSON, None)


@pytest.mark.parametrize("text", ["null", "true", "1", '"x"', "[]", '[{"a":1}]'])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_object(text)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FRAME, None)
