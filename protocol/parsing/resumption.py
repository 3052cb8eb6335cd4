"""The log positions in a client's `resume`. See docs/delivery.md.

Guarantees: one entry that cannot be read makes the whole request a `WireError`. Must not know: how
a dialect names conversations and channels.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias, TypeVar

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID
from protocol.schemas import Keywords, Spelt

K = TypeVar("K")

MAX_POSITIONS: Final = 10_000

Seq: TypeAlias = Annotated[int, Keywords(minimum=0, maximum=MAX_ID)]
Positions: TypeAlias = Annotated[Mapping[str, Seq], Keywords(maxProperties=MAX_POSITIONS)]
"""What `parse_positions` accepts, as JSON."""


def parse_channels(value: object, parse_key: Callable[[str], K | None]) -> Mapping[K, int] | None:
    """As `parse_positions`, for frames that join channels: None means every channel, an empty
    object means none.
    """
    return None if value is None else parse_positions(value, parse_key)


def parse_revs(value: object, parse_key: Callable[[str], K | None]) -> Mapping[K, int] | None:
    """As `parse_positions`, of the frame's `revs`; None: the client does not ask for revisions."""
    return None if value is None else parse_positions(value, parse_key, "revs")


def parse_notes(value: object) -> int | None:
    """The number of the last note that a client knows, the frame's `notes`; None: it does not ask.

    Raises:
        WireError: INVALID_FIELD.
    """
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_ID:
        text = "notes must be a whole number"
        raise WireError(ErrorCode.INVALID_FIELD, text, field="notes")
    return value


NoteNumber: TypeAlias = Annotated[int, Spelt(Seq, parse_notes)]
"""What `parse_notes` accepts, as a field of a frame."""


def parse_positions(
    value: object, parse_key: Callable[[str], K | None], name_of_field: str = "after"
) -> Mapping[K, int]:
    """The last seq that a client has, by conversation or channel.

    Args:
        value: the frame's `after`: an object of seqs (integers from 0); None counts as empty.
        parse_key: returns the conversation or channel that a key names, None if it names none.
        name_of_field: as the client spells it.

    Raises:
        WireError: INVALID_FIELD.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_POSITIONS:
        text = f"{name_of_field} must be an object of whole numbers"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=name_of_field)
    positions: dict[K, int] = {}
    for name, seq in value.items():
        key = parse_key(name)
        if key is None or type(seq) is not int or not 0 <= seq <= MAX_ID:
            text = f"{name_of_field}: {name[:100]!r} is not understood"
            raise WireError(ErrorCode.INVALID_FIELD, text, field=name_of_field)
        positions[key] = seq
    return positions


def parse_decimal(text: str) -> int | None:
    """The id that a JSON object's key spells, None if it spells none."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    number = int(text)
    return number if 1 <= number <= MAX_ID and str(number) == text else None
