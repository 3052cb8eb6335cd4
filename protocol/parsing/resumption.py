"""The positions that a client names when it comes back (architecture section 9).

Guarantees: what cannot be read is a `WireError`, never half a request. Must not know: any dialect's
spelling.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID

K = TypeVar("K")

MAX_POSITIONS: Final = 10_000


def parse_positions(value: object, parse_key: Callable[[str], K | None]) -> Mapping[K, int]:
    """The last seq that a client has, by what it names.

    Args:
        value: an object of seqs (integers from 0); None counts as an empty one.
        parse_key: what a key names, None when it names nothing.

    Raises:
        WireError: INVALID_FIELD.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_POSITIONS:
        raise WireError(ErrorCode.INVALID_FIELD, "after must be an object of seqs")
    positions: dict[K, int] = {}
    for name, seq in value.items():
        key = parse_key(name)
        if key is None or type(seq) is not int or not 0 <= seq <= MAX_ID:
            raise WireError(ErrorCode.INVALID_FIELD, f"after: {name[:100]!r} is not understood")
        positions[key] = seq
    return positions


def parse_decimal(text: str) -> int | None:
    """The id that a JSON object's key spells, None if it spells none."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    number = int(text)
    return number if 1 <= number <= MAX_ID and str(number) == text else None
