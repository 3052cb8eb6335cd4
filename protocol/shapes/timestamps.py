"""Times in JSON, the same in every dialect.

Must not know: what happened then.
"""

from datetime import datetime
from typing import Final

MILLISECONDS: Final = len("2024-01-01T12:00:00.000")


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2024-01-01T12:00:00.000Z`.

    See docs/dialects/README.md#encoding.
    """
    return f"{at.isoformat(timespec='milliseconds')[:MILLISECONDS]}Z"
