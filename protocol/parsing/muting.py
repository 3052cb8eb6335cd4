"""The end of a mute, as clients send it.

Guarantees: an end that cannot be read is a `WireError`, never a mute without end. Must not know:
the time.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from protocol.errors import ErrorCode, WireError
from protocol.notes import Mute
from protocol.schemas import Spelt
from protocol.shapes.timestamps import Timestamp

_DAY: Final = len("2026-01-31")


def parse_until(given: object) -> datetime | None:
    """A moment with its offset from UTC, such as 2026-01-31T12:00:00Z; None: none.

    Raises:
        WireError: INVALID_FIELD.
    """
    if given is None:
        return None
    text = given if isinstance(given, str) else ""
    is_spelt_out = len(text) > _DAY and text[4] == "-" == text[7]  # not 2026-W05, not 20260131
    try:
        moment = datetime.fromisoformat(text if is_spelt_out else "")
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        pass
    refusal = "until must be a time such as 2026-01-31T12:00:00Z"
    raise WireError(ErrorCode.INVALID_FIELD, refusal, field="until")


def mute_until(given: object) -> Mute:
    """A mute until then; None: without end.

    Raises:
        WireError: INVALID_FIELD.
    """
    return Mute(parse_until(given))


Until: TypeAlias = Annotated[datetime, Spelt(Timestamp, parse_until)]
"""A field of a frame."""
