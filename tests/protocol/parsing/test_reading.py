"""Reading: a malformed required field counts as absent, a malformed optional one is refused."""

from typing import Annotated

import pytest
from attrs import frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, MessageId, UserId
from protocol.parsing.reading import Absent, reader
from protocol.rest import camel_case
from protocol.schemas import Spelt


@frozen
class Inner:
    user_id: UserId


def _number(given: object) -> int | None:
    if given == "no":
        raise WireError(ErrorCode.INVALID_FIELD, field="spelt")
    return int(given) if isinstance(given, str) else None


@frozen
class Shape:
    channel_id: ChannelId
    text: str = "none"
    is_open: bool = False
    message_id: MessageId | None = None
    inner: Inner | None = None
    spelt: Annotated[int, Spelt(str, _number)] | None = None


READ = reader(Shape, naming=camel_case)


def test_every_field_is_read_under_its_name_in_json() -> None:
    raw = {"channelId": 3, "text": "", "isOpen": True, "messageId": 9, "inner": {"userId": 1},
           "spelt": "7", "more": 1}  # fmt: skip
    shape = Shape(ChannelId(3), "", True, MessageId(9), Inner(UserId(1)), 7)
    assert READ(raw) == shape


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", 5), ("isOpen", 1), ("isOpen", "true"), ("messageId", True), ("messageId", 0),
     ("messageId", "9"), ("inner", 5), ("inner", {}), ("inner", {"userId": "1"}), ("spelt", 5)],
)  # fmt: skip
def test_a_malformed_optional_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(WireError) as caught:
        READ({"channelId": 3, field: value})
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)
    assert not isinstance(caught.value, Absent)
    assert caught.value.text == f"{field} has the wrong type"


def test_a_field_that_is_null_counts_as_missing() -> None:
    names = ("text", "isOpen", "messageId", "inner", "spelt")
    assert READ({"channelId": 3, **dict.fromkeys(names)}) == Shape(ChannelId(3))


@pytest.mark.parametrize("raw", [{}, {"channelId": "3"}, {"channel_id": 3}, [], None, "channelId"])
def test_a_missing_or_malformed_required_field_is_named(raw: object) -> None:
    with pytest.raises(Absent) as caught:
        READ(raw)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "channelId")


def test_an_error_of_the_parser_of_a_field_is_raised() -> None:
    with pytest.raises(WireError) as caught:
        READ({"channelId": 3, "spelt": "no"})
    assert caught.value.field == "spelt"
