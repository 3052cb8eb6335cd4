"""Types as JSON Schema."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Literal, NotRequired, TypedDict, TypeVar

import pytest
from attrs import frozen

from protocol.model import UserId
from protocol.rest import camel_case
from protocol.schemas import Keywords, Schemas, Spelt, enumeration

K = TypeVar("K")


class Colour(StrEnum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Sent(TypedDict):
    """What is sent.

    And more of it.
    """

    id: UserId
    text: Annotated[str, Keywords(maxLength=3)]
    colour: NotRequired[Colour | None]


class Tagged(TypedDict, Generic[K]):
    """A frame."""

    tag: K
    data: list[Sent]


@frozen
class Received:
    """What is received."""

    user_id: UserId
    class_: str | None = None


@frozen
class Whole:
    """A class with its own list of required fields."""

    KEYWORDS: ClassVar = Keywords(required=["text"])
    text: str | None = None


ID = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}


def test_a_sent_object_has_exactly_the_declared_fields() -> None:
    schemas = Schemas("#/")
    assert schemas.of(Sent) == {"$ref": "#/protocol.test_schemas.Sent"}
    assert schemas.definitions["protocol.test_schemas.Sent"] == {
        "description": "What is sent.",
        "type": "object",
        "properties": {
            "id": ID,
            "text": {"type": "string", "maxLength": 3},
            "colour": {"anyOf": [{"$ref": "#/protocol.test_schemas.Colour"}, {"type": "null"}]},
        },
        "required": ["id", "text"],
        "additionalProperties": False,
    }
    colour = schemas.definitions["protocol.test_schemas.Colour"]
    assert colour == {"description": "A colour.", "type": "string", "enum": ["red", "blue"]}


def test_a_received_object_may_have_more_fields_and_has_the_names_of_its_dialect() -> None:
    schemas = Schemas("#/")
    schemas.of(Received, camel_case)
    assert schemas.definitions["protocol.test_schemas.Received"] == {
        "description": "What is received.",
        "type": "object",
        "properties": {"userId": ID, "class": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["userId"],
    }


def test_the_keywords_of_a_class_are_in_its_schema() -> None:
    schemas = Schemas("#/")
    schemas.of(Whole)
    assert schemas.definitions["protocol.test_schemas.Whole"]["required"] == ["text"]


def test_a_value_that_is_spelt_differently_is_described_as_in_json() -> None:
    kind = Annotated[UserId, Spelt(str, int), Keywords(pattern="^[0-9]+$")]
    assert Schemas("#/").of(kind) == {"type": "string", "pattern": "^[0-9]+$"}


def test_a_type_variable_is_replaced_by_its_argument() -> None:
    schema = Schemas("#/").of(Tagged[Literal["a"]])
    assert schema["properties"] == {
        "tag": {"type": "string", "enum": ["a"]},
        "data": {"type": "array", "items": {"$ref": "#/protocol.test_schemas.Sent"}},
    }


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (object, {}),
        (bool, {"type": "boolean"}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
    ],
)
def test_plain_types(kind: object, schema: object) -> None:
    assert Schemas("#/").of(kind) == schema


def test_enumerations() -> None:
    assert enumeration([1, 2]) == {"type": "integer", "enum": [1, 2]}
    assert enumeration([Colour.RED]) == {"type": "string", "enum": ["red"]}


@pytest.mark.parametrize("kind", [date, set[int], K])
def test_a_type_without_a_schema_is_an_error(kind: object) -> None:
    with pytest.raises(TypeError, match="has no JSON Schema"):
        Schemas("#/").of(kind)


def test_two_classes_of_one_name_are_not_mixed_up() -> None:
    class Sent(TypedDict):
        other: int

    Sent.__module__ = "another.package.protocol.test_schemas"
    schemas = Schemas("#/")
    schemas.of(globals()["Sent"])
    with pytest.raises(ValueError, match=r"two classes are protocol\.test_schemas\.Sent"):
        schemas.of(Sent)
