"""Plain JSON values -> typed values, leniently: a field that is malformed counts as absent.

Guarantees: `read` raises only `WireError(INVALID_FIELD)`, which names the field at fault. Unknown
fields are ignored. `protocol.parsing.structuring` is the strict counterpart. Must not know: any
dialect.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args, get_origin

import attrs
from attrs import frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, MessageId, UserId
from protocol.parsing.structuring import identifier
from protocol.schemas import Naming, Spelt

T = TypeVar("T")

_Accept: TypeAlias = Callable[[object], object]
"""A JSON value as the type that is wanted, or None."""


class Absent(WireError):
    """A field that must be there is missing or malformed."""


def read(raw: object, cls: type[T], *, naming: Naming) -> T:
    """An instance of the attrs class `cls` from a JSON object.

    Args:
        raw: the object; anything else has no fields.
        cls: the shape. What a field is read with may be declared: see `Spelt`.
        naming: the name of a field in JSON, from its name in `cls`.

    Raises:
        Absent: a field without a default is.
        WireError: what a `Spelt` raises.
    """
    given = raw if isinstance(raw, dict) else {}
    values: dict[str, object] = {}
    shape: Any = cls
    for each in _fields(shape, naming):
        value = each.accept(given.get(each.json))
        if value is not None:
            values[each.name] = value
        elif each.is_required:
            raise Absent(ErrorCode.INVALID_FIELD, field=each.json)
    return cls(**values)


@frozen
class _Field:
    name: str
    json: str
    accept: _Accept
    is_required: bool


@cache
def _fields(cls: type, naming: Naming) -> tuple[_Field, ...]:
    shape: Any = attrs.resolve_types(cls, include_extras=True)
    return tuple(
        _Field(
            each.name,
            naming(each.name),
            _accepting(each.type, naming),
            each.default is attrs.NOTHING,
        )
        for each in attrs.fields(shape)
    )


def _accepting(kind: Any, naming: Naming) -> _Accept:  # noqa: ANN401  a type, of any kind
    """What accepts values of a type."""
    if get_origin(kind) is Annotated:
        plain, *extras = get_args(kind)
        spelt = [each.read for each in extras if isinstance(each, Spelt)]
        return spelt[0] if spelt else _accepting(plain, naming)
    if type(None) in get_args(kind):
        (plain,) = (each for each in get_args(kind) if each is not type(None))
        return _accepting(plain, naming)
    if attrs.has(kind):
        return partial(_inner, kind, naming)
    return _PLAIN[kind]


def _inner(kind: type, naming: Naming, value: object) -> object:
    try:
        return read(value, kind, naming=naming)
    except Absent:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_PLAIN: Final[dict[object, _Accept]] = {
    str: _text,
    bool: _flag,
    **dict.fromkeys((ChannelId, MessageId, UserId), identifier),
}
