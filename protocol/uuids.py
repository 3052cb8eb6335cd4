"""Ids as UUIDs, for clients that expect such: a fixed mapping, so nothing has to be looked up.

Guarantees: reversible; ids of different kinds never collide; the result is a valid UUID (version 8,
RFC 9562 section 5.8). Must not know: who shows them.
"""

from enum import IntEnum
from typing import Final
from uuid import UUID

from protocol.model import MAX_ID

_VERSION: Final = 0x8 << 76
_VARIANT: Final = 0x2 << 62
_KIND_SHIFT: Final = 96


class IdKind(IntEnum):
    """What an id is of."""

    USER = 1
    CHANNEL = 2
    MESSAGE = 3


def to_uuid(kind: IdKind, number: int) -> str:
    """The UUID of an id."""
    return str(UUID(int=kind << _KIND_SHIFT | _VERSION | _VARIANT | number))


def from_uuid(kind: IdKind, text: object) -> int | None:
    """The id that a UUID of that kind, or a plain decimal number, stands for; None for others."""
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)):
        number = int(text)
    else:
        try:
            value = UUID(text).int
        except ValueError:
            return None
        number = value ^ (kind << _KIND_SHIFT | _VERSION | _VARIANT)
    return number if 1 <= number <= MAX_ID else None
