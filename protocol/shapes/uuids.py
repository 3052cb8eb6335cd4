"""Ids as UUIDs, for clients that expect such: a fixed mapping, so nothing has to be looked up.

Guarantees: reversible; ids of different kinds never collide; the result is a valid UUID (version 8,
RFC 9562 section 5.8). Must not know: who shows them.
"""

import re
from enum import IntEnum
from typing import Annotated, Final, TypeAlias

from protocol.model import MAX_ID
from protocol.schemas import Keywords

_VERSION_8: Final = 0x8 << 76
_VARIANT: Final = 0x2 << 62
_KIND_SHIFT: Final = 96
_FORM: Final = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})",
    re.ASCII | re.IGNORECASE,
)


class IdKind(IntEnum):
    """What an id identifies."""

    USER = 1
    CHANNEL = 2
    MESSAGE = 3


def _form(kinds: str) -> Keywords:
    """The form of UUIDs. `kinds`: which, as a part of a regular expression."""
    pattern = f"^0000000{kinds}-0000-8000-80[01][0-9a-f]-[0-9a-f]{{12}}$"
    return Keywords(format="uuid", pattern=pattern)


Uuid: TypeAlias = Annotated[str, _form("[1-3]")]
"""What `to_uuid` returns."""
UserUuid: TypeAlias = Annotated[str, _form("1")]
ChannelUuid: TypeAlias = Annotated[str, _form("2")]
MessageUuid: TypeAlias = Annotated[str, _form("3")]


def to_uuid(kind: IdKind, number: int) -> str:
    """The UUID of an id."""
    digits = f"{_frame(kind) | number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def from_uuid(kind: IdKind, text: object) -> int | None:
    """The id that a UUID of that kind, or a plain decimal number, stands for; None for others."""
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= len(str(MAX_ID)) else 0
    else:
        form = _FORM.fullmatch(text)
        number = 0 if form is None else int("".join(form.groups()), 16) ^ _frame(kind)
    return number if 1 <= number <= MAX_ID else None


def _frame(kind: IdKind) -> int:
    """The bits that all UUIDs of a kind share."""
    return kind << _KIND_SHIFT | _VERSION_8 | _VARIANT
