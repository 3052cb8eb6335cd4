"""Plain JSON values -> typed values, for frames that may be ignored if a field is missing.

Guarantees: reading raises only `WireError(INVALID_FIELD)`, which names the field at fault: `Absent`
if it must be there and is missing or malformed. No field that a client gave is dropped silently,
except unknown ones. `protocol.parsing.structuring` is the strict counterpart. Must not know: any
dialect.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args, get_origin

import attrs

from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, MessageId, UserId
from protocol.parsing.structuring import identifier
from protocol.schemas import Naming, Spelt

T = TypeVar("T")

_Accept: TypeAlias = Callable[[object], object]
"""A JSON value as the type that is wanted, or None."""


class Absent(WireError):
    """A field that must be there is missing or malformed."""


def reader(cls: type[T], *, naming: Naming) -> Callable[[object], T]:
    """A function that makes an instance of the attrs class `cls` from a JSON object; any other
    value counts as an object without fields. It raises Absent when a field without a default is
    missing or malformed, WireError when another one is malformed, and what a `Spelt` raises. A
    field that is null counts as missing.

    Args:
        cls: the shape. A field may declare the function that reads it: see `Spelt`.
        naming: the name of a field in JSON, from its name in `cls`.
    """
    shape: Any = cls
    attrs.resolve_types(shape, include_extras=True)
    fields = [
        (each.name, naming(each.name), _accepting(each.type, naming), each.default is attrs.NOTHING)
        for each in attrs.fields(shape)
    ]

    def read(raw: object) -> T:
        given = raw if isinstance(raw, dict) else {}
        values: dict[str, object] = {}
        for name, json, accept, is_required in fields:
            value = accept(given.get(json))
            if value is not None:
                values[name] = value
            elif is_required:
                raise Absent(ErrorCode.INVALID_FIELD, field=json)
            elif given.get(json) is not None:
                text = f"{json} has the wrong type"
                raise WireError(ErrorCode.INVALID_FIELD, text, field=json)
        return cls(**values)

    return read


def _accepting(kind: Any, naming: Naming) -> _Accept:  # noqa: ANN401  a type, of any kind
    """The function that accepts values of a type."""
    if get_origin(kind) is Annotated:
        plain, *extras = get_args(kind)
        spelt = [each.read for each in extras if isinstance(each, Spelt)]
        return spelt[0] if spelt else _accepting(plain, naming)
    if type(None) in get_args(kind):
        (plain,) = (each for each in get_args(kind) if each is not type(None))
        return _accepting(plain, naming)
    if attrs.has(kind):
        return _if_whole(reader(kind, naming=naming))
    return _PLAIN[kind]


def _if_whole(read: _Accept) -> _Accept:
    """Accepts an object in which no required field is absent."""

    def accept(value: object) -> object:
        try:
            return read(value)
        except Absent:
            return None

    return accept


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_PLAIN: Final[dict[object, _Accept]] = {
    str: _text,
    bool: _flag,
    **dict.fromkeys((ChannelId, MessageId, UserId), identifier),
}
