"""Strict structuring: nothing is coerced, and an error names the field at fault."""

import pytest
from attrs import frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, ChannelId, MessageId, UserId, WorkspaceId
from protocol.parsing.structuring import identifier, structure

NOT_AN_ID = "must be an integer from 1 to 9007199254740991"


@frozen
class Inner:
    text: str
    deep: "Innermost | None" = None


@frozen
class Innermost:
    flag: bool


@frozen
class Shape:
    name: str
    is_open: bool = False
    count: int = 0
    ratio: float = 0.0
    user_id: UserId | None = None
    channel_id: ChannelId | None = None
    message_id: MessageId | None = None
    workspace_id: WorkspaceId | None = None
    inner: Inner | None = None


@frozen
class Spelt:
    first_name: str
    class_: str | None = None


def camel(name: str) -> str:
    return {"first_name": "firstName", "class_": "class"}[name]


def test_a_whole_object_becomes_an_instance_and_unknown_keys_are_ignored() -> None:
    raw: dict[str, object] = {
        "name": "a", "is_open": True, "count": -2, "ratio": 0.5, "user_id": 1,
        "inner": {"text": "t", "deep": {"flag": False}}, "more": [1],
    }  # fmt: skip
    assert structure(raw, Shape) == Shape(
        "a", True, -2, 0.5, UserId(1), inner=Inner("t", Innermost(flag=False))
    )


@pytest.mark.parametrize(
    ("raw", "field", "text"),
    [
        ({}, "name", "name is missing"),
        ({"name": None}, "name", "name must be a string"),
        ({"name": 5}, "name", "name must be a string"),
        ({"name": "a", "is_open": 1}, "is_open", "is_open must be true or false"),
        ({"name": "a", "is_open": "true"}, "is_open", "is_open must be true or false"),
        ({"name": "a", "count": True}, "count", "count must be an integer"),
        ({"name": "a", "count": 1.0}, "count", "count must be an integer"),
        ({"name": "a", "ratio": 1}, "ratio", "ratio must be a number"),
        ({"name": "a", "user_id": "1"}, "user_id", f"user_id {NOT_AN_ID}"),
        ({"name": "a", "channel_id": 0}, "channel_id", f"channel_id {NOT_AN_ID}"),
        ({"name": "a", "message_id": -1}, "message_id", f"message_id {NOT_AN_ID}"),
        ({"name": "a", "workspace_id": 2**53}, "workspace_id", f"workspace_id {NOT_AN_ID}"),
        ({"name": "a", "inner": 5}, "inner", "inner must be an object"),
        ({"name": "a", "inner": []}, "inner", "inner must be an object"),
        ({"name": "a", "inner": {}}, "inner.text", "inner.text is missing"),
        ({"name": "a", "inner": {"text": 5}}, "inner.text", "inner.text must be a string"),
        (
            {"name": "a", "inner": {"text": "t", "deep": {"flag": 1}}},
            "inner.deep.flag",
            "inner.deep.flag must be true or false",
        ),
        ({"name": 1, "count": "x"}, "name", "name must be a string"),  # the first one
    ],
)
def test_the_first_wrong_field_is_named(raw: dict[str, object], field: str, text: str) -> None:
    with pytest.raises(WireError) as caught:
        structure(raw, Shape)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)
    assert caught.value.text == text


def test_fields_may_be_spelt_differently_in_json() -> None:
    raw: dict[str, object] = {"firstName": "a", "class": "b", "first_name": 5}
    assert structure(raw, Spelt, naming=camel) == Spelt("a", "b")


@pytest.mark.parametrize(
    ("raw", "field", "text"),
    [
        ({"first_name": "a"}, "firstName", "firstName is missing"),
        ({"firstName": "a", "class": 5}, "class", "class must be a string"),
    ],
)
def test_an_error_names_the_field_as_the_client_spells_it(
    raw: dict[str, object], field: str, text: str
) -> None:
    with pytest.raises(WireError) as caught:
        structure(raw, Spelt, naming=camel)
    assert (caught.value.field, caught.value.text) == (field, text)


@frozen
class Picky:
    """A class whose constructor refuses an empty name."""

    name: str

    def __attrs_post_init__(self) -> None:
        if not self.name:
            raise ValueError("no name @ .other")


def test_an_error_of_a_constructor_names_no_field() -> None:
    with pytest.raises(WireError) as caught:
        structure({"name": ""}, Picky)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, None)
    assert caught.value.text == "A field is missing or has the wrong type."


@pytest.mark.parametrize("value", [1, MAX_ID])
def test_an_identifier_is_an_integer_from_1_to_2_to_53_less_1(value: int) -> None:
    assert identifier(value) == value


@pytest.mark.parametrize("value", [0, -1, MAX_ID + 1, 1.0, True, "1", None, [], {}])
def test_anything_else_is_no_identifier(value: object) -> None:
    assert identifier(value) is None
