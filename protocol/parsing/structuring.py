"""Plain JSON values -> typed values, strictly: nothing is coerced.

Guarantees: `structure` raises only `WireError(INVALID_FIELD)`, naming the field. cattrs on its own
turns 5 into "5", 1.5 into 1 and "false" into True; the hooks below refuse instead. Unknown keys are
ignored, because clients may send more than a dialect asks for. Must not know: any dialect.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs
import cattrs

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, ChannelId, MessageId, UserId, WorkspaceId

T = TypeVar("T")


class _Mismatch(Exception):
    """A value is not what its field takes; the text completes "<field> ..."."""


def _exactly(kind: type, value: object) -> object:
    """`value` if its type is `kind` itself: True is an int to isinstance, but not to a client."""
    if type(value) is not kind:
        raise _Mismatch(f"must be {_NAMES[kind]}")
    return value


def _identifier(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_ID:
        raise _Mismatch(f"must be an integer from 1 to {MAX_ID}")
    return value


def identifier(value: object) -> int | None:
    """`value` if it is an id (an integer from 1 to 2**53 - 1), else None: it counts as absent."""
    return value if type(value) is int and 1 <= value <= MAX_ID else None


_NAMES: Final = {str: "a string", bool: "true or false", int: "an integer", float: "a number"}


def _make_converter() -> cattrs.Converter:
    # Detailed validation costs a try per field on the way in; the path message is worth it only
    # on failure, so the failing case is structured a second time with it switched on.
    converter = cattrs.Converter(detailed_validation=False, forbid_extra_keys=False)
    for kind in _NAMES:
        converter.register_structure_hook(kind, lambda value, kind: _exactly(kind, value))
    for identifier in (UserId, ChannelId, MessageId, WorkspaceId):
        converter.register_structure_hook(identifier, lambda value, _: _identifier(value))
    return converter


_FAST: Final = _make_converter()
_EXPLAINING: Final = _FAST.copy(detailed_validation=True)


def structure(
    raw: dict[str, object], cls: type[T], *, naming: Callable[[str], str] | None = None
) -> T:
    """An instance of the attrs class `cls` from a JSON object.

    Args:
        raw: the object.
        cls: the shape.
        naming: the name of a field in JSON, from its name in `cls`; None: they are the same.

    Raises:
        WireError: INVALID_FIELD; its `field` and text name the first that is missing or wrong.
    """
    spelt: dict[str, str] = {}
    if naming is not None:
        shape: Any = cls
        spelt = {field.name: naming(field.name) for field in attrs.fields(shape)}
        raw = {name: raw[json] for name, json in spelt.items() if json in raw}
    try:
        return _FAST.structure(raw, cls)
    except Exception:  # noqa: BLE001  whatever a hook or a constructor raises is the peer's fault
        path, flaw = _first_flaw(raw, cls)
        field = ".".join((spelt.get(path[0], path[0]), *path[1:])) if path else None
        text = None if field is None else f"{field} {flaw}"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=field) from None


def _first_flaw(raw: dict[str, object], cls: type[Any]) -> tuple[tuple[str, ...], str]:
    """The path of the first wrong field, and what is wrong with it; no path: all of `raw`."""
    error: BaseException | None = None
    try:
        _EXPLAINING.structure(raw, cls)
    except Exception as raised:  # noqa: BLE001  as above
        error = raised
    path: tuple[str, ...] = ()
    value: object = raw
    while isinstance(error, cattrs.ClassValidationError) and isinstance(value, dict):
        flaws, _ = error.group_exceptions()
        if not flaws:  # the constructor refused the whole object
            break
        error, note = flaws[0]
        path = (*path, note.name)
        value = value.get(note.name)
    match error:
        case KeyError():
            return path, "is missing"
        case _Mismatch():
            return path, str(error)
        case _:
            return path, "must be an object"
