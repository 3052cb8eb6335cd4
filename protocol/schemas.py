"""Types as JSON Schema (draft 2020-12), both those that are encoded and those that are read.

A `TypedDict` is an object that the hub sends: it has exactly the declared fields. An attrs class is
an object that a client sends: further fields are ignored. `Annotated` adds keywords, such as
`Annotated[str, Keywords(maxLength=255)]`, and `KEYWORDS` of an attrs class adds some to all of it.

Guarantees: a class is described once in a document and then referred to; a type that cannot be
described raises TypeError. Must not know: any dialect, OpenAPI, AsyncAPI.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs
from attrs import define, field

from protocol.model import MAX_ID, ChannelId, MessageId, SessionId, UserId, WorkspaceId

JsonSchema: TypeAlias = dict[str, object]
Naming: TypeAlias = Callable[[str], str]
"""The name of a field in JSON, from its name in Python."""

_ID: Final[Mapping[str, object]] = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
_PLAIN: Final[Mapping[object, Mapping[str, object]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    type(None): {"type": "null"},
    object: {},
    **dict.fromkeys((ChannelId, MessageId, SessionId, UserId, WorkspaceId), _ID),
}


class Keywords:
    """Keywords of JSON Schema, for `Annotated`."""

    def __init__(self, **keywords: object) -> None:
        self.keywords: Final = keywords


class Spelt:
    """For `Annotated`, in types that are read: the value has another type in JSON.

    Args:
        kind: its type in JSON.
        read: makes the value from a JSON value of any type; None: the field counts as absent.
    """

    def __init__(self, kind: object, read: Callable[[object], object]) -> None:
        self.kind: Final = kind
        self.read: Final = read


def enumeration(values: Sequence[object]) -> JsonSchema:
    """The schema of an enumeration: of plain values of one type, or of members of an Enum."""
    plain = [each.value if isinstance(each, Enum) else each for each in values]
    return {**_PLAIN[type(plain[0])], "enum": plain}


@define
class Schemas:
    """The definitions of one document.

    Args:
        place: the reference to the object that holds the definitions, with a slash at its end.
    """

    place: str
    definitions: dict[str, JsonSchema] = field(factory=dict, init=False)
    _defined: dict[str, object] = field(factory=dict, init=False)

    def of(self, kind: Any, naming: Naming = str) -> JsonSchema:  # noqa: ANN401  a type, of any kind
        """The schema of a type. Classes are added to `definitions`.

        Args:
            kind: the type.
            naming: spells the fields of attrs classes.

        Raises:
            TypeError: the type cannot be described.
            ValueError: two modules and their classes have the same names.
        """
        origin, arguments = get_origin(kind), get_args(kind)
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if origin is Annotated:
            return self._of_annotated(arguments[0], arguments[1:], naming)
        if origin in (Required, NotRequired):
            return self.of(arguments[0], naming)
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(each, naming) for each in arguments]}
        if origin is Literal:
            return enumeration(arguments)
        if origin is None:
            return self._of_class(kind, naming)
        return self._of_generic(origin, arguments, naming)

    def _of_annotated(self, kind: object, extras: tuple[object, ...], naming: Naming) -> JsonSchema:
        """The schema of an annotated type: with its keywords, or of its type in JSON."""
        for each in extras:
            kind = each.kind if isinstance(each, Spelt) else kind
        schema = self.of(kind, naming)
        for each in extras:
            schema |= each.keywords if isinstance(each, Keywords) else {}
        return schema

    def _of_generic(
        self,
        origin: Any,  # noqa: ANN401  same
        arguments: tuple[Any, ...],
        naming: Naming,
    ) -> JsonSchema:
        """The schema of a class with type arguments, such as `list[int]`."""
        if is_typeddict(origin):
            return self._sent(origin, dict(zip(origin.__parameters__, arguments, strict=True)))
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1], naming)}
        if issubclass(origin, Sequence):
            return {"type": "array", "items": self.of(arguments[0], naming)}
        raise TypeError(f"{origin} has no JSON Schema")

    def _of_class(self, kind: Any, naming: Naming) -> JsonSchema:  # noqa: ANN401  same
        """A reference to the definition of a class, which is made at the first reference."""
        place = kind.__module__.split(".")[-2:]
        name = ".".join((*place, kind.__name__.lstrip("_")))
        if name not in self._defined:
            self._defined[name] = kind
            text = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
            self.definitions[name] = {"description": text, **self._definition(kind, naming)}
        if self._defined[name] is not kind:
            raise ValueError(f"two classes are {name}")
        return {"$ref": f"{self.place}{name}"}

    def _definition(self, kind: Any, naming: Naming) -> JsonSchema:  # noqa: ANN401  same
        if is_typeddict(kind):
            return self._sent(kind, _given_to_bases(kind))
        if isinstance(kind, type) and issubclass(kind, Enum):
            return enumeration(list(kind))
        if attrs.has(kind):
            return self._received(kind, naming)
        raise TypeError(f"{kind} has no JSON Schema")

    def _sent(self, kind: Any, variables: Mapping[object, object]) -> JsonSchema:  # noqa: ANN401  same
        """An object with exactly the fields of a TypedDict.

        `variables`: the types that replace its type variables.
        """
        hints = get_type_hints(kind, include_extras=True)
        return {
            "type": "object",
            "properties": {name: self.of(_filled(hint, variables)) for name, hint in hints.items()},
            "required": [name for name in hints if name in kind.__required_keys__],
            "additionalProperties": False,
        }

    def _received(self, kind: Any, naming: Naming) -> JsonSchema:  # noqa: ANN401  same
        """An object of an attrs class: fields without a default are required, more are allowed."""
        fields = attrs.fields(attrs.resolve_types(kind, include_extras=True))
        return {
            "type": "object",
            "properties": {naming(each.name): self.of(each.type, naming) for each in fields},
            "required": [naming(each.name) for each in fields if each.default is attrs.NOTHING],
            **(kind.KEYWORDS.keywords if hasattr(kind, "KEYWORDS") else {}),
        }


def _given_to_bases(kind: Any) -> Mapping[object, object]:  # noqa: ANN401  a TypedDict
    """The types that a TypedDict gives to the type variables of its base classes."""
    given: dict[object, object] = {}
    for base in getattr(kind, "__orig_bases__", ()):
        origin = get_origin(base)
        if is_typeddict(origin):
            direct = dict(zip(origin.__parameters__, get_args(base), strict=True))
            theirs = _given_to_bases(origin)
            given |= direct | {each: _filled(hint, direct) for each, hint in theirs.items()}
    return given


def _filled(hint: Any, variables: Mapping[object, object]) -> Any:  # noqa: ANN401  a type
    """A type with its type variables replaced."""
    parameters = getattr(hint, "__parameters__", ())
    if hint in variables or not parameters:
        return variables.get(hint, hint)
    return hint[tuple(variables.get(each, each) for each in parameters)]
