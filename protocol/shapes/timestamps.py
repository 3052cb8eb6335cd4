"""Times in JSON, the same in every dialect.

Must not know: what happened then.
"""

from datetime import datetime
from typing import Annotated, Final, TypeAlias

from protocol.schemas import Keywords

MILLISECONDS: Final = len("2024-01-01T12:00:00.000")

Timestamp: TypeAlias = Annotated[str, Keywords(format="date-time")]
"""What `timestamp` returns."""


def timestamp(at: datetime) -> Timestamp:
    """ISO 8601 in UTC with milliseconds: `2024-01-01T12:00:00.000Z`.

    See docs/dialects/README.md#encoding.
    """
    return f"{at.isoformat(timespec='milliseconds')[:MILLISECONDS]}Z"
